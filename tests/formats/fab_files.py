"""Small files of every fab format, composed from a known wafer and a place for its notch."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
import numpy.typing as npt

Grid = npt.NDArray[np.uint8]
NOTCHES = ("down", "left", "up", "right")


def wafer(rows: int = 13, cols: int = 15) -> Grid:
    """Return a disc with a failing patch at 2 o'clock on the rim and a single fail at 9 o'clock."""
    y, x = np.mgrid[0:rows, 0:cols]
    across, down = (x - (cols - 1) / 2) / (cols / 2), (y - (rows - 1) / 2) / (rows / 2)
    grid = np.where(np.hypot(across, down) <= 1, 1, 0).astype(np.uint8)
    hour = np.degrees(np.arctan2(across, -down)) % 360 / 30
    grid[(grid == 1) & (np.hypot(across, down) > 0.6) & (abs(hour - 2) < 0.8)] = 2
    grid[rows // 2, 1] = 2
    return grid


def seen_with(grid: Grid, notch: str) -> Grid:
    """Return the wafer as it is drawn when its notch is turned from 6 o'clock to `notch`, die by die."""
    rows, cols = grid.shape
    shape = (rows, cols) if notch in ("down", "up") else (cols, rows)
    drawn = np.zeros(shape, np.uint8)
    for row in range(rows):
        for col in range(cols):
            place = {
                "down": (row, col),
                "left": (col, rows - 1 - row),  # A quarter turn clockwise.
                "up": (rows - 1 - row, cols - 1 - col),
                "right": (cols - 1 - col, row),  # A quarter turn counter-clockwise.
            }[notch]
            drawn[place] = grid[row, col]
    return drawn


def dies(
    grid: Grid, x_axis: str = "right", y_axis: str = "up", x0: int = -4, y0: int = 3
) -> list[tuple[int, int, int]]:
    """Return (x, y, value) of every die, coordinates counted along the given axes."""
    rows, cols = grid.shape
    found = []
    for row, col in np.argwhere(grid):
        x = int(col) if x_axis == "right" else cols - 1 - int(col)
        y = int(row) if y_axis == "down" else rows - 1 - int(row)
        found.append((x + x0, y + y0, int(grid[row, col])))
    return found


def csv_text(grid: Grid, x_axis: str, y_axis: str, wafer_id: str = "W1") -> str:
    lines = [f"L1,{wafer_id},{x},{y},{1 if value == 1 else 7}" for x, y, value in dies(grid, x_axis, y_axis)]
    return "\n".join(["Lot,Wafer,X,Y,HBin", *lines, ""])


def sinf_text(grid: Grid, notch: str, wafer_id: str = "W1") -> str:
    degrees = {"up": 0, "right": 90, "down": 180, "left": 270}[notch]
    words = {0: "__", 1: "01", 2: "1B"}
    rows = ["RowData:" + " ".join(words[int(value)] for value in row) for row in grid]
    head = ["DEVICE:D", "LOT:L1", f"WAFER:{wafer_id}", f"FNLOC:{degrees}", f"ROWCT:{grid.shape[0]}",
            f"COLCT:{grid.shape[1]}", "BCEQU:01", "DUTMS:mm", "XDIES:2.9", "YDIES:2.9"]  # fmt: skip
    return "\n".join([*head, *rows, ""])


CLOCKWISE_FROM_BOTTOM = {"down": 0, "left": 90, "up": 180, "right": 270}


def g85_text(grid: Grid, notch: str, wafer_id: str = "W1", bin_type: str = "Decimal") -> str:
    codes = {"Decimal": ("255", "001", "007"), "HexaDecimal": ("FF", "01", "07"), "Ascii": ("_", "1", "X")}[
        bin_type
    ]
    gap = " " if bin_type == "Decimal" else ""
    rows = "".join(f"<Row><![CDATA[{gap.join(codes[value] for value in row)}]]></Row>" for row in grid)
    return (
        f'<?xml version="1.0"?><Maps><Map xmlns:semi="http://www.semi.org" WaferId="{wafer_id}" '
        f'FormatRevision="G85-1101"><Device ProductId="P" LotId="L1" Rows="{grid.shape[0]}" '
        f'Columns="{grid.shape[1]}" Orientation="{CLOCKWISE_FROM_BOTTOM[notch]}" OriginLocation="3" '
        f'BinType="{bin_type}" NullBin="{codes[0]}"><Bin BinCode="{codes[1]}" BinQuality="Pass"/>'
        f'<Bin BinCode="{codes[2]}" BinQuality="Fail"/><Data MapName="M">{rows}</Data></Device></Map></Maps>'
    )


def e142_text(grid: Grid, notch: str, axes: str | None = None, wafer_id: str = "W1") -> str:
    """Compose an E142 map; with `axes` (e.g. DownLeft) rows carry coordinates and stand in any order."""
    codes = ("FF", "01", "0A")
    if axes is None:
        rows = "".join(f"<BinCode>{''.join(codes[value] for value in row)}</BinCode>" for row in grid)
    else:
        y_axis, x_axis = (
            ("up" if axes.startswith("Up") else "down"),
            ("right" if axes.endswith("Right") else "left"),
        )
        view = grid if x_axis == "right" else grid[:, ::-1]
        numbered = list(enumerate(view if y_axis == "down" else view[::-1]))
        rows = "".join(
            f'<BinCode X="0" Y="{y}">{"".join(codes[value] for value in row)}</BinCode>'
            for y, row in numbered[::-1]
        )
    direction = "" if axes is None else f' AxisDirection="{axes}"'
    return (
        '<?xml version="1.0"?><MapData xmlns="urn:semi-org:xsd.E142-1.V1005.SubstrateMap">'
        f'<Substrates><Substrate SubstrateId="{wafer_id}"><LotId>L1</LotId></Substrate>'
        "</Substrates>"
        f'<SubstrateMaps><SubstrateMap SubstrateType="Wafer" SubstrateId="{wafer_id}"{direction} '
        f'Orientation="{CLOCKWISE_FROM_BOTTOM[notch]}"><Overlay MapName="M">'
        '<BinCodeMap BinType="HexaDecimal" NullBin="FF"><BinDefinitions>'
        '<BinDefinition BinCode="01" BinQuality="Pass"/>'
        '<BinDefinition BinCode="0A" BinQuality="Fail"/></BinDefinitions>'
        f"{rows}</BinCodeMap></Overlay></SubstrateMap></SubstrateMaps></MapData>"
    )


def klarf_text(grid: Grid, notch: str, wafer_id: str = "W1") -> str:
    found = dies(grid)
    plan = "\n".join(f"{x} {y}" for x, y, _ in found)
    fails = [(x, y) for x, y, value in found if value == 2]
    rows = []
    for number, (x, y) in enumerate(fails, start=1):
        # The second defect wraps over two lines, the third carries two images on lines of their own.
        tail = "1.0 1.0 1 1 2\n1 0\n2 0" if number == 3 else "1.0 1.0 1 1 0 0"
        gap = "\n" if number == 2 else " "
        rows.append(f"{number} 10.5 20.25{gap}{x} {y} {tail}")
    body = "\n".join(rows)
    return f"""FileVersion 1 2;
FileTimestamp 10-19-21 10:06:32;
InspectionStationID "A" "B" "C; D";
SampleType WAFER;
LotID "L1";
SampleSize 1 200;
StepID "S1";
SampleOrientationMarkType NOTCH
OrientationMarkLocation {notch.upper()};
DiePitch 1.0e+04 1.2e+04;
DieOrigin 0.0 0.0;
WaferID "{wafer_id}";
Slot 4;
SampleCenterLocation 5.0e+03 6.0e+03;
InspectionTest 1;
SampleTestPlan {len(found)}
{plan};
DefectRecordSpec 11 DEFECTID XREL YREL XINDEX YINDEX XSIZE YSIZE DEFECTAREA
CLASSNUMBER IMAGECOUNT IMAGELIST;
DefectList
{body};
SummarySpec 3 TESTNO NDEFECT NDIE;
SummaryList
1 {len(fails)} {len(found)};
EndOfFile;
"""


def klarf18_text(grid: Grid, notch: str, wafer_id: str = "W1") -> str:
    found = dies(grid)
    plan = "\n".join(f"{x} {y};" for x, y, _ in found)
    fails = [(x, y) for x, y, value in found if value == 2]
    defects = "\n".join(
        f'{number} 10.5 Images 2 {{"a.jpg" "JPG" 1, "b.jpg" "JPG" 2}} {x} {y};' if number == 2
        else f"{number} 10.5 N {x} {y};"
        for number, (x, y) in enumerate(fails, start=1)
    )  # fmt: skip
    return f"""Record FileRecord "1.8"
{{
  Field FileTimestamp 2 {{"10-19-21", "10:06:32"}}
  Record LotRecord "L1"
  {{
    Field SampleOrientationMarkType 1 {{"NOTCH"}}
    Field OrientationMarkLocation 1 {{"{notch.upper()}"}}
    Field DiePitch 2 {{10000, 12000}}
    Record WaferRecord "{wafer_id}"
    {{
      Field DieOrigin 2 {{0, 0}}
      List SampleTestPlanList
      {{
        Columns 2 {{ int32 XINDEX, int32 YINDEX }}
        Data {len(found)}
        {{
{plan}
        }}
      }}
      List DefectList
      {{
        Columns 5 {{ int32 DEFECTID, float XREL, ImageInfo IMAGEINFO, int32 XINDEX, int32 YINDEX }}
        Data {len(fails)}
        {{
{defects}
        }}
      }}
    }}
  }}
}}
EndOfFile;
"""


def stdf_bytes(
    wafers: dict[str, list[tuple[int, int, int]]], notch: str = "D", pos_x: str = "R", pos_y: str = "U"
) -> bytes:
    """Compose a little-endian STDF V4 file; dies are (x, y, value), value 3 tells no verdict, bin 9."""

    def record(kind: int, sub: int, body: bytes) -> bytes:
        return struct.pack("<HBB", len(body), kind, sub) + body

    def text(word: str) -> bytes:
        return bytes([len(word)]) + word.encode()

    out = record(0, 10, struct.pack("<BB", 2, 4))
    mir = struct.pack("<IIBcccHc", 0, 0, 1, b"P", b" ", b" ", 65535, b" ")
    out += record(1, 10, mir + b"".join(text(word) for word in ("L1", "PART", "NODE", "TESTER", "JOB")))
    flags = {1: 0x00, 2: 0x08, 3: 0x10}
    bins = {1: 1, 2: 7, 3: 9}
    for name, parts in wafers.items():
        out += record(2, 10, struct.pack("<BBI", 1, 255, 0) + text(name))
        for number, (x, y, value) in enumerate(parts):
            out += record(5, 10, struct.pack("<BB", 1, 1))
            body = struct.pack("<BBBHHHhhI", 1, 1, flags[value], 1, bins[value], bins[value], x, y, 0)
            out += record(5, 20, body + text(str(number)) + text("") + b"\x00")
        out += record(2, 20, struct.pack("<BBIIIIII", 1, 255, 0, len(parts), 0, 0, 0, 0) + text(name))
    for number, verdict in ((1, "P"), (7, "F"), (9, "P")):
        out += record(1, 40, struct.pack("<BBHIc", 255, 0, number, 1, verdict.encode()) + text("bin"))
    letters = [letter.encode() for letter in (notch, pos_x, pos_y)]
    out += record(2, 30, struct.pack("<fffBchhcc", 200, 10, 10, 3, letters[0], -32768, -32768, *letters[1:]))
    return out + record(1, 20, struct.pack("<I", 0))


def write(folder: Path, name: str, content: str | bytes) -> Path:
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path
