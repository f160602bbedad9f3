"""What the study compares: each arm is a list of Hydra overrides on the recipe `wafersage_cpu`."""

from __future__ import annotations

from dataclasses import dataclass

PUBLISHED = ("reward.custom_reward_function.reward_kwargs.preset=paper",)
GRPO = (
    "actor_rollout_ref.actor.policy_loss.loss_mode=vanilla",
    "actor_rollout_ref.actor.loss_agg_mode=token-mean",
    "actor_rollout_ref.actor.clip_ratio_low=0.2",
    "actor_rollout_ref.actor.clip_ratio_high=0.2",
    "actor_rollout_ref.actor.clip_ratio_c=3.0",
)


@dataclass(frozen=True)
class Arm:
    """One way to train.

    Attributes:
        name: Its folder and its row in the table.
        about: What the table says of it.
        overrides: Hydra overrides besides those every arm shares.
        seeds: One run each.
        factor: Steps as a multiple of the study's.
        continues: Arm whose runs it trains on, if any; they stand first.
        group: Part of the study it belongs to: `core`, `ablation` or `hacking`.
    """

    name: str
    about: str
    overrides: tuple[str, ...] = ()
    seeds: tuple[int, ...] = (0,)
    factor: int = 1
    continues: str = ""
    group: str = "ablation"

    @property
    def run(self) -> str:
        """Name of its runs and of their answers."""
        return self.continues or self.name


def _strategy(name: str) -> tuple[str, ...]:
    return (f"data.curriculum.strategy={name}",)


ARMS = (
    Arm("ours", "GSPO, our reward", _strategy("shuffled"), (0, 1, 2), group="core"),
    Arm("published", "GSPO, published rule", _strategy("shuffled") + PUBLISHED, (0, 1, 2), group="core"),
    Arm("grpo", "GRPO, our reward", _strategy("shuffled") + GRPO),
    Arm("staged", "GSPO, our reward, staged order", _strategy("staged")),
    Arm("adaptive", "GSPO, our reward, adaptive order", _strategy("adaptive")),
    Arm(
        "ours-long",
        "GSPO, our reward, three times as long",
        _strategy("shuffled"),
        factor=3,
        continues="ours",
        group="hacking",
    ),
    Arm(
        "published-long",
        "GSPO, published rule, three times as long",
        _strategy("shuffled") + PUBLISHED,
        factor=3,
        continues="published",
        group="hacking",
    ),
)
GROUPS = ("core", "ablation", "hacking")
