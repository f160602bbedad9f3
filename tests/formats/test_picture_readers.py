"""Folders of pictures, JSON lines of questions, and the published WaferSAGE sets."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from fab_files import NOTCHES, seen_with, wafer
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from verl_wafersage.data_prep.readers import read
from verl_wafersage.data_prep.readers.pictures import read_grid
from verl_wafersage.data_prep.records import Question, ReadOptions, WaferMap
from verl_wafersage.data_prep.render import render
from verl_wafersage.errors import InputError
from verl_wafersage.reward_fns.schema import load_rubric


def encoded(pixels: Any, kind: str = "PNG", mode: str | None = None) -> bytes:
    buffer = io.BytesIO()
    picture = Image.fromarray(np.asarray(pixels, np.uint8))
    (picture.convert(mode) if mode else picture).save(buffer, kind)
    return buffer.getvalue()


PHOTO = encoded(np.random.default_rng(0).integers(0, 255, (20, 20, 3)))


# --- images -----------------------------------------------------------------------------------------------


def folder_of(tmp_path: Path, rows: str, **pictures: bytes) -> Path:
    for name, content in pictures.items():
        (tmp_path / f"{name}.png").write_bytes(content)
    (tmp_path / "labels.csv").write_text(rows)
    return tmp_path


def test_pictures_in_the_documented_colours_become_dies(tmp_path: Path) -> None:
    grid = wafer()
    pictures = {
        "rendered": render(grid, 96),
        "rgb": encoded(np.asarray(Image.open(io.BytesIO(render(grid, 224))).convert("RGB"))),
        "grey": encoded(np.array([0, 127, 255])[grid]),
        "raw": encoded(grid),
    }
    rows = "file,label,wafer,lot\n" + "".join(f"{name}.png,Edge-Loc,{name},L7\n" for name in pictures)
    found = list(read("images", folder_of(tmp_path, rows, **pictures)))
    assert [record.wafer_id for record in found] == list(pictures)
    for record in found:
        assert isinstance(record, WaferMap)
        np.testing.assert_array_equal(record.grid, grid)
        assert (record.labels, record.lot, record.oriented) == (("Edge-Loc",), "L7", False)


@pytest.mark.parametrize("notch", NOTCHES)
def test_pictures_are_turned_when_the_notch_is_told(notch: str, tmp_path: Path) -> None:
    folder = folder_of(tmp_path, "file,label\na.png,Loc\n", a=render(seen_with(wafer(), notch), 96))
    (found,) = read("images", folder, ReadOptions(settings={"notch": notch}))
    assert isinstance(found, WaferMap) and found.oriented
    np.testing.assert_array_equal(found.grid, wafer())


@settings(deadline=None, max_examples=40)
@given(st.integers(5, 70), st.integers(5, 70), st.sampled_from([96, 224]), st.integers(0, 2**32 - 1))
def test_an_enlarged_map_is_read_back_to_its_dies(rows: int, cols: int, side: int, seed: int) -> None:
    grid = np.random.default_rng(seed).integers(0, 3, (rows, cols)).astype(np.uint8)
    np.testing.assert_array_equal(read_grid(render(grid, side)), grid)


def test_other_pictures_get_questions_from_their_labels_alone(tmp_path: Path) -> None:
    folder = folder_of(tmp_path, "file,label\na.png,Donut\n", a=PHOTO)
    found = list(read("images", folder))
    assert found and all(isinstance(record, Question) and record.image == PHOTO for record in found)
    for record in found:
        assert isinstance(record, Question) and record.rubric
        assert load_rubric(record.rubric).must_hit


@pytest.mark.parametrize(
    ("rows", "picture", "message"),
    [
        ("file,label\na.png,Blob\n", PHOTO, "row 0|field label: 'Blob' is no known label"),
        ("file,label\nb.png,Loc\n", PHOTO, "no such picture"),
        ("file,label\n../a.png,Loc\n", PHOTO, "outside the folder"),
        ("file,class\na.png,Loc\n", PHOTO, "no column 'label'"),
        ("file,label\na.png,Loc\n", b"", "does not decode"),
        ("file,label\na.png,Loc\n", PHOTO[:300], "does not decode"),
        ("file,label\na.png,\n", PHOTO, "neither a label nor readable dies"),
        ("", PHOTO, "file is empty"),
    ],
)
def test_bad_pictures_are_one_clear_line(rows: str, picture: bytes, message: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=message):
        list(read("images", folder_of(tmp_path, rows, a=picture)))


def test_undecodable_colours_are_refused_when_dies_are_wanted(tmp_path: Path) -> None:
    folder = folder_of(tmp_path, "file,label\na.png,Donut\n", a=PHOTO)
    with pytest.raises(InputError, match=r"a\.png.*dies cannot be read back"):
        list(read("images", folder, ReadOptions(settings={"decode": "yes"})))


# --- rows -------------------------------------------------------------------------------------------------

RUBRIC = {"version": 1, "dimension": "spatial", "must_hit": ["upper left"], "must_avoid": ["center"],
          "reference_answer": "Upper left."}  # fmt: skip
ROW = {"image": "a.png", "question": "Where is it?", "rubric": RUBRIC}


def lines_file(tmp_path: Path, *rows: Any) -> Path:
    (tmp_path / "a.png").write_bytes(PHOTO)
    (tmp_path / "bad.png").write_bytes(b"no picture")
    path = tmp_path / "rows.jsonl"
    path.write_text("".join((row if isinstance(row, str) else json.dumps(row)) + "\n" for row in rows))
    return path


def test_rows_become_questions(tmp_path: Path) -> None:
    more = ROW | {"id": "q2", "group": "g", "level": "hard", "question_type": "place"}
    plain, rich = read("rows", lines_file(tmp_path, ROW, "", more))
    assert isinstance(plain, Question) and isinstance(rich, Question)
    assert (plain.image, plain.text, plain.rubric) == (PHOTO, "Where is it?", RUBRIC)
    assert (plain.dimension, plain.reference_answer, plain.level) == ("spatial", "Upper left.", None)
    assert (plain.wafer_id, plain.extra["id"]) == ("a.png", "rows/0")
    assert (rich.wafer_id, rich.extra["id"], rich.level, rich.question_type) == (
        "g",
        "rows/q2",
        "hard",
        "place",
    )


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("{", "row 0: not valid JSON"),
        ("[1]", "row 0: a row is a JSON object, not list"),
        ({"image": "a.png", "rubric": RUBRIC}, "row 0, field question: missing"),
        (ROW | {"qestion": "?"}, "field qestion: unknown field"),
        (ROW | {"question": 3}, "field question: must be a string, not int"),
        (ROW | {"question": " "}, "field question: is empty"),
        (ROW | {"level": "extreme"}, "field level: 'extreme' is none of"),
        (ROW | {"image": "none.png"}, "field image: .*No such file"),
        (ROW | {"image": "bad.png"}, "field image: .*does not decode"),
        (ROW | {"rubric": []}, r"field rubric: \[\] is not of type 'object'"),
        (ROW | {"rubric": RUBRIC | {"version": 2}}, "field rubric.version: 1 was expected"),
        (
            ROW | {"rubric": RUBRIC | {"dimension": "colour"}},
            "field rubric.dimension: 'colour' is not one of",
        ),
        (
            ROW | {"rubric": RUBRIC | {"must_hit": "edge"}},
            "field rubric.must_hit: 'edge' is not of type 'array'",
        ),
        (ROW | {"rubric": RUBRIC | {"must_hit": [{"any_of": []}]}}, r"field rubric.must_hit.0"),
        (ROW | {"rubric": RUBRIC | {"must_hit": []}}, "field rubric: no must_hit item"),
        (ROW | {"rubric": {"version": 1, "dimension": "full"}}, "field rubric: 'criteria' is a required"),
    ],
)
def test_bad_rows_are_one_clear_line(row: Any, message: str, tmp_path: Path) -> None:
    path = lines_file(tmp_path, row)
    with pytest.raises(InputError, match=message) as caught:
        list(read("rows", path))
    assert str(path) in str(caught.value) and "\n" not in str(caught.value)


def test_bad_rows_can_be_skipped_with_their_reasons(tmp_path: Path) -> None:
    errors: list[InputError] = []
    found = list(read("rows", lines_file(tmp_path, ROW, "{", ROW), ReadOptions(on_bad=errors.append)))
    assert len(found) == 2 and [error.row for error in errors] == [1]


@pytest.mark.parametrize("content", ["", "\n\n"])
def test_an_empty_set_is_refused(content: str, tmp_path: Path) -> None:
    (tmp_path / "rows.jsonl").write_text(content)
    with pytest.raises(InputError, match="no rows"):
        list(read("rows", tmp_path / "rows.jsonl"))


# --- the published sets -----------------------------------------------------------------------------------

PUBLISHED = {
    "id": "1_spatial_0",
    "record_id": "1",
    "label": ["Donut", "Edge-Ring"],
    "prompt": "[]",
    "image": {"bytes": render(wafer(), 96), "path": None},
    "answer": "placeholder",
    "rubric": json.dumps({"defect_types": ["Donut"], "spatial_rubric": {"zone": "mid-radius, edge"}}),
    "dimension": "spatial",
    "question": "Where does the pattern lie?",
    "reference_answer": "At mid-radius and along the edge.",
    "must_hit": ["mid-radius", "center (0", "0) clear"],
    "must_avoid": ["random"],
    "difficulty": "easy",
}
VQA = {
    "id": "1_2",
    "image": {"bytes": render(wafer(), 96), "path": None},
    "query": "Is it symmetric?",
    "answer": "Yes, radially.",
    "wafer_label": ["Donut", "Edge-Ring"],
    "question_type": "consistency",
    "difficulty": "medium",
    "original_record_id": "1",
    "qa_index": 2,
}


def parquet(tmp_path: Path, *rows: dict[str, Any], name: str = "train-0.parquet") -> Path:
    path = tmp_path / name
    pq.write_table(pa.Table.from_pylist(list(rows)), path)
    return path


def test_the_rubric_set_is_read_by_its_published_columns(tmp_path: Path) -> None:
    morphological = PUBLISHED | {"id": "1_morph_0", "dimension": "morphological", "difficulty": "hard"}
    path = parquet(tmp_path, PUBLISHED, morphological)
    for place in (path, tmp_path):
        first, second = read("wafersage-rubrics", place)
        assert isinstance(first, Question) and isinstance(second, Question)
        assert first.rubric is not None and load_rubric(first.rubric).dimension == "spatial"
        assert first.rubric["must_hit"] == PUBLISHED["must_hit"], "converted as they are, for audit to mend"
        assert (first.labels, first.level, first.wafer_id) == (("Donut", "Edge-Ring"), "easy", "1")
        assert first.reference_answer == PUBLISHED["reference_answer"]
        assert second.dimension == "morphology"


def test_missing_lists_are_filled_from_the_rubric_column(tmp_path: Path) -> None:
    bare = {name: value for name, value in PUBLISHED.items() if not name.startswith("must")}
    (found,) = read("wafersage-rubrics", parquet(tmp_path, bare))
    assert isinstance(found, Question) and found.rubric is not None
    assert found.rubric["must_hit"] == ["mid-radius", "edge"]


def test_the_vqa_set_is_for_fine_tuning_only(tmp_path: Path) -> None:
    (found,) = read("wafersage-vqa", parquet(tmp_path, VQA))
    assert isinstance(found, Question)
    assert found.rubric is None and found.text == "Is it symmetric?"
    assert (found.dimension, found.question_type, found.level) == ("spatial", "consistency", "medium")
    (other,) = read("wafersage-rubrics", parquet(tmp_path, PUBLISHED))
    assert other.wafer_id == found.wafer_id, "one wafer has one name in all published sets"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"dimension": "colour"}, "row 0, field dimension: 'colour' is none of"),
        ({"label": ["Blob"]}, "row 0, field label: 'Blob' is no known label"),
        ({"label": [3]}, "field label: must be a list of strings"),
        ({"must_hit": "edge"}, "field must_hit: must be a list of strings"),
        ({"must_hit": []}, "field must_hit: no must_hit item"),
        ({"rubric": "{"}, "field rubric: not valid JSON"),
        ({"question": ""}, "field question: is empty"),
        ({"reference_answer": 7}, "field reference_answer: must be a string, not int"),
        ({"difficulty": "brutal"}, "field difficulty: 'brutal' is none of"),
        ({"image": {"bytes": b"no picture", "path": None}}, "field image: the picture does not decode"),
        ({"image": "a.png"}, "field image: holds no encoded picture"),
    ],
)
def test_bad_published_rows_are_one_clear_line(change: dict[str, Any], message: str, tmp_path: Path) -> None:
    path = parquet(tmp_path, PUBLISHED | change)
    with pytest.raises(InputError, match=message) as caught:
        list(read("wafersage-rubrics", path))
    assert str(path) in str(caught.value)


@pytest.mark.parametrize(
    ("row", "message"),
    [
        (VQA, "no column 'must_hit or rubric'"),
        ({"id": "1", "text": "x"}, "no column 'image or images' among id, text"),
    ],
)
def test_a_set_without_the_columns_is_refused_by_name(
    row: dict[str, Any], message: str, tmp_path: Path
) -> None:
    with pytest.raises(InputError, match=message):
        list(read("wafersage-rubrics", parquet(tmp_path, row)))


def test_damaged_missing_and_empty_sets_are_one_clear_line(tmp_path: Path) -> None:
    path = parquet(tmp_path, PUBLISHED)
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(InputError, match="no readable parquet"):
        list(read("wafersage-rubrics", path))
    pq.write_table(pa.Table.from_pylist([PUBLISHED]).slice(0, 0), path)
    with pytest.raises(InputError, match="no rows"):
        list(read("wafersage-rubrics", path))
    with pytest.raises(InputError, match=r"no \*\.parquet files"):
        (tmp_path / "empty").mkdir()
        list(read("wafersage-rubrics", tmp_path / "empty"))
    with pytest.raises(InputError, match="no such file or folder, and no hub id"):
        list(read("wafersage-rubrics", tmp_path / "nothing"))


def test_a_hub_id_offline_is_one_clear_line(monkeypatch: pytest.MonkeyPatch) -> None:
    import datasets

    def refuse(*args: Any, **options: Any) -> None:
        raise ConnectionError("Couldn't reach the hub\n(offline)")

    monkeypatch.setattr(datasets, "load_dataset", refuse)
    with pytest.raises(
        InputError, match=r"owner/some-set: cannot be had from the hub .*local copy"
    ) as caught:
        list(read("wafersage-vqa", Path("owner/some-set")))
    assert "\n" not in str(caught.value)


def test_a_hub_id_is_read_as_a_stream(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    import datasets

    path = parquet(tmp_path, VQA)
    load = datasets.load_dataset

    def local(name: str, streaming: bool) -> Any:
        assert (name, streaming) == ("owner/some-set", True)
        rows = load("parquet", data_files={"train": str(path)}, streaming=True)
        rows["train"] = rows["train"].cast_column("image", datasets.Image())
        return rows

    monkeypatch.setattr(datasets, "load_dataset", local)
    (found,) = read("wafersage-vqa", Path("owner/some-set"))
    assert isinstance(found, Question) and found.image == VQA["image"]["bytes"]  # type: ignore[index]
