"""The interface of a strategy."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from ..catalog import Catalog
from ..clock import Clock
from ..deck import Deck


class Strategy(ABC):
    """Decides which prompt comes next.

    A strategy is deterministic: the same catalog, seed, clock and feedback give the same order. Its state
    holds plain JSON types and, together with the clock's, all that the order depends on.
    """

    @abstractmethod
    def next_index(self, clock: Clock) -> int:
        """Position in the data set of the prompt to serve next; moves the clock by one prompt."""

    # Not abstract on purpose: only strategies that learn override it.
    def update(self, rewards: Mapping[int, Sequence[float]], clock: Clock) -> None:  # noqa: B027
        """Learn from finished groups: rewards in [0, 1] by data set position."""

    def stats(self, clock: Clock) -> dict[str, float]:
        """Numbers worth a curve."""
        return {}

    @abstractmethod
    def state_dict(self) -> dict[str, Any]:
        """Plain JSON types."""

    @abstractmethod
    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Return to a saved state."""


def deck(catalog: Catalog, cards: npt.NDArray[np.intp], seed: int, name: int) -> Deck:
    """A deck over some prompts of a catalog, with their weights."""
    return Deck(cards.astype(np.int32), catalog.weight[cards], seed, name)
