"""Read clock positions: "7:30", "from ten till one", "5h", "where the 4 is"."""

from __future__ import annotations

from .angles import Arc, hour_of
from .dial import PLAIN, Dial
from .words import word_set

NUMBERS = {
    word: hour
    for hour, word in enumerate(
        ["one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"],
        start=1,
    )
}
ROMAN = {
    numeral: hour
    for hour, numeral in enumerate(
        ["i", "ii", "iii", "iv", "v", "vi", "vii", "viii", "ix", "x", "xi", "xii"], start=1
    )
} | {"iiii": 4, "viiii": 9}
HOUR_WORDS = frozenset((*NUMBERS, *ROMAN, "noon", "midnight", "half", "quarter")) - {"i"}
"""Words an hour may begin with, beside figures."""
_HOURS = {
    **{word: float(hour) for word, hour in NUMBERS.items()},
    **{form: float(hour) for hour in range(1, 13) for form in (str(hour), f"{hour:02}")},
    **{f"{hour}.5": hour + 0.5 for hour in range(1, 13)},
}
_AFTER_HOUR = word_set(
    """
    direction position positions side o'clock oclock hours hour sector region mark stretch way arc segment
    range span oclk clk uhr
    """
)
_BEFORE_HOUR = word_set(
    """
    at near around about towards toward from between past by roughly down approximately circa until till to
    through exactly just after before position say of clock is point points beyond where round
    """
)
_JOIN = word_set("to and through thru until till til or - \u2013 down up as far round via over across .. ...")
UNITS = word_set(
    """
    % percent die dies rows row of or other out times mm per types patterns regions groups structures
    features distinct separate classes clusters rings hoops areas zones parts populations bodies things
    islands signatures two three more neighbours ends adjacent circles tenants different large small compact
    main at in on single thin lists hundred thousand
    """
)
_FOLLOWING = word_set(
    """
    it they this where which inward inwards on in to as than
    """
)
_CLOCKS = frozenset(("o'clock", "oclock", "o'clk", "oclk", "uhr"))
_SUFFIXES = _CLOCKS | word_set(": thirty fifteen forty - ish h on of o")
"""What may go on with an hour after its number."""
_HANDS = frozenset(("clock", "hand"))
_THE_HOUR = word_set("to from by on below above beneath under straddling straddles across opposite")
_HOUR_WORDS = frozenset(("hour", "hours", "position", "mark", "direction"))
_DIALS = word_set("clock dial watch clockface")
_NEAR_HOUR = word_set("at near towards toward around past @ where until till facing faces face")
_HOUR_NOUNS = frozenset(("direction", "side", "position", "mark"))
_TILL = word_set("until till til thru")
_ENDS = word_set(". , ; : ) ! ? and plus but while with or a the is there where are") | {"", "\n", "\u2013"}
_OPEN = word_set(
    """
    , : ; ( = @ rim edge border margin perimeter periphery arc top bottom left right side upper lower clock
    """
) | {"", "\n", "\u2013"}
"""What may stand before a bare range of hours."""
_LISTED = word_set("and , / or to from between till until & + at near")
_STATES = word_set("bad good fail fails pass passes clean dead ok failing red clear hit")
_ABOUT = word_set("the a ~ about around roughly approximately circa \u2248 say like")


def read_clock(words: list[str], start: int, dial: Dial = PLAIN) -> tuple[Arc, int] | None:
    """Read an hour, or a range of hours, that begins at a token."""
    first = hour_at(words, start)
    if first is None:
        return None
    before = word_before(words, start)
    found = _range(words, start, first, before)
    if found is not None:
        return found
    hour, index, sure = first
    if sure or (dial.scale == "hours" and _is_bare_hour(words, start, index, before, dial)):
        return Arc(hour, 0.0), index
    unit = words[index] if index < len(words) else ""
    distance = before in ("each", "by", "off", "every") and words[start - 1] != "the"
    if unit in _AFTER_HOUR and unit not in ("side", "way") and not distance:
        # "Two hours further" is a distance.
        single = unit == "hours" or (unit == "hour" and words[start] in ("1", "one"))
        return None if single else (Arc(hour, 0.0), index + 1)
    named = words[start - 2] if start > 1 and words[start - 1] in (":", "=", "is", "about") else before
    if named == "is":
        named = words[start - 3] if start > 2 else ""
    if named in ("clock", "position", "hour", "direction", "bearing") and words[start][0].isdigit():
        return Arc(hour, 0.0), index
    if unit in UNITS or (unit not in _ENDS and unit not in _FOLLOWING and unit not in _STATES):
        return None
    near = before in _NEAR_HOUR
    if before == "to" and start > 1 and words[start - 2] in ("pointing", "points", "point", "close", "next"):
        return Arc(hour, 0.0), index
    if not _HANDS.isdisjoint(words[max(0, start - 4) : start]):
        return Arc(hour, 0.0), index
    pointed = before == "of" and not _HOUR_NOUNS.isdisjoint(words[max(0, start - 3) : start])
    if near or pointed or (before in _THE_HOUR and words[start - 1] == "the"):
        return Arc(hour, 0.0), index
    return None


def _is_bare_hour(words: list[str], start: int, index: int, before: str, dial: Dial) -> bool:
    """Tell whether a plain number is an hour, since hours are asked for: "Eleven, twelve and one"."""
    unit = words[index] if index < len(words) else ""
    if before == "/" and words[start].isdigit():
        # "Score: 10/10."
        return False
    if words[start] in ("one", "1") and (
        before not in _LISTED or (unit.isalpha() and unit not in ("and", "or"))
    ):
        # "The bottom one."
        return False
    if (
        dial.counts
        and (start < 3 or before in ("count", ""))
        and words[start] in ("two", "three", "2", "3", "one")
    ):
        return False
    return unit not in UNITS and (unit in _ENDS or unit in _STATES or unit in _FOLLOWING)


def _range(
    words: list[str], start: int, first: tuple[float, int, bool], before: str
) -> tuple[Arc, int] | None:
    hour, index, sure = first
    size = len(words)
    join = index
    if join < size and words[join] in _HOUR_WORDS:
        join += 1
    joint = join
    while join < size and words[join] in _JOIN and join - index < 4:
        join += 1
    while join < size and words[join] in _ABOUT:
        join += 1
    # A hyphen after a letter is gone: "1h-3h".
    marked = words[index - 1] == "h" and joint + 1 < size and words[joint + 1] == "h"
    second = hour_at(words, join) if join > joint or marked else None
    if second is None:
        return None
    other, end, sure_other = second
    joiner = words[joint]
    unit = words[end] if end < size else ""
    span = (other - hour) % 12.0
    framed = before in ("from", "between") and unit not in UNITS - {"on", "at", "in"}
    if not (
        sure
        or sure_other
        or (unit in _AFTER_HOUR and unit not in ("side", "way"))
        or framed
        or (joiner in _TILL and unit not in UNITS)
        or _bare(words, start, joiner, before, unit, span)
    ):
        return None
    if unit in ("direction", "position", "positions", "sector", "stretch", "hour"):
        end += 1
    if joiner == "or":
        return Arc(hour, span if span <= 2 else 0.0), end
    if joiner == "and" and before not in ("between", "from") and span > 2:
        return Arc(hour, 0.0), index
    if (
        joiner in ("through", "via", "over", "across")
        and end < size
        and words[end] in ("to", "until", "till")
    ):
        # "from 10 through 12 to 1"
        third = hour_at(words, end + 1)
        if third is not None:
            return between(hour, third[0]), third[1]
    near = words[max(0, start - 4) : min(join, size) + 1]
    clockwise = "clockwise" in near and not {"counter", "anti", "counterclockwise"}.intersection(near)
    return between(hour, other, True if clockwise else None), end


def _bare(words: list[str], start: int, joiner: str, before: str, unit: str, span: float) -> bool:
    """Tell whether two plain numbers can only be hours: "rim, 7-9", "ten to one"."""
    if unit in UNITS or joiner in ("and", "or"):
        return False
    if joiner in ("-", "\u2013", "to") and before in ("at", "around", "about", "near", "rim", "goes", "runs"):
        return span <= 6
    if unit not in _ENDS:
        return False
    return (words[start] in NUMBERS and before not in ("or", "by")) or (before in _OPEN and span <= 6)


def word_before(words: list[str], at: int) -> str:
    """Return the word before a number, past articles and "about"."""
    index = at - 1
    while index >= 0 and words[index] in _ABOUT:
        if words[index] in _BEFORE_HOUR:
            return words[index]
        index -= 1
    return words[index] if index >= 0 else ""


def between(a: float, b: float, clockwise: bool | None = None) -> Arc:
    """Return the arc from one hour to another; the shorter way round unless the sense is given."""
    length = (b - a) % 12.0
    if clockwise is None and length > 7.0:
        return Arc(hour_of(b), 12.0 - length)
    return Arc(hour_of(a), length)


def hour_at(words: list[str], index: int) -> tuple[float, int, bool] | None:
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
    value = _number(word) or _roman(words, index) or _of_day(words, index)
    if value is None:
        return None
    index += 1
    if words[index : index + 3] == ["and", "a", "half"] or words[index : index + 2] == ["and", "half"]:
        index += 3 if words[index + 1] == "a" else 2
        return (
            (hour_of(value + 0.5), index, False)
            if words[index : index + 1] not in (["hour"], ["hours"])
            else None
        )
    if index >= size or words[index] not in _SUFFIXES:
        return hour_of(value), index, False
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
    if index < size and words[index] in ("-", "ish"):
        after = index + 1
        if after < size and words[index] == "-" and words[after] == "ish":
            after += 1
        if words[after - 1] == "ish" or (after < size and words[after] in _CLOCKS):
            index = after
    if index < size and words[index] in _CLOCKS:
        return hour_of(value), index + 1, True
    if index < size and words[index] == "h" and word.isdigit():
        return hour_of(value), index + 1, True
    dial = words[index : index + 3]
    if len(dial) == 3 and dial[0] in ("on", "of") and dial[1] in ("the", "a") and dial[2] in _DIALS:
        end = index + 3
        return hour_of(value), end + (words[end : end + 1] == ["face"]), True
    if index + 1 < size and words[index] == "o" and words[index + 1] in ("clock", "'"):
        # A truncated answer may end in "4 o'".
        return hour_of(value), min(size, index + 2 + (words[index + 1] == "'")), True
    return hour_of(value), index, sure


_DIAL_LEAD = word_set("at the between from to and hour hours till until near or / &")


def _roman(words: list[str], index: int) -> float | None:
    """Read a numeral of the dial: "between IV and V"; a lone letter only where an hour is due."""
    value = ROMAN.get(words[index])
    if value is None:
        return None
    before = words[index - 1] if index else ""
    if before == "quadrant" or before == "q" or (len(words[index]) == 1 and before not in _DIAL_LEAD):
        return None
    return float(value)


def _of_day(words: list[str], index: int) -> float | None:
    """Read "13h" and "14:00" as hours of the dial."""
    word = words[index]
    if len(word) != 2 or not word.isdigit() or not 13 <= int(word) <= 24:
        return None
    after = words[index + 1 : index + 3]
    return float(int(word) - 12) if after[:1] == ["h"] or after in ([":", "00"], [":", "30"]) else None


def _number(word: str) -> float | None:
    return _HOURS.get(word)
