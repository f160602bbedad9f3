"""Read stretches of the radius: "0.3-0.55 R", "r < 0.33", "the outer quarter", "two thirds of the way"."""

from __future__ import annotations

from .words import word_set

_BELOW = word_set("< below under within up inside until \u2264")
_ABOVE = word_set("> above over beyond outside past \u2265")
_FILLERS = word_set(
    "some say circa approx ca = \u2248 ~ about around roughly to from of at and approximately is : between"
)
_COUNTS = {
    word: value
    for value, word in enumerate(
        ["a", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"],
        start=1,
    )
} | {"one": 1, "an": 1, "fifteen": 15, "twenty": 20, "thirty": 30, "forty": 40}
_PARTS = {
    "half": 2,
    "halves": 2,
    "third": 3,
    "quarter": 4,
    "fourth": 4,
    "fifth": 5,
    "sixth": 6,
    "eighth": 8,
    "tenth": 10,
    "twentieth": 20,
    "hundredth": 100,
}
_PARTS |= {f"{name}s": value for name, value in _PARTS.items()}
PARTS_OF = _PARTS
"""What one of so many parts is called."""
TENS = {
    word: 10 * n
    for n, word in enumerate(
        ["ten", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"], start=1
    )
}
_PLURAL = word_set("tenths fifths quarters thirds eighths sixths")
_AT = word_set("at from to until till by between past beyond near around about inside within before after")
_NAMED = word_set("limit border boundary edge end flank contour radius rim side")
"""What one of the two ends of a band may be called: "outer limit: 0.7 R"."""
_SIGNS = {"\u00bd": 1 / 2, "\u2153": 1 / 3, "\u2154": 2 / 3, "\u00bc": 1 / 4, "\u00be": 3 / 4}
_OUTER = word_set("outer outermost outside last peripheral")
_INNER = word_set("inner innermost inside first central")
STARTS = frozenset((*TENS, *_PARTS, *_SIGNS, *_OUTER, *_INNER, *_COUNTS)) - {"a", "an"}
"""Words a stretch of the radius may begin with, beside digits and the letter r."""
_MORE = 0.15
"""How far "more than half the radius" reaches."""
_SHARE_SIGNS = word_set("% percent / < \u2264")
_RIMS = word_set("edge rim border margin perimeter periphery boundary circumference bevel")
_HUBS = word_set("center middle hub core origin midpoint bullseye heart axis")
_COURSES = word_set("way distance trip journey path route stretch road")
"""What a share of the way from the middle to the rim may be called."""
_INWARD = word_set(
    "measured counted counting reckoned in inward inwards inside away back off short before from of the a "
    "wafer"
)
_LOOKED_AHEAD = 6
JOINS = word_set("to - \u2013 and or")
"""What may stand between the ends of a range."""
_SAYS = word_set(": = is at lies")
_RADII = frozenset(("r", "radius", "radii"))
_RANGES = (["to"], ["-"], ["\u2013"])


def read_radius(words: list[str], start: int) -> tuple[float, float, int] | None:
    """Read a stretch of r/R that begins at a token: "0.3-0.55 R", "r < 0.33", "half the radius".

    Returns:
        Its lower and upper end as shares of the radius, and the index after it; None when there is none.
    """
    found = _read(words, start)
    if found is None or words[found[2] - 1] not in _RADII:
        return found
    origin = _origin(words, found[2])
    if origin is None:
        return found
    low, high, _ = found
    return (round(1.0 - high, 3), round(1.0 - low, 3), origin[0]) if origin[1] else (low, high, origin[0])


def _read(words: list[str], start: int) -> tuple[float, float, int] | None:
    """Read a stretch as it is said, wherever it is measured from."""
    word = words[start]
    if _is_count(word, words[start + 1] if start + 1 < len(words) else ""):
        return _fraction_of(words, start) if words[start + 1 : start + 2] in _RANGES else None
    if start + 2 < len(words) and words[start + 1] in ("<", "\u2264") and words[start + 2] == "r":
        return _between(words, start)
    if word in _OUTER or word in _INNER:
        return _side(words, start, word in _OUTER)
    if word in ("r", "radius") or word[0].isdigit():
        found = _shares(words, start)
        if found is not None:
            return found
    return _fraction_of(words, start)


def _is_count(word: str, following: str) -> bool:
    """Tell whether a number can be no share: "two clusters", "7 o'clock"; most numbers of an answer."""
    if word in _COUNTS:
        return word not in TENS and following not in _PARTS
    return word.isdigit() and word.lstrip("0") not in ("", "1") and following not in _SHARE_SIGNS


def _between(words: list[str], start: int) -> tuple[float, float, int] | None:
    """Read "0.30 < r/R < 0.55"."""
    low, index = _share(words, start), start + 3
    if words[index : index + 2] == ["/", "r"]:
        index += 2
    if low is None or words[index : index + 1] not in (["<"], ["\u2264"]):
        return None
    high = _share(words, index + 1)
    return None if high is None else (low, high, index + 2)


def _side(words: list[str], start: int, outer: bool) -> tuple[float, float, int] | None:
    """Read "the outer quarter", "innermost 30 %", "inner radius 0.3 R, outer radius 0.6 R"."""
    if start + 1 < len(words) and words[start + 1] in _NAMED:
        ends = []
        index = start
        for name in ("outer",) if outer else ("inner", "outer"):
            while words[index : index + 1] in ([","], ["and"], [";"], ["\n"], ["-"], ["."]):
                index += 1
            heading = words[index : index + 2]
            if len(heading) < 2 or heading[0] != name or heading[1] not in _NAMED:
                break
            at = index + 2
            if words[at : at + 1] == ["of"]:
                # "outer limit of the band: 0.7 R"
                at = next((n for n in range(at, min(len(words), at + 4)) if words[n] in _SAYS), at)
            while at < len(words) and words[at] in _FILLERS:
                at += 1
            share = _fraction(words, at)
            if share is None:
                break
            end = _of_radius(words, share[1])
            if end is None and words[index + 1] != "radius" and "." not in words[at]:
                break
            ends.append(share[0])
            index = end or share[1]
        if ends:
            return (
                (min(ends), max(ends), index)
                if len(ends) > 1
                else (0.0 if outer and words[start + 1] == "radius" else ends[0], ends[0], index)
            )
        return None
    found = _fraction(words, start + 1)
    if found is None or (words[start + 1] in _COUNTS and found[1] == start + 2):
        return None
    value, index = found
    named = _of_radius(words, index)
    index = named or index
    if words[start] == "outside" and named:
        return value, 1.0, index
    return (1.0 - value, 1.0, index) if outer else (0.0, value, index)


def _fraction_of(words: list[str], start: int) -> tuple[float, float, int] | None:
    """Read "half the radius", "three quarters of the way out", "0.5 to 0.7 of the radius"."""
    found = _fraction(words, start) or _first_of_two(words, start)
    if found is None:
        return None
    low, index = found
    high = low
    if index < len(words) and words[index] in JOINS:
        other = _fraction(words, index + 1)
        if other is not None:
            high, index = other
    end = _of_radius(words, index)
    if end is not None:
        low, high = min(low, high), max(low, high)
        before = words[start - 1] if start else ""
        if before in ("a", "the", "one") and start > 1:
            before = words[start - 2]
        if low == high and start > 1 and words[start - 1] == "than":
            if words[start - 2] in ("more", "further", "farther"):
                return low, min(1.0, low + _MORE), end
            if words[start - 2] in ("less", "nearer", "closer"):
                return max(0.0, low - _MORE), low, end
        if low == high and before in _BELOW - {"up", "until"}:
            return 0.0, high, end
        if low == high and before in _ABOVE - {"over"}:
            return low, 1.0, end
        return low, high, end
    after = words[index : index + 3]
    if (after[:2] == ["of", "the"] and after[2:] and after[2] in _COURSES) or (
        after[:1] == ["the"] and after[1:2] and after[1] in _COURSES
    ):
        index += len(after) if after[0] == "of" else 2
        rest = words[index : index + 4]
        inward = bool(rest) and (
            rest[0] in ("in", "inward", "inwards")
            or (rest[0] not in ("between", "from") and not _HUBS.isdisjoint(rest))
            or (rest[0] in ("between", "from") and not _RIMS.isdisjoint(rest[:3]))
        )
        if (rest and rest[0] in ("round", "around", "along", "across")) or words[start - 1] == "round":
            # "It goes round three quarters of the way."
            return None
        if low == high and words[start - 1] == "than" and start > 1:
            if words[start - 2] in ("more", "further", "farther"):
                high = min(1.0, low + _MORE)
            elif words[start - 2] == "less":
                low = max(0.0, low - _MORE)
        if rest and rest[0] in ("in", "out", "inward", "outward", "inwards", "outwards"):
            index += 1
        return (1.0 - high, 1.0 - low, index) if inward else (low, high, index)
    if words[index - 1] in _PLURAL and after[:1] != ["of"] and words[start - 1] in _AT and start:
        # "It gives out at seven tenths."
        return low, high, index
    return None


def _first_of_two(words: list[str], start: int) -> tuple[float, int] | None:
    """Read the first of two shares that have one unit: "40 to 60 %", "two to three fifths"."""
    if start + 2 >= len(words) or words[start + 1] not in JOINS:
        return None
    second = _fraction(words, start + 2)
    if second is None:
        return None
    unit = words[second[1] - 1]
    value = _COUNTS.get(words[start]) if words[start] in _COUNTS else None
    if value is None and words[start].isdigit():
        value = int(words[start][:3])
    if value is None:
        return None
    share = value / 100 if unit in ("%", "percent") else value / _PARTS[unit] if unit in _PARTS else 2.0
    return (share, start + 1) if share <= 1.0 else None


def _origin(words: list[str], index: int) -> tuple[int, bool] | None:
    """Read from where a length is measured: "in from the rim", "short of the border", "off the midpoint".

    Returns:
        The index after it, and whether it is the rim; None when nothing is named.
    """
    for at in range(index, min(len(words), index + _LOOKED_AHEAD)):
        word = words[at]
        if at > index and word == "(" and words[at + 1 : at + 5] == ["0", ",", "0", ")"]:
            return at + 5, False
        if at > index and (word in _RIMS or word in _HUBS):
            if words[at - 1] == "of" and words[at - 2] != "short":
                return None
            if words[index] == "from" and words[at + 1 : at + 2] == ["to"]:
                return None
            return at + 1, word in _RIMS
        if word == "," and words[at + 1 : at + 2] and words[at + 1] in ("measured", "counted", "reckoned"):
            continue
        if (word not in _INWARD and word != "out") or (at == index and word in ("of", "the", "a")):
            return None
    return None


def _of_radius(words: list[str], index: int) -> int | None:
    """Return the index after "[of the] radius", or None."""
    at = index
    while at < len(words) and at - index < 4 and words[at] in ("of", "the", "its", "wafer", "a"):
        at += 1
    if at < len(words) and words[at] in ("radius", "radii", "r"):
        at += 1
        if words[at : at + 2] == ["/", "r"]:
            at += 2
        return at
    return None


def _fraction(words: list[str], index: int) -> tuple[float, int] | None:
    """Read a share: "0.3", "30 %", "3/4", "three quarters", "a third", "half"."""
    size = len(words)
    if index >= size:
        return None
    word = words[index]
    if word in _SIGNS:
        return _SIGNS[word], index + 1
    if word[0].isdigit():
        if index + 1 < size and words[index + 1] in ("%", "percent"):
            try:
                value = float(word) / 100
            except ValueError:
                return None
            return (value, index + 2) if value <= 1 else None
        if (
            index + 2 < size
            and words[index + 1] == "/"
            and word.isdigit()
            and words[index + 2].isdigit()
            and 0 < int(word[:3]) < int(words[index + 2][:3])
        ):
            return int(word[:3]) / int(words[index + 2][:3]), index + 3
        share = _share(words, index)
        return None if share is None else (share, index + 1)
    spoken = spoken_percent(words, index)
    if spoken is not None:
        return spoken[0] / 100, spoken[1]
    if word in _PARTS:
        if word in ("half", "halves") and index + 1 < size and words[index + 1] == "a":
            return None
        return 1 / _PARTS[word], index + 1
    if word in _COUNTS and index + 1 < size and words[index + 1] in _PARTS:
        value = _COUNTS[word] / _PARTS[words[index + 1]]
        return (value, index + 2) if value <= 1 else None
    return None


def spoken_percent(words: list[str], i: int) -> tuple[float, int] | None:
    """Read "five percent", "forty percent" or "forty five percent"; the index is that after it."""
    value, at = TENS.get(words[i], 0), i + 1
    if not value or at < len(words):
        following = words[at] if value else words[i]
        unit = _COUNTS.get(following, 0) if following not in ("a", "an") else 0
        if unit and (not value or unit < 10):
            value, at = value + unit, at + bool(value)
    if not value or at >= len(words) or words[at] not in ("%", "percent"):
        return None
    return float(value), at + 1


def _shares(words: list[str], start: int) -> tuple[float, float, int] | None:
    """Read decimal shares that name the radius: "r/R above 0.88", "0.3-0.55 R"."""
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
        if word in _BELOW:
            below = True
        elif word in _ABOVE:
            above = True
        elif word not in _FILLERS:
            break
        index += 1
        if not named and index - start > 2:
            return None
    start_share = _fraction(words, index + (words[index : index + 1] == ["a"]))
    if start_share is None:
        return None
    low, index = start_share
    end = _of_radius(words, index) if named else None
    index = end or index
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
        if words[index : index + 2] == ["/", "r"]:
            index += 2
    if not named and (high is None or not start or words[start - 1] not in ("from", "between")):
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
