"""The measured answers of a study, and what they say of every arm: tables by arm and measure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from ..json_lines import read_json_lines
from .arms import ARMS, Arm
from .measures import MEASURES, Estimate, Row, contrast, mean_of, of_seeds, of_wafers
from .prepare import StudyFolder, StudyOptions

START = "start"
ABOUT = {START: "supervised start, no RL"} | {arm.name: arm.about for arm in ARMS}
RIVALS = (("published", "ours"), ("ours", "grpo"), ("ours", "staged"), ("ours", "adaptive"))
"""Arms that differ in one thing: the second is compared with the first, on the seeds both have."""
Table = Mapping[str, Mapping[str, Estimate]]
Curves = Mapping[str, Mapping[int, Mapping[int, Mapping[str, float]]]]
"""Means by arm, seed, step and measure."""


@cache
def read(path: Path) -> tuple[Row, ...]:
    """Measured answers of one model; a file never changes once it is there."""
    return tuple(row for _, row in read_json_lines(path))


@dataclass(frozen=True)
class Measured:
    """The measured answers of a study: the likeliest ones, or those sampled as in training.

    Attributes:
        folder: The study.
        options: What it was made with.
        sampled: Which of both.
    """

    folder: StudyFolder
    options: StudyOptions
    sampled: bool = False

    def start(self) -> tuple[Row, ...]:
        """Answers of the supervised start."""
        return read(self.folder.answers(START, sampled=self.sampled))

    def final(self, arm: Arm) -> dict[int, tuple[Row, ...]]:
        """Answers after the last step, by seed, of the seeds that have run."""
        steps = self.options.steps * arm.factor
        files = {seed: self.folder.answers(arm.run, seed, steps, sampled=self.sampled) for seed in arm.seeds}
        return {seed: read(file) for seed, file in files.items() if file.exists()}

    def finished(self) -> dict[str, dict[int, tuple[Row, ...]]]:
        """`final` of every arm with a run."""
        return {arm.name: runs for arm in ARMS if (runs := self.final(arm))}

    def over_steps(self, arm: str, seed: int) -> dict[int, tuple[Row, ...]]:
        """Answers at every measured step of one run; step 0 is the start."""
        tail = "-sampled" if self.sampled else ""
        found = {0: self.start()}
        for file in self.folder.answers(START).parent.glob(f"{arm}-{seed}-*{tail}.jsonl"):
            if file.stem.endswith("-sampled") == self.sampled:
                found[int(file.stem.removesuffix(tail).rsplit("-", 1)[-1])] = read(file)
        return dict(sorted(found.items()))


def means(measured: Measured) -> dict[str, dict[str, Estimate]]:
    """Every measure of the start (interval over wafers) and of every arm with a run (over seeds)."""
    rows = {START: {measure.name: of_wafers(measured.start(), measure) for measure in MEASURES}}
    for arm, runs in measured.finished().items():
        rows[arm] = {
            measure.name: of_seeds([mean_of(run, measure) for run in runs.values()]) for measure in MEASURES
        }
    return rows


def gains(measured: Measured) -> dict[str, dict[str, Estimate]]:
    """Difference of every arm from the start, paired by question; the arm's seeds averaged."""
    return {
        arm: {
            measure.name: contrast([measured.start()], list(runs.values()), measure) for measure in MEASURES
        }
        for arm, runs in measured.finished().items()
    }


def rivals(measured: Measured) -> dict[str, dict[str, Estimate]]:
    """Difference between arms that differ in one thing, paired by question, over the seeds both have."""
    finished, rows = measured.finished(), {}
    for one, other in RIVALS:
        seeds = sorted(finished.get(one, {}).keys() & finished.get(other, {}).keys())
        if seeds:
            before, after = ([finished[arm][seed] for seed in seeds] for arm in (one, other))
            rows[f"{ABOUT[other]}, against {ABOUT[one]}"] = {
                measure.name: contrast(before, after, measure) for measure in MEASURES
            }
    return rows


def curves(measured: Measured) -> Curves:
    """Means of every measure by arm, seed and step."""
    found: dict[str, dict[int, dict[int, dict[str, float]]]] = {}
    for arm, seed in _runs(measured):
        found.setdefault(arm.name, {})[seed] = {
            step: {measure.name: mean_of(rows, measure) for measure in MEASURES}
            for step, rows in measured.over_steps(arm.name, seed).items()
        }
    return found


def _runs(measured: Measured) -> Iterator[tuple[Arm, int]]:
    for arm in ARMS:
        for seed in arm.seeds:
            if not arm.continues and len(measured.over_steps(arm.name, seed)) > 1:
                yield arm, seed
