"""Easy, medium, hard: once through the levels in the course of the run."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from ..catalog import Catalog
from ..clock import Clock
from ..mixing import Mixer
from ..stages import Stages
from .base import Strategy, deck


class Staging:
    """Serves some prompts from easy to hard as progress goes from 0 to 1.

    Each level is a deck of its own. Over a run of k passes every prompt of weight 1 is served exactly k
    times, all of them while its level has its turn; when the run is over, levels mix in proportion.

    Args:
        catalog: All prompts.
        members: Positions of the prompts to serve, shape (m,).
        overlap: See `Stages`.
        seed: Seed of the run.
        first_name: Decks are named from here on.
    """

    def __init__(
        self, catalog: Catalog, members: npt.NDArray[np.intp], overlap: float, seed: int, first_name: int
    ) -> None:
        by_level = [members[catalog.level[members] == level] for level in range(len(catalog.level_names))]
        self._decks = [deck(catalog, cards, seed, first_name + level) for level, cards in enumerate(by_level)]
        self.mass = sum(cards.mass for cards in self._decks)
        self._stages = Stages([cards.mass for cards in self._decks], overlap) if self.mass > 0 else None
        self._mixer = Mixer(len(self._decks))
        self._progress = 0.0

    def draw(self, progress: float) -> int:
        """The next index, now that progress is `progress`."""
        if self._stages is None:
            raise ValueError("no prompts to serve")
        level = self._mixer.choose(self._stages.amounts(self._progress, progress))
        self._progress = progress
        return self._decks[level].draw()

    def state_dict(self) -> dict[str, Any]:
        """Plain JSON types."""
        return {
            "progress": self._progress,
            "mixer": self._mixer.state_dict(),
            "decks": [cards.state_dict() for cards in self._decks],
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Return to a saved state."""
        self._progress = float(state["progress"])
        self._mixer.load_state_dict(state["mixer"])
        for cards, saved in zip(self._decks, state["decks"], strict=True):
            cards.load_state_dict(saved)


class Staged(Strategy):
    """All prompts in stages."""

    def __init__(self, catalog: Catalog, overlap: float, seed: int) -> None:
        self._staging = Staging(catalog, np.arange(len(catalog)), overlap, seed, 0)

    def next_index(self, clock: Clock) -> int:
        """See `Strategy`."""
        return self._staging.draw(clock.tick())

    def state_dict(self) -> dict[str, Any]:
        """See `Strategy`."""
        return {"staging": self._staging.state_dict()}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """See `Strategy`."""
        self._staging.load_state_dict(state["staging"])
