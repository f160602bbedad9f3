"""Read stretches of the radius: "0.3-0.55 R", "r < 0.33", "r/R above 0.88"."""

from __future__ import annotations


def read_radius(words: list[str], start: int) -> tuple[float, float, int] | None:
    """Read a stretch of r/R that begins at a token: "0.3-0.55 R", "r < 0.33", "r/R above 0.88".

    Returns:
        Its lower and upper end as shares of the radius, and the index after it; None when there is none.
    """
    size = len(words)
    index, named = start, False
    if words[index] in ("r", "radius"):
        named = True
        index += 1
        if index + 1 < size and words[index] == "/" and words[index + 1] == "r":
            index += 2
    below = above = False
    while index < size and index - start < 8:
        word = words[index]
        if word in ("<", "below", "under", "within", "up", "inside"):
            below = True
        elif word in (">", "above", "over", "beyond", "outside"):
            above = True
        elif word not in (
            "=",
            "\u2248",
            "~",
            "about",
            "around",
            "roughly",
            "to",
            "from",
            "of",
            "at",
            "and",
            "approximately",
            "is",
            ":",
        ):
            break
        index += 1
        if not named and index - start > 2:
            return None
    low = _share(words, index)
    if low is None:
        return None
    index += 1
    high = None
    if index + 1 < size and words[index] in ("-", "\u2013", "to", "and", "r"):
        skip = index + (2 if words[index] == "r" and words[index + 1] in ("-", "\u2013", "to", "and") else 1)
        if skip < size:
            high = _share(words, skip)
        if high is not None:
            index = skip + 1
    if index < size and words[index] == "r":
        named = True
        index += 1
    if not named:
        return None
    if high is not None:
        return min(low, high), max(low, high), index
    if below:
        return 0.0, low, index
    if above:
        return low, 1.0, index
    return low, low, index


def _share(words: list[str], index: int) -> float | None:
    if index >= len(words) or not words[index][:1].isdigit():
        return None
    try:
        value = float(words[index])
    except ValueError:
        return None
    return value if 0.0 <= value <= 1.0 and ("." in words[index] or value in (0.0, 1.0)) else None
