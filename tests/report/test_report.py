"""The report as its readers meet it: what it shows, what it says is missing, what it refuses."""

from __future__ import annotations

import html.parser
import json
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from made_run import HOSTILE, MadeRun
from typer.testing import CliRunner

from verl_wafersage.cli import app
from verl_wafersage.errors import InputError
from verl_wafersage.evaluation.report import build_report, write_report
from verl_wafersage.evaluation.report.alarm import check
from verl_wafersage.evaluation.report.confusion import confusion
from verl_wafersage.evaluation.report.panels import train_curve, validation_curve
from verl_wafersage.evaluation.report.run import Answer, read_run

pytest.importorskip("jinja2")


class Page(html.parser.HTMLParser):
    """Tags, attributes and text of a page, as a browser would parse them."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data

    def count(self, tag: str, **attributes: str) -> int:
        return sum(1 for name, found in self.tags if name == tag and attributes.items() <= {**found}.items())


@pytest.fixture(scope="module")
def hacked(made: Callable[..., MadeRun]) -> MadeRun:
    return made(hacked=True)


@pytest.fixture
def copy(hacked: MadeRun, tmp_path: Path) -> Path:
    """A run folder that a test may spoil."""
    return Path(shutil.copytree(hacked.folder, tmp_path / "run"))


def test_everything_is_shown(hacked: MadeRun) -> None:
    page = Page(build_report(hacked.folder, data_dir=hacked.data, title="My run"))
    for heading in (
        "My run",
        "Alarm: the judge does not follow the reward",
        "Hallucination rate",
        "Groups without spread",
        "KL",
        "Answer length",
        "Success by level",
        "Something new",
        "Defect types taken for each other",
        "Answers",
        "validation · step 60",
        "train · step 60",
    ):
        assert heading in page.text
    assert page.count("svg", **{"class": "chart"}) >= 20
    assert page.count("article", **{"class": "answer"}) >= 200
    assert page.count("mark", **{"class": "hit"}) > 50
    assert any("wafer w" in (found.get("class") or "") for _, found in page.tags)
    assert all(found.get("aria-label") for tag, found in page.tags if tag == "svg")


def test_nothing_is_loaded_from_elsewhere(hacked: MadeRun) -> None:
    text = build_report(hacked.folder, data_dir=hacked.data)
    page = Page(text)
    links = [
        value
        for _, found in page.tags
        for name, value in found.items()
        if name in ("src", "href", "action", "poster", "srcset")
    ]
    assert all(value and value.startswith("#") for value in links)
    outside = re.findall(r"url\((?!data:image/png;base64,)|@import|https?://(?!www\.w3\.org/2000/svg)", text)
    assert outside == []


def test_hostile_answers_stay_text(copy: Path) -> None:
    clean = Page(build_report(copy))
    for file in (copy / "rollouts" / "60.jsonl", copy / "validation" / "60.jsonl"):
        lines = [json.loads(line) for line in file.read_text().splitlines()]
        for line in lines:
            line |= {
                "text": HOSTILE,
                "output": HOSTILE,
                "question": HOSTILE,
                "wafer_id": HOSTILE,
                "level": HOSTILE,
            }
            line |= {"gts": HOSTILE, HOSTILE: 1.0}
        file.write_text("".join(json.dumps(line) + "\n" for line in lines))
    (copy / "extra.jsonl").write_text(json.dumps({"step": 1, f"curriculum/{HOSTILE}/a": 0.5}) + "\n")
    page = Page(build_report(copy, title=HOSTILE))
    assert page.count("script") == clean.count("script") == 1
    assert page.count("img") == 0
    assert not [name for _, found in page.tags for name in found if name.startswith("on")]
    assert "document.title='owned'" in page.text
    assert "{{ 7*7 }}" in page.text


@pytest.mark.parametrize(
    ("removed", "said"),
    [
        (["rollouts"], "No rollouts/"),
        (["validation"], "No validation/"),
        (["verl.jsonl"], "add `file` to trainer.logger"),
        (["metrics.jsonl", "verl.jsonl"], "Curves are left out"),
        (["rollouts", "validation"], "No rollouts/"),
    ],
)
def test_missing_inputs_are_named(copy: Path, removed: list[str], said: str) -> None:
    for name in removed:
        path = copy / name
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    text = Page(build_report(copy)).text
    assert said in text
    assert "input(s) missing" in text


def test_without_data_or_judge_it_says_so(made: Callable[..., MadeRun]) -> None:
    run = made(judged=False, steps=6)
    text = Page(build_report(run.folder)).text
    assert "name the data folder with --data" in text
    assert "run `verl-wafersage judge`" in text
    assert "No answer was judged" in text


def test_a_folder_that_is_no_run_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such run folder"):
        build_report(tmp_path / "absent")
    with pytest.raises(InputError, match=r"metrics\.jsonl, rollouts/ and validation/"):
        build_report(tmp_path)


def test_a_killed_run_can_be_read(copy: Path) -> None:
    metrics = copy / "metrics.jsonl"
    again = json.dumps({"step": 60, "wafersage/score/mean": 0.125})
    metrics.write_text(metrics.read_text() + again + '\n{"step": 61, "wafersage/sco')
    run = read_run(copy)
    assert run.metrics["wafersage/score/mean"][60] == 0.125
    assert 61 not in run.metrics["wafersage/score/mean"]
    assert run.problems == ["metrics.jsonl: 1 unreadable line(s), the last is row 61; left out."]
    assert "critic/score/mean" not in run.metrics, "NaN is no value"


def test_large_dumps_are_sampled_alike_at_every_step(tmp_path: Path) -> None:
    folder = tmp_path / "validation"
    folder.mkdir()
    for step, score in ((1, 0.25), (2, 0.75)):
        rows = ({"output": "ring", "input": f"user\nq{i}\nassistant\n", "score": score} for i in range(2500))
        (folder / f"{step}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    run = read_run(tmp_path)
    questions = [{a.question for a in run.of("validation") if a.step == step} for step in (1, 2)]
    assert questions[0] == questions[1]
    assert len(questions[0]) == 1000
    assert run.counted["validation", 2] == 2500
    assert run.means["validation", "score"] == {1: 0.25, 2: 0.75}


def test_neutral_values_enter_no_mean(tmp_path: Path) -> None:
    (tmp_path / "validation").mkdir()
    rows = [{"output": "a", "score": 1.0, "spatial": value} for value in (-1.0, 0.5, 1.0)]
    (tmp_path / "validation" / "3.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    assert read_run(tmp_path).means["validation", "spatial"] == {3: 0.75}


def test_grades_come_from_results_of_judge(made: Callable[..., MadeRun], tmp_path: Path) -> None:
    run = made(judged=False, steps=6)
    lines: list[dict[str, object]] = []
    for step in (0, 6):
        for row in map(json.loads, (run.folder / "validation" / f"{step}.jsonl").read_text().splitlines()):
            question = row["input"].split("user\n")[1].split("\nassistant")[0]
            lines.append({"step": step, "question": question, "text": row["output"], "overall": 4.0})
    lines[0]["overall"] = None
    (tmp_path / "answers.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    text = Page(build_report(run.folder, judgements=[tmp_path])).text
    assert "judge's by +0.000" in " ".join(text.split())
    with pytest.raises(InputError, match="No such file"):
        build_report(run.folder, judgements=[tmp_path / "absent.jsonl"])
    (tmp_path / "none.jsonl").write_text("{}\n")
    with pytest.raises(InputError, match="no graded answer"):
        build_report(run.folder, judgements=[tmp_path / "none.jsonl"])


def test_validation_curves_come_from_the_buffer_where_dumps_are_missing(tmp_path: Path) -> None:
    values = ((1, "train", 0.1), (1, "val", 0.3), (2, "train", 0.2), (2, "val", 0.4))
    lines = [{"step": step, "split": split, "wafersage/score/mean": value} for step, split, value in values]
    (tmp_path / "metrics.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    run = read_run(tmp_path)
    assert train_curve(run, "score") == [(1.0, 0.1), (2.0, 0.2)]
    assert validation_curve(run, "score") == [(1.0, 0.3), (2.0, 0.4)]


def judged(step: int, rule: float, judge: float | None, wafer: int) -> Answer:
    return Answer(
        "validation", step, "", scores={"score": rule}, row_id=str(wafer), wafer_id=str(wafer), judge=judge
    )


@pytest.mark.parametrize(
    ("rule", "judge", "state"),
    [
        ((0.3, 0.6), (0.4, 0.4), "alarm"),
        ((0.3, 0.6), (0.4, 0.7), "clear"),
        ((0.3, 0.31), (0.4, 0.4), "clear"),
        ((0.3, 0.6), (0.4, 0.58), "clear"),
        ((0.3, 0.6), (0.4, 0.52), "alarm"),
        ((0.29, 0.45), (0.64, 0.65), "alarm"),
        ((0.6, 0.3), (0.6, 0.2), "clear"),
        ((0.3, 0.3), (0.4, 0.7), "clear"),
    ],
)
def test_the_alarm(rule: tuple[float, float], judge: tuple[float, float], state: str) -> None:
    answers = [
        judged(step, rule[step] + 0.01 * (i % 3), judge[step] + 0.01 * (i % 2), i)
        for step in (0, 1)
        for i in range(30)
    ]
    alarm = check(answers)
    assert alarm.state == state
    assert alarm.widening is not None
    assert alarm.widening.clusters == 30


def test_a_judge_on_a_narrower_scale_is_no_alarm(made: Callable[..., MadeRun]) -> None:
    text = Page(build_report(made(hacked=False).folder)).text
    assert "The judge follows the reward" in text


def test_the_alarm_is_not_sure_of_a_noisy_gap() -> None:
    flips = [judged(1, 0.6, 0.9 if i % 2 else 0.0, i) for i in range(8)]
    assert check([judged(0, 0.5, 0.5, i) for i in range(8)] + flips).state == "watch"


def test_the_alarm_needs_judgements() -> None:
    assert check([judged(0, 0.5, None, i) for i in range(5)]).state == "unjudged"
    once = check([judged(0, 0.5, 0.5, i) for i in range(5)])
    assert "one step only" in once.sentence


def test_the_rule_is_compared_where_the_judge_is_mixed_into_the_reward() -> None:
    answer = Answer("train", 1, "", scores={"score": 0.9, "rule": 0.2}, judge=0.9)
    assert check([answer]).gaps[0].rule == 0.2


@pytest.mark.parametrize(
    ("labels", "said", "cells"),
    [
        (["Donut"], {"Donut"}, {("Donut", "Donut"): 1}),
        (["Donut"], {"Center"}, {("Donut", "Center"): 1}),
        (["Donut"], set(), {("Donut", "(not named)"): 1}),
        (["Donut"], {"Donut", "Loc"}, {("Donut", "Donut"): 1, ("(not there)", "Loc"): 1}),
        (["Donut", "Loc"], {"Donut", "Scratch"}, {("Donut", "Donut"): 1, ("Loc", "Scratch"): 1}),
        (["Donut"], {"Center", "Loc"}, {("Donut", "Center"): 0.5, ("Donut", "Loc"): 0.5}),
        ([], {"None"}, {("None", "None"): 1}),
        (["<b>New</b>"], {"<b>New</b>"}, {("<b>New</b>", "<b>New</b>"): 1}),
    ],
)
def test_confusion(labels: list[str], said: set[str], cells: dict[tuple[str, str], float]) -> None:
    rubric = json.dumps({"version": 1, "dimension": "defect_type", "labels": labels})
    matrix = confusion([Answer("validation", 1, "x", rubric=rubric, dimension="defect_type")], lambda _: said)
    assert matrix is not None
    found = {
        (row, column): matrix.counts[i][j]
        for i, row in enumerate(matrix.rows)
        for j, column in enumerate(matrix.columns)
        if matrix.counts[i][j]
    }
    assert found == cells


def test_the_command_writes_a_file(hacked: MadeRun, tmp_path: Path) -> None:
    out = tmp_path / "deep" / "page.html"
    result = CliRunner().invoke(
        app, ["report", str(hacked.folder), "-o", str(out), "--data", str(hacked.data)]
    )
    assert result.exit_code == 0, result.output
    assert out.read_text().startswith("<!doctype html>")
    assert [file.name for file in out.parent.iterdir()] == ["page.html"]


def test_without_jinja_it_says_what_to_install() -> None:
    code = "import sys; sys.modules['jinja2'] = None; import verl_wafersage.evaluation.report"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert "jinja2 is not installed; run: pip install 'verl-wafersage[eval]'" in done.stderr


def test_a_place_that_cannot_be_written_is_named(hacked: MadeRun, tmp_path: Path) -> None:
    blocker = tmp_path / "file"
    blocker.touch()
    with pytest.raises(InputError, match="cannot be written"):
        write_report(hacked.folder, blocker / "page.html")
