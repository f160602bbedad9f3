"""Read the claims of a text: what is said of the defect, affirmed or denied, hedged, and of which feature."""

from __future__ import annotations

from collections.abc import Sequence

from .choices import settle
from .claims import PLACES, Claim, Reading
from .clauses import ClauseWalker
from .dial import PLAIN, Dial, dial_for
from .features import group_features
from .lengths import in_radii
from .lexicon import Lexicon
from .refine import refine
from .scan import SEPARATORS, Item, corrected, scan
from .text import BREAK, Text
from .words import word_set

_YES = frozenset(
    ("yes", "yeah", "yep", "yup", "correct", "affirmative", "indeed", "y", "aye", "sure", "exactly")
)
_NO = frozenset(
    (
        "no",
        "nope",
        "nah",
        "negative",
        "n",
        "nay",
        "disagree",
        "disagreed",
        "neither",
        "none",
        "never",
        "hardly",
    )
)
_SHORT = {
    ("it", "does"): 1, ("they", "do"): 1, ("i", "agree"): 1, ("i", "disagree"): -1, ("it", "doesn't"): -1,
    ("not", "even"): -1, ("not", "really"): -1, ("not", "quite"): -1, ("far", "from"): -1, ("no", "way"): -1,
    ("they", "don't"): -1, ("by", "no"): -1, ("not", "at"): -1, ("on", "the"): 0, ("of", "course"): 1,
    ("not", "that"): -1,
}  # fmt: skip
"""Answers without yes or no: "It does." and "They do not." """
_ALONE: dict[tuple[str, ...], int] = {
    ("it", "is"): 1, ("they", "are"): 1, ("it", "isn't"): -1, ("they", "aren't"): -1, ("there", "is"): 1,
    ("there", "isn't"): -1, ("it", "has"): 1, ("it", "hasn't"): -1, ("it", "was"): 1}  # fmt: skip
"""The same, where nothing follows in the clause: "It isn't; ..." """
_UNABLE = frozenset(("can't", "cannot", "don't", "couldn't", "didn't"))
_SEE = frozenset(("find", "see", "spot", "detect", "recognise", "recognize", "discern"))
_ANY = frozenset(("any", "one", "either"))
_SAME = frozenset(("difference", "differences", "variation", "change", "distinction"))
"""To deny these is no answer no: "no difference" between two places may be a yes."""
_ENDS = frozenset((".", ",", ";", ":", "\u2013", BREAK))


_POSITION = frozenset(
    ("to", "at", "until", "till", "boundary", "limit", "inner", "r", "from", "end", "radius")
)
_DEPTH = 0.4
"""Shares of the radius below this are depths where the question asks for one."""
Scanned = tuple[list[str], list[str], list[Item]]
"""The words of a text, mended; the same with lengths as shares of the radius; what the scanner found."""


def scan_text(text: Text, lexicon: Lexicon, size: float = 0.0, dial: Dial = PLAIN) -> Scanned:
    """Scan a text, which is the same whatever part is then read; `size` is the wafer's in millimetres."""
    words = corrected(text.words, lexicon)
    measured = in_radii(words, size) if lexicon.zones else words
    return words, measured, scan(measured, lexicon, dial_for(words, dial))


def read(
    text: Text,
    lexicon: Lexicon,
    skip: Sequence[bool] | None = None,
    scanned: Scanned | None = None,
    choices: Sequence[Claim] = (),
    size: float = 0.0,
    dial: Dial = PLAIN,
) -> Reading:
    """Read the claims of a text.

    Args:
        text: The text as tokens.
        lexicon: The vocabulary.
        skip: For each token whether it is not read (a copy of the question).
        scanned: The text scanned before.
        choices: The two things the question lets choose from, for "the former" and "the latter".
        size: Diameter of the wafer in millimetres, when the question names it.
        dial: How the question has directions counted.
    """
    words, measured, items = scanned or scan_text(text, lexicon, size, dial)
    reading = Reading([], [], words)
    if words:
        opening = next((w for w in words if w not in SEPARATORS), "")
        reading.opening = 1 if opening in _YES else -1 if opening in _NO and not _is_abbreviated(words) else 0
        if words[0] == "no" and words[1:2] and words[1] in _SAME:
            reading.opening = 0
        if not reading.opening:
            reading.opening = _SHORT.get((words[0], *words[1:2]), 0) if len(words) > 1 else 0  # type: ignore[arg-type]
            if not reading.opening and _ENDS.issuperset(words[2:3]):
                reading.opening = _ALONE.get(tuple(words[:2]), 0)
            if reading.opening > 0 and words[2:3] == ["not"]:
                reading.opening = -1
            if words[0] in ("i", "we") and words[1:2] and words[1] in _UNABLE and _SEE.issuperset(words[2:3]):
                # "I can't find any."
                reading.opening = -1 if words[3:4] and words[3] in _ANY else reading.opening
    walker = ClauseWalker(measured, items, reading, skip)
    if choices:
        walker.choose(choices)
    walker.run()
    if choices:
        settle(reading, choices)
    refine(reading)
    reading.features = group_features(reading)
    return reading


def _is_abbreviated(words: Sequence[str]) -> bool:
    """Tell whether a no stands for a number, or for "not applicable": "No. 5", "n/a"."""
    return words[:2] == ["n", "/"] or (words[:2] == ["no", "."] and "".join(words[2:3])[:1].isdigit())


def take_as_depth(reading: Reading) -> None:
    """Read an answer to "how deep does it reach?": "4 % of the radius" is counted from the rim."""
    for claim in reading.claims:
        value = claim.value
        if claim.slot != "zone" or not isinstance(value, tuple) or value[1] >= _DEPTH:
            continue
        if _POSITION.isdisjoint(reading.words[max(0, claim.start - 4) : claim.start + 1]):
            claim.value = (round(1.0 - value[1], 3), 1.0)


def take_as_passing(reading: Reading) -> None:
    """Read an answer to "where are the good dies": its places pass, but for those that fail."""
    # "Toward the right rim, as everywhere else, everything fails."
    full = {
        c.clause for c in reading.claims if c.value == "full" or (c.slot, c.value) == ("density", "dense")
    }
    for claim in reading.claims:
        if claim.clause in reading.failing:
            continue
        if claim.slot in PLACES and _named_not(reading.words, claim):
            # "Neither the core nor the border", "not on the right"
            claim.affirmed, claim.good = True, False
            continue
        if not claim.affirmed or claim.good or (claim.slot in PLACES and claim.clause in full):
            continue
        if claim.slot in PLACES and claim.value != "full":
            claim.affirmed, claim.good = False, True
        elif claim.slot in ("shape", "width", "size", "density", "length") and claim.value != "full":
            claim.good = True


_NEITHER = word_set("not neither nor nowhere never")
_BEFORE_PLACE = word_set("the a on in at to of near toward towards along around or and even right exactly")


def _named_not(words: list[str], claim: Claim) -> bool:
    """Tell whether a place is only named as not the one asked for: "nowhere on the right"."""
    if claim.affirmed and not claim.good:
        return False
    at = claim.start - 1
    while at >= 0 and words[at] in _BEFORE_PLACE:
        at -= 1
    return at >= 0 and words[at] in _NEITHER


_DENIALS = word_set("no not never nothing without neither nor isn't doesn't cannot avoids than")


def take_as_gap(reading: Reading) -> None:
    """Read an answer to "where is it open": the directions that pass are the ones asked for."""
    for claim in reading.claims:
        if claim.slot != "arc":
            continue
        before = reading.words[max(0, claim.start - 6) : claim.start]
        if claim.good or (not claim.affirmed and _DENIALS.isdisjoint(before)):
            claim.good, claim.affirmed = False, True
        elif claim.affirmed and claim.clause in reading.failing:
            claim.slot = "rest"
