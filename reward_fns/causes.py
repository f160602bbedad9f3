"""Root causes: a map proves none, so groups an expert accepts are credited and implausible ones charged."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace

from .asked import NOTHING, Asked
from .cause_owners import owners_of, things_of
from .claims import Claim, Feature, Reading
from .evidence import Evidence
from .lexicon import Lexicon
from .schema import Item
from .things import Thing, Truth
from .words import word_set

DEFINITE = 0.93
"""What is left of a plausible cause that is stated as proven, and at most `DEFINITE_CAP` of everything."""
DEFINITE_CAP = 0.76
BLAMED = 0.68
"""What it costs to blame a tool although nothing has to be explained."""
OVERSPECIFIC = 0.68
"""What is left when a tool is even named by number, or its repair ordered."""

_ORDERS = frozenset(["replace", "replaced", "recalibrate", "recalibrated", "repair", "repaired", "requalify"])
_NUMBERED = frozenset(("number", "no", "slot", "furnace", "zone", "chamber", "tool", "step"))


def _member(cause: str, listed: frozenset[str]) -> bool:
    return cause in listed or cause.split(".")[0] in listed


def verdict_of(cause: str, label: str, truth: Truth, lexicon: Lexicon) -> float:
    """Return 1 for a cause accepted for a class, 0 for one nobody lists, -1 for an implausible one."""
    lists = lexicon.patterns.get(label)
    if lists is not None:
        if _member(cause, lists.get("accept", frozenset())):
            return 0.0 if cause in truth.excluded else 1.0
        if cause in truth.excluded:
            return -1.0
        # The reference may be wrong about a cause nobody accepts; a must-hit term decides.
        rejected = _member(cause, lists.get("reject", frozenset()))
        if len(truth.things) == 1 and (
            truth.causes.get(cause) == "hit" or (cause in truth.causes and not rejected)
        ):
            return 1.0
        if rejected:
            return -1.0
        return 0.0
    return 1.0 if cause in truth.causes else 0.0


def judge_causes(
    reading: Reading,
    truth: Truth,
    bound: Sequence[tuple[Feature, Thing | None]],
    items: Sequence[tuple[Item, Sequence[Reading]]],
    avoided: frozenset[str],
    lexicon: Lexicon,
    asked: Asked = NOTHING,
    dismissed: frozenset[str] = frozenset(),
) -> tuple[float, float, list[Evidence]]:
    """Score the causes an answer proposes.

    Args:
        reading: The answer.
        truth: What is true of the row.
        bound: The features of the answer, each with the true one it means.
        items: Must-hit items with their readings.
        avoided: Causes that must-avoid terms name.
        lexicon: The vocabulary.
        asked: The question; of several features it may ask about one.
        dismissed: Causes the question names and the answer turns down, which it may speak of freely.

    Returns:
        The share of what a good answer proposes, in [0, 1]; the charge for false ones, in [0, 1]; evidence.
    """
    evidence: list[Evidence] = []
    owners = owners_of(reading, bound, truth, asked, lexicon)
    targets = _targets(truth, asked, lexicon)
    good: dict[int, dict[str, set[str]]] = {n: {} for n in targets}
    bad: list[Claim] = []
    neutral: list[Claim] = []
    twins: dict[tuple[int, int], list[Claim]] = {}
    for claim in reading.claims:
        if claim.slot == "cause":
            twins.setdefault((claim.start, claim.end), []).append(claim)
    spans: set[tuple[int, int]] = set()
    denied_true = 0
    if truth.labels == ["None"]:
        _nothing(reading, truth)
    for claim in reading.claims:
        if claim.slot != "cause" or claim.value in dismissed:
            continue
        cause = str(claim.value)
        owner, sure = owners.get(id(claim), (None, False))
        choices = [n for n in targets if owner is None or owner is truth.things[n]]
        if not sure and all(verdict_of(cause, truth.things[n].label, truth, lexicon) <= 0 for n in choices):
            # Only carried over from a stretch before: it may be meant for another feature.
            choices = targets
        if not choices:
            # Said of a feature the question leaves aside.
            continue
        verdicts = {n: verdict_of(cause, truth.things[n].label, truth, lexicon) for n in choices}
        best = max(verdicts.values(), default=0.0)
        if cause in avoided and cause not in truth.causes:
            best = min(best, -1.0)
        if best > 0:
            spans.add((claim.start, claim.end))
        elif (claim.start, claim.end) in spans or any(
            verdict_of(str(c.value), truth.things[n].label, truth, lexicon) > 0
            for c in twins.get((claim.start, claim.end), ())
            for n in choices
        ):
            # The same words also name an accepted cause.
            continue
        if not claim.affirmed:
            if best > 0 and cause in truth.causes:
                denied_true += 1
                evidence.append(
                    Evidence("denied", cause, 0.0, 0.0, claim.start, claim.end, "plausible, yet denied")
                )
            continue
        if best > 0:
            for n, verdict in verdicts.items():
                if verdict > 0:
                    good[n].setdefault(cause, set()).add(" ".join(reading.words[claim.start : claim.end]))
            evidence.append(Evidence("met", cause, 1.0, 1.0, claim.start, claim.end, "an accepted cause"))
        elif best < 0 and _hypothetical(reading.words, claim):
            # "Radial drift would make circles" is said of what is not there.
            continue
        elif best < 0:
            bad.append(claim)
            evidence.append(
                Evidence("invented", cause, -1.0, 1.0, claim.start, claim.end, "implausible for this pattern")
            )
        else:
            neutral.append(claim)
            evidence.append(
                Evidence("near", cause, 0.0, 0.3, claim.start, claim.end, "neither listed nor excluded")
            )
    for n in targets if bad else ():
        # "The retaining ring of the polisher" is no hypothesis about the polisher at large.
        for claim in bad:
            good[n].pop(f"{str(claim.value).split('.')[0]}.general", None)
    share = _share(good, asked.one)
    factor = _certainty(reading)
    if share and factor < 1.0:
        share = min(DEFINITE_CAP, share * factor)
        i, j = reading.sure[0] if reading.sure else (-1, -1)
        evidence.append(Evidence("near", "hedged hypotheses", 0.5, 0.5, i, j, "stated as proven"))
    covered = _coverage(items, reading, evidence)
    if share:
        share *= 0.88 + 0.12 * covered
    wrong = len({str(c.value).split(".")[0] for c in bad})
    right = sum(len(found) for found in good.values())
    charge = 0.0
    if wrong:
        charge = 1.0 if not right or wrong >= 4 else min(0.72, 0.5 + 0.1 * (wrong - 1))
        if truth.labels == ["None"]:
            # "No pattern, but the polisher did it" contradicts itself.
            charge = max(charge, BLAMED)
    charge += 0.08 * min(3, len({str(c.value) for c in neutral}))
    if denied_true and not right:
        share = 0.0
    elif denied_true >= 2:
        charge += 0.3
    return share, min(0.72 if share > 0.7 and reading.stated and wrong < 3 else 1.0, charge), evidence


def _nothing(reading: Reading, truth: Truth) -> None:
    """Read "there is no pattern", or causes denied one by one, as: nothing has to be explained."""
    claims = reading.claims
    causes = [c for c in claims if c.slot == "cause"]
    if any(c.value == "none.general" for c in causes):
        return
    said = next((c for c in claims if c.slot == "type" and c.value == "None" and c.affirmed), None)
    denied = [c for c in causes if not c.affirmed]
    if said is None and denied and len(denied) == len(causes) and len({c.value for c in denied}) > 1:
        said = denied[0]
    if said is not None:
        claims.append(replace(said, slot="cause", value="none.general", affirmed=True))


def _targets(truth: Truth, asked: Asked, lexicon: Lexicon) -> list[int]:
    """Return the features whose causes the question asks for: all, unless it names some of them."""
    named = things_of(asked.about, truth, lexicon) if len(truth.things) > 1 else []
    return [n for n, thing in enumerate(truth.things) if not named or any(thing is one for one in named)]


def _share(good: Mapping[int, dict[str, set[str]]], one: bool) -> float:
    """Return how much of a good list of hypotheses is there: two for one pattern, one for each of several."""
    shares = []
    for found in good.values():
        # Other words for a concept already named add half a hypothesis.
        breadth = len(found) + 0.5 * sum(len(surfaces) - 1 for surfaces in found.values())
        if len(good) > 1 or one:
            breadth *= 2.0
        shares.append(
            0.0
            if breadth < 1
            else 0.72
            if breadth < 1.5
            else 0.9
            if breadth < 2
            else 0.97
            if breadth < 3
            else 1.0
        )
    return sum(shares) / len(shares) if shares else 0.0


def _certainty(reading: Reading) -> float:
    words = reading.words
    numbered = any(
        word in _NUMBERED and i + 1 < len(words) and re.fullmatch(r"\d{1,3}", words[i + 1]) is not None
        for i, word in enumerate(words)
    )
    if numbered or not _ORDERS.isdisjoint(words):
        return OVERSPECIFIC
    return DEFINITE if reading.sure else 1.0


def _hypothetical(words: Sequence[str], claim: Claim) -> bool:
    """Tell whether a cause is only thought through: "a blade would leave a line", not "would explain it"."""
    after = words[claim.end : claim.end + _REACH]
    at = after.index("would") if "would" in after else -1
    return 0 <= at < len(after) - 1 and after[at + 1] not in _CLAIMS


_REACH = 5
_CLAIMS = word_set("explain fit account match do be also suffice well easily suit agree cause")


def _coverage(
    items: Sequence[tuple[Item, Sequence[Reading]]], reading: Reading, evidence: list[Evidence]
) -> float:
    """Return the weighted share of must-hit causes that are met by group."""
    said = {str(c.value) for c in reading.claims if c.slot == "cause" and c.affirmed}
    groups = {cause.split(".")[0] for cause in said}
    met = total = 0.0
    for item, readings in items:
        wanted = {str(c.value) for r in readings for c in r.claims if c.slot == "cause"}
        if not wanted:
            continue
        total += item.weight
        met += item.weight * (
            1.0 if wanted & said else 0.7 if {w.split(".")[0] for w in wanted} & groups else 0.0
        )
    return met / total if total else 1.0
