"""Synthesis by models: three stages in order, the gate, resume, and servers that fail."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from servers import REAL_MODEL, FaultyServer, closed_port, example_of, real_server
from typer.testing import CliRunner

from verl_wafersage.cli import app
from verl_wafersage.data_prep import readers, synthetic
from verl_wafersage.data_prep.records import Question, WaferMap
from verl_wafersage.data_prep.synthesis import SynthesisOptions, synthesize
from verl_wafersage.data_prep.synthesis.stages import load_prompts
from verl_wafersage.errors import InputError
from verl_wafersage.llm import ChatSettings, ServerGoneError

WAFERS = 6
ANSWER = "A likely cause is incomplete edge bead removal; an uneven edge etch is possible too."
GOOD = {
    "dimension": "root_cause",
    "question_type": "root_cause",
    "level": "hard",
    "question": "What may have caused this?",
    "reference_answer": ANSWER,
    "must_hit": ["edge bead removal"],
    "must_avoid": ["robot scratch"],
}
BAD = {
    "reveals": GOOD | {"question": "What may have caused this edge ring?"},
    "reference": GOOD | {"question": "What else?", "reference_answer": "A robot scratch, certainly."},
    "rubric": GOOD | {"question": "And besides that?", "must_hit": ["not specified"]},
    "double": GOOD,
}


def stage_of(body: dict[str, Any]) -> str:
    properties = body["response_format"]["json_schema"]["schema"]["properties"]
    return (
        "describe" if "defect_types" in properties else "questions" if "questions" in properties else "rubric"
    )


def expert(body: dict[str, Any]) -> str:
    """Answer as a good model would: one good question, and one of each kind that the gate must refuse."""
    stage = stage_of(body)
    if stage == "describe":
        value: Any = {"defect_types": ["Edge-Ring"], "spatial": "A ring along the edge.",
                      "morphology": "A continuous ring.", "root_cause": "Edge bead removal."}  # fmt: skip
    elif stage == "questions":
        value = {"questions": [GOOD, *BAD.values()]}
    else:
        value = example_of(body["response_format"]["json_schema"]["schema"])
    return json.dumps(value)


def wafers(count: int = WAFERS) -> list[WaferMap]:
    found = [wafer for wafer in synthetic.generate(40 * count, 3) if wafer.labels == ("Edge-Ring",)]
    assert len(found) >= count
    return found[:count]


def options(url: str, out: Path, **changes: Any) -> SynthesisOptions:
    chat = {"timeout": 5.0, "backoff": 0.01, "attempts": 5, "concurrency": 2, "cache_dir": out / "cache"}
    chat |= {name: changes.pop(name) for name in list(changes) if name in (*chat, "give_up_after")}
    return SynthesisOptions(
        ChatSettings(url, "eyes", **chat), **{"questions": 5, "image_size": 96, **changes}
    )


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_the_gate_keeps_what_the_audit_passes_and_says_why_it_refuses_the_rest(tmp_path: Path) -> None:
    with FaultyServer(answer=expert) as server:
        outcome = synthesize(wafers(), tmp_path, options(server.url, tmp_path))
    assert (outcome.wafers, outcome.kept, outcome.failed) == (WAFERS, WAFERS, {})
    assert outcome.refused == dict.fromkeys(BAD, WAFERS)
    kept = lines(tmp_path / "rows.jsonl")
    assert [row["question"] for row in kept] == [GOOD["question"]] * WAFERS
    refused = lines(tmp_path / "refused.jsonl")
    assert len(refused) == len(BAD) * WAFERS
    reasons = {row["id"].rsplit("/", 1)[1]: " ".join(row["reasons"]) for row in refused}
    for number, check in enumerate(BAD, start=1):
        assert f"{check}: " in reasons[str(number)]
    assert set(json.loads((tmp_path / "synthesis.json").read_text())["prompts"]) == {
        "describe",
        "rubric",
        "questions",
    }


def test_the_rows_convert_like_any_others(tmp_path: Path) -> None:
    with FaultyServer(answer=expert) as server:
        synthesize(wafers(), tmp_path, options(server.url, tmp_path))
    found = list(readers.read("rows", tmp_path / "rows.jsonl"))
    assert len(found) == WAFERS
    for question, wafer in zip(found, wafers(), strict=True):
        assert isinstance(question, Question)
        assert (question.origin, question.labels, question.level) == ("synthesis", ("Edge-Ring",), "hard")
        assert question.wafer_id == f"synthetic/{wafer.wafer_id}"
        assert question.reference_answer == ANSWER


def test_the_describer_sees_the_picture_and_never_the_label(tmp_path: Path) -> None:
    with FaultyServer(answer=expert) as server:
        synthesize(wafers(1), tmp_path, options(server.url, tmp_path))
    describe, rubric, questions = server.bodies
    assert [stage_of(body) for body in server.bodies] == ["describe", "rubric", "questions"]
    picture, text = describe["messages"][1]["content"]
    assert picture["image_url"]["url"].startswith("data:image/png;base64,")
    others = text["text"].replace("Center, Donut, Edge-Loc, Edge-Ring, Loc, Near-full, Scratch, Random", "")
    assert "Edge-Ring" not in others, "only the list of all types names the label"
    assert "A ring along the edge." in rubric["messages"][1]["content"]
    assert "Write 5 questions" in questions["messages"][1]["content"]
    assert "$" not in rubric["messages"][1]["content"] + questions["messages"][1]["content"]


def test_a_wafer_described_otherwise_than_labelled_is_refused_whole(tmp_path: Path) -> None:
    mixed = [*wafers(1), *(w for w in synthetic.generate(200, 4) if w.labels == ("Donut",))][:2]
    with FaultyServer(answer=expert) as server:
        outcome = synthesize(mixed, tmp_path, options(server.url, tmp_path))
    assert (outcome.kept, outcome.refused["label"]) == (1, 1)
    (refused,) = [row for row in lines(tmp_path / "refused.jsonl") if "description" in row]
    assert refused["labels"] == ["Donut"] and refused["reasons"] == ["label: described as Edge-Ring"]
    with FaultyServer(answer=expert) as server:
        outcome = synthesize(mixed, tmp_path / "b", options(server.url, tmp_path / "b", check_labels=False))
    assert "label" not in outcome.refused
    # The audit behind it still refuses answers that contradict the label.
    reasons = [" ".join(row["reasons"]) for row in lines(tmp_path / "b" / "refused.jsonl")]
    assert outcome.kept == 1
    assert any("reference: " in reason for reason in reasons)
    assert not any("label: " in reason for reason in reasons)


def test_two_servers_share_the_work(tmp_path: Path) -> None:
    with FaultyServer(answer=expert) as eyes, FaultyServer(answer=expert) as hands:
        both = options(
            eyes.url, tmp_path, writer=ChatSettings(hands.url, "hands", cache_dir=tmp_path / "cache")
        )
        synthesize(wafers(2), tmp_path, both)
    assert {stage_of(body) for body in eyes.bodies} == {"describe"}
    assert {stage_of(body) for body in hands.bodies} == {"rubric", "questions"}
    assert {body["model"] for body in hands.bodies} == {"hands"}


@pytest.mark.parametrize(
    "fault", ["429", "500", "reset", "garbage", "truncated", "cut", "empty", "prose", "length"]
)
def test_passing_faults_change_nothing(fault: str, tmp_path: Path) -> None:
    with FaultyServer(["ok", fault, "ok", fault, fault], answer=expert) as server:
        outcome = synthesize(wafers(3), tmp_path / "a", options(server.url, tmp_path / "a"))
    assert (outcome.kept, outcome.failed) == (3, {})
    with FaultyServer(answer=expert) as server:
        synthesize(wafers(3), tmp_path / "b", options(server.url, tmp_path / "b"))
    assert (tmp_path / "a" / "rows.jsonl").read_bytes() == (tmp_path / "b" / "rows.jsonl").read_bytes()


def test_a_stage_that_keeps_failing_costs_its_wafer_only_until_the_next_run(tmp_path: Path) -> None:
    def fails(number: int, body: dict[str, Any]) -> str:
        return "prose" if stage_of(body) == "rubric" and broken else "ok"

    broken = True
    with FaultyServer(fails, answer=expert) as server:
        outcome = synthesize(wafers(2), tmp_path, options(server.url, tmp_path))
    assert (outcome.kept, outcome.failed) == (0, {"rubric": 2})
    assert all("does not follow the schema" in row["reasons"][0] for row in lines(tmp_path / "refused.jsonl"))
    broken = False
    with FaultyServer(fails, answer=expert) as server:
        outcome = synthesize(wafers(2), tmp_path, options(server.url, tmp_path))
    assert (outcome.kept, outcome.failed, outcome.cached) == (2, {}, 2)
    assert {stage_of(body) for body in server.bodies} == {"rubric", "questions"}, "descriptions were kept"


def test_a_run_on_a_full_cache_asks_nothing_and_writes_the_same(tmp_path: Path) -> None:
    with FaultyServer(answer=expert) as server:
        synthesize(wafers(), tmp_path, options(server.url, tmp_path))
        first = (tmp_path / "rows.jsonl").read_bytes()
        asked = len(server.bodies)
        again = synthesize(wafers(), tmp_path, options(server.url, tmp_path))
    assert len(server.bodies) == asked
    assert again.cached == 3 * WAFERS and again.tokens == {"prompt": 0, "completion": 0}
    assert (tmp_path / "rows.jsonl").read_bytes() == first


def test_a_killed_run_continues(tmp_path: Path) -> None:
    with FaultyServer(answer=expert, delay=0.1) as server:
        arguments = ["synthesize", "synthetic", str(tmp_path / "out"), "--server", server.url, "--model", "e",
                     "--count", "8", "--questions", "5", "--concurrency", "1", "--no-check-labels",
                     "--image-size", "96", "--json"]  # fmt: skip
        command = [sys.executable, "-c", "from verl_wafersage.cli import main; main()", *arguments]
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        while len(server.bodies) < 6 and process.poll() is None:
            time.sleep(0.01)
        process.kill()
        process.wait()
        assert not (tmp_path / "out" / "rows.jsonl").exists(), "nothing half-written under the final name"
        before = len(server.bodies)
        outcome = json.loads(subprocess.check_output(command, text=True))
    assert outcome["wafers"] == 8 and outcome["kept"] > 0
    assert outcome["cached"] >= 4
    assert len(server.bodies) <= before + 3 * 8 - outcome["cached"] + 2


def test_a_server_that_is_gone_is_one_clear_line_and_status_2(tmp_path: Path) -> None:
    gone = options(closed_port(), tmp_path, attempts=1, give_up_after=3)
    with pytest.raises(ServerGoneError, match=r"no connection.*run again"):
        synthesize(wafers(), tmp_path, gone)
    assert not (tmp_path / "rows.jsonl").exists()


def test_failed_wafers_are_told_by_the_exit_status(tmp_path: Path) -> None:
    arguments = ["synthesize", "synthetic", str(tmp_path), "--model", "m", "--count", "2", "--questions", "5",
                 "--attempts", "1", "--image-size", "96", "--no-check-labels", "--json"]  # fmt: skip
    with FaultyServer(["500"], answer=expert) as server:
        failed = CliRunner().invoke(app, [*arguments, "--server", server.url])
        passed = CliRunner().invoke(app, [*arguments, "--server", server.url])
    assert failed.exit_code == 1 and sum(json.loads(failed.stdout)["failed"].values()) == 1
    assert passed.exit_code == 0 and json.loads(passed.stdout)["failed"] == {}


def test_prompts_of_ones_own(tmp_path: Path) -> None:
    own = tmp_path / "prompts"
    own.mkdir()
    with pytest.raises(InputError, match=r"none of describe\.md, rubric\.md, questions\.md here"):
        load_prompts(own)
    (own / "rubric.md").write_text("You are terse.\n---\nList terms for: $spatial")
    prompts = load_prompts(own)
    assert prompts["rubric"].system == "You are terse."
    assert prompts["describe"].digest == load_prompts()["describe"].digest
    assert prompts["rubric"].digest != load_prompts()["rubric"].digest
    with FaultyServer(answer=expert) as server:
        synthesize(wafers(1), tmp_path, options(server.url, tmp_path, prompts=own))
    assert server.bodies[1]["messages"][1]["content"] == "List terms for: A ring along the edge."
    (own / "rubric.md").write_text("no separator")
    with pytest.raises(InputError, match=r"rubric\.md: no line of ---"):
        load_prompts(own)
    (own / "rubric.md").write_text("a\n---\n$colour")
    with (
        pytest.raises(InputError, match="unknown placeholder 'colour'"),
        FaultyServer(answer=expert) as server,
    ):
        synthesize(wafers(1), tmp_path, options(server.url, tmp_path, prompts=own))


def test_no_wafers_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no wafers"):
        synthesize([], tmp_path, options("http://127.0.0.1:1/v1", tmp_path))


@pytest.mark.server
def test_a_real_server_speaks_the_stages(tmp_path: Path) -> None:
    # The model has no eyes and no judgement: the wire format is what is tested, with short prompts.
    prompts = tmp_path / "prompts"
    prompts.mkdir()
    (prompts / "describe.md").write_text(
        "You are brief.\n---\nA wafer has a ring at its edge. Describe it briefly."
    )
    (prompts / "rubric.md").write_text("You are brief.\n---\nList short terms for: $spatial")
    (prompts / "questions.md").write_text("You are brief.\n---\nWrite $count short question about: $spatial")
    with real_server(tmp_path / "server.log") as url, FaultyServer(upstream=url, drop_images=True) as server:
        chat = ChatSettings(server.url, REAL_MODEL, timeout=200, attempts=1, concurrency=1, max_tokens=200,
                            temperature=0.7, extra_body={"repeat_penalty": 1.2},
                            cache_dir=tmp_path / "cache")  # fmt: skip
        config = SynthesisOptions(chat, questions=1, image_size=96, check_labels=False, prompts=prompts)
        outcome = synthesize(wafers(1), tmp_path / "out", config)
    stages = [stage_of(body) for body in server.bodies]
    answered = len(list((tmp_path / "cache").glob("*/*.json")))
    assert stages == ["describe", "rubric", "questions"][: len(stages)]
    assert answered == len(stages) - sum(outcome.failed.values())
    assert answered >= 1, lines(tmp_path / "out" / "refused.jsonl")
    assert outcome.tokens["prompt"] > 0
    refused = lines(tmp_path / "out" / "refused.jsonl")
    assert outcome.kept + len(refused) == 1
    assert all("does not follow the schema" in row["reasons"][0] for row in refused if outcome.failed)
