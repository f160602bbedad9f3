"""The study from data to table; every stage is skipped when its result is there."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from rich.console import Console

from ..errors import InputError
from .answers import Row, held_out, measure
from .arms import ARMS, GROUPS, Arm
from .prepare import StudyFolder, StudyOptions, claim, make_data, make_start
from .results import write_results

EVERY = 10
"""Steps between the checkpoints that are measured."""


def run_study(
    root: Path, options: StudyOptions, maps: Path | None, names: Sequence[str], console: Console
) -> dict[str, str]:
    """Make what is missing of the arms named, measure it, and write the table.

    Args:
        root: Working folder; a second call goes on where the first one stopped, or adds arms. Two calls
            with different arms may run at once when data and start are there.
        options: What to make and how long to train.
        maps: MixedWM38's npz; needed the first time.
        names: Names of arms or of groups of arms; the core by default.
        console: Where progress is shown.

    Returns:
        Where `results` (JSON), `table` (Markdown) and `plot` lie.

    Raises:
        InputError: When the folder holds something else, the real maps are missing or an arm is unknown.
        TrainingError: When a run fails.
    """
    chosen = choose_arms(names or ("core",))
    folder = StudyFolder(root.resolve())
    claim(folder, options)
    console.print("[1/3] wafers and questions")
    make_data(folder, maps, options)
    console.print(f"[2/3] supervised start, {options.start_steps} steps")
    make_start(folder, options, _tell(console))
    rows = held_out(folder.real, options.held_out)
    measure_both(folder, folder.start, rows, "start")
    made: dict[str, str] = {}
    # Seed by seed, so that a study that is cut short still compares its arms.
    for seed in range(max(len(arm.seeds) for arm in chosen)):
        for arm in chosen:
            if seed in arm.seeds:
                console.print(f"[3/3] {arm.about}, seed {seed}: {options.steps * arm.factor} steps")
                train_arm(folder, options, arm, seed, rows)
                made = write_results(folder, options)
    return made


def choose_arms(names: Sequence[str]) -> list[Arm]:
    """Arms by name or group, in the order of `ARMS`.

    Raises:
        InputError: For an unknown name.
    """
    for name in names:
        if name not in GROUPS and name not in {arm.name for arm in ARMS}:
            known = ", ".join((*GROUPS, *(arm.name for arm in ARMS)))
            raise InputError(f"no arm {name!r}", field="--arm", remedy=f"use one of: {known}")
    return [arm for arm in ARMS if arm.name in names or arm.group in names]


def _tell(console: Console) -> Callable[[int, float], None]:
    def tell(step: int, loss: float) -> None:
        if step % 100 == 0:
            console.print(f"      step {step}  loss {loss:.2f}")

    return tell


def train_arm(folder: StudyFolder, options: StudyOptions, arm: Arm, seed: int, rows: Sequence[Row]) -> None:
    """Train one arm with one seed through verl's main_ppo, and measure its checkpoints."""
    from ..demo.launch import train

    run, steps = folder.run(arm.run, seed), options.steps * arm.factor
    if folder.answers(arm.run, seed, steps, sampled=True).exists():
        return
    train(overrides(folder, steps, arm, seed), run)
    checkpoints = {int(path.name.rsplit("_", 1)[-1]): path for path in run.glob("checkpoints/global_step_*")}
    # The last one last: its answers say that the arm is done.
    for step, checkpoint in sorted(checkpoints.items()):
        measure_both(folder, checkpoint / "actor" / "huggingface", rows, arm.run, seed, step)


def measure_both(
    folder: StudyFolder, model: Path, rows: Sequence[Row], arm: str, seed: int = 0, step: int = 0
) -> None:
    """Measure the likeliest answers, and one sampled for each question as RL saw it."""
    measure(model, rows, folder.answers(arm, seed, step))
    measure(model, rows, folder.answers(arm, seed, step, sampled=True), temperature=1.0)


def overrides(folder: StudyFolder, steps: int, arm: Arm, seed: int) -> list[str]:
    """Hydra overrides of a run: what all arms share, then the arm's own."""
    from ..demo.launch import run_overrides

    run = folder.run(arm.run, seed)
    return [
        *run_overrides(folder.start, folder.learning, folder.real, run, steps=steps, seed=seed),
        # Checkpoints are measured afterwards, outside verl, all on the same questions.
        f"trainer.save_freq={EVERY}",
        "trainer.max_actor_ckpt_to_keep=100",
        "trainer.test_freq=-1",
        "trainer.val_before_train=false",
        f"actor_rollout_ref.rollout.seed={seed}",
        *arm.overrides,
    ]
