"""Find every term, cue, direction and separator of a text, leftmost and longest, in one pass."""

from __future__ import annotations

from typing import Any

from .directions import COMPASS, NUMBERS, POINTS, read_arcs
from .lexicon import Entry, Lexicon
from .radii import read_radius
from .text import BREAK

SENTENCE_ENDS = frozenset((".", "!", "?", BREAK))
SEPARATORS = frozenset((",", ";", ":", "\u2013", "(", ")", "and", "or", "nor", "&", "+", "/", *SENTENCE_ENDS))
DIRECTIONS = frozenset(
    (
        *COMPASS,
        *POINTS,
        *NUMBERS,
        "top",
        "upper",
        "uppermost",
        "topmost",
        "bottom",
        "lower",
        "lowermost",
        "bottommost",
        "left",
        "leftmost",
        "right",
        "rightmost",
        "noon",
        "midnight",
        "half",
        "quarter",
        "notch",
    )
)
_SPATIAL = DIRECTIONS | {"r"}
_OTHERS = _SPATIAL | SEPARATORS

Item = tuple[int, int, str, Any]
"""First token, token after the last, kind (`sep`, `term`, `arc` or `radius`), and what it says."""


def corrected(words: list[str], lexicon: Lexicon) -> list[str]:
    """Return the words with the misspelt ones mended."""
    fixes = {word: lexicon.mend(word) for word in set(words).difference(lexicon.known) if len(word) >= 4}
    if not any(fixes.values()):
        return words
    return [fixes.get(word) or word for word in words]


def scan(words: list[str], lexicon: Lexicon) -> list[Item]:
    """Find every term, cue, direction and separator, leftmost and longest, in one pass."""
    items: list[Item] = []
    spatial_too = bool(lexicon.zones)
    append = items.append
    get, size, i = lexicon.trie.get, len(words), 0
    while i < size:
        word = words[i]
        node = get(word)
        digit = "0" <= word[0] <= "9"
        if node is None and not digit and word not in _OTHERS:
            i += 1
            continue
        end, entries = i, None
        j = i + 1
        while node is not None:
            found = node.get("")
            if found is not None:
                end, entries = j, found
            if j >= size:
                break
            node = node.get(words[j])
            j += 1
        if digit and i + 1 < size and words[i + 1] in ("%", "percent"):
            share = _percent(words, i)
            if share is not None:
                append((i, i + 2, "term", share))
            elif lexicon.zones and "radius" in words[i + 2 : i + 5] and len(word) <= 3:
                append((i, i + 2, "radius", (float(word) / 100, float(word) / 100)))
            i += 2
            continue
        if spatial_too and (digit or word in _SPATIAL):
            spatial = _spatial(words, i)
            if spatial is not None and spatial[1] >= end:
                append(spatial)
                i = spatial[1]
                continue
        if entries is not None:
            append((i, end, "term", entries))
            i = end
            continue
        if word in SEPARATORS:
            append((i, i + 1, "sep", word))
        i += 1
    return items


def _percent(words: list[str], i: int) -> tuple[Entry, ...] | None:
    """Read the share of failing dies: nearly all of them, or few."""
    near = words[i + 2 : i + 8]
    if not any(
        word
        in (
            "die",
            "dies",
            "wafer",
            "fail",
            "fails",
            "failing",
            "yield",
            "chips",
            "dead",
            "density",
            "lost",
            "bad",
            "red",
            "gone",
            "lit",
            "failed",
            "chip",
            "disc",
        )
        for word in near
    ):
        return None
    try:
        value = float(words[i])
    except ValueError:
        return None
    if value >= 80:
        return (("shape", "full", True), ("density", "dense", True))
    if value <= 12:
        return (("density", "sparse", True),)
    return (("density", "medium", True),) if 25 <= value <= 60 else None


def _spatial(words: list[str], i: int) -> Item | None:
    if words[i] == "r" or words[i][0] in "01":
        radius = read_radius(words, i)
        if radius is not None:
            return i, radius[2], "radius", (radius[0], radius[1])
    arc = read_arcs(words, i)
    return None if arc is None else (i, arc[1], "arc", arc[0])
