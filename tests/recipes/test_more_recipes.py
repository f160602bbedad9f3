"""What each recipe beyond the base ones changes, that fine-tuning composes too, and that none calls home."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("verl")

from composing import RL_RECIPES, SFT_ENTRY, composed, local_model, stock, unknown_keys
from omegaconf import OmegaConf

from verl_wafersage.guard import recipe_names

ACTOR, ROLLOUT, MODEL = (f"actor_rollout_ref.{name}" for name in ("actor", "rollout", "model"))
# What makes a recipe what its name says; everything else is checked by verl's own validation.
MEANING: dict[str, dict[str, Any]] = {
    "wafersage_lora": {
        f"{MODEL}.lora_rank": 32,
        f"{MODEL}.exclude_modules": ".*visual.*",
        f"{MODEL}.lora.merge": True,
        f"{ACTOR}.policy_loss.loss_mode": "gspo",
        f"{ACTOR}.optim.lr": 1e-5,
        "trainer.n_gpus_per_node": 1,
    },
    "wafersage_dr_grpo": {
        "algorithm.adv_estimator": "grpo",
        "algorithm.norm_adv_by_std_in_grpo": False,
        f"{ACTOR}.policy_loss.loss_mode": "vanilla",
        f"{ACTOR}.loss_agg_mode": "seq-mean-token-sum-norm",
        f"{ACTOR}.loss_scale_factor": 1024,
        f"{ACTOR}.use_kl_loss": False,
    },
    "wafersage_dapo": {
        "algorithm.filter_groups.enable": True,
        "algorithm.filter_groups.metric": "acc",
        "trainer.v1.sampler.sampler_kwargs.filter_groups.enable": True,
        "trainer.v1.sampler.sampler_kwargs.filter_groups.max_num_gen_batches": 10,
        f"{ACTOR}.clip_ratio_high": 0.28,
        f"{ACTOR}.loss_agg_mode": "token-mean",
        f"{ROLLOUT}.n": 16,
    },
    "wafersage_8b": {
        "wafersage.model": "Qwen/Qwen3-VL-8B-Instruct",
        f"{ROLLOUT}.tensor_model_parallel_size": 2,
    },
    "wafersage_multinode": {"trainer.nnodes": 2, "ray_kwargs.ray_init.address": "auto"},
    "wafersage_async": {
        "trainer.v1.trainer_mode": "colocate_async",
        "algorithm.rollout_correction.rollout_is": "sequence",
    },
    "wafersage_paper": {
        f"{MODEL}.lora_rank": 16,
        f"{MODEL}.lora_alpha": 16,
        f"{MODEL}.exclude_modules": None,
        f"{ACTOR}.optim.lr": 5e-5,
        f"{ROLLOUT}.n": 32,
        "reward.custom_reward_function.path": "pkg://verl_wafersage.reward_fns.rubric",
        "reward.custom_reward_function.reward_kwargs": {
            "preset": "paper",
            "paper_weights": "formula",
            "paper_threshold": 0.713,
        },
        "data.curriculum.strategy": "interleaved",
    },
}


@pytest.mark.parametrize("recipe", MEANING)
def test_a_recipe_means_what_its_name_says(recipe: str) -> None:
    config = composed(recipe, "wafersage.data_dir=/data")
    assert {key: OmegaConf.select(config, key) for key in MEANING[recipe]} == MEANING[recipe]
    assert config.trainer.experiment_name == recipe
    assert config.wafersage.run_dir == f"runs/{recipe}"


def test_every_recipe_is_known_here() -> None:
    elsewhere = {"wafersage", "wafersage_grpo", "wafersage_cpu", "wafersage_sft"}
    assert set(recipe_names()) == MEANING.keys() | elsewhere


def test_the_paper_recipe_warns() -> None:
    text = (Path(__file__).parents[2] / "recipes" / "wafersage_paper.yaml").read_text()
    assert "Warning:" in text and "1e-5" in text


def test_supervised_fine_tuning_is_valid(tiny_model: Path) -> None:
    from verl.utils.config import omega_conf_to_dataclass

    config = composed("wafersage_sft", *local_model(tiny_model), entry=SFT_ENTRY)
    for node in ("model", "engine", "optim", "checkpoint", "profiler"):
        omega_conf_to_dataclass(config[node])
    assert unknown_keys(config, stock(SFT_ENTRY), ("data", "trainer")) == []
    assert "hf_model" in config.checkpoint.save_contents
    assert config.data.train_files == "/data/sft/train-*.parquet"
    assert config.trainer.default_local_dir == "runs/wafersage_sft/checkpoints"


@pytest.mark.parametrize("recipe", recipe_names())
def test_nothing_leaves_the_machine_unasked(recipe: str, tiny_model: Path) -> None:
    entry = SFT_ENTRY if recipe.endswith("_sft") else "ppo_trainer"
    config = composed(recipe, *local_model(tiny_model), entry=entry)
    assert set(config.trainer.logger) <= {"console", "tensorboard", "file"}
    text = OmegaConf.to_yaml(OmegaConf.create(OmegaConf.to_container(config, resolve=True)))
    assert "http://" not in text and "https://" not in text


@pytest.mark.parametrize("recipe", RL_RECIPES)
def test_the_judge_can_watch_any_recipe(recipe: str, tiny_model: Path) -> None:
    import inspect

    from verl_wafersage.reward_fns import rubric
    from verl_wafersage.reward_fns.judge import compute_score

    config = composed(
        f"[{recipe},parts/judge]",
        *local_model(tiny_model),
        "wafersage.judge.url=http://127.0.0.1:8001/v1",
        "wafersage.judge.model=some-judge",
    )
    assert config.wafersage.recipe == recipe
    function = config.reward.custom_reward_function
    assert function.path == "pkg://verl_wafersage.reward_fns.judge"
    options = OmegaConf.to_container(function.reward_kwargs, resolve=True)
    assert isinstance(options, dict)
    asked = {name: value for name, value in options.items() if str(name).startswith("judge_")}
    assert asked.keys() <= inspect.signature(compute_score).parameters.keys()
    assert asked["judge_weight"] == 0 and asked["judge_splits"] == ["val", "test"]
    # A row of training is not judged, so nothing is asked; its reward is the recipe's own rule.
    rule = {name: value for name, value in options.items() if name not in asked}
    truth = json.dumps({"version": 1, "dimension": "spatial", "must_hit": ["center"], "must_avoid": []})
    answer = ("train", "The center fails.", truth, {"split": "train"})
    scores = asyncio.run(compute_score(*answer, **options))
    assert scores["score"] == rubric.compute_score(*answer, **rule)["score"]
    assert unknown_keys(config, stock(), ("data", "trainer", "reward")) == []
