"""What is known about how often prompts and levels succeed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from ..packing import pack, unpack

_ANSWER = 4
"""Evidence is kept in quarters of an answer."""

_PRIOR = 1.0
"""Pseudo-answers, right and wrong each, before the first real one."""

_MEMORY = 0.99
"""Share of all bands' evidence kept at each group: the last hundred groups count, and what was not asked for
long becomes uncertain again."""

_REACH = 1.5
"""Distance in bands over which neighbours' evidence counts (standard deviation of a bell curve)."""


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


class BandEstimates:
    """Success and disagreement per band of difficulty; neighbours lend each other evidence.

    Args:
        bands: Number of bands.
    """

    def __init__(self, bands: int) -> None:
        distance = np.subtract.outer(np.arange(bands), np.arange(bands))
        self._lend = np.exp(-((distance / _REACH) ** 2) / 2)
        # Rows: groups, success, disagreement.
        self._sums = np.zeros((3, bands))
        self._promise: list[float] | None = None

    def observe(self, band: int, group: Sequence[float]) -> None:
        """Add a group of rewards in [0, 1]."""
        mean = float(sum(group)) / len(group)
        # A sample variance is too small by (n - 1) / n.
        unbiased = min(1.0, 4 * mean * (1 - mean) * len(group) / max(1, len(group) - 1))
        self._sums *= _MEMORY
        self._sums[:, band] += (1.0, mean, unbiased)
        self._promise = None

    @property
    def promise(self) -> list[float]:
        """Disagreement to hope for, in (0, 1]: its mean, and its uncertainty on top."""
        if self._promise is None:
            weight, _, disagreement = self._sums @ self._lend
            hoped = (disagreement + 0.5) / (weight + 1) + self.uncertainty
            self._promise = np.minimum(1.0, hoped).tolist()
        return self._promise

    @property
    def success(self) -> npt.NDArray[np.float64]:
        """Mean success; 0.5 before the first group."""
        weight, success, _ = self._sums @ self._lend
        return np.asarray((success + 0.5) / (weight + 1))

    @property
    def uncertainty(self) -> npt.NDArray[np.float64]:
        """Half-width of belief, in (0, 0.5]; shrinks with the number of groups."""
        return np.asarray(0.5 / np.sqrt(1 + self._sums[0] @ self._lend))

    def state_dict(self) -> dict[str, Any]:
        """Plain JSON types."""
        return {"sums": self._sums.tolist()}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Return to a saved state."""
        self._sums, self._promise = np.array(state["sums"], np.float64), None
