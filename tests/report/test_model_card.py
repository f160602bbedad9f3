"""The model card says what is known, and says so where nothing is."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from made_run import MadeRun
from typer.testing import CliRunner

from verl_wafersage.cli import app
from verl_wafersage.errors import InputError
from verl_wafersage.evaluation.ask import NOTE
from verl_wafersage.evaluation.model_card import Provenance, build_model_card, reward_version


@pytest.fixture(scope="module")
def run(made: Callable[..., MadeRun]) -> MadeRun:
    return made(hacked=True, steps=12)


def test_everything_known_is_stated(run: MadeRun, tmp_path: Path) -> None:
    (tmp_path / "answers.jsonl").write_text('{"step": 0, "question": "q", "text": "t", "overall": 5}\n')
    (tmp_path / "summary.md").write_text("# Grades\n\n| model | overall |\n|---|---|\n| ours | 6.10 |\n")
    provenance = Provenance("my-model", "Qwen/Qwen3-VL-4B-Instruct", "wafersage_lora", "apache-2.0")
    card = build_model_card(run.folder, provenance, data_dir=run.data, judgements=[tmp_path])
    _, head, body = card.split("---\n", 2)
    assert yaml.safe_load(head)["base_model"] == "Qwen/Qwen3-VL-4B-Instruct"
    for words in (
        "# my-model",
        NOTE,
        "wafersage_lora",
        "questions about 60 wafers",
        "by dimension: ",
        reward_version(),
        "| ours | 6.10 |",
        "### Grades",
        "| spatial |",
        "The model is learning the rule, not the wafer.",
        "2604.27629",
        "Not for disposition",
    ):
        assert words in body, words


def test_what_is_unknown_is_not_invented(run: MadeRun) -> None:
    card = build_model_card(run.folder, Provenance("m"))
    assert "Base model: not stated" in card
    assert "base_model" not in card
    assert "Not stated: name the data folder" in card


def test_the_reward_version_is_stable_and_short() -> None:
    assert reward_version() == reward_version()
    assert len(reward_version()) == 12


def test_the_command_writes_both(run: MadeRun, tmp_path: Path) -> None:
    card = tmp_path / "README.md"
    arguments = ["report", str(run.folder), "-o", str(tmp_path / "r.html"), "--model-card", str(card)]
    result = CliRunner().invoke(app, [*arguments, "--title", "m", "--base", "b"])
    assert result.exit_code == 0, result.output
    assert "# m" in card.read_text() and (tmp_path / "r.html").exists()


def test_data_without_a_manifest_is_named(run: MadeRun, tmp_path: Path) -> None:
    for file in run.data.glob("*.parquet"):
        (tmp_path / file.name).symlink_to(file)
    with pytest.raises(InputError, match=r"manifest\.json"):
        build_model_card(run.folder, Provenance("m"), data_dir=tmp_path)
