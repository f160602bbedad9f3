"""Asking about one wafer: the question as trained, the answer in its parts, the caveat always."""

from __future__ import annotations

import base64
import io
import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

sys.path.insert(0, str(Path(__file__).parents[1]))
from servers import FaultyServer

from verl_wafersage.cli import app
from verl_wafersage.data_prep.render import render
from verl_wafersage.errors import InputError
from verl_wafersage.evaluation.ask import NOTE, QUESTION, picture_of, read_answer
from verl_wafersage.llm import ChatError

ANSWER = (
    "Spatial: a closed ring at the wafer edge. Morphology: dense and continuous. "
    "Root cause: etch non-uniformity at the edge, or bevel handling; check the focus ring."
)


@pytest.fixture
def wafer(tmp_path: Path) -> Path:
    rows, columns = np.mgrid[-1:1:40j, -1:1:40j]
    radius = np.hypot(rows, columns)
    grid = np.where(radius > 1, 0, np.where(radius > 0.85, 2, 1)).astype(np.uint8)
    file = tmp_path / "wafer.npy"
    np.save(file, grid)
    return file


def run(*arguments: str) -> Any:
    return CliRunner().invoke(app, ["ask", *arguments])


def test_a_server_is_asked_the_trained_question(wafer: Path) -> None:
    with FaultyServer(answer=lambda body: ANSWER) as server:
        result = run(str(wafer), "--server", server.url)
    assert result.exit_code == 0, result.output
    body = server.bodies[0]
    assert body["model"] == "any", "the name the server itself gives"
    picture, question = body["messages"][1]["content"]
    assert question["text"] == QUESTION
    content = base64.b64decode(picture["image_url"]["url"].partition("base64,")[2])
    assert Image.open(io.BytesIO(content)).size == (256, 256)
    text = " ".join(result.stdout.split())
    assert (
        text.index("Evidence") < text.index("a closed ring") < text.index("Hypotheses") < text.index("etch")
    )
    assert "Candidates, not a diagnosis" in text


@pytest.mark.parametrize("answer", [ANSWER, "It is an edge ring.", "<SOLUTION>Loc</SOLUTION>"])
def test_the_caveat_is_always_shown(wafer: Path, answer: str) -> None:
    with FaultyServer(answer=lambda body: answer) as server:
        shown = run(str(wafer), "--server", server.url)
        told = run(str(wafer), "--server", server.url, "--json")
    assert "Candidates, not a diagnosis" in shown.stdout
    assert json.loads(told.stdout)["note"] == NOTE


@pytest.mark.parametrize(
    ("raw", "evidence", "hypotheses"),
    [
        (
            ANSWER,
            {"spatial": "a closed ring at the wafer edge.", "morphology": "dense and continuous."},
            "etch non-uniformity at the edge, or bevel handling; check the focus ring.",
        ),
        (
            "<REASONING>Spatial: nowhere</REASONING><SOLUTION>**Spatial distribution:** the center.\n"
            "**Morphology:** a blob.\n**Root causes:** CMP pressure.</SOLUTION>",
            {"spatial": "the center.", "morphology": "a blob."},
            "CMP pressure.",
        ),
        (
            "1. Spatial: near hour 4.\n2. Morphology: zone 3.\n3. Root cause: step 12.",
            {"spatial": "near hour 4.", "morphology": "zone 3."},
            "step 12.",
        ),
        ("An edge ring, perhaps from etching.", {}, ""),
        ("Spatial: the center. Morphology: a blob.", {}, ""),
        ("", {}, ""),
    ],
)
def test_parts(raw: str, evidence: dict[str, str], hypotheses: str) -> None:
    reading = read_answer(raw)
    assert dict(reading.evidence) == evidence
    assert reading.hypotheses == hypotheses
    assert reading.raw == raw


def test_a_failing_server_is_an_error(wafer: Path) -> None:
    with FaultyServer(faults=["401"]) as server:
        result = run(str(wafer), "--server", server.url, "--model", "any")
    assert isinstance(result.exception, ChatError)
    gone = run(str(wafer), "--server", "http://127.0.0.1:9/v1")
    assert isinstance(gone.exception, InputError)


def test_a_drawn_map_is_brought_to_the_training_size(wafer: Path, tmp_path: Path) -> None:
    grid = np.load(wafer)
    drawn = tmp_path / "drawn.png"
    drawn.write_bytes(render(grid, 320))
    assert picture_of(drawn) == picture_of(wafer)
    photo = tmp_path / "photo.png"
    Image.effect_noise((50, 40), 90).convert("RGB").save(photo)
    assert picture_of(photo) == photo.read_bytes()


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("absent.png", None, "no such file"),
        ("bad.png", b"not a picture", "picture"),
        ("bad.npy", b"\x93NUMPY?", "cannot be read"),
        ("flat.npy", np.zeros(4), "rows and columns"),
        ("nine.npy", np.full((4, 4), 9), "outside 0"),
        ("object.npy", np.array([[{}]]), "cannot be read"),
    ],
)
def test_bad_maps_are_named(tmp_path: Path, name: str, content: Any, said: str) -> None:
    file = tmp_path / name
    if isinstance(content, bytes):
        file.write_bytes(content)
    elif content is not None:
        np.save(file, content)
    with pytest.raises(InputError, match=said):
        picture_of(file)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "--server or --model"),
        (["--model", "/no/such/folder"], "no config.json"),
        (["--model", "m", "--server", "http://x/v1", "--set", "a"], "NAME=VALUE"),
        (["--model", "m", "--source", "nothing"], "unknown source"),
    ],
)
def test_bad_options_are_named(wafer: Path, arguments: list[str], said: str) -> None:
    result = run(str(wafer), *arguments)
    assert isinstance(result.exception, InputError)
    assert said in str(result.exception)


def test_a_local_folder_answers(wafer: Path, tiny_model: Path) -> None:
    result = run(str(wafer), "--model", str(tiny_model), "--size", "64", "--max-tokens", "8", "--json")
    assert result.exit_code == 0, result.exception
    told = json.loads(result.stdout)
    assert told["note"] == NOTE
    assert isinstance(told["raw"], str)
