"""Tell sentences from word soup by pairs of function words that English never puts together."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Sequence

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


_TWICE = frozenset(("south", "north", "that", "had", "very", "far", "too"))
_UNFINISHED = frozenset((*_ARTICLES, *_LINKS, *_BE, *_PLACES, "no", "not", "shows"))

_KINDS = {
    "article": "the a an",
    "no": "no neither nor without",
    "not": "not",
    "link": "and or but",
    "either": "either",
    "be": "is are was were",
    "preposition": "at along of from with near towards toward into",
    "clock": "o'clock",
    "hour": "1 2 3 4 5 6 7 8 9 10 11 12",
    "look": """
        dense sparse thin thick linear uniform radial annular curved straight closed broken continuous
        discontinuous compact solid hollow isolated sharp diffuse scattered random wide narrow single full
        """,
    "side": "left right upper lower inner outer top bottom",
    "figure": "ring cluster line arc donut scratch band blob annulus patch clump streak crescent loc",
    "place": """
        edge center rim border middle mid-radius core perimeter periphery quadrant side half zone
        circumference margin hub
        """,
    "clear": "clear clean",
    "comma": ",",
    "stop": ". ; : ! ?",
    "pronoun": "it they there this that which",
}
_SELDOM = {
    "look": "article be clear clock not hour pronoun",
    "link": "link clock comma stop",
    "article": "link article be clock comma either no not preposition pronoun stop",
    "be": "link be clock comma figure hour place stop",
    "clear": "look article pronoun side",
    "clock": "look article figure hour place side",
    "comma": "clock comma stop",
    "no": "link clock no not preposition pronoun",
    "not": "link be hour pronoun side",
    "figure": "look article clock not figure hour place",
    "hour": "look article no not figure hour place pronoun side",
    "place": "look article clock place side",
    "preposition": "link be clock comma not figure preposition stop",
    "pronoun": "look clock not hour side",
    "side": "look article clear clock no not pronoun",
    "stop": "be clock comma stop",
}
"""What seldom follows: in graded answers less than 15 % as often as if words came independently."""


def _seldom_pairs() -> frozenset[tuple[str, str]]:
    words = {kind: text.split() for kind, text in _KINDS.items()}
    return frozenset(
        (a, b)
        for kind, followers in _SELDOM.items()
        for follower in followers.split()
        for a in words[kind]
        for b in words[follower]
    )


def _followers() -> dict[str, tuple[frozenset[str], frozenset[str]]]:
    never, seldom = _pairs(), _seldom_pairs()
    return {
        word: (frozenset(b for a, b in never if a == word), frozenset(b for a, b in seldom if a == word))
        for word in {a for a, _ in never | seldom}
    }


_FOLLOWERS = _followers()
"""For each word, what never follows it in English and what seldom does."""
_PER_RARE = 20
"""Words for each such pair that a person may write, beside the first; of terse notes few have more."""
HOURS = 3
"""Times a person writes "o'clock" at most: more hours than that are a list or a guess."""
_VOWELS = frozenset("aeio")
_SPOKEN_W = frozenset(("one", "once", "o'clock"))

LONG = 30
"""Words a person writes at most without a comma or a full stop."""
_STOPS = frozenset((".", ",", ";", ":", "(", ")", "!", "?", "\u2013", "\n"))


def soup(words: Sequence[str]) -> float:
    """Return what is left of a text's credit: 1 for sentences, less for every sign of word soup.

    Signs are pairs of words that English never puts together, more pairs than a person writes that it seldom
    does, a word said twice in a row, a link at the end, and stretches far longer than people write without a
    stop.
    """
    never = rare = vowels = twice = beyond = start = 0
    before = ""
    for i, word in enumerate(words):
        followers = _FOLLOWERS.get(before)
        if followers is not None:
            never += word in followers[0]
            rare += word in followers[1]
            # "A edge": nobody misses that vowel.
            vowels += before == "a" and word[0] in _VOWELS and word not in _SPOKEN_W
        if word in _STOPS:
            beyond += max(0, i - start - LONG)
            start = i + 1
        elif word == before:
            twice += len(word) > 2 and word not in _TWICE
        before = word
    beyond += max(0, len(words) - start - LONG)
    hours = max(0, words.count("o'clock") - HOURS)
    found = never + max(0.0, rare - 1 - len(words) / _PER_RARE)
    found = found + hours + vowels + twice + (before in _UNFINISHED) + beyond / 6
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
