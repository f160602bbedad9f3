"""The demo from start to end, with words for the person who watches it."""

from __future__ import annotations

import importlib.util
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from verl_wafersage.errors import MissingExtraError
from verl_wafersage.json_lines import read_json_lines

from .pictures import plot_answers, plot_reward
from .prepare import DemoFolder, DemoOptions, claim, make_data, make_model, make_start


def run_demo(
    root: Path, options: DemoOptions, console: Console, overrides: Sequence[str] = ()
) -> dict[str, str]:
    """Prepare what is missing, train, and say where everything lies.

    Args:
        root: Working folder; a second call goes on where the first one stopped.
        options: What to make and how long to train.
        console: Where progress is shown.
        overrides: Further Hydra overrides for `main_ppo`.

    Returns:
        What was made and where: `checkpoint`, `model`, `metrics`, `answers`, `plot`, `picture`, `log`.

    Raises:
        InputError: When the folder holds something else.
        TrainingError: When training fails.
    """
    _require("matplotlib", "psutil", "torch", "transformers", "verl")
    folder = DemoFolder(root.resolve())
    claim(folder, options)
    _quiet()
    console.print(f"[1/4] drawing {options.wafers} synthetic wafers with their questions")
    make_data(folder, options)
    console.print(f"[2/4] making a tiny Qwen3-VL ({options.size})")
    make_model(folder, options)
    console.print(f"[3/4] supervised start: {options.start_steps} steps on reference answers")
    with _bar(console) as bar:
        task = bar.add_task("start", total=options.start_steps or 1, note="")
        make_start(folder, options, lambda step, note: bar.update(task, completed=step, note=note))
        bar.update(task, completed=options.start_steps or 1)
    _reinforce(folder, options, console, overrides)
    return _finish(folder, console)


def _reinforce(folder: DemoFolder, options: DemoOptions, console: Console, overrides: Sequence[str]) -> None:
    from .launch import run_overrides, train

    console.print(f"[4/4] {options.steps} GSPO steps with verl's main_ppo (its start takes about a minute)")

    def tell(line: dict[str, Any]) -> None:
        kind = "held-out" if line.get("split") == "val" else "training"
        shown = {name: line.get(f"wafersage/{name}/mean") for name in ("score", "acc", "hallucination")}
        numbers = "  ".join(f"{name} {value:.3f}" for name, value in shown.items() if value is not None)
        console.print(f"      step {line['step']:>3}  {kind}  {numbers}")

    start, steps = folder.start, options.steps
    own = [
        *run_overrides(start, folder.learning, folder.data, folder.run, steps=steps, seed=options.seed),
        f"trainer.test_freq={max(1, steps // 2)}",
        # Twice the recipe's: the smallest model stands it, and a newcomer waits for what it learns.
        "actor_rollout_ref.actor.optim.lr=1e-4",
        # So few steps are too few for stages, and what they teach shows in answers sampled as in training.
        "data.curriculum.strategy=shuffled",
        "actor_rollout_ref.rollout.val_kwargs.do_sample=true",
        "actor_rollout_ref.rollout.val_kwargs.temperature=1.0",
    ]
    train([*own, *overrides], folder.run, on_metrics=tell)


def _finish(folder: DemoFolder, console: Console) -> dict[str, str]:
    latest = folder.run / "checkpoints" / "latest_checkpointed_iteration.txt"
    checkpoint = folder.run / "checkpoints" / f"global_step_{latest.read_text().strip()}"
    made = {
        "checkpoint": checkpoint,
        "model": checkpoint / "actor" / "huggingface",
        "metrics": folder.run / "metrics.jsonl",
        "answers": folder.run / "rollouts",
        "plot": folder.run / "reward.png",
        "picture": folder.run / "answers.png",
        "log": folder.run / "train.log",
    }
    plot_reward(folder.run, made["plot"])
    plot_answers(folder.run, folder.data, made["picture"])
    _tell_gain(folder.run / "validation", console)
    for name, path in made.items():
        console.print(f"{name:>10}  {path}", soft_wrap=True, highlight=False)
    return {name: str(path) for name, path in made.items()}


def _tell_gain(dumps: Path, console: Console) -> None:
    """Say how the held-out answers of the last measurement compare with those before RL."""
    steps = sorted(int(path.stem) for path in dumps.glob("*.jsonl"))
    if len(steps) < 2:
        return
    first, last = (
        np.array([line["score"] for _, line in read_json_lines(dumps / f"{step}.jsonl")])
        for step in (steps[0], steps[-1])
    )
    # Two independent means: verl's dumps do not say which wafer an answer is about.
    half = 1.96 * np.hypot(first.std() / np.sqrt(len(first)), last.std() / np.sqrt(len(last)))
    console.print(
        f"held-out reward {first.mean():.3f} -> {last.mean():.3f} from step {steps[0]} to step {steps[-1]}: "
        f"{last.mean() - first.mean():+.3f} ± {half:.3f} (95 % interval, {len(last)} answers)"
    )


def _bar(console: Console) -> Progress:
    return Progress(
        TextColumn("      {task.description}"),
        BarColumn(),
        TextColumn("{task.completed:.0f}/{task.total:.0f}  {task.fields[note]}"),
        TimeElapsedColumn(),
        console=console,
    )


def _require(*packages: str) -> None:
    for package in packages:
        if importlib.util.find_spec(package) is None:
            raise MissingExtraError(package, "cpu")


def _quiet() -> None:
    """Keep transformers' own progress bars out of ours."""
    from transformers.utils import logging

    logging.disable_progress_bar()
