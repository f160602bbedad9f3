"""The scale of difficulty, and the verb that measures it."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from verl_wafersage.cli import app
from verl_wafersage.curriculum.difficulty import (
    LEVELS,
    level_of,
    measured_difficulty,
    structural_difficulty,
)
from verl_wafersage.errors import InputError

sys.path.insert(0, str(Path(__file__).parents[1]))
from servers import REAL_MODEL, FaultyServer, real_server

RUBRIC = {
    "version": 1,
    "dimension": "defect_type",
    "labels": ["Donut"],
    "must_hit": ["donut"],
    "must_avoid": [],
}


@pytest.mark.parametrize("level", LEVELS)
def test_a_level_lies_in_its_own_third(level: str) -> None:
    assert level_of(LEVELS[level]) == level
    assert [level_of(value) for value in (0.0, 1 / 3, 2 / 3, 1.0)] == ["easy", "medium", "hard", "hard"]


@settings(deadline=None)
@given(st.lists(st.floats(0, 1), max_size=30), st.floats(0, 1))
def test_measured_difficulty_is_between_the_prior_and_the_answers(rewards: list[float], prior: float) -> None:
    value = measured_difficulty(rewards, prior)
    seen = 1 - sum(rewards) / len(rewards) if rewards else prior
    assert min(seen, prior) - 1e-9 <= value <= max(seen, prior) + 1e-9
    assert measured_difficulty([*rewards, 1.0], prior) <= value + 1e-9


def test_structure_orders_tasks_as_the_levels_do() -> None:
    one = structural_difficulty(RUBRIC)
    mixed = structural_difficulty(RUBRIC | {"labels": ["Donut", "Loc", "Scratch"]})
    longer = structural_difficulty(RUBRIC | {"must_hit": ["a", "b", "c"]})
    yes_no = structural_difficulty(RUBRIC, yes_no=True)
    cause = structural_difficulty(RUBRIC | {"dimension": "root_cause"})
    parts = {name: {"must_hit": ["a", "b"]} for name in ("spatial", "morphology", "root_cause")}
    full = structural_difficulty({"version": 1, "dimension": "full", "labels": [], "criteria": parts})
    assert yes_no < one < longer < mixed < cause < full <= 1
    assert (level_of(one), level_of(cause), level_of(full)) == ("easy", "hard", "hard")


def write_data(file: Path, ids: list[str], *, difficulty: float | None = None) -> Path:
    schema = pa.schema(
        [
            ("prompt", pa.list_(pa.struct([("role", pa.string()), ("content", pa.string())]))),
            ("images", pa.list_(pa.struct([("bytes", pa.binary())]))),
            ("reward_model", pa.struct([("style", pa.string()), ("ground_truth", pa.string())])),
            (
                "extra_info",
                pa.struct([("id", pa.string()), ("index", pa.int64()), ("difficulty", pa.float64())]),
            ),
        ]
    )
    rows = [
        {
            "prompt": [{"role": "user", "content": f"<image>Which defect? ({name})"}],
            "images": [{"bytes": b"\x89PNG\r\n\x1a\n not decoded"}],
            "reward_model": {"style": "rubric", "ground_truth": json.dumps(RUBRIC)},
            "extra_info": {"id": name, "index": k, "difficulty": difficulty},
        }
        for k, name in enumerate(ids)
    ]
    file.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.Table.from_pylist(rows, schema), file, row_group_size=2)
    return file


def profile(*arguments: object) -> tuple[int, dict[str, Any]]:
    result = CliRunner().invoke(app, ["profile", *map(str, arguments), "--json"])
    if isinstance(result.exception, Exception) and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result.exit_code, json.loads(result.stdout)


def added(file: Path) -> list[dict[str, Any]]:
    names = ["difficulty_measured", "difficulty_structure", "pass_rate", "answers"]
    return list(pq.read_table(file, columns=names).to_pylist())


def test_a_server_is_asked_and_the_data_is_copied_beside(tmp_path: Path) -> None:
    file = write_data(tmp_path / "train-0.parquet", ["right", "wrong", "other"])

    def answer(body: dict[str, Any]) -> str:
        return "Donut." if "(right)" in json.dumps(body) else "Scratch."

    with FaultyServer(answer=answer) as server:
        code, found = profile(file, "--server", server.url, "--model", "m", "--samples", 4, "--key", "score")
        assert len(server.bodies) == 12
    assert code == 0 and found["rows"] == 3 and found["answers"] == 12
    assert found["hopeless"] == pytest.approx(2 / 3)
    (target,) = map(Path, found["files"])
    assert target == tmp_path / "profiled" / file.name
    rows = added(target)
    assert rows[0]["pass_rate"] > 0.9 and rows[0]["answers"] == 4
    assert [row["pass_rate"] for row in rows[1:]] == [0.0, 0.0]
    assert rows[0]["difficulty_measured"] < rows[0]["difficulty_structure"] < rows[1]["difficulty_measured"]
    original, copied = pq.read_table(file), pq.read_table(target)
    assert copied.select(original.column_names).equals(original)
    code, again = profile(target, "--out", tmp_path / "again")  # no model: columns replaced, not doubled
    assert added(Path(again["files"][0]))[0]["answers"] == 0


@pytest.mark.server
def test_a_real_model_is_measured(tmp_path: Path) -> None:
    """A language model without eyes, so that the pictures are taken out on the way."""
    file = write_data(tmp_path / "train.parquet", ["a", "b"])
    with real_server() as url, FaultyServer(upstream=url, drop_images=True) as server:
        code, found = profile(
            file, "--server", server.url, "--model", REAL_MODEL, "--samples", 3, "--max-tokens", 16
        )
    assert code == 0 and found["answers"] == 6
    for row in added(Path(found["files"][0])):
        assert row["answers"] == 3 and 0 <= row["pass_rate"] <= 1 and 0 < row["difficulty_measured"] < 1


def test_answers_that_do_not_come_are_no_failures_of_the_prompt(tmp_path: Path) -> None:
    file = write_data(tmp_path / "train.parquet", ["a", "b"], difficulty=0.7)
    with FaultyServer(faults=lambda number, body: "400") as server:
        result = CliRunner().invoke(
            app, ["profile", str(file), "--server", server.url, "--model", "m", "--samples", "2"]
        )
    assert result.exit_code == 1 and "4 of 4 answers did not come" in result.stderr
    rows = added(tmp_path / "profiled" / "train.parquet")
    assert [row["pass_rate"] for row in rows] == [None, None]
    assert [row["difficulty_measured"] for row in rows] == pytest.approx([0.7, 0.7])


def test_rollouts_of_a_run_are_counted(tmp_path: Path) -> None:
    file = write_data(tmp_path / "train.parquet", ["a", "b", "c"], difficulty=0.5)
    lines = [{"id": "a", "acc": 1.0}, {"id": "a", "acc": 0.0}, {"index": 1, "acc": 1}]
    (tmp_path / "rollouts").mkdir()
    for step, line in enumerate(lines):
        (tmp_path / "rollouts" / f"{step}.jsonl").write_text(json.dumps(line) + "\n")
    _, found = profile(file, "--rollouts", tmp_path / "rollouts", "--out", tmp_path / "out")
    assert [row["answers"] for row in added(Path(found["files"][0]))] == [2, 1, 0]
    assert [row["pass_rate"] for row in added(Path(found["files"][0]))] == [0.5, 1.0, None]


@pytest.mark.parametrize(
    ("line", "problem"),
    [('{"acc": 1}', r"bad\.jsonl, row 0.*no id"), ('{"id": "a"}', r"bad\.jsonl, row 0.*no score 'acc'")],
)
def test_bad_rollouts_name_file_and_line(tmp_path: Path, line: str, problem: str) -> None:
    file = write_data(tmp_path / "train.parquet", ["a"])
    (tmp_path / "bad.jsonl").write_text(line + "\n")
    with pytest.raises(InputError, match=problem):
        profile(file, "--rollouts", tmp_path / "bad.jsonl")
    assert not (tmp_path / "profiled").exists()


def test_the_data_itself_is_never_overwritten(tmp_path: Path) -> None:
    file = write_data(tmp_path / "train.parquet", ["a"])
    before = file.read_bytes()
    with pytest.raises(InputError, match="would overwrite"):
        profile(file, "--out", tmp_path)
    assert file.read_bytes() == before


def test_a_broken_file_leaves_nothing_behind(tmp_path: Path) -> None:
    (tmp_path / "train.parquet").write_bytes(b"PAR1 nothing")
    with pytest.raises(InputError, match=r"train\.parquet"):
        profile(tmp_path / "train.parquet", "--out", tmp_path / "out")
    assert not list((tmp_path / "out").glob("*")) if (tmp_path / "out").exists() else True


def test_the_converter_uses_the_same_scale() -> None:
    from verl_wafersage.data_prep.rows import DIFFICULTY

    assert DIFFICULTY == LEVELS
