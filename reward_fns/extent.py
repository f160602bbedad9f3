"""How much, how many, how large: the number a question asks for, held against that of the reference."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from .asked import Asked
from .claims import Reading
from .evidence import Evidence, Judgement
from .quantities import Quantity, read_quantities
from .words import word_set

_COUNTED = {"rows": "rows", "row": "rows", "dies": "dies", "die": "dies", "chips": "dies"}
_SHARES = word_set("share portion fraction percentage proportion percent coverage")
_LARGE = word_set("large big small tiny")
_KINDS = ("dies", "share", "mm", "angle")
_WIDE = word_set("wide broad thick deep narrow thin")
_SLACK = 0.22
"""By which part of itself a number may be off and still be the same."""
_NEAR = 0.6
_SHARE = 3.0
"""What the number asked for counts beside all the rest."""
_DOUBTED = 0.5
"""The same, beside something false."""
_BESIDE = 0.25
"""The same, where the question asks for more than the number."""
_LIGHTER = 0.25
"""What remains of the weight of what was left unsaid beside the right number."""


def asked_kinds(words: Sequence[str]) -> tuple[str, ...]:
    """Return which kinds of number a question asks for; none when it asks for no number."""
    if "how" in words:
        at = words.index("how")
        if words[at + 1 : at + 2] == ["many"]:
            kinds = [_COUNTED[word] for word in words[at : at + 8] if word in _COUNTED]
            return (kinds[-1], "share") if kinds else ()
        if words[at + 1 : at + 2] == ["much"] and "wafer" in words[at : at + 6]:
            return ("share",)
        following = words[at + 1] if at + 1 < len(words) else ""
        if following in _LARGE or following in _WIDE:
            return _KINDS if following in _LARGE else ("rows", "mm")
    return ("share", "dies") if not _SHARES.isdisjoint(words) else ()


def true_quantities(words: Sequence[str], asked: Asked) -> list[Quantity]:
    """Return the numbers of the reference answer that the question asks for."""
    kinds = asked_kinds(asked.words)
    return [q for q in read_quantities(words) if q.kind in kinds] if kinds else []


def judge_extent(result: Judgement, reading: Reading, true: Sequence[Quantity], asked: Asked) -> None:
    """Judge the number that was asked for."""
    if not true:
        return
    said = [taken for q in read_quantities(reading.words) for taken in _as_asked(q, true)]
    kinds = {q.kind for q in true}
    said = [q for q in said if q.kind in kinds]
    alone = "and" not in asked.words and asked.words.count("?") < 2 and asked.words[-1:] in (["?"], [])
    what = " / ".join(f"{q.low:g} {q.kind}" for q in true)
    if not said:
        return
    fits = [max(_fit(q, t) for t in true if q.kind == t.kind) for q in said]
    credit, claim = max(zip(fits, said, strict=True), key=lambda pair: pair[0])
    if len(said) > len(true) + 1:
        # "1 die, 5 dies, 10 dies, 40 dies" is no answer.
        credit = sum(fits) / len(fits)
    if credit < 0.0 and len(kinds) > 1 and not alone:
        return
    if credit > 0.0 and alone:
        for e in result.evidence:
            if e.credit == 0.0:
                e.weight *= _LIGHTER
    verdict = "met" if credit > 0.9 else "near" if credit > 0 else "false"
    wrong = any(e.credit < 0.0 for e in result.evidence)
    amount = (_BESIDE if not alone else _DOUBTED if wrong and credit > 0.0 else _SHARE) * result.weight
    result.evidence.append(Evidence(verdict, what, credit, amount, claim.start, claim.end))


def _as_asked(quantity: Quantity, true: Sequence[Quantity]) -> list[Quantity]:
    """Take a bare number for what was asked: "ten or so"; where several would do, for one that is right."""
    if quantity.kind:
        return [quantity]
    kinds = dict.fromkeys(t.kind for t in true)
    taken = [replace(quantity, kind=kind) for kind in kinds]
    return (
        taken if len(kinds) == 1 else [q for q in taken for t in true if t.kind == q.kind and _fit(q, t) > 0]
    )


def _fit(said: Quantity, true: Quantity) -> float:
    """Return how well two numbers agree: 1 the same, -1 another."""
    low, high = said.low, said.high
    slack = max(_SLACK * true.high, 0.3)
    if low - slack <= true.high and high + slack >= true.low and high <= 2.5 * max(true.high, 1.0):
        return 1.0
    near = max(_NEAR * true.high, 0.5)
    return 0.4 if low - near <= true.high and high + near >= true.low else -0.8
