"""What all arms share: real and synthetic wafers as parquet, the tiny model, one supervised start."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from itertools import chain
from pathlib import Path

import numpy as np

from ..demo.prepare import claim_folder, keep_learning
from ..errors import InputError

SHARES = {"test": 0.2, "val": 0.05, "review": 0.05}
"""Held out; unused by the study; of the rest, what the supervised start sees. RL trains on the others."""


@dataclass(frozen=True)
class StudyOptions:
    """What the study makes and how long it trains.

    The supervised start sees synthetic wafers and only a few real ones, so that RL has something to learn
    on the rest of the real ones: answers that are right sometimes, not always.

    Attributes:
        per_class: Real wafers drawn from each of MixedWM38's 38 classes.
        synthetic: Synthetic wafers, seen by the supervised start only.
        start_steps: Steps of the supervised start.
        steps: RL steps of an arm.
        held_out: Wafers that every model is measured on.
        seed: Seed of the draw, the wafers, the weights and the supervised start.
    """

    per_class: int = 120
    synthetic: int = 2000
    start_steps: int = 500
    steps: int = 20
    held_out: int = 400
    seed: int = 0


@dataclass(frozen=True)
class StudyFolder:
    """Where the study keeps its parts; whatever exists is not made again."""

    root: Path

    @property
    def settings(self) -> Path:
        """Options the folder was made with."""
        return self.root / "study.json"

    @property
    def real(self) -> Path:
        """Parquet of the real wafers."""
        return self.root / "real"

    @property
    def learning(self) -> Path:
        """Parquet of the real training wafers that the supervised start does not see."""
        return self.root / "learning"

    @property
    def synthetic(self) -> Path:
        """Parquet of the synthetic wafers."""
        return self.root / "synthetic"

    @property
    def untrained(self) -> Path:
        """The tiny model with random weights."""
        return self.root / "model-untrained"

    @property
    def start(self) -> Path:
        """The model every arm starts from."""
        return self.root / "model-start"

    def answers(self, arm: str, seed: int = 0, step: int = 0, *, sampled: bool = False) -> Path:
        """Answers of one model to the held-out questions: the likeliest ones, or sampled as in training."""
        return self.root / "measured" / f"{arm}-{seed}-{step}{'-sampled' if sampled else ''}.jsonl"

    def run(self, arm: str, seed: int) -> Path:
        """Folder of one run."""
        return self.root / "runs" / f"{arm}-{seed}"


def claim(folder: StudyFolder, options: StudyOptions) -> None:
    """Make the folder, or make sure that it was made with the same options.

    Raises:
        InputError: When it holds something else, or a study with other options.
    """
    claim_folder(folder.root, folder.settings, asdict(options), kind="study")
    folder.answers("start").parent.mkdir(exist_ok=True)


def make_data(folder: StudyFolder, maps: Path | None, options: StudyOptions) -> None:
    """Convert a draw of MixedWM38 and synthetic wafers, with questions of a few words.

    Args:
        folder: The study's folder.
        maps: MixedWM38's npz; needed the first time only.
        options: How many wafers.

    Raises:
        InputError: When the real maps are missing.
    """
    from verl_wafersage.data_prep.convert import ConvertOptions, convert
    from verl_wafersage.data_prep.questions import AskOptions
    from verl_wafersage.data_prep.splits import SplitOptions

    asked = AskOptions(per_wafer=None, full=False, concise=True)
    if not (folder.real / "manifest.json").exists():
        if maps is None:
            raise InputError(
                "the study needs real wafer maps", field="--maps", remedy="give MixedWM38's .npz file"
            )
        drawn = folder.root / "maps.npz"
        draw(maps, drawn, options.per_class, options.seed)
        split = SplitOptions(**SHARES, seed=options.seed)
        convert(
            "mixedwm38",
            drawn,
            folder.real,
            ConvertOptions(ask=asked, splits=split, seed=options.seed),
        )
    if not folder.learning.exists():
        keep_learning(folder.real, folder.learning)
    if not (folder.synthetic / "manifest.json").exists():
        convert(
            "synthetic",
            None,
            folder.synthetic,
            ConvertOptions(options.synthetic, options.seed, ask=asked),
        )


def draw(maps: Path, out: Path, per_class: int, seed: int) -> None:
    """Copy `per_class` wafers of each set of labels, at random, to a smaller npz.

    Raises:
        InputError: When the file is not MixedWM38's.
    """
    try:
        with np.load(maps, allow_pickle=False) as archive:
            grids, labels = archive["arr_0"], archive["arr_1"]
            numbers = archive["orig_index"] if "orig_index" in archive else np.arange(len(grids))
    except (OSError, KeyError, ValueError) as error:
        raise InputError(f"cannot be read as MixedWM38: {error}", file=maps, field="--maps") from error
    _, classes = np.unique(labels, axis=0, return_inverse=True)
    shuffled = np.random.default_rng(seed).permutation(len(grids))
    order = shuffled[np.argsort(classes.ravel()[shuffled], kind="stable")]
    starts = np.flatnonzero(np.r_[True, np.diff(classes.ravel()[order]) > 0])
    chosen = np.sort(np.concatenate([order[a:b][:per_class] for a, b in _ranges(starts, len(order))]))
    np.savez_compressed(out, arr_0=grids[chosen], arr_1=labels[chosen], orig_index=numbers[chosen])


def _ranges(starts: np.ndarray, size: int) -> list[tuple[int, int]]:
    return list(zip(starts.tolist(), [*starts[1:].tolist(), size], strict=True))


def make_start(folder: StudyFolder, options: StudyOptions, on_step: Callable[[int, float], None]) -> None:
    """Make the tiny model and fine-tune it on the synthetic wafers and a part of the real ones."""
    from verl_wafersage.cpu.supervised import StartOptions, supervised_start
    from verl_wafersage.cpu.tiny_model import SIZES, make_tiny_model
    from verl_wafersage.demo.prepare import texts

    if not folder.untrained.exists():
        corpus = chain(texts(folder.real), texts(folder.synthetic))
        make_tiny_model(folder.untrained, corpus, SIZES["base"], seed=options.seed)
    if not folder.start.exists():
        files = sorted(
            file
            for data in (folder.real, folder.synthetic)
            for file in (data / "sft").glob("train-*.parquet")
        )
        start = StartOptions(steps=options.start_steps, learning_rate=1.5e-3, seed=options.seed)
        supervised_start(folder.untrained, files, folder.start, start, on_step=on_step)
