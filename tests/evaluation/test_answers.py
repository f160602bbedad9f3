"""Answers are read from every place that leaves them, and wafers are never guessed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from evaluation_data import answer_line, data_row, data_set, rubric, write_lines
from hypothesis import given
from hypothesis import strategies as st

from verl_wafersage.errors import InputError
from verl_wafersage.evaluation.answers import Answer, read_answers
from verl_wafersage.evaluation.mixed import count_mixed_groups
from verl_wafersage.evaluation.rescore import rule_scores
from verl_wafersage.evaluation.rows import read_rows
from verl_wafersage.reward_fns import rubric as rule


def dump_line(number: int, text: str, step: int = 20) -> dict[str, object]:
    """A line of verl's validation dump."""
    row = data_row(number)
    return {
        "input": f"system\nYou read wafer maps.\nuser\nQuestion {number}?\nassistant\n",
        "output": text,
        "gts": row["reward_model"]["ground_truth"],
        "score": 0.5,
        "step": step,
        "reward": 0.5,
        "hit": 0.5,
        "uid": f"a{number}_0_0",
    }


def test_a_validation_dump_finds_its_wafers_and_pictures_in_the_data_set(tmp_path: Path) -> None:
    rows = list(read_rows([data_set(tmp_path / "data").parent]))
    dump = write_lines(
        tmp_path / "runs" / "a" / "validation" / "20.jsonl", [dump_line(n, "x") for n in range(4)]
    )
    answers = read_answers(dump, rows=rows)
    assert [answer.id for answer in answers] == [f"row-{n}" for n in range(4)]
    assert [answer.wafer for answer in answers] == ["synthetic/w0"] * 2 + ["synthetic/w1"] * 2
    assert [answer.question for answer in answers] == [f"Question {n}?" for n in range(4)]
    assert answers[1].image == rows[1].image
    assert {answer.model for answer in answers} == {"a@20"}
    assert {(answer.step, answer.split, answer.answer_style) for answer in answers} == {(20, "test", "plain")}


def test_a_dump_alone_takes_each_question_for_a_wafer_and_counts_samples(tmp_path: Path) -> None:
    lines = [dump_line(0, "x"), dump_line(0, "y"), dump_line(1, "x")]
    answers = read_answers(write_lines(tmp_path / "20.jsonl", lines), model="mine")
    assert answers[0].wafer == answers[1].wafer != answers[2].wafer
    assert [answer.sample for answer in answers] == [0, 1, 0]
    assert {answer.model for answer in answers} == {"mine"}


def test_a_question_that_two_wafers_share_is_given_to_neither(tmp_path: Path) -> None:
    rows = list(read_rows([data_set(tmp_path / "data")]))
    twin = rows[0].__class__(**{**rows[0].__dict__, "id": "twin", "wafer": "synthetic/other"})
    dump = write_lines(tmp_path / "20.jsonl", [dump_line(0, "x")])
    (answer,) = read_answers(dump, rows=[*rows, twin])
    assert answer.image is None and answer.wafer not in {rows[0].wafer, twin.wafer}


def test_rollouts_with_ids_take_the_rubric_from_the_data_set(tmp_path: Path) -> None:
    rows = list(read_rows([data_set(tmp_path / "data")], images=False))
    file = write_lines(tmp_path / "7.jsonl", [{"id": "row-2", "text": "the edge", "step": 7}])
    (answer,) = read_answers(file, rows=rows)
    assert (answer.question, answer.wafer, answer.image) == ("Question 2?", "synthetic/w1", None)
    assert json.loads(answer.ground_truth)["dimension"] == "root_cause"


@given(st.text(max_size=200), st.sampled_from(["id", "x" * 40]), st.integers(0, 3))
def test_an_answer_survives_its_own_file(
    tmp_path_factory: pytest.TempPathFactory, text: str, name: str, n: int
) -> None:
    answer = Answer(name, "m", text, "Q?", rubric(), "w", sample=n, step=3, split="val")
    file = write_lines(tmp_path_factory.mktemp("a") / "answers.jsonl", [answer.as_dict()])
    assert read_answers(file) == [answer]
    assert read_answers(file)[0].key == answer.key


def test_the_key_changes_with_everything_a_judge_is_shown() -> None:
    base = Answer("id", "m", "text", "Q?", rubric(), "w")
    changed = [
        Answer("id", "m", "other", "Q?", rubric(), "w"),
        Answer("id", "m", "text", "P?", rubric(), "w"),
        Answer("id", "m", "text", "Q?", rubric(labels=[]), "w"),
        Answer("id", "m", "text", "Q?", rubric(), "v"),
    ]
    assert len({base.key, *(answer.key for answer in changed)}) == 5
    assert base.key == Answer("other id", "other model", "text", "Q?", rubric(), "w", sample=3, step=9).key


def test_a_data_row_without_a_rubric_is_named(tmp_path: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    rows = [data_row(0), data_row(1)]
    rows[1]["reward_model"] = {"ground_truth": None}
    pq.write_table(pa.Table.from_pylist(rows), tmp_path / "x.parquet")
    with pytest.raises(InputError, match=r"x\.parquet, row 1, field reward_model\.ground_truth"):
        list(read_rows([tmp_path]))


def test_rescoring_gives_the_rewards_own_numbers(tmp_path: Path) -> None:
    answers = read_answers(write_lines(tmp_path / "a.jsonl", [answer_line(n, "the edge") for n in range(4)]))
    for answer, scores in zip(answers, rule_scores(answers), strict=True):
        assert scores == rule.compute_score(
            "any", "the edge", answer.ground_truth, {"question": answer.question}
        )


def line(group: str, judged: int, failed: int, gap: float = 0.0) -> dict[str, object]:
    return {"uid": group, "judged": judged, "judge_failed": failed, "judge_gap": gap}


def test_mixed_groups_are_counted() -> None:
    lines = [
        line("a_0_0", 1, 0, 0.2), line("a_1_0", 0, 1), line("a_2_0", 1, 0, 0.4),  # mixed
        line("b_0_0", 1, 0, 0.9), line("b_1_0", 1, 0, 0.9),  # whole
        line("c_0_0", 0, 1), line("c_1_0", 0, 1),  # all failed: one scale, no bias
        line("d_0_0", 0, 0), line("d_1_0", 0, 0),  # not asked
    ]  # fmt: skip
    found = count_mixed_groups(lines)
    assert (found.groups, found.mixed, found.wanted, found.failed) == (3, 1, 7, 3)
    assert found.gap == pytest.approx(0.3)


def test_groups_of_our_rollouts_are_row_and_step() -> None:
    scores = [{"judged": 1.0, "judge_gap": 0.1}, {"judged": 0.0, "judge_failed": 1.0}]
    lines = [{"id": "r", "step": 1, "scores": scores[0]}, {"id": "r", "step": 1, "scores": scores[1]}]
    lines += [{"id": "r", "step": 2, "scores": scores[0]}]
    found = count_mixed_groups(lines)
    assert (found.groups, found.mixed, found.failed) == (2, 1, 1)
    assert count_mixed_groups([]).gap is None
