"""A lexicon of claims, compiled once into a trie over words."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from sys import intern
from typing import Any

import yaml

from ..errors import InputError
from .spelling import correct
from .words import word_set

WAFER = Path(__file__).with_name("wafer.yaml")
SLOTS = (
    "type", "shape", "zone", "around", "density", "closure", "border", "width", "size", "length", "texture",
)  # fmt: skip

Entry = tuple[str, str, bool]
"""One claim or cue of a phrase: slot (or cue), value, whether it is affirmed."""

_GROUP = re.compile(r"\{([^{}]*)\}|\[([^\[\]]*)\]")
_END = ""
_REMEMBERED = 100_000


class Spelled(dict[str, str]):
    """Words as they are meant: each itself, or what it misspells; worked out once for each word."""

    def __init__(self, vocabulary: frozenset[str], known: frozenset[str], forms: Mapping[str, str]) -> None:
        super().__init__((word, word) for word in known)
        self.update(forms)
        self._vocabulary, self._known = vocabulary, known

    def __missing__(self, word: str) -> str:
        if len(self) > _REMEMBERED:
            self.clear()
        self[word] = meant = self._meant(word)
        return meant

    def _meant(self, word: str) -> str:
        if len(word) < 4 or word in self._known:
            return word
        if word.endswith("'s") and word[:-2] in self._known:
            return word[:-2]
        return correct(word, self._vocabulary) or word


_DIES = word_set("die dies")
_ALIASES = (("chip", "chips"), ("site", "sites"), ("device", "devices"))
"""What some people call a die."""
_DIRECTIONS = word_set(
    """
    left right upper lower bottom north south east west clockwise quadrant around towards between
    """
)


@dataclass(slots=True)
class Lexicon:
    """Compiled vocabulary.

    Attributes:
        name: Name of the domain.
        trie: Nested dictionaries by word; under the empty string the entries of the phrase that ends here.
        vocabulary: Words that a misspelling may stand for.
        known: Every word of the trie, which is no misspelling.
        spelled: Words as they are meant, misspelt ones mended.
        classes: Prior facts by class.
        opposites: Pairs of values that exclude each other, by slot, with the cost of stating the wrong one.
        aspects: Values by slot, apart where no two exclude each other: how dense, and whether evenly.
        zones: Radial band of each zone as shares of the radius.
        patterns: Accepted and rejected causes by class.
        causes: Names of the cause concepts.
        shapes: Values of the slot `shape`.
        starts: What may begin at each word; the scanner's table.
        verdicts: Phrases that say yes (+1) or no (-1), by first word, the longest first.
        spread: Words that liken places or prefer one, in the same form.
    """

    name: str
    trie: dict[str, Any]
    vocabulary: frozenset[str]
    known: frozenset[str]
    spelled: Spelled
    classes: Mapping[str, Mapping[str, str]]
    opposites: Mapping[str, Mapping[frozenset[str], float]]
    aspects: Mapping[str, Sequence[frozenset[str]]]
    zones: Mapping[str, tuple[float, float]]
    patterns: Mapping[str, Mapping[str, frozenset[str]]]
    causes: tuple[str, ...] = field(default=())
    shapes: frozenset[str] = frozenset()
    starts: dict[str, Any] = field(default_factory=dict, repr=False)
    verdicts: Mapping[str, Sequence[tuple[tuple[str, ...], int]]] = field(default_factory=dict, repr=False)
    spread: Mapping[str, Sequence[tuple[tuple[str, ...], str]]] = field(default_factory=dict, repr=False)

    def clash(self, slot: str, said: str, true: str) -> float:
        """Return what it costs to say one value of a slot where another is true, from 0 to 1."""
        return 0.0 if said == true else self.opposites.get(slot, {}).get(frozenset((said, true)), 0.0)


@lru_cache(maxsize=16)
def load_lexicon(path: str | None = None) -> Lexicon:
    """Load a lexicon.

    Args:
        path: A YAML file of the form of `wafer.yaml`; the wafer lexicon when None. The string `none`
            is the empty lexicon, with which every term is a plain phrase.

    Raises:
        InputError: The file is missing, no YAML, or of an unknown version.
    """
    file = WAFER if path is None else Path(path)
    if path == "none":
        data: Any = {"version": 1, "name": "none", "cues": _read(WAFER)["cues"]}
    else:
        data = _read(file)
    if not isinstance(data, Mapping) or data.get("version") != 1:
        raise InputError("not a lexicon of version 1", file=file, field="version")
    if data.get("cues") == "english":
        data = {**data, **{part: _read(WAFER)[part] for part in ("cues", "verdicts")}}
    try:
        return _compile(data)
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise InputError(f"malformed lexicon ({error})", file=file) from error


def _read(file: Path) -> Any:
    try:
        return yaml.load(
            file.read_text(encoding="utf-8"), Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader)
        )
    except OSError as error:
        raise InputError("cannot read the lexicon", file=file) from error
    except yaml.YAMLError as error:
        raise InputError(f"not valid YAML ({error})", file=file) from error


def _compile(data: Mapping[str, Any]) -> Lexicon:
    trie: dict[str, Any] = {}
    spelled: set[str] = set()
    for slot, values in (data.get("terms") or {}).items():
        for value, phrases in values.items():
            spelled |= _add(trie, phrases, ((slot, str(value), True),), plural=True)
    for value, phrases in (data.get("causes") or {}).items():
        spelled |= _add(trie, phrases, (("cause", value, True),), plural=True)
    for phrases, claims in (data.get("phrases") or {}).items():
        _add(
            trie, phrases, tuple(map(_claim, claims.split())) or (("skip", "", True),), plural=True, only=True
        )
    vocabulary = _DIRECTIONS | frozenset(word for word in spelled if word.isalpha() and len(word) >= 4)
    for cue, phrases in (data.get("cues") or {}).items():
        _add(trie, phrases, ((cue, "", True),), plural=False)
    forms = {str(word): str(meant) for word, meant in (data.get("forms") or {}).items()}
    patterns = {
        name: {verdict: frozenset(listed) for verdict, listed in lists.items()}
        for name, lists in (data.get("patterns") or {}).items()
    }
    known = frozenset(_words(trie))
    opposites = _opposites(data.get("opposites") or {})
    return Lexicon(
        name=str(data.get("name", "unnamed")),
        trie=trie,
        vocabulary=vocabulary,
        known=known,
        spelled=Spelled(vocabulary, known, forms),
        classes={str(name): facts for name, facts in (data.get("classes") or {}).items()},
        opposites=opposites,
        aspects={slot: _aspects(pairs) for slot, pairs in opposites.items()},
        zones={name: (float(lo), float(hi)) for name, (lo, hi) in (data.get("zones") or {}).items()},
        patterns=patterns,
        causes=tuple(data.get("causes") or ()),
        shapes=frozenset((data.get("terms") or {}).get("shape") or ()),
        verdicts=_verdicts(data.get("verdicts") or {}),
        spread=_by_first_word(data.get("spread") or {}),
    )


def _verdicts(data: Mapping[str, str]) -> dict[str, list[tuple[tuple[str, ...], int]]]:
    return {
        first: [(rest, 1 if name == "says_yes" else -1) for rest, name in entries]
        for first, entries in _by_first_word(data).items()
    }


def _by_first_word(data: Mapping[str, str]) -> dict[str, list[tuple[tuple[str, ...], str]]]:
    table: dict[str, list[tuple[tuple[str, ...], str]]] = {}
    for name, phrases in data.items():
        for phrase in _split(phrases):
            for variant in expand(phrase):
                first, *rest = variant.split()
                table.setdefault(first, []).append((tuple(rest), name))
    for entries in table.values():
        entries.sort(key=lambda entry: -len(entry[0]))
    return table


def _claim(text: str) -> Entry:
    slot, value = text.split(":")
    return slot, value.lstrip("-"), not value.startswith("-")


def _opposites(data: Mapping[str, Iterable[str]]) -> dict[str, dict[frozenset[str], float]]:
    table: dict[str, dict[frozenset[str], float]] = {}
    for prefix, cost in (("", 1.0), ("faint_", 0.75), ("soft_", 0.5)):
        for name, rows in data.items():
            if not name.startswith(prefix) or (not prefix and name.startswith(("soft_", "faint_"))):
                continue
            pairs = table.setdefault(name.removeprefix(prefix), {})
            for row in rows:
                for pair in itertools.combinations(row.split(), 2):
                    pairs[frozenset(pair)] = cost
    return table


def _aspects(pairs: Iterable[frozenset[str]]) -> list[frozenset[str]]:
    """Return the groups of values that exclude each other, directly or through others."""
    groups: list[frozenset[str]] = []
    for pair in pairs:
        joined = [group for group in groups if group & pair]
        groups = [group for group in groups if not group & pair] + [pair.union(*joined)]
    return groups


def _add(
    trie: dict[str, Any], phrases: str, entries: tuple[Entry, ...], plural: bool, only: bool = False
) -> set[str]:
    spelled: set[str] = set()
    for phrase in _split(phrases):
        for variant in expand(phrase):
            words = variant.split()
            if not words:
                continue
            spelled.update(words)
            _insert(trie, words, entries, only)
            if "die" in words[:-1]:
                _insert(trie, ["dies" if word == "die" else word for word in words], entries, only)
            if len(words) > 1 and not _DIES.isdisjoint(words):
                for one, many in _ALIASES:
                    named = [one if w == "die" else many if w == "dies" else w for w in words]
                    _insert(trie, named, entries, only)
                    _insert(trie, [many if w == one else w for w in named], entries, only)
            if plural and words[-1].isalpha() and len(words[-1]) > 2:
                _insert(trie, [*words[:-1], plural_of(words[-1])], entries, only)
    return spelled


def _split(phrases: str) -> list[str]:
    return [phrase.strip() for phrase in str(phrases).split("|") if phrase.strip()]


def _insert(trie: dict[str, Any], words: list[str], entries: tuple[Entry, ...], only: bool) -> None:
    node = trie
    for word in words:
        node = node.setdefault(intern(word), {})
    present = () if only else node.get(_END, ())
    node[_END] = (*present, *(entry for entry in entries if entry not in present))


def plural_of(word: str) -> str:
    """Return the regular English plural."""
    if word.endswith(("s", "x", "ch", "sh")):
        return word + "es"
    if word.endswith("y") and word[-2] not in "aeiou":
        return word[:-1] + "ies"
    return word + "s"


def expand(phrase: str) -> list[str]:
    """Expand {a,b} to each member and [x] to x or nothing; groups may hold groups.

    >>> expand("{edge,rim} ring")
    ['edge ring', 'rim ring']
    """
    match = _GROUP.search(phrase)
    if match is None:
        return [" ".join(phrase.split())]
    options = match[1].split(",") if match[1] is not None else [match[2], ""]
    head, tail = phrase[: match.start()], phrase[match.end() :]
    # An inner group that was cut by an outer one is expanded first, so its commas never meet ours.
    return [variant for option in options for variant in expand(f"{head}{option}{tail}")]


def _words(trie: Mapping[str, Any]) -> Iterable[str]:
    for word, node in trie.items():
        if word != _END:
            yield word
            yield from _words(node)
