"""The judge verb from end to end, against servers that fail in every known way."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from evaluation_data import (
    answer_line,
    asked_text,
    data_set,
    graded_as_told,
    read_lines,
    rubric,
    write_lines,
)
from servers import REAL_MODEL, FaultyServer, closed_port, real_server
from typer.testing import CliRunner

from verl_wafersage.cli import app
from verl_wafersage.errors import InputError
from verl_wafersage.evaluation.judge import JudgeOptions
from verl_wafersage.evaluation.run import Evaluation, evaluate
from verl_wafersage.llm import ChatSettings, ServerGoneError

EVERY_FAULT = ["429", "500", "503", "reset", "stall", "garbage", "truncated", "cut", "nochoice", "empty",
               "prose", "length"]  # fmt: skip


def settings(url: str, **changes: Any) -> ChatSettings:
    return ChatSettings(url, "judge", **{"timeout": 3.0, "backoff": 0.01, "concurrency": 4, **changes})


def graded_answers(folder: Path, count: int = 12) -> Path:
    lines = [answer_line(n, f"An edge ring, answer {n}, grade {n % 11}") for n in range(count)]
    return write_lines(folder / "answers.jsonl", lines)


def run(*arguments: object) -> Any:
    return CliRunner().invoke(app, ["judge", *map(str, arguments)])


def test_every_passing_fault_is_survived_and_every_grade_is_the_judges_own(tmp_path: Path) -> None:
    source = graded_answers(tmp_path)
    with FaultyServer(EVERY_FAULT, answer=graded_as_told) as server:
        job = Evaluation([source], tmp_path / "out", judge=settings(server.url, cache_dir=tmp_path / "cache"))
        result = evaluate(job)
    assert result.usage["judge"].retries >= len(EVERY_FAULT)
    assert [graded.overall for graded in result.summary.graded] == [float(n % 11) for n in range(12)]
    assert result.summary.unscored == []
    lines = read_lines(tmp_path / "out" / "answers.jsonl")
    assert [line["overall"] for line in lines] == [n % 11 for n in range(12)]
    assert all(line["reason"] == "because" for line in lines)


@pytest.mark.parametrize("fault", EVERY_FAULT)
def test_a_lasting_fault_is_unscored_counted_and_never_zero(fault: str, tmp_path: Path) -> None:
    source = graded_answers(tmp_path, 4)
    with FaultyServer(
        lambda n, body: fault if "answer 2," in asked_text(body) else "ok", answer=graded_as_told
    ) as server:
        judge = settings(server.url, attempts=2)
        summary = evaluate(Evaluation([source], tmp_path / "out", judge=judge)).summary
    assert [graded.overall for graded in summary.graded] == [0.0, 1.0, None, 3.0]
    assert (len(summary.unscored), summary.unscored_share) == (1, 0.25)
    assert summary.unscored[0].error
    judged = summary.tables[0].as_dict()["rows"][0]
    assert (judged["unscored"], judged["answers"]) == (1, 4)
    assert judged["overall"]["value"] == pytest.approx(4 / 3)
    assert read_lines(tmp_path / "out" / "judgements.jsonl")[2]["overall"] is None


@pytest.mark.parametrize(("limit", "status"), [(0.2, 1), (0.3, 0)])
def test_too_many_unscored_fail_the_run(limit: float, status: int, tmp_path: Path) -> None:
    source = graded_answers(tmp_path, 4)
    with FaultyServer(
        lambda n, body: "400" if "answer 2," in asked_text(body) else "ok", answer=graded_as_told
    ) as server:
        judge = ["--judge-server", server.url, "--judge-model", "j", "--max-unscored", limit]
        result = run(source, "--out", tmp_path / "out", *judge, "--json")
    assert result.exit_code == status, result.output
    summary = json.loads(result.stdout)
    assert (summary["unscored"], summary["judgements"]) == (1, 4)
    assert ("25.0% judgements unscored" in result.stderr) is bool(status)


def test_repeating_a_run_asks_only_for_what_failed(tmp_path: Path) -> None:
    source = graded_answers(tmp_path)
    job = {"out": tmp_path / "out"}
    with FaultyServer(
        lambda n, body: "400" if "answer 5," in asked_text(body) else "ok", answer=graded_as_told
    ) as server:
        judge = settings(server.url, cache_dir=tmp_path / "cache")
        assert len(evaluate(Evaluation([source], judge=judge, **job)).summary.unscored) == 1
    with FaultyServer(answer=graded_as_told) as server:
        judge = settings(server.url, cache_dir=tmp_path / "cache")
        result = evaluate(Evaluation([source], judge=judge, **job))
        assert len(server.bodies) == 1 and "answer 5," in asked_text(server.bodies[0])
    assert result.summary.unscored == []
    assert (result.usage["judge"].answered, result.usage["judge"].cached) == (1, 11)


def test_a_killed_run_resumes_and_pays_for_nothing_twice(tmp_path: Path) -> None:
    source, out = graded_answers(tmp_path, 30), tmp_path / "out"
    with FaultyServer(answer=graded_as_told, delay=0.1) as server:
        command = [
            sys.executable, "-c", "from verl_wafersage.cli import main; main()", "judge",
            str(source), "--out", str(out), "--judge-server", server.url,
            "--judge-model", "j", "--concurrency", "2",
        ]  # fmt: skip
        environment = os.environ | {"OMP_NUM_THREADS": "1"}
        process = subprocess.Popen(
            command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=environment
        )
        deadline = time.monotonic() + 120
        while len(list((out / "cache").rglob("*.json"))) < 8 and time.monotonic() < deadline:
            time.sleep(0.02)
        process.send_signal(signal.SIGKILL)
        process.wait()
        assert not (out / "answers.jsonl").exists()
        kept = {file.name for file in (out / "cache").rglob("*.json") if not file.name.startswith(".")}
        before = len(server.bodies)
        assert 8 <= len(kept) < 30
        assert run(*command[4:]).exit_code == 0
        asked = Counter(asked_text(body) for body in server.bodies)
        assert len(server.bodies) - before == 30 - len(kept)
    # What was in flight when the process died is the only thing a server can have answered for nothing.
    assert sum(asked.values()) - 30 <= 2
    assert [line["overall"] for line in read_lines(out / "answers.jsonl")] == [n % 11 for n in range(30)]


def test_a_server_that_is_gone_ends_the_run_with_one_line(tmp_path: Path) -> None:
    source = graded_answers(tmp_path, 30)
    judge = settings(closed_port(), attempts=1, give_up_after=5)
    with pytest.raises(ServerGoneError, match="run again"):
        evaluate(Evaluation([source], tmp_path / "out", judge=judge))
    assert not (tmp_path / "out" / "answers.jsonl").exists()


def test_rescoring_needs_no_model_and_keeps_the_judgements(tmp_path: Path) -> None:
    source = graded_answers(tmp_path)
    with FaultyServer(answer=graded_as_told) as server:
        evaluate(Evaluation([source], tmp_path / "out", judge=settings(server.url)))
    first = read_lines(tmp_path / "out" / "answers.jsonl")
    result = run(source, "--out", tmp_path / "out")
    assert result.exit_code == 0, result.output
    assert read_lines(tmp_path / "out" / "answers.jsonl") == first
    assert "LLM judge" in (tmp_path / "out" / "summary.md").read_text()
    changed = write_lines(
        tmp_path / "changed.jsonl", [{**line, "text": "Something else."} for line in read_lines(source)[:1]]
    )
    assert run(changed, "--out", tmp_path / "out").exit_code == 0
    assert read_lines(tmp_path / "out" / "answers.jsonl")[0]["overall"] is None


def test_results_can_be_evaluated_again(tmp_path: Path) -> None:
    lines = [answer_line(n, text) for n, text in enumerate(["edge", "", "\ud800 half a pair", "\u2028\x00|"])]
    source = write_lines(tmp_path / "answers.jsonl", lines)
    assert run(source, "-o", tmp_path / "one").exit_code == 0
    assert run(tmp_path / "one" / "answers.jsonl", "-o", tmp_path / "two").exit_code == 0
    assert read_lines(tmp_path / "one" / "answers.jsonl") == read_lines(tmp_path / "two" / "answers.jsonl")


def test_a_data_set_is_answered_with_its_pictures_and_judged(tmp_path: Path) -> None:
    file = data_set(tmp_path / "data")
    with (
        FaultyServer(answer=lambda body: f"At the edge; {asked_text(body)[-11:]} grade 6") as model,
        FaultyServer(answer=graded_as_told) as judge,
    ):
        result = run(
            file, "-o", tmp_path / "out", "--server", model.url, "--model", "vlm", "--samples", 2,
            "--judge-server", judge.url, "--judge-model", "j", "--show-image", "--repeats", 2, "--swap",
            "--limit", 6, "--price", 1.0, 2.0, "--json",
        )  # fmt: skip
        assert result.exit_code == 0, result.output
        assert len(model.bodies) == 12
        first = model.bodies[0]["messages"]
        assert first[0] == {"role": "system", "content": "You read wafer maps."}
        assert [part["type"] for part in first[1]["content"]] == ["image_url", "text"]
        assert judge.bodies[0]["messages"][1]["content"][0]["type"] == "image_url"
        assert "The picture is the wafer map." in asked_text(judge.bodies[0])
    summary = json.loads(result.stdout)
    # The two samples of a question are equal here, so they are judged once: twice, and once swapped.
    assert (summary["answers"], summary["judgements"], summary["wafers"]) == (12, 18, 3)
    assert summary["cost"]["judge"] == pytest.approx(18 * (11 * 1.0 + 7 * 2.0) / 1e6)
    lines = read_lines(tmp_path / "out" / "answers.jsonl")
    assert {line["sample"] for line in lines} == {0, 1}
    assert {line["wafer_id"] for line in lines} == {"synthetic/w0", "synthetic/w1", "synthetic/w2"}


def test_questions_a_model_did_not_answer_are_counted_not_scored(tmp_path: Path) -> None:
    file = data_set(tmp_path / "data")
    with FaultyServer(lambda n, body: "400" if "Question 3?" in asked_text(body) else "ok") as model:
        result = run(file, "-o", tmp_path / "out", "--server", model.url, "--model", "vlm", "--json")
    assert result.exit_code == 1
    summary = json.loads(result.stdout)
    assert [row["id"] for row in summary["unanswered"]] == ["row-3"]
    assert summary["answers"] == 7


def test_equal_answers_are_judged_once(tmp_path: Path) -> None:
    lines = [answer_line(0, "The edge, grade 4", model=f"m{n}") for n in range(5)]
    with FaultyServer(answer=graded_as_told) as server:
        job = Evaluation([write_lines(tmp_path / "a.jsonl", lines)], tmp_path, judge=settings(server.url))
        summary = evaluate(job).summary
        assert len(server.bodies) == 1
    assert [graded.overall for graded in summary.graded] == [4.0] * 5


def test_a_table_compares_models_on_the_questions_both_answered(tmp_path: Path) -> None:
    lines = [answer_line(n, f"The edge {n}, grade 4", model="sft") for n in range(8)]
    lines += [answer_line(n, f"The edge {n}, grade 6", model="rl") for n in range(6)]
    with FaultyServer(answer=graded_as_told) as server:
        job = Evaluation([write_lines(tmp_path / "a.jsonl", lines)], tmp_path, judge=settings(server.url))
        summary = evaluate(job).summary
    shown = {table.title: table.as_dict()["rows"] for table in summary.tables}
    assert [row["model"] for row in shown["LLM judge"]] == ["sft", "rl"]
    (difference,) = shown["Difference to sft"]
    assert (difference["model"], difference["questions"]) == ("rl", 6)
    assert difference["judge (0 to 10)"]["value"] == pytest.approx(2.0)
    assert difference["rule (0 to 1)"]["value"] == pytest.approx(0.0)


def test_noise_of_the_judge_is_measured(tmp_path: Path) -> None:
    def moody(body: dict[str, Any]) -> str:
        grade = json.loads(graded_as_told(body))
        text = asked_text(body)
        shift = 2 if text.index("<answer>") < text.index("Reference answer") else body["seed"]
        return json.dumps({k: v if k == "reason" else v + shift for k, v in grade.items()})

    lines = [answer_line(n, f"The edge {n}, grade {n % 4}") for n in range(8)]
    with FaultyServer(answer=moody) as server:
        job = Evaluation(
            [write_lines(tmp_path / "a.jsonl", lines)],
            tmp_path,
            judge=settings(server.url),
            judging=JudgeOptions(repeats=2, swap=True),
        )
        noise = evaluate(job).summary.noise
    assert (noise.repeated, noise.swapped) == (8, 8)
    assert noise.deviation == pytest.approx(0.5**0.5)  # grades g and g + 1
    assert noise.same == 0.0
    assert noise.swap.value == pytest.approx(1.5)
    assert noise.swap_size == pytest.approx(1.5)


def test_a_folder_of_dumps_is_one_model_per_step_and_shows_the_judge_of_the_run(tmp_path: Path) -> None:
    rows = data_set(tmp_path / "data")
    for step in (100, 20):
        lines = [
            {"id": f"row-{n}", "uid": "g", "step": step, "text": "edge", "judged": n % 2,
             "judge_failed": 1 - n % 2, "judge_gap": 0.4 * (n % 2)}
            for n in range(4)
        ]  # fmt: skip
        write_lines(tmp_path / "run" / "rollouts" / f"{step}.jsonl", lines)
    result = run(tmp_path / "run" / "rollouts", "-o", tmp_path / "out", "--data", rows, "--json")
    assert result.exit_code == 0, result.output
    summary = json.loads(result.stdout)
    assert summary["models"] == ["run@20", "run@100"]
    (loop,) = [table for table in summary["tables"] if "inside the reward" in table["title"]]
    assert [row["value"] for row in loop["rows"]] == [8, "4 (50.0%)", 1, 1, pytest.approx(0.4)]


def test_the_report_reads_the_grades(tmp_path: Path) -> None:
    from verl_wafersage.evaluation.report.judgements import attach_judgements
    from verl_wafersage.evaluation.report.run import read_run

    lines = [
        {
            "input": f"user\nQ{n}?\nassistant\n",
            "output": f"Answer {n}, grade {n + 3}",
            "gts": rubric(),
            "step": 20,
        }
        for n in range(3)
    ]
    source = write_lines(tmp_path / "run" / "validation" / "20.jsonl", lines).parent
    with FaultyServer(
        lambda n, body: "400" if "Answer 1," in asked_text(body) else "ok", graded_as_told
    ) as server:
        evaluate(Evaluation([source], tmp_path / "out", judge=settings(server.url)))
    found = read_run(tmp_path / "run")
    attach_judgements(found, [tmp_path / "out" / "answers.jsonl"])
    assert [answer.judge for answer in found.answers] == [pytest.approx(0.3), None, pytest.approx(0.5)]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["missing.jsonl"], "missing.jsonl: no such file"),
        (["bad.jsonl"], "bad.jsonl, row 1: not valid JSON"),
        (["norubric.jsonl"], "norubric.jsonl, row 0: no rubric; give the data set"),
        (["oldrubric.jsonl"], "field ground_truth: unknown rubric version"),
        (["notext.jsonl"], "notext.jsonl, row 0, field text: no answer"),
        (["data"], "a data set has no answers yet"),
        (["data", "good.jsonl"], "name data sets with --data"),
        (["good.jsonl", "--judge-server", "http://x/v1"], "a server and a model go together"),
        (["good.jsonl", "--judge-server", "ftp://x", "--judge-model", "j"], "not an http address"),
        (["good.jsonl", "--data", "good.jsonl"], "not a readable parquet"),
    ],
)  # fmt: skip
def test_bad_input_is_one_line_that_names_it(arguments: list[str], message: str, tmp_path: Path) -> None:
    good = answer_line(0, "x")
    write_lines(tmp_path / "good.jsonl", [good])
    (tmp_path / "bad.jsonl").write_text(json.dumps(good) + "\n{\n")
    write_lines(tmp_path / "norubric.jsonl", [{k: v for k, v in good.items() if k != "ground_truth"}])
    write_lines(tmp_path / "oldrubric.jsonl", [good | {"ground_truth": '{"version": 0}'}])
    write_lines(tmp_path / "notext.jsonl", [{k: v for k, v in good.items() if k != "text"}])
    data_set(tmp_path / "data")
    known = {"missing.jsonl", "data", *(file.name for file in tmp_path.iterdir())}
    placed = [str(tmp_path / word) if word in known else word for word in arguments]
    result = run(*placed, "--out", tmp_path / "out")
    assert isinstance(result.exception, InputError)
    assert message in str(result.exception)


@pytest.mark.server
def test_a_real_judge_behind_a_faulty_line_scores_everything_or_says_why(tmp_path: Path) -> None:
    lines = [answer_line(n, f"Along the edge, answer {n}.", ground_truth=rubric()) for n in range(6)]
    source = write_lines(tmp_path / "answers.jsonl", lines)
    faults = ["429", "stall", "truncated", "reset", "garbage", "500"]
    with real_server() as url, FaultyServer(faults, upstream=url) as proxy:
        judge = ChatSettings(
            proxy.url,
            REAL_MODEL,
            timeout=8.0,
            attempts=8,
            backoff=0.01,
            concurrency=2,
            max_tokens=64,
            cache_dir=tmp_path,
        )
        job = Evaluation([source], tmp_path / "out", judge=judge, judging=JudgeOptions(reasons=False))
        first = evaluate(job)
        asked = len(proxy.bodies)
        again = evaluate(job)
        asked_again = len(proxy.bodies) - asked
    assert [judgement.error for judgement in first.summary.unscored] == []
    assert first.usage["judge"].retries >= len(faults)
    assert asked_again == 0
    grades = [graded.overall for graded in first.summary.graded]
    assert all(grade is not None and 0 <= grade <= 10 for grade in grades)
    assert [graded.overall for graded in again.summary.graded] == grades
