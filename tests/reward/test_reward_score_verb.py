"""The verb `score`, and the evidence behind it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from reward_rows import ROWS, rubric_of
from typer.testing import CliRunner

from verl_wafersage.cli import app
from verl_wafersage.errors import InputError
from verl_wafersage.reward_fns.answers import question_of, read_answers
from verl_wafersage.reward_fns.rubric import compute_score, explain
from verl_wafersage.reward_fns.scoring import Show, score_file

ANSWER = "An arc lies at the edge from 7 to 9 o'clock, and a donut <b> surrounds the center."


def chat(question: str) -> str:
    """A prompt as verl dumps it: decoded, without special tokens."""
    return f"system\nYou read wafer maps.\nuser\n{question}\nassistant\n"


def dump_line(name: str, answer: str) -> dict[str, Any]:
    """A line of verl's validation dump, with the reward that the answer got in the run."""
    row = ROWS[name]
    reward = compute_score("", answer, rubric_of(row), {"question": row["question"]})["score"]
    head = {"input": chat(row["question"]), "output": answer, "gts": rubric_of(row)}
    return {**head, "score": reward, "step": 3, "reward": reward, "uid": "a_0_0"}


@pytest.fixture
def answers(tmp_path: Path) -> Path:
    row = {"id": "one", "question": "Where?", "answer": ANSWER, "ground_truth": rubric_of(ROWS["edge_loc"])}
    file = tmp_path / "answers.jsonl"
    file.write_text(json.dumps(row) + "\n\n" + json.dumps(dump_line("edge_ring", "A ring.")) + "\n")
    return file


def test_evidence_points_at_the_words() -> None:
    found = explain("test", ANSWER, rubric_of(ROWS["edge_loc"]), {})
    by_words = {entry["words"]: entry["verdict"] for entry in found["evidence"] if entry["words"]}
    assert by_words["donut"] == "invented"
    assert by_words["7 to 9 o'clock"] == "met"
    for entry in found["evidence"]:
        if entry["start"] >= 0:
            assert found["text"][entry["start"] : entry["end"]] == entry["words"]


def test_a_dump_is_scored_as_in_the_run(tmp_path: Path) -> None:
    line = dump_line("edge_loc", "It is at the edge.")
    unasked = compute_score("", line["output"], line["gts"], {})["score"]
    assert abs(line["score"] - unasked) > 0.005, "the question has to matter here"
    file = tmp_path / "3.jsonl"
    file.write_text(json.dumps(line) + "\n")
    assert score_file(file, show=Show.NOTHING)["score"] == line["score"]
    (answer,) = read_answers(file)
    assert answer.extra_info["question"] == ROWS["edge_loc"]["question"]


@pytest.mark.parametrize(
    ("row", "question"),
    [
        ({"question": "Where?", "input": chat("What?")}, "Where?"),
        ({"extra_info": {"question": "Where?"}, "input": chat("What?")}, "Where?"),
        ({"question": None, "extra_info": None, "input": chat("Where?")}, "Where?"),
        ({"input": "user\nWhere?\nassistant\n<think>\n\n</think>\n\n"}, "Where?"),
        ({"input": chat("Two lines.\nOn which side?")}, "Two lines.\nOn which side?"),
        ({"input": chat("Is it seen by the user")}, "Is it seen by the user"),
        ({"input": chat("A first turn?") + "Yes.\nuser\nWhere?\nassistant\n"}, "Where?"),
        ({"input": "user\nWhere?\nassistant"}, "Where?"),
        ({"input": chat("")}, ""),
        ({"input": "You read wafer maps. Where?"}, ""),
        ({"input": "system\nYou read wafer maps.\nassistant\n"}, ""),
        ({"input": ["no text"]}, ""),
        ({}, ""),
    ],
)
def test_the_question_of_a_row(row: dict[str, Any], question: str) -> None:
    assert question_of(row) == question


@pytest.mark.parametrize("name", ROWS)
@pytest.mark.parametrize("said", ["reference_answer", "wrong"])
def test_evidence_of_the_published_rule_is_what_it_counted(name: str, said: str) -> None:
    rubric = json.loads(rubric_of(ROWS[name]))
    found = explain("test", ROWS[name][said], json.dumps(rubric), {}, preset="paper")
    verdicts = [entry["verdict"] for entry in found["evidence"]]
    met, avoided = verdicts.count("met"), verdicts.count("invented")
    assert met + verdicts.count("missing") == len(rubric["must_hit"])
    assert found["scores"]["hit"] == met / len(rubric["must_hit"])
    assert found["scores"]["hallucination"] == avoided / len(rubric["must_avoid"])
    assert met + avoided > 0, "the row has to show something"
    for entry in found["evidence"]:
        if entry["verdict"] == "missing":
            assert (entry["start"], entry["words"]) == (-1, "")
        else:
            assert found["text"][entry["start"] : entry["end"]] == entry["words"] != ""


def test_evidence_of_the_published_rule_adds_up_in_a_full_answer() -> None:
    part = {"must_hit": ["edge", "ring", "center", "scratch"], "must_avoid": ["donut"]}
    criteria = dict.fromkeys(("spatial", "morphology", "root_cause"), part)
    truth = {"version": 1, "dimension": "full", "labels": [], "criteria": criteria, "reference_answer": ""}
    found = explain("test", "An EDGE ring, no donut. \u0130", json.dumps(truth), None, preset="paper")
    earned = sum(e["credit"] * e["weight"] for e in found["evidence"])
    assert found["scores"]["score"] == pytest.approx(earned + 0.4)
    assert {e["verdict"] for e in found["evidence"]} == {"met", "missing", "invented"}
    assert all(e["start"] == -1 for e in found["evidence"]), "lower case is longer than the text here"


def test_json_lines_out(answers: Path) -> None:
    run = CliRunner().invoke(app, ["score", str(answers), "--json"])
    assert run.exit_code == 0
    rows = [json.loads(line) for line in run.stdout.splitlines()]
    assert [row["id"] for row in rows] == ["one", "2"]
    assert rows[0]["scores"]["score"] < 0.7


def test_terminal_and_page(answers: Path, tmp_path: Path) -> None:
    page = tmp_path / "out" / "page.html"
    run = CliRunner().invoke(app, ["score", str(answers), "--html", str(page)])
    assert run.exit_code == 0
    assert "invented" in run.stdout and "donut" in run.stdout
    text = page.read_text()
    assert '<mark class="invented"' in text and "&lt;b&gt;" in text and "<b>" not in text
    assert not list(page.parent.glob(".*tmp"))


def test_parquet_rows_are_scored_by_their_reference(tmp_path: Path) -> None:
    row = {
        "reward_model": {"style": "rubric", "ground_truth": rubric_of(ROWS["edge_loc"])},
        "extra_info": {"question": "Where?", "reference_answer": ROWS["edge_loc"]["reference_answer"]},
    }
    file = tmp_path / "val.parquet"
    pq.write_table(pa.Table.from_pylist([row]), file)
    assert score_file(file, show=Show.NOTHING)["score"] > 0.75


FAULTS = {
    "not json": ("{\n", "row 0"),
    "no answer": ('{"ground_truth": "{}"}\n', "no answer"),
    "no rubric": ('{"answer": "x"}\n', "no rubric"),
    "bad rubric": ('{"answer": "x", "ground_truth": "{}"}\n', "version"),
    "empty": ("", "no answers"),
}


@pytest.mark.parametrize("name", FAULTS)
def test_faults_name_the_row(name: str, tmp_path: Path) -> None:
    text, message = FAULTS[name]
    file = tmp_path / "answers.jsonl"
    file.write_text(text)
    with pytest.raises(InputError, match=message):
        score_file(file, show=Show.NOTHING)


def test_absent_file_is_an_input_error(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be read"):
        score_file(tmp_path / "absent.jsonl", show=Show.NOTHING)
