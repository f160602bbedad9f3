"""Fab formats: wherever the notch is in the file, the wafer comes out the same way up."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from fab_files import (
    NOTCHES,
    csv_text,
    dies,
    e142_text,
    g85_text,
    klarf18_text,
    klarf_text,
    seen_with,
    sinf_text,
    stdf_bytes,
    wafer,
    write,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from verl_wafersage.data_prep.discs import disc
from verl_wafersage.data_prep.orientation import grid_of_dies, notch_down
from verl_wafersage.data_prep.readers import read
from verl_wafersage.data_prep.records import FAIL, ReadOptions, WaferMap
from verl_wafersage.errors import InputError

CSV = {"pass_bins": "1", "y_axis": "up", "notch": "down"}
LETTERS = {"down": "D", "left": "L", "up": "U", "right": "R"}


def maps(source: str, path: Path, **options: str) -> list[WaferMap]:
    found = list(read(source, path, ReadOptions(settings=options)))
    assert all(isinstance(wafer_map, WaferMap) for wafer_map in found)
    return [wafer_map for wafer_map in found if isinstance(wafer_map, WaferMap)]


COMPOSERS: dict[str, Callable[[Path, str], tuple[Path, dict[str, str]]]] = {
    "sinf": lambda folder, notch: (write(folder, "a.sinf", sinf_text(seen_with(wafer(), notch), notch)), {}),
    "g85": lambda folder, notch: (write(folder, "a.xml", g85_text(seen_with(wafer(), notch), notch)), {}),
    "e142": lambda folder, notch: (write(folder, "a.xml", e142_text(seen_with(wafer(), notch), notch)), {}),
    "klarf": lambda folder, notch: (
        write(folder, "a.klarf", klarf_text(seen_with(wafer(), notch), notch)),
        {},
    ),
    "klarf-1.8": lambda folder, notch: (
        write(folder, "a.klarf", klarf18_text(seen_with(wafer(), notch), notch)),
        {},
    ),
    "csv": lambda folder, notch: (
        write(folder, "a.csv", csv_text(seen_with(wafer(), notch), "right", "up")),
        CSV | {"notch": notch},
    ),
    "stdf": lambda folder, notch: (
        write(folder, "a.stdf", stdf_bytes({"W1": dies(seen_with(wafer(), notch))}, LETTERS[notch])),
        {},
    ),
}


@pytest.mark.parametrize("notch", NOTCHES)
@pytest.mark.parametrize("source", COMPOSERS)
def test_every_format_gives_the_same_wafer_whatever_its_notch(
    source: str, notch: str, tmp_path: Path
) -> None:
    path, options = COMPOSERS[source](tmp_path, notch)
    (found,) = maps(source.removesuffix("-1.8"), path, **options)
    np.testing.assert_array_equal(found.grid, wafer())
    assert (found.wafer_id, found.lot, found.oriented) == ("L1/W1", "L1", True)
    assert found.labels == ()
    rim = disc(*found.grid.shape)
    hours = rim.hour[(found.grid == FAIL) & (rim.radius > 0.7)]
    assert np.median(hours) == pytest.approx(2, abs=0.5)


@pytest.mark.parametrize("y_axis", ["up", "down"])
@pytest.mark.parametrize("x_axis", ["left", "right"])
def test_axes_are_honoured(x_axis: str, y_axis: str, tmp_path: Path) -> None:
    path = write(tmp_path, "a.csv", csv_text(wafer(), x_axis, y_axis))
    (found,) = maps("csv", path, **CSV | {"x_axis": x_axis, "y_axis": y_axis})
    np.testing.assert_array_equal(found.grid, wafer())
    positions = {"left": "L", "right": "R", "up": "U", "down": "D"}
    content = stdf_bytes({"W1": dies(wafer(), x_axis, y_axis)}, "D", positions[x_axis], positions[y_axis])
    (found,) = maps("stdf", write(tmp_path, "a.stdf", content))
    np.testing.assert_array_equal(found.grid, wafer())
    axes = y_axis.title() + x_axis.title()
    (found,) = maps("e142", write(tmp_path, "a.xml", e142_text(wafer(), "down", axes)))
    np.testing.assert_array_equal(found.grid, wafer())


@settings(deadline=None, max_examples=60)
@given(
    st.integers(2, 9),
    st.integers(2, 9),
    st.sampled_from(NOTCHES),
    st.sampled_from(["left", "right"]),
    st.sampled_from(["up", "down"]),
    st.randoms(use_true_random=False),
)
def test_dies_and_notch_are_undone_exactly(
    rows: int, cols: int, notch: str, x_axis: str, y_axis: str, random
) -> None:  # type: ignore[no-untyped-def]
    grid = np.array([[random.randint(1, 2) for _ in range(cols)] for _ in range(rows)], np.uint8)
    places = dies(seen_with(grid, notch), x_axis, y_axis, random.randint(-50, 50), random.randint(-50, 50))
    random.shuffle(places)
    x, y, values = zip(*places, strict=True)
    laid = grid_of_dies(x, y, values, x_axis=x_axis, y_axis=y_axis)
    np.testing.assert_array_equal(notch_down(laid, notch), grid)


@pytest.mark.parametrize("bin_type", ["Decimal", "HexaDecimal", "Ascii"])
def test_g85_bin_types(bin_type: str, tmp_path: Path) -> None:
    (found,) = maps("g85", write(tmp_path, "a.xml", g85_text(wafer(), "down", bin_type=bin_type)))
    np.testing.assert_array_equal(found.grid, wafer())


def test_the_users_word_on_the_notch_overrules_the_file(tmp_path: Path) -> None:
    path = write(tmp_path, "a.sinf", sinf_text(seen_with(wafer(), "left"), "up"))
    (found,) = maps("sinf", path, notch="left")
    np.testing.assert_array_equal(found.grid, wafer())
    (drawn,) = maps("sinf", path, notch="unknown")
    np.testing.assert_array_equal(drawn.grid, seen_with(wafer(), "left"))
    assert not drawn.oriented


@pytest.mark.parametrize("source", ["csv", "stdf"])
def test_of_several_results_for_a_die_the_last_counts(source: str, tmp_path: Path) -> None:
    fails_first = [(x, y, 2) for x, y, _ in dies(wafer())]
    if source == "stdf":
        # The wafer is begun twice: a whole first pass, then the retest.
        content = stdf_bytes({"W1": fails_first + dies(wafer())})
        (found,) = maps("stdf", write(tmp_path, "a.stdf", content))
    else:
        text = csv_text(wafer(), "right", "up")
        head, _, body = text.partition("\n")
        old = "\n".join(f"L1,W1,{x},{y},7" for x, y, _ in fails_first)
        (found,) = maps("csv", write(tmp_path, "a.csv", f"{head}\n{old}\n{body}"), **CSV)
    np.testing.assert_array_equal(found.grid, wafer())
    assert found.extra["retests"] == len(fails_first)


def test_stdf_parts_without_a_verdict_go_by_their_bin(tmp_path: Path) -> None:
    parts = [(x, y, 3 if value == 1 else 2) for x, y, value in dies(wafer())]
    (found,) = maps("stdf", write(tmp_path, "a.stdf", stdf_bytes({"W1": parts})))
    np.testing.assert_array_equal(found.grid, wafer())


def test_an_stdf_file_without_its_end_is_taken_only_when_asked(tmp_path: Path) -> None:
    path = write(tmp_path, "a.stdf", stdf_bytes({"W1": dies(wafer())})[:-7])
    with pytest.raises(InputError, match="cut off"):
        maps("stdf", path)
    (found,) = maps("stdf", path, incomplete="yes")
    np.testing.assert_array_equal(found.grid, wafer())


def test_stdf_pass_bins_overrule_the_verdict(tmp_path: Path) -> None:
    (found,) = maps("stdf", write(tmp_path, "a.stdf", stdf_bytes({"W1": dies(wafer())})), pass_bins="7,1")
    assert not (found.grid == FAIL).any()


def test_many_wafers_in_files_and_folders_with_labels(tmp_path: Path) -> None:
    labels = write(tmp_path, "labels.csv", "wafer,label\nW1,edge_loc+Scratch\nL1/W2,normal\n")
    both = {"W1": dies(wafer()), "W2": dies(wafer(9, 9))}
    found = maps("stdf", write(tmp_path, "a.stdf", stdf_bytes(both)), labels=str(labels))
    assert [(w.wafer_id, w.labels) for w in found] == [
        ("L1/W1", ("Edge-Loc", "Scratch")),
        ("L1/W2", ("None",)),
    ]
    folder = tmp_path / "maps"
    folder.mkdir()
    write(folder, "1.sinf", sinf_text(wafer(), "down", "W1"))
    write(folder, "2.sinf", sinf_text(wafer(), "down", "W2"))
    assert [w.wafer_id for w in maps("sinf", folder)] == ["L1/W1", "L1/W2"]
    text = csv_text(wafer(), "right", "up", "W1") + csv_text(wafer(), "right", "up", "W2").partition("\n")[2]
    assert len(maps("csv", write(tmp_path, "two.csv", text), **CSV)) == 2


def test_a_compressed_stdf_and_a_klarf_of_two_wafers(tmp_path: Path) -> None:
    content = gzip.compress(stdf_bytes({"W1": dies(wafer())}))
    (found,) = maps("stdf", write(tmp_path, "a.stdf.gz", content))
    np.testing.assert_array_equal(found.grid, wafer())
    first, second = klarf_text(wafer(), "down", "W1"), klarf_text(wafer(9, 9), "down", "W2")
    text = first.replace("EndOfFile;\n", "") + second[second.index('WaferID "W2"') :]
    one, two = maps("klarf", write(tmp_path, "a.klarf", text))
    np.testing.assert_array_equal(one.grid, wafer())
    np.testing.assert_array_equal(two.grid, wafer(9, 9))
    assert (two.wafer_id, two.lot) == ("L1/W2", "L1")


def test_klarf_without_a_plan_takes_the_dies_that_lie_on_the_wafer(tmp_path: Path) -> None:
    text = klarf_text(np.ones((3, 3), np.uint8), "down")
    head, rest = text.split("SampleTestPlan", 1)
    text = head + "DefectRecordSpec" + rest.split("DefectRecordSpec", 1)[1]
    (found,) = maps("klarf", write(tmp_path, "a.klarf", text))
    # 200 mm, pitch 10 x 12 mm, a die centred on the wafer: 19 x 15 dies at the widest, corners cut.
    assert found.grid.shape == (15, 19)
    assert found.grid[7, 9] and not found.grid[0, 0]
    np.testing.assert_array_equal(found.grid, found.grid[::-1, ::-1])


def test_klarf_defects_outside_the_plan_are_dies_too(tmp_path: Path) -> None:
    text = klarf_text(wafer(), "down").replace("SampleTestPlan", "Slot 1;\nSampleTestPlan")
    (found,) = maps("klarf", write(tmp_path, "a.klarf", text.replace("1 10.5 20.25 ", "1 10.5 20.25 10 ", 1)))
    assert found.extra["defects"] == int((wafer() == FAIL).sum())


def test_csv_columns_can_be_named_and_separated_otherwise(tmp_path: Path) -> None:
    text = (
        csv_text(wafer(), "right", "up")
        .replace(",", ";")
        .replace("HBin", "DEFECT CODE")
        .replace(";7\n", ";S48\n")
    )
    text = text.replace(";1\n", ";OK\n")
    path = write(tmp_path, "a.csv", "\ufeff" + text)
    (found,) = maps("csv", path, **CSV | {"bin": "DEFECT CODE", "pass_bins": "OK"})
    np.testing.assert_array_equal(found.grid, wafer())


GOOD_CSV = csv_text(wafer(5, 5), "right", "up")
GOOD_SINF = sinf_text(wafer(5, 5), "down")
GOOD_G85 = g85_text(wafer(5, 5), "down")
GOOD_E142 = e142_text(wafer(5, 5), "down")
GOOD_KLARF = klarf_text(wafer(), "down")
GOOD_KLARF18 = klarf18_text(wafer(), "down")
GOOD_STDF = stdf_bytes({"W1": dies(wafer(5, 5))})
BOMB = '<?xml version="1.0"?><!DOCTYPE m [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;">]><Maps>&b;</Maps>'
EXTERNAL = '<?xml version="1.0"?><!DOCTYPE m [<!ENTITY a SYSTEM "file:///etc/passwd">]><Maps>&a;</Maps>'

BAD_FILES = [
    ("csv", "", {}, "file is empty"),
    ("csv", "Lot,Wafer,X,Y,HBin\n", {}, "no rows"),
    ("csv", GOOD_CSV.replace("HBin", "Other"), {}, "no column 'bin'"),
    (
        "csv",
        GOOD_CSV.replace("L1,W1,-2,3,1", "L1,W1,two,3,1"),
        {},
        "row 19, field X: 'two' is no die coordinate",
    ),
    ("csv", GOOD_CSV.replace("L1,W1,-2,3,1", "L1,W1,nan,3,1"), {}, "is no die coordinate"),
    ("csv", GOOD_CSV.replace("L1,W1,-2,3,1", "L1,W1,1e9,3,1"), {}, "more than 4096"),
    ("csv", GOOD_CSV, {"pass_bins": "42"}, "no die of the file is in a pass bin"),
    ("csv", GOOD_CSV, {"fail_bins": "3"}, "neither a pass nor a fail bin"),
    ("csv", GOOD_CSV + "L1,W2,0,0,1\n" + GOOD_CSV.partition("\n")[2], {}, "do not stand together"),
    ("csv", GOOD_CSV, {"y_axis": "sideways"}, "none of up, down"),
    ("csv", GOOD_CSV, {"notch": "5"}, "no place of a notch"),
    ("csv", GOOD_CSV, {"nothc": "down"}, "unknown option"),
    ("csv", GOOD_CSV, {"labels": "none.csv"}, "no such file"),
    ("sinf", "", {}, "file is empty"),
    ("sinf", "DEVICE:D\n", {}, "no RowData"),
    ("sinf", "binary\x00\x01", {}, "not a text file"),
    ("sinf", GOOD_SINF.replace("RowData:__ 01", "RowData:01", 1), {}, "map row|announces"),
    ("sinf", GOOD_SINF.rsplit("RowData", 1)[0], {}, "field ROWCT: announces 5, has 4"),
    ("sinf", GOOD_SINF.replace("1B", "Q!"), {}, "is no bin code"),
    ("sinf", GOOD_SINF.replace("FNLOC:180", "FNLOC:33"), {}, "no multiple of 90"),
    ("sinf", GOOD_SINF.replace("FNLOC:180\n", ""), {}, "does not say where the notch is.*--option notch"),
    (
        "sinf",
        GOOD_SINF.replace("01", "__").replace("1B", "@@").replace("BCEQU:__", ""),
        {},
        "no tested dies|KEY",
    ),
    ("g85", "", {}, "not well-formed XML"),
    ("g85", GOOD_G85[: len(GOOD_G85) // 2], {}, "not well-formed XML"),
    ("g85", BOMB, {}, "declares entities"),
    ("g85", EXTERNAL, {}, "declares entities"),
    ("g85", "<Maps></Maps>", {}, "no <Map>"),
    ("g85", GOOD_G85.replace('BinCode="007"', 'BinCode="008"'), {}, "bin '7' in map row . is not defined"),
    ("g85", GOOD_G85.replace("255 001", "255", 1), {}, "row|announces"),
    ("g85", GOOD_G85.replace('Rows="5"', 'Rows="6"'), {}, "field Rows: announces 6, has 5"),
    ("g85", GOOD_G85.replace('"Pass"', '"Fine"'), {}, "no bin has quality Pass"),
    ("e142", BOMB, {}, "declares entities"),
    ("e142", GOOD_E142[:-40], {}, "not well-formed XML"),
    ("e142", GOOD_G85, {}, "no <SubstrateMap>"),
    ("e142", GOOD_E142.replace('SubstrateType="Wafer"', 'SubstrateType="Strip"'), {}, "Strip is no wafer"),
    ("e142", GOOD_E142.replace('BinCode="0A"', 'BinCode="0B"'), {}, "not defined"),
    ("e142", GOOD_E142.replace('Orientation="0"', 'Orientation="Down"'), {}, "no angle"),
    ("e142", e142_text(wafer(), "down", "UpRight").replace('Y="3"', 'Y="x"'), {}, "whole numbers"),
    ("e142", e142_text(wafer(), "down", "UpRight").replace("UpRight", "Up"), {}, "unknown axis direction"),
    ("klarf", "", {}, "file is empty"),
    ("klarf", "hello world", {}, "no KLARF"),
    ("klarf", "12 34;", {}, "where a keyword should stand"),
    ("klarf", GOOD_KLARF.replace("EndOfFile;", ""), {}, "no EndOfFile"),
    ("klarf", GOOD_KLARF[:450], {}, "announces"),
    ("klarf", GOOD_KLARF.replace("XINDEX", "XI"), {}, "no columns XINDEX and YINDEX"),
    ("klarf", GOOD_KLARF.replace("\n1 10.5 20.25 ", "\n1 10.5 20.25 a"), {}, "is no whole number"),
    ("klarf", GOOD_KLARF.replace("LotID", "CoordinatesMirrored YES;\nLotID"), {}, "mirrored"),
    ("klarf", GOOD_KLARF18[: len(GOOD_KLARF18) // 2], {}, "cut off|without its"),
    ("klarf", GOOD_KLARF18.replace("Columns 5", "Rows 5"), {}, "Columns or Data"),
    ("klarf", GOOD_KLARF18.replace("Data 1", "Data 2"), {}, "announces"),
    ("klarf", GOOD_KLARF18.replace("WaferRecord", "OtherRecord"), {}, "no WaferRecord"),
    ("stdf", b"", {}, "no readable STDF"),
    ("stdf", b"this is no STDF at all", {}, "no readable STDF"),
    ("stdf", GOOD_STDF[: len(GOOD_STDF) - 7], {}, "no MRR at the end"),
    ("stdf", stdf_bytes({"W1": [(-32768, -32768, 1)]}), {}, "no part has coordinates"),
    ("stdf", stdf_bytes({"W1": dies(wafer())}, " "), {}, "does not say where the notch is"),
    ("stdf", stdf_bytes({"W1": dies(wafer())}, "D", " "), {}, "where x grows to.*--option x_axis"),
]


@pytest.mark.parametrize(("source", "content", "options", "message"), BAD_FILES)
def test_a_bad_file_is_one_clear_line(
    source: str, content: str | bytes, options: dict[str, str], message: str, tmp_path: Path
) -> None:
    path = write(tmp_path, "bad.txt", content)
    chosen = (CSV if source == "csv" else {}) | options
    with pytest.raises(InputError, match=message) as caught:
        maps(source, path, **chosen)
    line = str(caught.value)
    assert "\n" not in line
    if "bad.txt" not in line:
        # Errors of options come before any file is opened.
        assert caught.value.field in {*options, "labels"}


@pytest.mark.parametrize("missing", ["pass_bins", "y_axis", "notch"])
def test_a_missing_csv_option_is_asked_for_by_name(missing: str, tmp_path: Path) -> None:
    options = {name: value for name, value in CSV.items() if name != missing}
    with pytest.raises(InputError, match=f"field {missing}: this option is needed.*--option {missing}"):
        maps("csv", write(tmp_path, "a.csv", GOOD_CSV), **options)


def test_a_bad_wafer_is_skipped_only_when_asked_and_never_in_silence(tmp_path: Path) -> None:
    write(tmp_path, "1.sinf", sinf_text(wafer(), "down", "W1"))
    write(tmp_path, "2.sinf", "DEVICE:broken\n")
    write(tmp_path, "3.sinf", sinf_text(wafer(), "down", "W3"))
    write(tmp_path, "4.sinf", sinf_text(wafer(), "down", "W3"))
    errors: list[InputError] = []
    found = list(read("sinf", tmp_path, ReadOptions(on_bad=errors.append)))
    assert [w.wafer_id for w in found] == ["L1/W1", "L1/W3"]
    assert [Path(error.file or "").name for error in errors] == ["2.sinf", "4.sinf"]
    assert "comes twice, first in 3.sinf" in str(errors[1])


@pytest.mark.parametrize(
    ("text", "message"),
    [("wafer,label\nW1,Blob\n", "row 0, field label: 'Blob' is no known label"),
     ("a,b\n", "no column 'label'"),
     ("wafer,label\nW1,None+Center\n", "normal and defective at once")],
)  # fmt: skip
def test_bad_labels_are_one_clear_line(text: str, message: str, tmp_path: Path) -> None:
    labels = write(tmp_path, "labels.csv", text)
    with pytest.raises(InputError, match=message):
        maps("sinf", write(tmp_path, "a.sinf", GOOD_SINF), labels=str(labels))


@settings(deadline=None, max_examples=150)
@given(st.sampled_from(["sinf", "g85", "e142", "klarf", "klarf-1.8", "csv"]), st.data())
def test_a_damaged_file_never_raises_anything_else(source: str, data) -> None:  # type: ignore[no-untyped-def]
    import tempfile

    good = {"sinf": GOOD_SINF, "g85": GOOD_G85, "e142": GOOD_E142, "klarf": GOOD_KLARF,
            "klarf-1.8": GOOD_KLARF18, "csv": GOOD_CSV}[source]  # fmt: skip
    start = data.draw(st.integers(0, len(good)))
    end = data.draw(st.integers(start, min(len(good), start + 30)))
    text = good[:start] + data.draw(st.text(max_size=12)) + good[end:]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "a.txt"
        path.write_text(text, encoding="utf-8", errors="surrogatepass")
        try:
            maps(source.removesuffix("-1.8"), path, **(CSV if source == "csv" else {}))
        except InputError as error:
            assert str(path) in str(error)
