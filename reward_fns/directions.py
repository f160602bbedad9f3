"""Read directions: clock positions, compass points, degrees, sides and quadrants are arcs of one dial."""

from __future__ import annotations

from .angles import Arc, hour_of
from .words import word_set

NUMBERS = {
    word: hour
    for hour, word in enumerate(
        ["one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"],
        start=1,
    )
}
POINTS = {
    "n": 12.0,
    "nne": 0.75,
    "ne": 1.5,
    "ene": 2.25,
    "e": 3.0,
    "ese": 3.75,
    "se": 4.5,
    "sse": 5.25,
    "s": 6.0,
    "ssw": 6.75,
    "sw": 7.5,
    "wsw": 8.25,
    "w": 9.0,
    "wnw": 9.75,
    "nw": 10.5,
    "nnw": 11.25,
}
COMPASS = {
    "north": "n",
    "northern": "n",
    "east": "e",
    "eastern": "e",
    "south": "s",
    "southern": "s",
    "west": "w",
    "western": "w",
    "northeast": "ne",
    "northwest": "nw",
    "southeast": "se",
    "southwest": "sw",
    "northeastern": "ne",
    "northwestern": "nw",
    "southeastern": "se",
    "southwestern": "sw",
    "northerly": "n",
    "southerly": "s",
    "easterly": "e",
    "westerly": "w",
    "northward": "n",
    "southward": "s",
    "eastward": "e",
    "westward": "w",
}
_UP = word_set(
    """
    crown top upper uppermost topmost above
    """
)
_DOWN = word_set(
    """
    foot bottom lower lowermost bottommost below
    """
)
_LEFT = word_set(
    """
    left leftmost
    """
)
_RIGHT = word_set(
    """
    right rightmost
    """
)
_AFTER_HOUR = word_set(
    """
    direction position positions side o'clock oclock hours hour sector region mark stretch way arc segment
    range span
    """
)
_BEFORE_HOUR = word_set(
    """
    at near around about towards toward from between past by roughly down approximately circa until till to
    through exactly just after before position say of clock is point points
    """
)
_JOIN = word_set("to and through until till or - \u2013 down up as far")
_UNITS = word_set(
    """
    % percent die dies rows row of or other out times mm per types patterns regions groups structures
    features distinct separate classes clusters rings hoops areas zones parts populations bodies things
    islands signatures two three more neighbours ends adjacent circles tenants different large small compact
    main at in on single thin lists hundred thousand
    """
)
_FOLLOWING = word_set(
    """
    it they this where which inward inwards on in to
    """
)
_ORIGIN = word_set(
    """
    clockwise measured counted counting
    """
)


def read_arcs(words: list[str], start: int) -> tuple[Arc, int] | None:
    """Read a direction that begins at a token.

    Returns:
        The arc and the index after its last token, or None when no direction begins here.
    """
    word = words[start]
    if (
        start > 1
        and words[start - 1] in ("from", "the")
        and not _ORIGIN.isdisjoint(words[max(0, start - 3) : start])
    ):
        # "measured clockwise from the top" names the origin of the angles.
        return None
    if word in _UP or word in _DOWN or word in _LEFT or word in _RIGHT:
        return _side(words, start)
    if word in COMPASS or (word in POINTS and len(word) > 1) or word in ("n", "s", "w", "e"):
        return _compass(words, start)
    if word == "notch":
        return (Arc(4.5, 3.0, True), start + 1) if _before(words, start) not in ("from",) else None
    return _degrees(words, start) or _clock(words, start)


def _before(words: list[str], at: int) -> str:
    index = at - 1
    while index >= 0 and words[index] in (
        "the",
        "a",
        "~",
        "about",
        "around",
        "roughly",
        "approximately",
        "\u2248",
    ):
        if words[index] in _BEFORE_HOUR:
            return words[index]
        index -= 1
    return words[index] if index >= 0 else ""


def _side(words: list[str], start: int) -> tuple[Arc, int] | None:
    index, up, right, seen = start, 0, 0, 0
    while index < len(words) and seen < 3:
        word = words[index]
        if word in _UP:
            up = 1
        elif word in _DOWN:
            up = -1
        elif word in _LEFT:
            right = -1
        elif word in _RIGHT:
            right = 1
        elif word not in ("-", "most", "hand"):
            break
        index += 1
        seen += 1
    while index > start + 1 and words[index - 1] in ("-", "hand"):
        index -= 1
    following = words[index] if index < len(words) else ""
    if (
        start == index - 1
        and words[start] == "right"
        and following
        in (
            "in",
            "at",
            "answer",
            "away",
            "on",
            "label",
            "away",
            "next",
            "way",
            "by",
            "now",
            "there",
            "here",
            "up",
            "down",
            "to",
            "from",
        )
    ):
        return None
    if words[start] in ("above", "below"):
        return None
    if (
        words[start] == "left"
        and start == index - 1
        and _before(words, start)
        in (
            "are",
            "is",
            "what's",
            "were",
            "die",
            "dies",
            "remains",
            "step",
            "which",
            "been",
            "gap",
            "nothing",
            "yield",
            "has",
            "have",
            "be",
            "patch",
            "was",
        )
    ):
        return None
    if words[start] == "left" and following in ("out", "alone", "by", "over", "to", "a", "an", "open"):
        return None
    return _direction(up, right), index


def _direction(up: int, right: int) -> Arc:
    middle = {
        (1, 0): 12.0,
        (1, 1): 1.5,
        (0, 1): 3.0,
        (-1, 1): 4.5,
        (-1, 0): 6.0,
        (-1, -1): 7.5,
        (0, -1): 9.0,
        (1, -1): 10.5,
    }[up, right]
    width = 3.0 if up and right else 5.0
    return Arc(hour_of(middle - width / 2), width, True)


def _compass(words: list[str], start: int) -> tuple[Arc, int] | None:
    index, parts = start, ""
    while index < len(words) and index - start < 5:
        word = words[index]
        if word in COMPASS:
            parts += COMPASS[word]
        elif word in POINTS and (len(word) > 1 or index == start):
            parts += word
        elif word == "-" and index + 1 < len(words) and words[index + 1] in COMPASS:
            pass
        else:
            break
        index += 1
    if (
        len(words[start]) == 1
        and words[start].isalpha()
        and _before(words, start) not in ("due", "towards", "toward", "to")
    ):
        return None
    if parts not in POINTS:
        return None
    # From one point to another: "from WSW to NNW".
    if index + 1 < len(words) and words[index] in ("to", "through", "\u2013", "-"):
        other = words[index + 1]
        other = COMPASS.get(other, other)
        if other in POINTS and _before(words, start) in ("from", "between", "about", "roughly"):
            return _between(POINTS[parts], POINTS[other]), index + 2
    width = 3.0 if len(parts) == 1 else 2.0 if len(parts) == 2 else 1.0
    middle = POINTS[parts]
    return Arc(hour_of(middle - width / 2), width, True), index


def _between(a: float, b: float, clockwise: bool | None = None) -> Arc:
    length = (b - a) % 12.0
    if clockwise is None and length > 7.0:
        return Arc(hour_of(b), 12.0 - length)
    return Arc(hour_of(a), length)


def _hour_at(words: list[str], index: int) -> tuple[float, int, bool] | None:
    """Read one hour: its value, the index after it, and whether it can be nothing but a clock position."""
    size = len(words)
    if index >= size:
        return None
    word = words[index]
    if word == "noon" or word == "midnight":
        return 12.0, index + 1, True
    if word == "half" and index + 2 < size and words[index + 1] == "past":
        value = _number(words[index + 2])
        return None if value is None else (hour_of(value + 0.5), index + 3, True)
    if word == "quarter" and index + 2 < size and words[index + 1] in ("past", "to"):
        value = _number(words[index + 2])
        step = 0.25 if words[index + 1] == "past" else -0.25
        return None if value is None else (hour_of(value + step), index + 3, True)
    value = _number(word)
    if value is None:
        return None
    index += 1
    sure = False
    if index + 1 < size and words[index] == ":" and words[index + 1].isdigit() and len(words[index + 1]) == 2:
        value += int(words[index + 1]) / 60
        index, sure = index + 2, True
        if index < size and words[index] in ("am", "pm"):
            return None
    elif index < size and words[index] in ("thirty", "fifteen", "forty"):
        value += {"thirty": 0.5, "fifteen": 0.25, "forty": 0.75}[words[index]]
        index += 1
        sure = True
    if index < size and words[index] == "-":
        after = index + 1
        if after < size and words[after] in ("o'clock", "oclock"):
            index = after
    if index < size and words[index] in ("o'clock", "oclock"):
        return hour_of(value), index + 1, True
    if index + 1 < size and words[index] == "o" and words[index + 1] in ("clock", "'"):
        return hour_of(value), index + 2 + (words[index + 1] == "'"), True
    return hour_of(value), index, sure


def _number(word: str) -> float | None:
    if word in NUMBERS:
        return float(NUMBERS[word])
    if word.isascii() and word.isdigit() and len(word) <= 2 and 1 <= int(word) <= 12:
        return float(word)
    return None


def _clock(words: list[str], start: int) -> tuple[Arc, int] | None:
    first = _hour_at(words, start)
    if first is None:
        return None
    hour, index, sure = first
    before = _before(words, start)
    size = len(words)
    join = index
    while join < size and words[join] in _JOIN and join - index < 3:
        join += 1
    while join < size and words[join] in ("about", "around", "roughly", "approximately", "~"):
        join += 1
    second = _hour_at(words, join) if join > index else None
    if second is not None:
        other, end, sure_other = second
        joiner = words[index]
        unit = words[end] if end < size else ""
        if (
            sure
            or sure_other
            or unit in _AFTER_HOUR
            or (before in ("from", "between") and unit not in _UNITS - {"on", "at", "in"})
        ):
            if unit in ("direction", "position", "positions", "sector", "stretch"):
                end += 1
            if joiner == "or":
                return Arc(hour_of(hour), (other - hour) % 12.0 if (other - hour) % 12.0 <= 2 else 0.0), end
            if joiner == "and" and before not in ("between", "from") and (other - hour) % 12.0 > 2:
                return Arc(hour, 0.0), index
            return _between(hour, other), end
        if (
            joiner in ("-", "\u2013", "to")
            and before in ("at", "around", "about", "near", "rim")
            and unit not in _UNITS
            and (other - hour) % 12.0 <= 6
        ):
            return _between(hour, other), end
        if (
            joiner in ("to", "through", "-", "\u2013")
            and unit in ("", ".", ",", ";", ")", "\n", "and")
            and words[start] in NUMBERS
            and before not in ("or",)
        ):
            return _between(hour, other), end
    if sure:
        return Arc(hour, 0.0), index
    unit = words[index] if index < size else ""
    if unit in _AFTER_HOUR and unit not in ("side", "way"):
        return Arc(hour, 0.0), index + 1
    if before in ("clock", "position") and words[start].isdigit():
        return Arc(hour, 0.0), index
    if (
        before in ("at", "near", "towards", "toward", "around", "past")
        and unit not in _UNITS
        and (
            unit
            in (
                "",
                ".",
                ",",
                ";",
                ":",
                ")",
                "\n",
                "!",
                "?",
                "and",
                "plus",
                "but",
                "while",
                "with",
                "or",
                "a",
                "the",
                "is",
                "there",
                *_FOLLOWING,
            )
        )
    ):
        return Arc(hour, 0.0), index
    return None


def _degrees(words: list[str], start: int) -> tuple[Arc, int] | None:
    first = _angle_at(words, start)
    if first is None:
        return None
    value, index, marked = first
    size = len(words)
    join = index
    while (
        join < size and words[join] in ("to", "and", "-", "\u2013", "through", "until") and join - index < 2
    ):
        join += 1
    second = _angle_at(words, join) if join > index else None
    if second is not None and (marked or second[2]):
        other, end, _ = second
        if {int(value), int(other)} == {0, 360}:
            return Arc(12.0, 12.0), end
        # A span stated downwards ("300 to 240") runs the short way; upwards it runs clockwise.
        return _between(hour_of(value / 30), hour_of(other / 30), None if other < value else True), end
    if not marked:
        return None
    if value == 360:
        return Arc(12.0, 12.0), index
    unit = words[index] if index < size else ""
    before = _before(words, start)
    if unit in ("long", "wide", "arc", "or", "of", "span", "in", "sector", "segment", "only") or before in (
        "over",
        "spans",
        "spanning",
        "some",
        "only",
    ):
        return None
    if unit in ("bearing", "bearings", "azimuth", "direction", "mark", "position", "clockwise"):
        return Arc(hour_of(value / 30), 0.0), index
    if before in (
        "bearing",
        "bearings",
        "azimuth",
        "at",
        "near",
        "towards",
        "toward",
        "the",
        "around",
        "from",
        "direction",
        "follow",
        "about",
        ",",
    ):
        return Arc(hour_of(value / 30), 0.0), index
    return None


def _angle_at(words: list[str], index: int) -> tuple[float, int, bool] | None:
    if index >= len(words):
        return None
    word = words[index]
    if not (word.isascii() and word.replace(".", "", 1).isdigit()) or len(word) > 5:
        return None
    value = float(word)
    if value > 360:
        return None
    index += 1
    if index < len(words) and words[index] in ("\u00b0", "degrees", "degree", "deg"):
        return value, index + 1, True
    return value, index, False
