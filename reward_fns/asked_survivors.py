"""Whether a question asks where dies pass, or where a ring is open."""

from __future__ import annotations

import itertools

from .words import word_set

_SPARED = word_set(
    "good passing pass passes survive survives survived survivors surviving healthy green yield working clean"
    " spared spares untouched unaffected intact alive fine unharmed free"
)
_PARTS = word_set("part parts zone zones area areas region regions portion portions radius radii places")
_NAME = word_set("which what name list state give")
_FAILING = word_set("fail fails hit affected bad both")
_CARRYING = word_set("carries carry holds hold bears bear contains contain hosts houses")
_ONWARD = word_set("through over by across along from to")
_GAPS = word_set("gap gaps opening open opens interrupted interruption mouth break missing")
_WHICH = word_set("which what")
_STRETCHES = word_set(
    "side part stretch sector half quadrant region zone hours area portion section piece quarter direction"
)


def asks_where(words: list[str]) -> bool:
    """Tell whether a question asks for a place: "where?", "which side?"."""
    return "where" in words or (not _WHICH.isdisjoint(words) and not _STRETCHES.isdisjoint(words))


def asks_survivors(words: list[str]) -> bool:
    """Tell whether a question asks where dies pass: "Which stretch is spared?", "which zones are clean?"."""
    if "and" in words and not _CARRYING.isdisjoint(words):
        # "Which half carries the arc and which one is clean?" asks for both.
        return False
    # "Two features fail here. Which zone is still clean?"
    return any(_is_about_survivors(sentence) for sentence in _sentences(words))


def _sentences(words: list[str]) -> list[list[str]]:
    ends = [n + 1 for n, word in enumerate(words) if word in (".", "?")]
    return [words[a:b] for a, b in itertools.pairwise([0, *ends, len(words)]) if a < b]


def _is_about_survivors(words: list[str]) -> bool:
    if not _FAILING.isdisjoint(words):
        return False
    at = next((n for n, word in enumerate(words) if word in _PARTS), 0)
    zones = at > 0 and "and" not in words and not _NAME.isdisjoint(words[max(0, at - 2) : at])
    # "Which sector does the line pass through?" asks for no survivors.
    passing = any(a in _SPARED and b not in _ONWARD for a, b in itertools.pairwise([*words, ""]))
    return passing and (zones or asks_where(words))


def asks_gap(words: list[str]) -> bool:
    """Tell whether a question asks where a ring is open."""
    return not _GAPS.isdisjoint(words) and asks_where(words)
