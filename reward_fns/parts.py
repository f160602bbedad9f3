"""Cut a three-part answer at its headings."""

from __future__ import annotations

from collections.abc import Sequence

_HEADS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("spatial", ("spatial distribution", "spatial", "distribution", "location", "where", "position")),
    (
        "morphology",
        ("morphology", "what it looks like", "form", "shape", "appearance", "in terms of form", "texture"),
    ),
    (
        "root_cause",
        (
            "root cause candidates",
            "root causes",
            "root cause",
            "causes",
            "possible causes",
            "why it might happen",
            "why",
            "cause",
            "candidates",
            "potential causes",
            "likely causes",
        ),
    ),
)
_PHRASES = tuple(
    (part, tuple(phrase.split()))
    for part, phrases in _HEADS
    for phrase in sorted(phrases, key=len, reverse=True)
)
_LEAD = frozenset((".", ")", "(", "\n", "-", "1", "2", "3", "a", "b", "c", "i", "ii", "iii", "part"))
_OPENERS = frozenset((".", "!", "?", "\n", ";"))


def split_parts(words: Sequence[str]) -> dict[str, tuple[int, int]]:
    """Return the stretch of tokens of each part; empty when fewer than two headings stand in the text."""
    found: list[tuple[int, str]] = []
    at_start = True
    i = 0
    while i < len(words):
        word = words[i]
        if word in _OPENERS:
            at_start = True
        elif word in _LEAD:
            pass
        elif at_start:
            at_start = False
            part = _heading(words, i)
            if part is not None and all(part != other for _, other in found):
                found.append((i, part))
        i += 1
    if len(found) < 2:
        return {}
    ends = [start for start, _ in found[1:]] + [len(words)]
    return {part: (start, end) for (start, part), end in zip(found, ends, strict=True)}


def _heading(words: Sequence[str], i: int) -> str | None:
    for part, phrase in _PHRASES:
        end = i + len(phrase)
        if tuple(words[i:end]) == phrase and (
            end >= len(words) or words[end] in (":", "\n", "\u2013", "-", ".", "(")
        ):
            return part
    return None
