"""The baseline: every prompt once per pass, in random order."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..catalog import Catalog
from ..clock import Clock
from .base import Strategy, deck


class Shuffled(Strategy):
    """Shuffled passes over all prompts."""

    def __init__(self, catalog: Catalog, seed: int) -> None:
        self._deck = deck(catalog, np.arange(len(catalog)), seed, 0)

    def next_index(self, clock: Clock) -> int:
        """See `Strategy`."""
        clock.tick()
        return self._deck.draw()

    def state_dict(self) -> dict[str, Any]:
        """See `Strategy`."""
        return {"deck": self._deck.state_dict()}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """See `Strategy`."""
        self._deck.load_state_dict(state["deck"])
