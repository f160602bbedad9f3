"""Mend claims by what stands around them: ranks of a list, what holds elsewhere, grain within a thing."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

from .claims import HEADS, Claim, Reading
from .scan import SENTENCE_ENDS
from .words import word_set

_ELSEWHERE = word_set("else elsewhere otherwise rest remainder remaining")
_GRAINY = word_set("grainy granular speckled peppery speckly mottled sandy gritty grain speckles stippled")
_SOLID = frozenset(("ring", "blob", "line", "arc", "band", "Edge-Ring", "Donut", "Loc", "Center", "Edge-Loc"))
_MEASURES = ("width", "size", "length", "density")
_FIRST = word_set("first foremost")
_REACH = 8
_MOST = 8
"""Things of one list at most."""


def refine(reading: Reading) -> None:
    """Mend the claims of a text, before they are grouped by what they are about."""
    words = frozenset(reading.words)
    if not _ELSEWHERE.isdisjoint(words):
        _elsewhere(reading)
    if not _GRAINY.isdisjoint(words):
        _grain(reading)
    if ":" in words:
        _ranks(reading)


def _elsewhere(reading: Reading) -> None:
    """Drop "unbroken" where it holds everywhere but at the opening named before."""
    opened = False
    kept = []
    for claim in reading.claims:
        if claim.slot == "closure" and claim.affirmed:
            before = reading.words[max(0, claim.start - _REACH) : claim.start]
            if claim.value in ("open", "broken"):
                opened = True
            elif opened and not _ELSEWHERE.isdisjoint(before):
                continue
        kept.append(claim)
    reading.claims[:] = kept


def _grain(reading: Reading) -> None:
    """Read "a speckled ring" as a ring with passing dies among it, not as a scatter beside it."""
    solid = {c.sentence for c in reading.claims if c.affirmed and c.slot in HEADS and c.value in _SOLID}
    for claim in reading.claims:
        grainy = claim.value == "scatter" and not _GRAINY.isdisjoint(reading.words[claim.start : claim.end])
        if grainy and claim.sentence in solid:
            claim.slot, claim.value = "density", "sparse"


def _ranks(reading: Reading) -> None:
    """Read "thin to thick: the line, the arc, the ring" and "broadest first: the ring, the line"."""
    words, claims = reading.words, reading.claims
    for at in [n for n, word in enumerate(words) if word == ":"][:_MOST]:
        head = [c for c in claims if at - _REACH <= c.start < at and c.slot in _MEASURES]
        if not head or any(not SENTENCE_ENDS.isdisjoint(words[c.end : at]) for c in head[:1]):
            continue
        ends = _ends(head, words[head[-1].end : at])
        if ends is None:
            continue
        stop = next((n for n in range(at, len(words)) if words[n] in SENTENCE_ENDS), len(words))
        listed = [c for c in claims if at < c.start < stop and (c.slot in HEADS or c.slot == "zone")]
        starts = [*_starts(words, at, stop)[: 2 * _MOST], stop]
        items = [[c for c in listed if a <= c.start < b] for a, b in itertools.pairwise(starts)]
        items = [item for item in items if item][:_MOST]
        if len(items) < 2:
            continue
        slot, low, high = ends
        base = max(c.clause for c in claims) + 1
        gone = {id(c) for c in (*head, *listed)}
        reading.claims = claims = [c for c in claims if id(c) not in gone]
        for n, item in enumerate(items):
            value = low if n == 0 else high if n == len(items) - 1 else ""
            for claim in item:
                claim.clause = base + n
            claims.extend(item)
            if value:
                last = item[-1]
                claims.append(
                    Claim(slot, value, True, last.hedged, last.start, last.end, base + n, last.sentence)
                )
        return


def _ends(head: Sequence[Claim], after: Sequence[str]) -> tuple[str, str, str] | None:
    """Return slot, first value and last value of an order: "thin to thick", "broadest first"."""
    first, last = head[-2:] if len(head) > 1 else (head[0], head[0])
    if first is not last and first.slot == last.slot and first.value != last.value:
        return first.slot, str(first.value), str(last.value)
    contrary = _CONTRARY.get(str(last.value))
    if contrary and not _FIRST.isdisjoint(after):
        return last.slot, str(last.value), contrary
    return None


_PAIRS = (("thin", "thick"), ("small", "large"), ("short", "long"), ("sparse", "dense"))
_CONTRARY = {a: b for pair in _PAIRS for a, b in (pair, pair[::-1])}


def _starts(words: Sequence[str], at: int, stop: int) -> list[int]:
    """Return where the items of a list begin."""
    return [at + 1, *(n + 1 for n in range(at + 1, stop) if words[n] in (",", "then", "and"))]
