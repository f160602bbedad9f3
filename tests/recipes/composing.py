"""Composes recipes with verl's real configuration tree and checks them against verl's own dataclasses."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from hydra import compose, initialize_config_module
from omegaconf import DictConfig, ListConfig, OmegaConf

from verl_wafersage.guard import recipe_names

RL_ENTRY, SFT_ENTRY = "ppo_trainer", "sft_trainer_engine"
RL_RECIPES = [name for name in recipe_names() if not name.endswith("_sft")]

# Keys of ours in nodes that verl leaves free-form; a name missing here and in verl's tree is a typo.
ALLOWED_NEW_KEYS = {
    "data.curriculum",
    "reward.custom_reward_function.reward_kwargs",
    "trainer.v1.sampler.sampler_kwargs",
}


def stock(entry: str = RL_ENTRY) -> DictConfig:
    """verl's tree without any recipe."""
    importlib.import_module("verl")
    with initialize_config_module("verl.trainer.config", version_base=None):
        return compose(entry)


def composed(recipe: str, *overrides: str, entry: str = RL_ENTRY) -> DictConfig:
    """verl's tree with a recipe."""
    importlib.import_module("verl")
    with initialize_config_module("verl.trainer.config", version_base=None):
        return compose(entry, overrides=[f"+recipe={recipe}", *overrides])


def local_model(model: Path) -> tuple[str, ...]:
    """Overrides that put a local model and a data folder in the recipe's place for them."""
    return (f"wafersage.model={model}", "wafersage.data_dir=/data")


def dataclasses(config: DictConfig) -> Iterator[tuple[str, Any]]:
    """Instantiate verl's dataclass of each node that a trainer instantiates (unknown keys raise)."""
    from verl.utils.config import omega_conf_to_dataclass

    for path in (
        "actor_rollout_ref.actor",
        "actor_rollout_ref.rollout",
        "actor_rollout_ref.model",
        "algorithm",
        "reward.sandbox_fusion",
    ):
        yield path, omega_conf_to_dataclass(OmegaConf.select(config, path))


def validate(config: DictConfig) -> None:
    """Run verl's own validation, as `main_ppo` does."""
    from verl.trainer.ppo.utils import need_critic, need_reference_policy
    from verl.utils.config import validate_config

    validate_config(config, need_reference_policy(config), need_critic(config))


def unknown_keys(config: DictConfig, base: DictConfig, nodes: tuple[str, ...]) -> list[str]:
    """Paths under `nodes` that verl's tree does not have and that we do not allow."""
    return [
        path
        for node in nodes
        for path in _paths(OmegaConf.select(config, node), OmegaConf.select(base, node), node)
    ]


def _paths(found: Any, known: Any, path: str) -> Iterator[str]:
    if not isinstance(found, DictConfig):
        return
    for key in found:
        below = f"{path}.{key}"
        if below in ALLOWED_NEW_KEYS:
            continue
        # Not `key in known`: that is false for a mandatory value such as `???`.
        if not isinstance(known, DictConfig) or key not in known.keys():  # noqa: SIM118
            # verl reads some nodes it ships empty, such as override_config.
            if not (isinstance(known, DictConfig) and len(known) == 0):
                yield below
            continue
        value = found._get_node(key)
        if isinstance(value, ListConfig):
            continue
        yield from _paths(value, known._get_node(key), below)
