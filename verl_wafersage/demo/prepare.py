"""Data, tiny model and supervised start of the demo; each part is skipped when it is already there."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import pyarrow.compute as pc
import pyarrow.parquet as pq

from ..errors import InputError

Progress = Callable[[int, str], None]
"""Called with the number of steps done and a short text."""


@dataclass(frozen=True)
class DemoOptions:
    """What the demo makes and how long it trains.

    Attributes:
        steps: GSPO steps.
        wafers: Synthetic wafers to draw; about eleven questions each.
        start_steps: Steps of the supervised start; 0 begins RL from random weights. RL needs a start that
            is right sometimes, not always.
        size: Name of the tiny model's size, `small` or `base`.
        seed: Seed of wafers, weights and orders.
    """

    steps: int = 30
    wafers: int = 1500
    start_steps: int = 300
    size: str = "small"
    seed: int = 0


@dataclass(frozen=True)
class DemoFolder:
    """Where the demo keeps its parts."""

    root: Path

    @property
    def data(self) -> Path:
        """Parquet files."""
        return self.root / "data"

    @property
    def learning(self) -> Path:
        """Parquet of the training wafers that the supervised start does not see."""
        return self.root / "learning"

    @property
    def untrained(self) -> Path:
        """The tiny model with random weights."""
        return self.root / "model-untrained"

    @property
    def start(self) -> Path:
        """The model RL starts from."""
        return self.root / "model-start"

    @property
    def run(self) -> Path:
        """Checkpoints, metrics, answers, log."""
        return self.root / "run"

    @property
    def settings(self) -> Path:
        """The options the folder was made with."""
        return self.root / "demo.json"


def claim(folder: DemoFolder, options: DemoOptions) -> None:
    """Make the folder, or make sure that it was made with the same options.

    Raises:
        InputError: When it holds something else, or a demo with other options.
    """
    # More steps continue a run; everything else would mix two of them.
    claim_folder(folder.root, folder.settings, asdict(options), kind="demo", may_change=("steps",))


def claim_folder(
    root: Path, settings: Path, wanted: dict[str, Any], *, kind: str, may_change: Sequence[str] = ()
) -> None:
    """Make a folder with its settings, or make sure that it was made with the same ones.

    Raises:
        InputError: When it holds something else, or was made with others.
    """
    if settings.exists():
        found = json.loads(settings.read_text())
        differing = [name for name in wanted if name not in may_change and wanted[name] != found.get(name)]
        if differing:
            raise InputError(
                f"was made with another {', '.join(differing)}",
                file=settings,
                remedy="choose another folder or the same options",
            )
    elif root.exists() and any(root.iterdir()):
        raise InputError(f"is not empty and not a {kind}", file=root, remedy="choose another folder")
    root.mkdir(parents=True, exist_ok=True)
    settings.write_text(json.dumps(wanted, indent=2) + "\n")


def make_data(folder: DemoFolder, options: DemoOptions) -> None:
    """Draw synthetic wafers and write their questions as parquet."""
    from verl_wafersage.data_prep.convert import ConvertOptions, convert
    from verl_wafersage.data_prep.questions import AskOptions
    from verl_wafersage.data_prep.splits import SplitOptions

    if not (folder.data / "manifest.json").exists():
        asked = AskOptions(per_wafer=None, full=False, concise=True)
        splits = SplitOptions(val=0.1, test=0.02, review=0.35)
        convert(
            "synthetic",
            None,
            folder.data,
            ConvertOptions(options.wafers, options.seed, ask=asked, splits=splits),
        )
    if not folder.learning.exists():
        keep_learning(folder.data, folder.learning)


def keep_learning(data: Path, out: Path) -> None:
    """Copy the training rows that the supervised start does not see; RL learns little from those it knows.

    Args:
        data: Output of `convert`.
        out: Folder to write, atomically.
    """
    partial = out.with_name(f".{out.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir()
    for file in sorted(data.glob("train-*.parquet")):
        table = pq.read_table(file)
        kept = pc.equal(pc.struct_field(table["extra_info"], "stream"), "learning")
        pq.write_table(table.filter(kept), partial / file.name)
    os.replace(partial, out)


def make_model(folder: DemoFolder, options: DemoOptions) -> None:
    """Write the untrained tiny model; its tokenizer learns from the data's texts."""
    from verl_wafersage.cpu.tiny_model import SIZES, make_tiny_model

    if not folder.untrained.exists():
        make_tiny_model(folder.untrained, texts(folder.data), SIZES[options.size], seed=options.seed)


def make_start(folder: DemoFolder, options: DemoOptions, progress: Progress) -> None:
    """Fine-tune the tiny model on the supervised view of the data."""
    from verl_wafersage.cpu.supervised import StartOptions, supervised_start

    if folder.start.exists():
        return
    if options.start_steps == 0:
        folder.start.symlink_to(folder.untrained.name)
        return
    supervised_start(
        folder.untrained,
        sorted((folder.data / "sft").glob("train-*.parquet")),
        folder.start,
        StartOptions(steps=options.start_steps, seed=options.seed),
        on_step=lambda step, loss: progress(step, f"loss {loss:.2f}"),
    )


def texts(data: Path) -> Iterator[str]:
    """Questions, system prompts and reference answers of the training rows."""
    for file in sorted(data.glob("train-*.parquet")):
        for row in pq.read_table(file, columns=["prompt", "extra_info"]).to_pylist():
            yield from (message["content"].replace("<image>", "") for message in row["prompt"])
            yield row["extra_info"]["reference_answer"]
