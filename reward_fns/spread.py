"""Whether an answer says that no place is special: places likened, and places singled out after all."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from .angles import Arc
from .claims import HEADS, PLACES, Claim, Reading
from .evidence import Evidence, Judgement
from .features import group_features
from .lexicon import Lexicon
from .scan import SEPARATORS
from .text import BREAK
from .things import Truth
from .words import word_set

UNIFORM = frozenset(("None", "Random"))
"""Classes that prefer no place."""
_ENDS = word_set("; . ? ! but yet though although whereas while however except if save apart aside") | {BREAK}
_DENIALS = word_set("no not none neither nor never nowhere nothing without nobody cannot hardly")
_CLOSES = _ENDS | {","}
_EXCEPT = word_set("except save apart aside")
_UNSURE = word_set("unclear undecided")
_NO_MATTER = word_set("difference matter matters of irrelevant regardless")
_NONE = word_set("none nowhere neither nothing not")
_ANSWERS = word_set("yes no nope yeah yep nah")
_OTHER_AS = word_set("soon far well long for a if though the to of")
_MEANING_IN = word_set("in at to on")
_MULTIPLES = word_set("twice times half double thrice")
_BACKGROUND = frozenset((None, "scatter", "none", "full", "None", "Random"))
_WITHIN = 10
_ROUND = 3
_AS_FAR = 8
_LISTED = 4
_ALIKE = 1.25
_POINTS = 3.0
"""Rates agree when the largest is so many times the smallest, or so many points above it."""
_BINS = word_set("rings belts bands")
_LIST = frozenset((",", "and", "or", "/"))
_EACH = word_set("each every any whichever")
_CHARGE = 0.6
"""What a place singled out costs beside all the rest."""

Tags = dict[int, str]


def placeless(truth: Truth) -> bool:
    """Tell whether a row's fails prefer no place."""
    return all(thing.label in UNIFORM for thing in truth.things)


def level(
    reading: Reading, truth_labels: Sequence[str], lexicon: Lexicon, opening: int = 0, closed: bool = True
) -> Reading:
    """Read an answer on a wafer without a preferred place.

    Places that are likened stand for the whole wafer, places singled out are noted as `spread` claims.

    Args:
        reading: The answer; it is left as it is.
        truth_labels: The classes of the row.
        lexicon: The vocabulary.
        opening: The reference's yes or no, which to say that no place is special amounts to.
        closed: Whether the question asks for yes or no.
    """
    words = reading.words
    tags = _tag(words, lexicon)
    random = "Random" in truth_labels
    if not random and any(_heavy(c, tags) for c in reading.claims):
        # "Every zone is at the same high level": even, and yet no sound wafer.
        return reading
    claims: list[Claim] = []
    even = singled = False
    at = 0
    for start, end in _segments(words):
        inside: list[Claim] = []
        while at < len(reading.claims) and reading.claims[at].start < end:
            if not _numbering(reading.claims[at], words):
                inside.append(reading.claims[at])
            at += 1
        said = _spread(words, start, end, tags, inside, random)
        if said > 0:
            even = True
            claims.extend(_as_whole(inside, start, end, random))
        else:
            claims.extend(inside)
            if said < 0:
                singled = True
                claims.append(_claim("spread", "uneven", inside, start, end))
    claims.extend(reading.claims[at:])
    if even and not singled and random:
        claims = _gathered(claims)
    refused = not closed and opening < 0 and reading.opening < 0 and words[0] in _NONE
    if refused and not even and not random and not _claims_much(claims):
        # "Which sector shows it?" "None of them."
        even = True
        claims[:0] = _as_whole((), 0, 1, random)
    if not even and not singled and len(claims) == len(reading.claims):
        return reading
    levelled = replace(reading, claims=[_unbound(c, words) for c in claims])
    if even and not singled and not (reading.opening and _answered(words)):
        # Whoever opens with "it does not vary" has not said no to "is it the same?".
        levelled.opening = opening or reading.opening
    levelled.features = group_features(levelled)
    return levelled


def _heavy(claim: Claim, tags: Tags) -> bool:
    """Tell whether much is said to fail; "no zone is worse" does not say it."""
    if claim.start in tags or not claim.affirmed or claim.good:
        return False
    return (claim.value == "full" and claim.slot == "shape") or (claim.slot, claim.value) == (
        "density",
        "dense",
    )


def _numbering(claim: Claim, words: Sequence[str]) -> bool:
    """Tell whether an hour is but the number of a list's entry."""
    i = claim.start
    return claim.slot == "arc" and i > 0 and words[i - 1] == BREAK and words[i + 1 : i + 2] == ["."]


def _answered(words: Sequence[str]) -> bool:
    """Tell whether it opens with a yes or a no that stands for itself; in "no zone deviates" it does not."""
    return words[0] in _ANSWERS and (words[0] != "no" or words[1:2] == [] or words[1] in SEPARATORS)


def _gathered(claims: list[Claim]) -> list[Claim]:
    """Leave out places that are ticked off one by one beside the whole: "Core: hit. Border: hit."."""
    zones = {c.value for c in claims if c.slot == "zone" and c.affirmed and not c.good}
    if not {"center", "edge"} <= zones:
        return claims
    return [c for c in claims if c.slot != "zone" or c.value == "full" or not c.affirmed or c.good]


def _claims_much(claims: Sequence[Claim]) -> bool:
    """Tell whether a place is named, or a pattern."""
    return any(
        c.slot in PLACES or (c.slot in HEADS and c.affirmed and c.value not in _BACKGROUND) for c in claims
    )


def judge_spread(result: Judgement, reading: Reading) -> None:
    """Charge a place that is singled out on a wafer without one."""
    claim = next((c for c in reading.claims if c.slot == "spread"), None)
    if claim is None:
        return
    amount = _CHARGE * result.weight * (0.5 if claim.hedged else 1.0)
    why = "a place is singled out"
    result.evidence.append(
        Evidence("false", "no place is special", -1.0, amount, claim.start, claim.end, why)
    )


def _tag(words: Sequence[str], lexicon: Lexicon) -> Tags:
    """Return which words of likening and of preference begin where."""
    tags: Tags = {}
    for i, word in enumerate(words):
        if (
            word == "as"
            and "as" in words[i + 2 : i + _AS_FAR]
            and words[i + 1] not in _OTHER_AS
            and lexicon.spread
        ):
            # "It is as full of fails as the next one."
            tags[i] = "equal"
            continue
        for rest, kind in lexicon.spread.get(word, ()):
            if tuple(words[i + 1 : i + 1 + len(rest)]) == rest:
                tags[i] = kind
                break
    return tags


def _segments(words: Sequence[str]) -> list[tuple[int, int]]:
    """Return the stretches that stand for themselves: sentences, and what is set against the rest of one."""
    found, start = [], 0
    for i, word in enumerate(words):
        if word in _ENDS:
            if i > start:
                found.append((start, i))
            start = i + 1 if word in (";", ".", "?", "!", BREAK) else i
    if start < len(words):
        found.append((start, len(words)))
    return found


def _denied(words: Sequence[str], start: int, i: int) -> bool:
    """Tell whether a denial reaches a word; one does not reach over a comma, but for a list's."""
    for n in range(i - 1, max(start, i - _WITHIN) - 1, -1):
        word = words[n]
        if word in _DENIALS or word.endswith("n't"):
            return words[n + 1 : n + 2] != ["only"]
        if word in (",", ":", "\u2013") and words[n + 1 : n + 2] not in (["or"], ["nor"]):
            return False
    return False


def _spread(
    words: Sequence[str], start: int, end: int, tags: Tags, claims: Sequence[Claim], random: bool
) -> int:
    """Return +1 when a stretch likens all places, -1 when it singles one out, 0 when it does neither."""
    if _left_open(words, start, end) or any(c.value == "zero" and c.affirmed for c in claims):
        # Who doubts, or lets no die fail anywhere, likens nothing.
        return 0
    found = {n: tags[n] for n in range(start, end) if n in tags}
    places = [c for c in claims if c.slot in PLACES and c.value not in ("full", "none", "between", "all")]
    here = {words[n] for n, kind in found.items() if kind == "here"}
    several = len(here) > 1 or len({(c.slot, str(c.value)) for c in places}) > 1
    general = "place" in found.values() or any(
        c.slot in PLACES and c.value in ("full", "all", "none") for c in claims
    )
    rates = _rates(words, start, end, 2 if len(here) > 1 else 3 if several or general else _LISTED)
    if rates:
        return rates
    if any(
        c.slot in HEADS
        and c.affirmed
        and not c.good
        and c.value not in _BACKGROUND
        and not _counted(c, words)
        for c in claims
    ):
        # Of a ring or a cluster, which is judged as such.
        return 0
    if words[start] in _EXCEPT and places and words[start + 1] not in (",", ")"):
        return -1
    even = odd = False
    for n, kind in found.items():
        if kind == "place" and not random and words[n - 1] in ("any", "no"):
            # "It is in no sector."
            even = even or (
                words[n - 2] in _MEANING_IN and (words[n - 1] == "no" or _denied(words, start, n))
            )
        if kind in ("place", "here"):
            continue
        denied = _denied(words, start, n)
        if kind == "equal":
            if not (several or general):
                continue
            near = words[max(start, n - 2) : n]
            if words[n - 1] in _MULTIPLES or any(w == "not" or w.endswith("n't") for w in near):
                odd = True
            else:
                even = True
        elif kind == "favour":
            other = "other" in words[max(start, n - 2) : n]
            even = even or (denied and not other)
            odd = odd or (not denied and bool(places))
        elif kind == "more":
            even = even or (denied and (several or general))
            odd = odd or (not denied and bool(places))
        elif kind == "clean":
            even = even or (denied and random)
            # "North, east, south, west, all look healthy"
            even = even or (not denied and not random and len(here) > _ROUND)
            odd = odd or (not denied and random and (bool(places) or n + 1 >= end or words[n + 1] in _CLOSES))
        elif kind == "unlike":
            even = even or denied
            odd = odd or (not denied and (several or general))
    if any(c.slot == "type" and not c.affirmed for c in claims) and not even:
        # A class is held against the wafer: "that would be half of it".
        return 0
    if odd or (several and not even and _unlike(claims)):
        return -1
    if even:
        return 1
    stands = [c for c in places if c.affirmed and not c.good and not c.hedged and c.slot != "around"]
    if not several and any(c.slot == "arc" and _plain(c, words) for c in stands):
        return -1
    return 0


def _left_open(words: Sequence[str], start: int, end: int) -> bool:
    """Tell whether a stretch leaves open what is so."""
    if not _UNSURE.isdisjoint(words[start:end]):
        return True
    return any(words[n] == "whether" and words[n - 1] not in _NO_MATTER for n in range(start, end))


def _plain(claim: Claim, words: Sequence[str]) -> bool:
    """Tell whether a direction is one for sure: no ratio, and no "right?" that asks for assent."""
    if isinstance(claim.value, Arc) and not claim.value.words:
        return "o'clock" in words[claim.start : claim.end]
    return words[claim.end : claim.end + 1] != ["?"]


def _unlike(claims: Sequence[Claim]) -> bool:
    """Tell whether some of it is dense and some sparse: "heavy at the border, light in the middle"."""
    said = {c.value for c in claims if c.slot == "density" and c.affirmed and not c.good}
    return not said.isdisjoint(("dense", "medium")) and not said.isdisjoint(("sparse", "zero"))


def _counted(claim: Claim, words: Sequence[str]) -> bool:
    """Tell whether a shape is but a bin of a count: "halves, quarters and rings of equal area"."""
    before = words[claim.start - 1] if claim.start else ""
    listed = before in _LIST or words[claim.end : claim.end + 1] in (["and"], ["or"])
    return words[claim.start] in _BINS or before in _EACH or (words[claim.start] == "belt" and listed)


def _rates(words: Sequence[str], start: int, end: int, least: int) -> int:
    """Return +1 when so many rates or more agree, -1 when they do not, 0 when there are too few."""
    rates: list[float] = []
    held: list[float] = []
    for n in range(start, end):
        word = words[n]
        if word[0].isdigit():
            held.append(float(word))
        elif word in ("%", "percent"):
            rates += held
            held = []
        elif word not in (",", "and"):
            held = []
    if len(rates) < least:
        return 0
    low, high = min(rates), max(rates)
    return 1 if high <= _ALIKE * low or high - low <= _POINTS else -1


def _claim(slot: str, value: str, claims: Sequence[Claim], start: int, end: int) -> Claim:
    first = claims[0] if claims else None
    clause, sentence = (first.clause, first.sentence) if first else (0, 0)
    hedged = any(c.hedged for c in claims)
    return Claim(slot, value, True, hedged, start, end, clause, sentence)


def _as_whole(claims: Sequence[Claim], start: int, end: int, random: bool) -> list[Claim]:
    """Return the claims of a stretch that likens places, with the whole wafer in place of them."""
    kept = [
        c
        for c in claims
        if (c.slot not in PLACES or (c.slot, c.value) == ("around", "all"))
        and not (c.slot in HEADS and c.affirmed and c.value not in _BACKGROUND)
        and c.value != "gradient"
    ]
    if random:
        whole = [_claim("zone", "full", claims, start, end), _claim("density", "even", claims, start, end)]
    else:
        whole = [_claim("zone", "none", claims, start, end), _claim("shape", "none", claims, start, end)]
    return whole + kept


def _unbound(claim: Claim, words: Sequence[str]) -> Claim:
    """Free the verdict "normal" from a denial of places: "no hour is special, it is normal"."""
    if claim.slot == "type" and claim.value == "None" and not claim.affirmed:
        before = words[max(0, claim.start - 3) : claim.start]
        if _DENIALS.isdisjoint(before) and not any(w.endswith("n't") for w in before):
            return _affirmed(claim)
    return claim


def _affirmed(claim: Claim) -> Claim:
    c = claim
    return Claim(c.slot, c.value, True, c.hedged, c.start, c.end, c.clause, c.sentence)
