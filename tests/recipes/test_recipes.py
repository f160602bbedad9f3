"""Every RL recipe composes, passes verl's validation, and has no key that verl would silently ignore."""

from __future__ import annotations

import shlex
import subprocess
import sys
from itertools import takewhile
from pathlib import Path

import pytest

pytest.importorskip("verl")

from composing import RL_RECIPES, composed, dataclasses, local_model, stock, unknown_keys, validate
from omegaconf import OmegaConf


@pytest.mark.parametrize("recipe", RL_RECIPES)
def test_recipe_is_valid(recipe: str, tiny_model: Path) -> None:
    config = composed(recipe, *local_model(tiny_model))
    validate(config)
    assert dict(dataclasses(config)).keys() >= {"actor_rollout_ref.actor", "algorithm"}
    assert unknown_keys(config, stock(), ("data", "trainer", "reward")) == []


@pytest.mark.parametrize("recipe", RL_RECIPES)
def test_recipe_explains_itself(recipe: str) -> None:
    head = (Path(__file__).parents[2] / "recipes" / f"{recipe}.yaml").read_text()
    lines = list(takewhile(lambda line: line.startswith("#"), head.splitlines()))
    assert lines[0] == "# @package _global_"
    text = "\n".join(lines)
    for word in ("Hardware:", "Launch:", f"+recipe={recipe}", "Override first:"):
        assert word in text, f"{recipe}: the head lacks {word!r}"


@pytest.mark.parametrize("typo", ["+data.max_promt_length=3", "+trainer.total_epoch=3", "+reward.worker=2"])
def test_the_check_finds_typos(typo: str, tiny_model: Path) -> None:
    config = composed("wafersage", *local_model(tiny_model), typo)
    assert unknown_keys(config, stock(), ("data", "trainer", "reward")) == [typo[1:].split("=")[0]]


def test_main_ppo_prints_the_recipe_from_anywhere(tmp_path: Path) -> None:
    """Folders named like ours in the working directory must not shadow what is installed."""
    for name in ("recipes", "reward_fns", "recipe"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "__init__.py").write_text("raise RuntimeError('shadowed')")
        (tmp_path / name / "wafersage.yaml").write_text("algorithm: {adv_estimator: shadowed}")
    command = [sys.executable, "-m", "verl.trainer.main_ppo", "+recipe=wafersage", "--cfg", "job"]
    result = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, check=False)
    assert result.returncode == 0, result.stderr
    for line in (
        "adv_estimator: grpo",
        "loss_mode: gspo",
        "path: pkg://verl_wafersage.reward_fns.rubric",
        "name: CurriculumDataset",
        "name: CurriculumReplayBuffer",
    ):
        assert line in result.stdout


def test_the_recipe_of_your_own_in_the_docs_composes_beside_ours(tmp_path: Path) -> None:
    text = (Path(__file__).parents[2] / "docs" / "recipes.md").read_text()
    section = text.split("## Write a recipe of your own")[1].split("\n## ")[0]
    _, recipe, _, command, _ = section.split("```")
    (tmp_path / "my" / "recipe").mkdir(parents=True)
    (tmp_path / "my" / "recipe" / "mine.yaml").write_text(recipe.removeprefix("yaml\n"))
    python, *arguments = shlex.split(command)
    assert python == "python"
    result = subprocess.run(
        [sys.executable, *arguments], capture_output=True, text=True, cwd=tmp_path, check=False
    )
    assert result.returncode == 0, result.stderr
    config = OmegaConf.create(result.stdout)
    assert config.trainer.experiment_name == "mine"
    assert config.actor_rollout_ref.model.lora_rank == 32
    assert config.data.curriculum.strategy == "adaptive"
    function = config.reward.custom_reward_function
    assert function.path == "pkg://verl_wafersage.reward_fns.judge"
    assert function.reward_kwargs.overlong_chars == 1200 and function.reward_kwargs.judge_model == "NAME"


def test_a_misspelt_group_stops_the_run() -> None:
    command = [sys.executable, "-m", "verl.trainer.main_ppo", "+recipes=wafersage", "--cfg", "job"]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    assert result.returncode == 1
    assert "write `+recipe=wafersage`" in result.stderr
