"""Command lines that would train something else are stopped before they do."""

from __future__ import annotations

import pytest

from verl_wafersage.guard import check_command_line, find_problem, recipe_names

PPO = ("python", "-m", "verl.trainer.main_ppo")
SFT = ("torchrun", "--nproc_per_node=1", "-m", "verl.trainer.sft_trainer")


@pytest.mark.parametrize(
    ("argv", "environ", "said"),
    [
        ((*PPO, "+recipes=wafersage"), {}, "write `+recipe=wafersage`"),
        ((*PPO, "++recipe=wafersage"), {}, "write `+recipe=wafersage`"),
        ((*PPO, "recipe=wafersage_grpo"), {}, "write `+recipe=wafersage_grpo`"),
        ((*PPO, "+recipe=wafersage_gpro"), {}, "did you mean 'wafersage_grpo'?"),
        ((*PPO, "+recipe=[wafersage_lora,parts/cpu]"), {}, "VERL_PLATFORM=cpu"),
        ((*PPO, "+recipe=wafersage_sft"), {}, "python -m verl.trainer.sft_trainer"),
        (("python", "/x/verl/trainer/main_ppo.py", "+recipe=wafersage_sft"), {}, "verl.trainer.sft_trainer"),
        ((*SFT, "+recipe=wafersage"), {}, "python -m verl.trainer.main_ppo"),
        ((*PPO, "+recipe=wafersage_cpu"), {}, "VERL_PLATFORM=cpu python -m"),
        ((*PPO, "+recipe=wafersage_cpu"), {"VERL_PLATFORM": "cuda"}, "VERL_PLATFORM=cpu"),
        ((*PPO, "+recipe=[other,wafersage_sft]"), {}, "verl.trainer.sft_trainer"),
    ],
)
def test_refused(argv: tuple[str, ...], environ: dict[str, str], said: str) -> None:
    with pytest.raises(SystemExit, match=r"^verl-wafersage: ") as stopped:
        check_command_line(argv, environ)
    assert said in str(stopped.value)


@pytest.mark.parametrize(
    ("argv", "environ"),
    [
        (PPO, {}),
        ((*PPO, "+recipe=wafersage", "trainer.total_epochs=2"), {}),
        ((*PPO, "+recipe=wafersage_cpu"), {"VERL_PLATFORM": " CPU "}),
        ((*SFT, "+recipe=wafersage_sft"), {}),
        ((*PPO, "+recipe=somebody_elses"), {}),
        ((*PPO, "+recipe=wafersage_mine_for_fab12"), {}),
        (("python", "train.py", "+recipe=wafersage"), {}),
        ((*PPO, "data.recipe=wafersage_x"), {}),
    ],
)
def test_let_through(argv: tuple[str, ...], environ: dict[str, str]) -> None:
    assert find_problem(argv, environ) is None


def test_all_recipes_are_found() -> None:
    assert {"wafersage", "wafersage_grpo", "wafersage_cpu"} <= set(recipe_names())
