"""Terms no lexicon knows, matched as phrases: word by word, misspellings allowed, opposites not."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from functools import lru_cache

from rapidfuzz import fuzz

from .evidence import Evidence
from .schema import Item
from .text import read_text
from .words import word_set

THRESHOLD = 85.0
_OPPOSITES = (
    ("upper", "lower"), ("left", "right"), ("inner", "outer"), ("high", "low"), ("dense", "sparse"),
    ("top", "bottom"), ("increase", "decrease"), ("above", "below"),
)  # fmt: skip
_PREFIXES = ("non", "un", "dis", "in", "im", "ir", "a", "anti")
_DENIALS = word_set(
    """
    no not without never neither nor lacks lacking isn't aren't doesn't don't wasn't cannot can't
    """
)
_STOP = word_set(
    """
    the a an of in on at to and or is are with for
    """
)


Index = Mapping[str, Sequence[str]]


def index_words(words: Sequence[str]) -> Index:
    """Return the distinct words by first letter, so that a phrase looks only where it can begin."""
    index: dict[str, list[str]] = defaultdict(list)
    for word in set(words):
        index[word[0]].append(word)
    return index


def match_phrase(item: Item, words: Sequence[str], index: Index, weight: float) -> Evidence:
    """Match one item as plain phrases; met by any member that is said and not denied."""
    denied: tuple[int, int] | None = None
    for term in item.any_of:
        for start, end in _find(_content(term), words, index):
            if _is_denied(words, start):
                denied = (start, end)
                continue
            return Evidence("met", str(item), 1.0, weight * item.weight, start, end, "said")
    if denied is not None:
        return Evidence("denied", str(item), -0.5, weight * item.weight, *denied, "denied")
    return Evidence("missing", str(item), 0.0, weight * item.weight)


@lru_cache(maxsize=65_536)
def _content(term: str) -> tuple[str, ...]:
    return tuple(word for word in read_text(term).words if word not in _STOP and word[0].isalnum())


def _find(target: tuple[str, ...], words: Sequence[str], index: Index) -> list[tuple[int, int]]:
    """Find a phrase's words in order, each at most four tokens after the one before."""
    if not target:
        return []
    found = []
    near = {word for word in index.get(target[0][0], ()) if same_word(word, target[0])}
    starts = [i for i, word in enumerate(words) if word in near][:16] if near else []
    for start in starts:
        at, complete = start, True
        for wanted in target[1:]:
            step = next(
                (n for n in range(at + 1, min(at + 5, len(words))) if same_word(words[n], wanted)), None
            )
            if step is None:
                complete = False
                break
            at = step
        if complete:
            found.append((start, at + 1))
            if len(found) >= 4:
                break
    return found


def same_word(said: str, wanted: str) -> bool:
    """Tell whether two words are the same but for inflection or a slip, and are no opposites."""
    if said == wanted:
        return True
    if said[0] != wanted[0] or len(said) < 4 or len(wanted) < 4:
        return False
    return _similar(said, wanted)


@lru_cache(maxsize=65_536)
def _similar(said: str, wanted: str) -> bool:
    if {said, wanted} in [set(pair) for pair in _OPPOSITES]:
        return False
    if any(said == prefix + wanted or wanted == prefix + said for prefix in _PREFIXES):
        return False
    if _stem(said) == _stem(wanted):
        return True
    return min(len(said), len(wanted)) >= 5 and fuzz.ratio(said, wanted) >= THRESHOLD


def _stem(word: str) -> str:
    for ending in ("ations", "ation", "ingly", "ings", "ing", "edly", "ed", "ies", "es", "ly", "s", "y"):
        if word.endswith(ending) and len(word) - len(ending) >= 4:
            return word[: -len(ending)]
    return word


def _is_denied(words: Sequence[str], start: int) -> bool:
    for index in range(start - 1, max(-1, start - 7), -1):
        if words[index] in (".", ";", ",", "!", "?", "\n", "but"):
            return False
        if words[index] in _DENIALS:
            return True
    return False
