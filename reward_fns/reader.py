"""Read the claims of a text: what is said of the defect, affirmed or denied, hedged, and of which feature."""

from __future__ import annotations

from collections.abc import Sequence

from .claims import PLACES, Reading
from .clauses import ClauseWalker
from .features import group_features
from .lexicon import Lexicon
from .scan import SEPARATORS, Item, corrected, scan
from .text import Text

_YES = frozenset(
    ("yes", "yeah", "yep", "yup", "correct", "affirmative", "indeed", "y", "aye", "sure", "exactly")
)
_NO = frozenset(("no", "nope", "nah", "negative", "n", "nay"))


Scanned = tuple[list[str], list[Item]]
"""The words of a text, misspelt ones mended, and what the scanner found in them."""


def scan_text(text: Text, lexicon: Lexicon) -> Scanned:
    """Scan a text, which is the same whatever part of it is then read."""
    words = corrected(text.words, lexicon)
    return words, scan(words, lexicon)


def read(
    text: Text, lexicon: Lexicon, skip: Sequence[bool] | None = None, scanned: Scanned | None = None
) -> Reading:
    """Read the claims of a text.

    Args:
        text: The text as tokens.
        lexicon: The vocabulary.
        skip: For each token whether it is not read (a copy of the question).
        scanned: The text scanned before.
    """
    words, items = scanned or scan_text(text, lexicon)
    reading = Reading([], [], words)
    if words:
        opening = next((w for w in words if w not in SEPARATORS), "")
        reading.opening = 1 if opening in _YES else -1 if opening in _NO and words[:2] != ["no", "."] else 0
    ClauseWalker(words, items, reading, skip).run()
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
