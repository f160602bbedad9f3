"""Where the run stands between its first and its last training step."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass
class Clock:
    """Progress of a run, in [0, 1], told by steps where they are reported and by prompts served else.

    Group filtering serves more prompts than are trained on. Counting prompts would then rush through the
    schedule, so a step moves the clock by its share of the run, however many prompts it took.

    Attributes:
        total_steps: Training steps of the whole run (all epochs).
        batch_size: Prompts per training step.
        by_steps: Whether `report` will be called after each step.
        served: Prompts served since the run began.
        step: Last step reported.
        since: Prompts served since that report.
        anchor_time: Step at which the schedule was last re-anchored (a resume with another total).
        anchor_progress: Progress at that step.
    """

    total_steps: int
    batch_size: int
    by_steps: bool = False
    served: int = 0
    step: int = 0
    since: int = 0
    anchor_time: float = 0.0
    anchor_progress: float = 0.0

    @property
    def time(self) -> float:
        """Position in steps, fractional within a step."""
        if self.by_steps:
            return self.step + min(1.0, self.since / self.batch_size)
        return self.served / self.batch_size

    @property
    def progress(self) -> float:
        """Share of the run that is over, in [0, 1]."""
        left = self.total_steps - self.anchor_time
        if left <= 0:
            return 1.0
        share = (self.time - self.anchor_time) / left
        return min(1.0, max(0.0, self.anchor_progress + (1.0 - self.anchor_progress) * share))

    def tick(self) -> float:
        """Count one served prompt and return the progress after it."""
        self.served += 1
        self.since += 1
        return self.progress

    def report(self, step: int) -> None:
        """Training step `step` (from 1) has its batch; a step reported twice counts once."""
        if step > self.step:
            self.step, self.since = step, 0

    def begin_anew_at(self, step: int) -> None:
        """Stand at a step that was trained, with the whole schedule still to come in the steps left."""
        self.step, self.since, self.served = step, 0, step * self.batch_size
        self.anchor_time, self.anchor_progress = float(step), 0.0

    def state_dict(self) -> dict[str, Any]:
        """Plain JSON types."""
        return {
            "total_steps": self.total_steps,
            "batch_size": self.batch_size,
            "served": self.served,
            "step": self.step,
            "since": self.since,
            "anchor_time": self.anchor_time,
            "anchor_progress": self.anchor_progress,
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Take up the saved position.

        A run that became longer, shorter or changed its batch size keeps its progress, and the rest of the
        schedule is stretched over the rest of the run.
        """
        saved = Clock(state["total_steps"], state["batch_size"], self.by_steps)
        for name in ("served", "step", "since", "anchor_time", "anchor_progress"):
            setattr(saved, name, state[name])
            setattr(self, name, state[name])
        if (saved.total_steps, saved.batch_size) != (self.total_steps, self.batch_size):
            self.anchor_progress = saved.progress
            self.anchor_time = self.time
