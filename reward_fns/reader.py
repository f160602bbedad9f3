"""Read the claims of a text: what is said of the defect, affirmed or denied, hedged, and of which feature."""

from __future__ import annotations

from collections.abc import Sequence

from .choices import settle
from .claims import PLACES, Claim, Reading
from .clauses import ClauseWalker
from .features import group_features
from .lexicon import Lexicon
from .scan import SEPARATORS, Item, corrected, scan
from .text import Text

_YES = frozenset(
    ("yes", "yeah", "yep", "yup", "correct", "affirmative", "indeed", "y", "aye", "sure", "exactly")
)
_NO = frozenset(("no", "nope", "nah", "negative", "n", "nay", "disagree", "disagreed"))
_SHORT = {
    ("it", "does"): 1, ("they", "do"): 1, ("i", "agree"): 1, ("i", "disagree"): -1, ("it", "doesn't"): -1,
    ("they", "don't"): -1, ("by", "no"): -1, ("not", "at"): -1, ("on", "the"): 0, ("of", "course"): 1,
}  # fmt: skip
"""Answers without yes or no: "It does." and "They do not." """


Scanned = tuple[list[str], list[Item]]
"""The words of a text, misspelt ones mended, and what the scanner found in them."""


def scan_text(text: Text, lexicon: Lexicon) -> Scanned:
    """Scan a text, which is the same whatever part of it is then read."""
    words = corrected(text.words, lexicon)
    return words, scan(words, lexicon)


def read(
    text: Text,
    lexicon: Lexicon,
    skip: Sequence[bool] | None = None,
    scanned: Scanned | None = None,
    choices: Sequence[Claim] = (),
) -> Reading:
    """Read the claims of a text.

    Args:
        text: The text as tokens.
        lexicon: The vocabulary.
        skip: For each token whether it is not read (a copy of the question).
        scanned: The text scanned before.
        choices: The two things the question lets choose from, for "the former" and "the latter".
    """
    words, items = scanned or scan_text(text, lexicon)
    reading = Reading([], [], words)
    if words:
        opening = next((w for w in words if w not in SEPARATORS), "")
        reading.opening = 1 if opening in _YES else -1 if opening in _NO and words[:2] != ["no", "."] else 0
        if not reading.opening:
            reading.opening = _SHORT.get((words[0], *words[1:2]), 0) if len(words) > 1 else 0  # type: ignore[arg-type]
            if reading.opening > 0 and words[2:3] == ["not"]:
                reading.opening = -1
    walker = ClauseWalker(words, items, reading, skip)
    if choices:
        walker.choose(choices)
    walker.run()
    if choices:
        settle(reading, choices)
    reading.features = group_features(reading)
    return reading


def take_as_passing(reading: Reading) -> None:
    """Read an answer to "where are the good dies": its places pass, but for those that fail."""
    for claim in reading.claims:
        if claim.clause in reading.failing or not claim.affirmed or claim.good:
            continue
        if claim.slot in PLACES and claim.value != "full":
            claim.affirmed, claim.good = False, True
        elif claim.slot in ("shape", "width", "size", "density", "length") and claim.value != "full":
            claim.good = True
