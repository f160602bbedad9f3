"""What is known about how often prompts and levels succeed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..packing import pack, unpack

_ANSWER = 4
"""Evidence is kept in quarters of an answer."""

_PRIOR = 1.0
"""Pseudo-answers, right and wrong each, before the first real one."""

_LEVEL_MEMORY = 0.98
"""Share of a level's evidence kept at each group: about the last fifty groups count."""


class PromptEstimates:
    """Success per prompt as a Beta distribution, two bytes a prompt.

    Args:
        count: Number of prompts.
        memory: Share of earlier evidence kept at each new group.
    """

    def __init__(self, count: int, memory: float) -> None:
        self._memory = memory
        self._mean = np.zeros(count, np.uint8)
        self._evidence = np.zeros(count, np.uint8)

    def observe(self, index: int, group: Sequence[float]) -> None:
        """Add a group of rewards in [0, 1]."""
        kept = self._memory * self._evidence[index] / _ANSWER
        evidence = kept + len(group)
        mean = (kept * self._mean[index] / 255 + sum(group)) / evidence
        self._mean[index] = round(mean * 255)
        self._evidence[index] = min(255, round(evidence * _ANSWER))

    def disagreement(self, index: int) -> float:
        """Expected 4 p (1 - p), in (0, 1]: how much answers to the prompt will differ.

        With p ~ Beta(a, b), E[p (1 - p)] = a b / ((a + b) (a + b + 1)); uncertainty keeps it away from 0.
        """
        evidence = float(self._evidence[index]) / _ANSWER
        right = _PRIOR + evidence * float(self._mean[index]) / 255
        every = 2 * _PRIOR + evidence
        return 4 * right * (every - right) / (every * (every + 1))

    def state_dict(self) -> dict[str, Any]:
        """Plain JSON types."""
        return {"mean": pack(self._mean), "evidence": pack(self._evidence)}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Return to a saved state."""
        self._mean, self._evidence = unpack(state["mean"]), unpack(state["evidence"])


class LevelEstimate:
    """Success and disagreement of one level, with the newest groups counting most."""

    def __init__(self) -> None:
        self.weight = 0.0
        self._success = 0.0
        self._disagreement = 0.0

    def observe(self, group: Sequence[float]) -> None:
        """Add a group of rewards in [0, 1]."""
        mean = float(sum(group)) / len(group)
        # A sample variance is too small by (n - 1) / n.
        unbiased = min(1.0, 4 * mean * (1 - mean) * len(group) / max(1, len(group) - 1))
        self.weight = _LEVEL_MEMORY * self.weight + 1
        self._success = _LEVEL_MEMORY * self._success + mean
        self._disagreement = _LEVEL_MEMORY * self._disagreement + unbiased

    @property
    def success(self) -> float:
        """Mean success; 0.5 before the first group."""
        return (self._success + 0.5) / (self.weight + 1)

    @property
    def uncertainty(self) -> float:
        """Half-width of belief, in (0, 0.5]; shrinks with the number of groups."""
        return float(0.5 / (1 + self.weight) ** 0.5)

    @property
    def promise(self) -> float:
        """Disagreement to hope for, in (0, 1]: its mean, and its uncertainty on top."""
        return min(1.0, (self._disagreement + 0.5) / (self.weight + 1) + self.uncertainty)

    def state_dict(self) -> dict[str, float]:
        """Plain JSON types."""
        return {"weight": self.weight, "success": self._success, "disagreement": self._disagreement}

    def load_state_dict(self, state: dict[str, float]) -> None:
        """Return to a saved state."""
        self.weight, self._success = state["weight"], state["success"]
        self._disagreement = state["disagreement"]
