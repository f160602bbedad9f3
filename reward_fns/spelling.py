"""Misspelt words of the lexicon, one edit away, found by the deletions both share."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from rapidfuzz.distance import DamerauLevenshtein

_MIN = 5
_ENGLISH_FILE = Path(__file__).with_name("english.txt")


@lru_cache(maxsize=1)
def _english() -> frozenset[str]:
    """Words one edit away from a word of the wafer lexicon which are themselves and no misspelling."""
    return frozenset(_ENGLISH_FILE.read_text(encoding="utf-8").split())


def correct(word: str, vocabulary: frozenset[str]) -> str | None:
    """Return the one word of the vocabulary that this is a misspelling of, or None.

    A misspelling is one edit (insertion, deletion, substitution, transposition) away, begins or ends like
    the word, and is not an English word of its own. Words under five letters are taken as they stand.
    """
    if len(word) < _MIN - 1 or not word.isalpha() or word in _english():
        return None
    index = _deletions(vocabulary)
    candidates = set(index.get(word, ()))
    for i in range(len(word)):
        candidates.update(index.get(word[:i] + word[i + 1 :], ()))
    best: tuple[bool, str] | None = None
    for candidate in sorted(candidates):
        if not _misspells(word, candidate):
            continue
        swapped = len(word) == len(candidate)
        if best is None or swapped > best[0]:
            best = (swapped, candidate)
    return None if best is None else best[1]


def _misspells(word: str, candidate: str) -> bool:
    if word[0] != candidate[0] or DamerauLevenshtein.distance(word, candidate, score_cutoff=1) > 1:
        return False
    if len(word) == _MIN - 1:
        # Of short words only a transposition is safe: "egde", "rign".
        return len(candidate) == len(word) and sorted(word) == sorted(candidate)
    # A changed or added last letter is an inflection or another word ("carries", "carrier").
    return word[-1] == candidate[-1] or (word[-2:] == candidate[-2:][::-1] and len(word) == len(candidate))


@lru_cache(maxsize=16)
def _deletions(vocabulary: frozenset[str]) -> dict[str, tuple[str, ...]]:
    index: dict[str, tuple[str, ...]] = {}
    for word in sorted(vocabulary):
        if len(word) < _MIN - 1:
            continue
        for key in {word, *(word[:i] + word[i + 1 :] for i in range(len(word)))}:
            index[key] = (*index.get(key, ()), word)
    return index
