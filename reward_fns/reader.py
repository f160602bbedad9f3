"""Read the claims of a text: what is said of the defect, affirmed or denied, hedged, and of which feature."""

from __future__ import annotations

from collections.abc import Sequence

from .claims import Reading
from .clauses import ClauseWalker
from .features import group_features
from .lexicon import Lexicon
from .scan import SEPARATORS, corrected, scan
from .text import Text


def read(text: Text, lexicon: Lexicon, skip: Sequence[bool] | None = None) -> Reading:
    """Read the claims of a text.

    Args:
        text: The text as tokens.
        lexicon: The vocabulary.
        skip: For each token whether it is not read (a copy of the question).
    """
    words = corrected(text.words, lexicon)
    items = scan(words, lexicon)
    reading = Reading([], [], words)
    if words:
        opening = next((w for w in words if w not in SEPARATORS), "")
        reading.opening = (
            1 if opening in ("yes", "yeah", "yep", "correct") else -1 if opening in ("no", "nope") else 0
        )
    ClauseWalker(words, items, reading, skip).run()
    reading.features = group_features(reading)
    return reading
