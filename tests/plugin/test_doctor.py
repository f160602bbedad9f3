"""The doctor finds what is broken and says how to mend it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from verl_wafersage import doctor
from verl_wafersage.cli import app

pytest.importorskip("verl")


def statuses(*arguments: str) -> tuple[int, dict[str, dict[str, str]]]:
    result = CliRunner().invoke(app, ["doctor", "--json", *arguments])
    return result.exit_code, {finding["check"]: finding for finding in json.loads(result.stdout)}


def test_a_healthy_installation(tiny_model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VERL_PLATFORM", "cpu")
    code, found = statuses("--recipe", "wafersage_cpu", "--model", str(tiny_model))
    assert code == 0, found
    assert {finding["status"] for finding in found.values()} <= {"ok", "warn"}
    assert "takes effect" in found["composition"]["detail"]
    assert found["processor"]["detail"] == "Qwen3VLProcessor"


@pytest.fixture
def without_composition(monkeypatch: pytest.MonkeyPatch) -> None:
    """Spare the tests below the fresh interpreter that composes the recipe."""
    monkeypatch.setattr(doctor, "_composition", lambda recipe: doctor.Finding("composition", "ok", ""))


@pytest.mark.usefixtures("without_composition")
@pytest.mark.parametrize(
    ("files", "check", "said"),
    [
        (None, "model", "is not a folder"),
        ({"adapter_config.json": "{}"}, "model", "only a LoRA adapter"),
        ({}, "model", "no config.json"),
        ({"config.json": '{"model_type": "qwen3_vl"}'}, "weights", "no weights"),
    ],
)
def test_unusable_models(files: dict[str, str] | None, check: str, said: str, tmp_path: Path) -> None:
    model = tmp_path / "model"
    if files is not None:
        model.mkdir()
        for name, text in files.items():
            (model / name).write_text(text)
    code, found = statuses("--model", str(model))
    assert code == 1
    assert found[check]["status"] == "fail"
    assert said in found[check]["detail"]
    assert found[check]["remedy"]


@pytest.mark.usefixtures("without_composition")
def test_a_model_without_processor_would_be_trained_on_text(tiny_model: Path, tmp_path: Path) -> None:
    bare = tmp_path / "bare"
    bare.mkdir()
    for name in ("config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json"):
        (bare / name).write_bytes((tiny_model / name).read_bytes())
    code, found = statuses("--model", str(bare))
    assert (code, found["processor"]["status"]) == (1, "fail")


@pytest.mark.usefixtures("without_composition")
def test_disabled_plugins_and_unknown_recipes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VERL_USE_EXTERNAL_PLUGINS", "none")
    code, found = statuses("--recipe", "wafersage_typo")
    assert code == 1
    assert found["VERL_USE_EXTERNAL_PLUGINS"]["status"] == "fail"
    assert "wafersage_cpu" in found["recipes"]["remedy"]
