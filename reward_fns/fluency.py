"""Tell sentences from word soup by pairs of function words that English never puts together."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Sequence
from itertools import pairwise
from operator import eq

from .claims import Reading
from .scan import SENTENCE_ENDS, SEPARATORS

_ARTICLES = ("the", "a", "an")
_LINKS = ("and", "or", "but")
_BE = ("is", "are", "was", "were")
_PLACES = ("at", "along", "of", "from", "with")
_END = (".", ",", ";")


def _pairs() -> frozenset[tuple[str, str]]:
    bad = {
        (a, b)
        for a in _ARTICLES
        for b in (*_ARTICLES, *_LINKS, *_BE, *_PLACES, *_END, "no", "not", "shows", "to")
    }
    bad |= {("no", b) for b in (*_ARTICLES, *_LINKS, *_BE, *_PLACES, "shows", "not")}
    bad |= {("not", b) for b in (*_LINKS, *_BE, "no", "not", "shows")}
    bad |= {(a, b) for a in _LINKS for b in (*_LINKS, ".", ";")}
    bad |= {(a, b) for a in _BE for b in (*_LINKS, *_BE, "shows")}
    bad |= {(a, b) for a in _PLACES for b in (*_LINKS, *_BE, *_END, "shows", "not")}
    bad |= {("shows", b) for b in (*_LINKS, *_BE, "shows", "of")}
    return frozenset(bad)


_BAD = _pairs()
_TWICE = frozenset(("south", "north", "that", "had", "very", "far", "too"))
_UNFINISHED = frozenset((*_ARTICLES, *_LINKS, *_BE, *_PLACES, "no", "not", "shows"))


LONG = 30
"""Words a person writes at most without a comma or a full stop."""
_STOPS = frozenset((".", ",", ";", ":", "(", ")", "!", "?", "\u2013", "\n"))


def soup(words: Sequence[str]) -> float:
    """Return what is left of a text's credit: 1 for sentences, less for every sign of word soup.

    Signs are pairs of words that English never puts together, a word said twice in a row, a link at the end,
    and stretches far longer than people write without a stop.
    """
    after = words[1:]
    found = float(sum(map(_BAD.__contains__, zip(words, after, strict=False))))
    if any(map(eq, words, after)):
        found += sum(a == b and len(a) > 2 and a not in _TWICE for a, b in zip(words, after, strict=False))
    if words and words[-1] in _UNFINISHED:
        found += 1
    if len(words) > LONG:
        stops = [-1, *[i for i, word in enumerate(words) if word in _STOPS], len(words)]
        found += sum([b - a - 1 - LONG for a, b in pairwise(stops) if b - a - 1 > LONG]) / 6
    return max(0.1, 1.0 - 0.15 * found)


CROWD = 6
"""Claims a person puts at most between two commas, links or stops."""


_GRAMMAR = frozenset(
    (*_ARTICLES, *_LINKS, *_BE, *_PLACES, "to", "in", "on", "no", "not", "o'clock", "without", "but")
)
_ENTRIES = 6


def _bare(words: Sequence[str]) -> bool:
    """Tell whether a text strings terms together: no verb, no figure, no small word, hardly a stop."""
    if len(words) < 9 or not _GRAMMAR.isdisjoint(words) or any(word[0].isdigit() for word in words):
        return False
    stops = [word for word in words if word in SEPARATORS]
    return not stops or (set(stops) == {","} and len(stops) >= _ENTRIES)


def crowding(reading: Reading) -> float:
    """Return what is left of a text's credit when terms are strung together without grammar."""
    if not reading.stated and _bare(reading.words):
        return 0.3
    if len(reading.claims) <= CROWD:
        return 1.0
    words = reading.words
    starts = sorted([claim.start for claim in reading.claims])
    if reading.stated and not any(
        SEPARATORS.isdisjoint(words[a:b]) for a, b in zip(starts, starts[CROWD:], strict=False)
    ):
        # Nowhere stand more than six without a stop between the first and the last.
        return 1.0
    stops = [i for i, word in enumerate(words) if word in SEPARATORS]
    counts = Counter([bisect_left(stops, start) for start in starts])
    if len(words) > 8 and not stops and not reading.stated:
        # A long string of terms with neither verb nor stop nor link.
        return 0.7
    extra = sum(count - CROWD for count in counts.values() if count > CROWD)
    return max(0.1, 1.0 - 0.12 * extra)


def repeats(words: Sequence[str], skip: list[bool] | None) -> list[bool] | None:
    """Mark the sentences that were said before, word for word; they say nothing new."""
    seen: set[tuple[str, ...]] = set()
    start = 0
    for end in [i for i, word in enumerate(words) if word in SENTENCE_ENDS] + [len(words)]:
        if end - start > 1:
            sentence = tuple(words[start:end])
            if sentence in seen:
                skip = [False] * len(words) if skip is None else skip
                skip[start:end] = [True] * (end - start)
            seen.add(sentence)
        start = end + 1
    return skip
