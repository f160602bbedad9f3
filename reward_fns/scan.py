"""Find every term, cue, direction and separator of a text, leftmost and longest, in one pass."""

from __future__ import annotations

import math
from typing import Any

from .angles import Arc, hour_of
from .bearings import STARTS as BEARINGS
from .bearings import read_bearing
from .clock import HOUR_WORDS, NUMBERS
from .compass import COMPASS, POINTS
from .dial import PLAIN, Dial
from .directions import COMPOUNDS, ORDINALS, QUARTERS, VERTICAL, read_arcs
from .lexicon import Entry, Lexicon
from .radii import STARTS, TENS, read_radius, spoken_percent
from .spans import BOTH, OPENS, spread_about, spread_over
from .text import BREAK
from .words import word_set

_PASSING = frozenset(
    ("pass", "passes", "passing", "good", "survive", "alive", "survivors", "green", "spared")
)
SENTENCE_ENDS = frozenset((".", "!", "?", BREAK))
SEPARATORS = frozenset(
    (",", ";", ":", "=", "\u2013", "(", ")", "and", "or", "nor", "&", "+", "/", *SENTENCE_ENDS)
)
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
        "port",
        "starboard",
        "foot",
        "chin",
        "crown",
    )
)
_SPATIAL = (
    DIRECTIONS
    | STARTS
    | BEARINGS
    | HOUR_WORDS
    | {"r", "radius", "l", "q", "quadrant", "x", *COMPOUNDS, *ORDINALS, *QUARTERS, *VERTICAL}
)
_OTHERS = _SPATIAL | SEPARATORS
_COUNTED = frozenset((*TENS, *NUMBERS, "fifteen"))
_RADIAL = STARTS | {"r", "radius"}

_RADIAL_ONLY = frozenset(_RADIAL - DIRECTIONS - {"r", *COMPOUNDS, *ORDINALS, *QUARTERS, *VERTICAL})
"""Words that begin a stretch of the radius and no direction: "outer", "thirds"."""

_TOLD = frozenset((*BEARINGS, *HOUR_WORDS, *COMPASS, *POINTS, "top", "bottom", "left", "up", "down", "over"))
"""Words at which a direction told by way of others may begin, beside figures."""

Item = tuple[int, int, str, Any]
"""First token, token after the last, kind (`sep`, `term`, `arc` or `radius`), and what it says."""


def corrected(words: list[str], lexicon: Lexicon) -> list[str]:
    """Return the words with the misspelt ones mended."""
    if "cent" in words:
        # "Per cent" is one word; the second half becomes a filler, so that spans hold.
        words = list(words)
        for n in range(1, len(words)):
            if words[n - 1] == "per" and words[n] == "cent":
                words[n - 1 : n + 1] = ["%", "of"]
    return list(map(lexicon.spelled.__getitem__, words))


Start = tuple[dict[str, Any], tuple[Entry, ...] | None, bool, bool, bool]
"""What may begin at a word: longer phrases, the phrase it is itself, a place, a share, a separator."""


def _starts(lexicon: Lexicon) -> dict[str, Start]:
    """Return every word at which something may begin, so that one look settles the others."""
    places = bool(lexicon.zones)
    starts: dict[str, Start] = {}
    for word in _OTHERS.union(_COUNTED, lexicon.trie) - {""}:
        node = lexicon.trie.get(word, {})
        digit = "0" <= word[0] <= "9"
        starts[word] = (
            node,
            node.get(""),
            places and (digit or word in _SPATIAL),
            digit or word in _COUNTED,
            word in SEPARATORS,
        )
    return starts


_PAST_END = "\0"


def scan(words: list[str], lexicon: Lexicon, dial: Dial = PLAIN) -> list[Item]:
    """Find every term, cue, direction and separator, leftmost and longest, in one pass."""
    if not lexicon.starts:
        lexicon.starts.update(_starts(lexicon))
    number: Start = ({}, None, bool(lexicon.zones), True, False)
    items: list[Item] = []
    append, get, padded, done = items.append, lexicon.starts.get, [*words, _PAST_END], 0
    for i, word in enumerate(words):
        if i < done:
            continue
        start = get(word)
        if start is None:
            if not "0" <= word[0] <= "9":
                continue
            start = number
        node, entries, place, share, separates = start
        end = j = i + 1
        node = node.get(padded[j])
        while node:
            j += 1
            found = node.get("")
            if found is not None:
                end, entries = j, found
            node = node.get(padded[j])
        if share and padded[i + 1] in ("in", "out"):
            ratio = _ratio(words, i)
            if ratio is not None and ratio[0] > end:
                append((i, ratio[0], "term", ratio[1]))
                done = ratio[0]
                continue
        if place:
            spatial = _spatial(words, i, dial)
            if spatial and spatial[-1][1] >= end:
                items.extend(spatial)
                done = spatial[-1][1]
                continue
        percent = _percent(words, i) if share else None
        if percent is not None and end <= percent[0]:
            if percent[1] is not None:
                append((i, percent[0], "term", percent[1]))
            done = percent[0]
        elif entries is not None:
            append((i, end, "term", entries))
            done = end
        elif separates:
            append((i, i + 1, "sep", word))
    return items


_OF_DIES = word_set(
    """
    die dies wafer fail fails failing yield chips dead density lost bad red gone lit failed chip disc ng
    """
)
_FILLING = word_set("fill filling filled factor packing inside within")
_OF_OTHERS = word_set(
    """
    circumference rim perimeter edge border margin way sure certainty certain confidence probability confident
    chance likely
    """
)


def _ratio(words: list[str], i: int) -> tuple[int, tuple[Entry, ...]] | None:
    """Read a share of the dies as a ratio: "4 in 10 dead", "seven out of eight"."""
    at = i + (3 if words[i + 1 : i + 3] == ["out", "of"] else 2)
    part, whole = _count(words, i), _count(words, at)
    if part is None or whole is None or not 0 < part < whole or whole > 1000:
        return None
    share = _share_of(100 * part / whole, words[at + 1 : at + 7])
    return None if share is None else (at + 1, share)


def _count(words: list[str], i: int) -> float | None:
    word = words[i] if i < len(words) else ""
    if word in NUMBERS or word in TENS:
        return float(NUMBERS.get(word) or TENS[word])
    return float(word) if word.isdigit() and word.isascii() and len(word) <= 4 else None


def _percent(words: list[str], i: int) -> tuple[int, tuple[Entry, ...] | None] | None:
    """Read the share of failing dies: nearly all of them, or few; and the index after it."""
    if words[i][0].isdigit():
        if i + 1 >= len(words) or words[i + 1] not in ("%", "percent"):
            return None
        try:
            value, end = float(words[i]), i + 2
        except ValueError:
            return None
    else:
        spoken = spoken_percent(words, i)
        if spoken is None:
            return None
        value, end = spoken
    return end, _share_of(value, words[end : end + 6], not _FILLING.isdisjoint(words[max(0, i - 5) : i]))


def _share_of(value: float, near: list[str], filling: bool = False) -> tuple[Entry, ...] | None:
    """Say what a share of dies means, by the words after it."""
    if not _OF_OTHERS.isdisjoint(near[:4]):
        return None
    if not _PASSING.isdisjoint(near[:4]):
        value = 100 - value
    if value >= 80:
        dense = ("density", "dense", True)
        return (dense,) if filling or _OF_DIES.isdisjoint(near) else (("shape", "full", True), dense)
    if value <= 12:
        return (("density", "sparse", True),)
    return (("density", "medium", True),) if 25 <= value <= 60 else None


def _spatial(words: list[str], i: int, dial: Dial) -> list[Item]:
    """Read what is said of place in numbers and directions; coordinates say two things at once."""
    word = words[i]
    if word in ("l", "r") and i + 1 < len(words) and words[i + 1] == ":":
        side = read_arcs(words, i)
        if side is not None:
            return [(i, side[1], "arc", side[0])]
    if word == "x":
        return _coordinates(words, i)
    if word in _TOLD or "0" <= word[0] <= "9":
        if not BOTH.isdisjoint(words[i + 1 : i + 5]) and (spread := spread_over(words, i, dial)) is not None:
            return [(i, spread[1], "arc", spread[0])]
        told = read_bearing(words, i, dial)
        if told is not None:
            return [(i, told[1], "term", ()) if told[0] is None else (i, told[1], "arc", told[0])]
    if word in _RADIAL or "0" <= word[0] <= "9":
        radius = read_radius(words, i)
        if radius is not None:
            return [(i, radius[2], "radius", (radius[0], radius[1]))]
    if word in _RADIAL_ONLY:
        return []
    arc = read_arcs(words, i, dial)
    if arc is not None and not arc[0].length and arc[1] < len(words) and words[arc[1]] in OPENS:
        arc = spread_about(arc[0], words, arc[1], dial) or arc
    return [] if arc is None else [(i, arc[1], "arc", arc[0])]


def _coordinates(words: list[str], i: int) -> list[Item]:
    """Read "x = 0.3, y = -0.4": how far out, and in which direction."""
    x = _signed(words, i + 1)
    if x is None:
        return []
    value, index = x
    if index < len(words) and words[index] == "r" and "y" not in words[index : index + 4]:
        # How far to the side, and nothing of how far up.
        return [(i, index + 1, "arc", Arc(0.5 if value > 0 else 6.5, 5.0, True))] if value else []
    while index < len(words) and words[index] in (",", "and", ";", "r"):
        index += 1
    if index >= len(words) or words[index] != "y":
        return []
    y = _signed(words, index + 1)
    if y is None:
        return []
    other, end = y
    if end < len(words) and words[end] == "r":
        end += 1
    radius = math.hypot(value, other)
    if not 0.0 < radius <= 1.05:
        return []
    hour = math.degrees(math.atan2(value, other)) / 30
    radius = round(min(1.0, radius), 3)
    return [(i, end, "radius", (radius, radius)), (i, end, "arc", Arc(hour_of(hour), 0.0))]


def _signed(words: list[str], i: int) -> tuple[float, int] | None:
    sign = 1.0
    while i < len(words) and words[i] in ("=", ":", "+", "-", "\u2013", "~", "\u2248", "about", "is", "at"):
        if words[i] in ("-", "\u2013"):
            sign = -1.0
        i += 1
    try:
        return sign * float(words[i]), i + 1
    except (IndexError, ValueError):
        return None
