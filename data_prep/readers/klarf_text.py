"""KLARF's two grammars, read into one shape: flat statements (1.0 to 1.7) and nested records (1.8)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from ...errors import InputError

_TOKEN = re.compile(r'"[^"\n]*"|[{},;]|[^\s{},;"]+')
_KEYWORDS = frozenset(
    {
        "AreaPerTest",
        "ClassLookup",
        "ClusterClassificationList",
        "CoordinatesCentered",
        "CoordinatesMirrored",
        "DefectClusterSetup",
        "DefectClusterSpec",
        "DefectList",
        "DefectRecordSpec",
        "DeviceID",
        "DieOrigin",
        "DiePitch",
        "EndOfFile",
        "FileTimestamp",
        "FileVersion",
        "InspectedAreaOrigin",
        "InspectionOrientation",
        "InspectionStationID",
        "InspectionTest",
        "LotID",
        "OrientationInstructions",
        "OrientationMarkLocation",
        "RemovedDieList",
        "ResultID",
        "ResultTimestamp",
        "ResultsID",
        "SampleCenterLocation",
        "SampleDieMap",
        "SampleOrientationMarkType",
        "SampleSize",
        "SampleTestPlan",
        "SampleTestReferencePlan",
        "SampleType",
        "SetupID",
        "Slot",
        "StepID",
        "SummaryList",
        "SummarySpec",
        "TestParametersList",
        "TestParametersSpec",
        "TiffFileName",
        "TiffSpec",
        "ToleranceSpec",
        "WaferID",
        "WaferStatus",
    }
)
_IMAGE_COLUMNS = ("IMAGECOUNT", "IMAGELIST", "IMAGEINFO")


@dataclass
class Wafer:
    """One wafer of a KLARF file.

    Attributes:
        fields: Single-line statements or fields by lower-case name: their values, quotes taken off.
        plan: Tested dies as (XINDEX, YINDEX).
        defects: Die of each defect as (XINDEX, YINDEX).
        has_defects: Whether the file holds a defect list for the wafer at all.
    """

    fields: dict[str, list[str]] = field(default_factory=dict)
    plan: list[tuple[int, int]] = field(default_factory=list)
    defects: list[tuple[int, int]] = field(default_factory=list)
    has_defects: bool = False


def parse(text: str) -> Iterator[Wafer]:
    """Yield the wafers of a KLARF file.

    Raises:
        InputError: For text that follows neither grammar, is cut off, or whose defects name no die.
    """
    first = _TOKEN.search(text)
    if first is None:
        raise InputError("the file is empty")
    return _parse_nested(text) if first.group() == "Record" else _parse_flat(text)


# --- 1.0 to 1.7 -------------------------------------------------------------------------------------------


def _parse_flat(text: str) -> Iterator[Wafer]:
    common: dict[str, list[str]] = {}
    wafer: Wafer | None = None
    columns: list[str] = []
    ended = False
    for keyword, lines in _statements(text):
        values = [_bare(word) for line in lines for word in line]
        if keyword == "WaferID":
            if wafer is not None and "waferid" in wafer.fields:
                yield wafer
                wafer = None
            wafer = wafer or Wafer(dict(common))
        target = common if wafer is None else wafer.fields
        if keyword == "DefectRecordSpec":
            columns = [name.upper() for name in values[1:]]
        elif keyword == "SampleTestPlan":
            (wafer or (wafer := Wafer(dict(common)))).plan.extend(_plan(values))
        elif keyword == "DefectList":
            wafer = wafer or Wafer(dict(common))
            wafer.has_defects = True
            wafer.defects.extend(_flat_defects(lines, columns))
        elif keyword == "EndOfFile":
            ended = True
        else:
            target[keyword.lower()] = values
    if wafer is None:
        raise InputError("no WaferID, SampleTestPlan or DefectList: this is no KLARF file")
    if not ended:
        raise InputError("no EndOfFile: the file is cut off")
    yield wafer


def _statements(text: str) -> Iterator[tuple[str, list[list[str]]]]:
    """Yield (keyword, lines of words); a statement ends at ; or, in sloppy files, at the next keyword."""
    keyword: str | None = None
    lines: list[list[str]] = []
    for number, line in enumerate(text.splitlines()):
        words = _TOKEN.findall(line)
        current: list[str] = []
        for position, word in enumerate(words):
            starts = keyword is None or (position == 0 and word in _KEYWORDS)
            if word == ";":
                if keyword is not None:
                    yield keyword, [*lines, current] if current else lines
                keyword, lines, current = None, [], []
            elif starts:
                if keyword is not None:
                    yield keyword, lines
                if not word[:1].isalpha():
                    raise InputError(f"{word[:40]!r} where a keyword should stand", row=number)
                keyword, lines, current = word, [], []
            else:
                current.append(word)
        if current:
            lines.append(current)
    if keyword is not None:
        yield keyword, lines


def _plan(values: list[str]) -> list[tuple[int, int]]:
    numbers = [_whole(value, "SampleTestPlan") for value in values]
    if not numbers or len(numbers) != 1 + 2 * numbers[0]:
        announced = numbers[0] if numbers else 0
        problem = f"announces {announced} dies, has {max(0, len(numbers) - 1) / 2:g}"
        raise InputError(problem, field="SampleTestPlan")
    return list(zip(numbers[1::2], numbers[2::2], strict=True))


def _flat_defects(lines: list[list[str]], columns: list[str]) -> list[tuple[int, int]]:
    """Return the die of each defect; rows may wrap, and lists of images follow on lines of their own."""
    if lines and not columns:
        raise InputError("a DefectList before its DefectRecordSpec", field="DefectRecordSpec")
    if not lines:
        return []
    place_x, place_y = _index_columns(columns)
    needed = len([name for name in columns if name not in _IMAGE_COLUMNS])
    defects = []
    row: list[str] = []
    images = 0
    for line in lines:
        if not row and images > 0 and len(line) < needed:
            images -= 1
            continue
        row.extend(line)
        if len(row) < needed:
            continue
        defects.append((_whole(row[place_x], "XINDEX"), _whole(row[place_y], "YINDEX")))
        count = columns.index("IMAGECOUNT") if "IMAGECOUNT" in columns else len(row)
        images = int(row[count]) if count < len(row) and row[count].isdigit() else 0
        images -= (len(row) - count - 1) // 2  # Each image is a number and a type; these came on the row.
        row = []
    if row:
        raise InputError(f"the last defect has {len(row)} of {needed} values", field="DefectList")
    return defects


# --- 1.8 --------------------------------------------------------------------------------------------------


@dataclass
class _Record:
    kind: str
    name: str
    fields: dict[str, list[str]] = field(default_factory=dict)
    lists: dict[str, tuple[list[str], list[list[str]]]] = field(default_factory=dict)
    records: list[_Record] = field(default_factory=list)


class _Tokens:
    def __init__(self, text: str) -> None:
        self.words: list[str] = _TOKEN.findall(text)
        self.at = 0

    def peek(self) -> str:
        if self.at >= len(self.words):
            raise InputError("the file is cut off")
        return self.words[self.at]

    def next(self, expected: str | None = None) -> str:
        word = self.peek()
        if expected is not None and word != expected:
            raise InputError(f"{word[:40]!r} where {expected!r} should stand")
        self.at += 1
        return word

    def braced(self) -> list[str]:
        """Return the words between { and }, inner braces included, commas left out."""
        self.next("{")
        words: list[str] = []
        depth = 1
        while True:
            word = self.next()
            depth += (word == "{") - (word == "}")
            if depth == 0:
                return words
            if word != ",":
                words.append(word)


def _parse_nested(text: str) -> Iterator[Wafer]:
    tokens = _Tokens(text)
    root = _record(tokens)
    wafers = list(_wafers(root, {}, []))
    if not wafers:
        raise InputError("no WaferRecord: this is no KLARF file")
    return iter(wafers)


def _record(tokens: _Tokens, depth: int = 0) -> _Record:
    if depth > 32:
        raise InputError("records nested deeper than any KLARF file's")
    tokens.next("Record")
    record = _Record(tokens.next(), _bare(tokens.next()) if tokens.peek() != "{" else "")
    tokens.next("{")
    while (word := tokens.peek()) != "}":
        if word == "Record":
            record.records.append(_record(tokens, depth + 1))
        elif word == "Field":
            tokens.next()
            name = tokens.next()
            if tokens.peek() != "{":
                tokens.next()
            record.fields[name.lower()] = [_bare(value) for value in tokens.braced()]
        elif word == "List":
            tokens.next()
            name = tokens.next()
            record.lists[name.lower()] = _list(tokens, name)
        else:
            raise InputError(f"{word[:40]!r} where Record, Field or List should stand")
    tokens.next("}")
    return record


def _list(tokens: _Tokens, name: str) -> tuple[list[str], list[list[str]]]:
    """Return the columns and rows of a list; an inner `{...}` (images) counts as one value."""
    tokens.next("{")
    columns: list[str] = []
    rows: list[list[str]] = []
    while tokens.peek() != "}":
        part = tokens.next()
        announced = tokens.next()
        if part == "Columns":
            # Each column is a type and a name; only the name matters here.
            columns = [word.upper() for word in tokens.braced()][1::2]
        elif part == "Data":
            tokens.next("{")
            row: list[str] = []
            while (word := tokens.next()) != "}":
                if word == ";":
                    rows.append(row)
                    row = []
                elif word == "{":
                    tokens.at -= 1
                    # "Images 2 {...}" is one value: it replaces its name and its count.
                    row[-2:] = [" ".join(tokens.braced())]
                elif word != ",":
                    row.append(word)
            if row:
                raise InputError("a row without its ;", field=name)
            if announced.isdigit() and int(announced) != len(rows):
                raise InputError(f"announces {announced} rows, has {len(rows)}", field=name)
        else:
            raise InputError(f"{part[:40]!r} where Columns or Data should stand", field=name)
    tokens.next("}")
    return columns, rows


def _wafers(record: _Record, fields: dict[str, list[str]], plan: list[tuple[int, int]]) -> Iterator[Wafer]:
    """Walk down to the wafers; what is said above a wafer holds for it."""
    here = fields | record.fields | ({record.kind.lower(): [record.name]} if record.name else {})
    if record.kind == "WaferRecord":
        wafer = Wafer(here | {"waferid": [record.name]}, list(plan))
        _collect(record, wafer)
        yield wafer
        return
    for name, (columns, rows) in record.lists.items():
        if _is_plan(name):
            plan = [*plan, *_dies(columns, rows, name)]
    for inner in record.records:
        yield from _wafers(inner, here, plan)


def _collect(record: _Record, wafer: Wafer) -> None:
    wafer.fields |= {name: value for name, value in record.fields.items() if name not in wafer.fields}
    for name, (columns, rows) in record.lists.items():
        if _is_plan(name):
            wafer.plan.extend(_dies(columns, rows, name))
        elif name == "defectlist":
            wafer.has_defects = True
            wafer.defects.extend(_dies(columns, rows, name))
    for inner in record.records:
        _collect(inner, wafer)


def _is_plan(name: str) -> bool:
    return name.startswith(("sampletestplan", "sampledie"))


def _dies(columns: list[str], rows: list[list[str]], name: str) -> list[tuple[int, int]]:
    if not rows:
        return []
    place_x, place_y = _index_columns(columns)
    for row in rows:
        if len(row) <= max(place_x, place_y):
            raise InputError(f"a row has {len(row)} of {len(columns)} values", field=name)
    return [(_whole(row[place_x], "XINDEX"), _whole(row[place_y], "YINDEX")) for row in rows]


# --- both -------------------------------------------------------------------------------------------------


def _index_columns(columns: list[str]) -> tuple[int, int]:
    if "XINDEX" not in columns or "YINDEX" not in columns:
        raise InputError("no columns XINDEX and YINDEX: the list names no dies", field="DefectRecordSpec")
    return columns.index("XINDEX"), columns.index("YINDEX")


def _whole(text: str, name: str) -> int:
    try:
        value = float(text)
        if value.is_integer():
            return int(value)
    except (ValueError, OverflowError):
        pass
    raise InputError(f"{text[:40]!r} is no whole number", field=name)


def _bare(word: str) -> str:
    return word[1:-1].strip() if word.startswith('"') else word
