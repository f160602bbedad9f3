"""Does a curriculum help? Simulated learners whose rules are known, several seeds, each strategy.

    python benchmarks/curriculum_learning.py [--seeds 12]

A learner has one ability per tenth of the difficulty scale and answers a prompt of difficulty d in band b
rightly with probability 1 / (1 + exp(-8 (ability[b] - d))). A group of 8 answers teaches only when it
disagrees, in proportion to its spread, as in GRPO; what is learnt in one band carries over to others by
exp(-distance / reach). Four learners span what one may believe about a real model:

    ladder      far reach: easy prompts prepare for hard ones
    separate    no reach: nothing prepares for anything
    forgetful   far reach, and what is not practised fades
    rote        far reach, and a prompt seen again teaches half as much each time

Beside our strategies, `nearest` is AdaRFT's rule: the prompts nearest to a moving target difficulty.

The simulation favours whatever its rules favour. It shows what the strategies do, not what a real model
would gain.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from verl_wafersage.curriculum.catalog import Columns, build_catalog
from verl_wafersage.curriculum.clock import Clock
from verl_wafersage.curriculum.options import STRATEGIES, CurriculumOptions
from verl_wafersage.curriculum.sampler import CurriculumSampler

PROMPTS, BATCH, STEPS, GROUP, BANDS = 3200, 32, 200, 8, 10
TARGETS = (0.5, 0.7)
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Learner:
    """Rules of learning.

    Attributes:
        rate: Ability gained per unit of spread.
        reach: Bands over which it carries.
        forgets: Share of what was gained that fades per step.
        again: What a prompt teaches when seen again, as a share of the time before.
    """

    rate: float
    reach: float
    forgets: float = 0.0
    again: float = 1.0


LEARNERS = {
    "ladder": Learner(0.0012, 3.0),
    "separate": Learner(0.006, 0.0),
    "forgetful": Learner(0.0018, 3.0, forgets=0.003),
    "rote": Learner(0.0018, 3.0, again=0.5),
}


class Nearest:
    """The rule of AdaRFT (arXiv 2504.05520), after its description: prompts nearest to a moving target."""

    def __init__(self, difficulty: Floats) -> None:
        self._difficulty, self._target = difficulty, 0.0
        self._means: list[float] = []
        self._queue: list[int] = []

    def next_index(self) -> int:
        """The next prompt of the batch."""
        if not self._queue:
            self._queue = np.argsort(np.abs(self._difficulty - self._target), kind="stable")[:BATCH].tolist()
        return self._queue.pop(0)

    def update(self, rewards: dict[int, list[float]]) -> None:
        """Keep the mean reward of the batch."""
        self._means = [float(np.mean(group)) for group in rewards.values()]

    def report(self, step: int) -> None:
        """Move the target: step 0.5 (50 of 100 in the paper), slope 2, aim 0.5."""
        self._target = float(np.clip(self._target + 0.5 * np.tanh(2 * (np.mean(self._means) - 0.5)), 0, 1))


def train(strategy: str, learner: Learner, seed: int) -> tuple[list[int | None], float, float]:
    """Step at which mean success first reaches each target, success at the end, share of flat groups."""
    rng = np.random.default_rng([seed, 1])
    difficulty = np.random.default_rng([seed, 2]).random(PROMPTS)
    streams = np.where(np.random.default_rng([seed, 3]).random(PROMPTS) < 0.3, "review", "learning")
    sampler: CurriculumSampler | Nearest = Nearest(difficulty)
    if strategy != "nearest":
        options = CurriculumOptions.parse({"strategy": strategy, "seed": seed})
        columns = Columns(difficulty.tolist(), streams=streams.tolist())
        sampler = CurriculumSampler(build_catalog(columns, options), options, Clock(STEPS, BATCH, True))
    band = np.minimum((difficulty * BANDS).astype(int), BANDS - 1)
    distance = np.abs(np.subtract.outer(np.arange(BANDS), np.arange(BANDS)))
    carry = np.exp(-distance / learner.reach) if learner.reach else np.eye(BANDS)
    start = np.full(BANDS, 0.25)
    ability, flat, times = start.copy(), 0, np.zeros(PROMPTS)
    reached: list[int | None] = [None] * len(TARGETS)

    def success(positions: npt.NDArray[np.int64] | slice) -> Floats:
        chance: Floats = 1 / (1 + np.exp(-8 * (ability[band[positions]] - difficulty[positions])))
        return chance

    for step in range(1, STEPS + 1):
        positions = np.array([sampler.next_index() for _ in range(BATCH)])
        rewards = (rng.random((BATCH, GROUP)) < success(positions)[:, None]).astype(float)
        spread = rewards.std(axis=1)
        flat += int((spread == 0).sum())
        practice = np.bincount(band[positions], spread * learner.again ** times[positions], BANDS)
        np.add.at(times, positions, 1)
        ability = ability + learner.rate * carry @ practice
        ability = start + (ability - start) * (1 - learner.forgets)
        sampler.update({int(p): group.tolist() for p, group in zip(positions, rewards, strict=True)})
        sampler.report(step)
        mean = success(slice(None)).mean()
        reached = [
            step if first is None and mean >= target else first
            for first, target in zip(reached, TARGETS, strict=True)
        ]
    return reached, float(success(slice(None)).mean()), flat / (STEPS * BATCH)


def interval(values: Floats, rng: np.random.Generator) -> str:
    """Mean and 95 % percentile bootstrap interval over seeds."""
    means = rng.choice(values, (2000, len(values))).mean(axis=1)
    low, high = np.percentile(means, [2.5, 97.5])
    return f"{values.mean():.2f} [{low:.2f}, {high:.2f}]"


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seeds", type=int, default=12)
    seeds = range(parser.parse_args().seeds)
    rng = np.random.default_rng(0)
    print(f"{STEPS} steps of {BATCH} prompts out of {PROMPTS}, groups of {GROUP}, {len(seeds)} seeds")
    print(f"steps to a target: ratio to shuffled with the same seed; never reached counts as {STEPS}")
    targets = [f"to {target:.0%}: ratio (reached)" for target in TARGETS]
    show("learner", "strategy", *targets, "success at the end", "groups flat")
    for name, learner in LEARNERS.items():
        baseline: Floats | None = None
        for strategy in (*STRATEGIES, "nearest"):
            runs = [train(strategy, learner, seed) for seed in seeds]
            steps = np.array([[step or STEPS for step in run[0]] for run in runs], float)
            baseline = steps if baseline is None else baseline
            cells = []
            for k in range(len(TARGETS)):
                reached = sum(run[0][k] is not None for run in runs)
                cells.append(f"{interval(steps[:, k] / baseline[:, k], rng)} ({reached})")
            end, flat = (interval(np.array([run[k] for run in runs]), rng) for k in (1, 2))
            show(name, strategy, *cells, end, flat)


def show(*cells: str) -> None:
    widths = (11, 13, 26, 26, 20, 20)
    print("".join(f"{cell:>{width}}" for cell, width in zip(cells, widths, strict=True)), flush=True)


if __name__ == "__main__":
    main()
