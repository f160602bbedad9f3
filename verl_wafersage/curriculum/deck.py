"""Serve a set of prompts in shuffled passes, each as often as its weight says."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt


class Deck:
    """A deck of cards that is reshuffled when it runs out.

    A card of weight w appears in a pass either floor(w) or ceil(w) times, so that after p passes it has been
    served w * p times, give or take one (systematic sampling with a random phase per card). Weights of 1
    give every card once per pass. The order depends on seed, name and pass only: the state is two integers.

    Args:
        cards: Indices to serve, shape (n,).
        weights: Weights >= 0, shape (n,); None means 1 each.
        seed: Seed of the run.
        name: Number of this deck within the run; decks of one run must differ in it.
    """

    def __init__(
        self, cards: npt.NDArray[np.int32], weights: npt.NDArray[np.float64] | None, seed: int, name: int
    ) -> None:
        self._cards = cards
        self._weights = None if weights is None or np.all(weights == 1.0) else weights
        self._key = (seed, name)
        self._phases = (
            None if self._weights is None else np.random.default_rng((*self._key, 0)).random(len(cards))
        )
        self.mass = float(len(cards) if self._weights is None else self._weights.sum())
        self._pass = -1
        self._position = 0
        self._order = np.empty(0, np.int32)

    def draw(self) -> int:
        """The next index; O(1), with an O(n) shuffle at the start of a pass."""
        while self._position >= len(self._order):
            self._start(self._pass + 1)
        index = int(self._order[self._position])
        self._position += 1
        return index

    def left_in_first_pass(self) -> float:
        """Cards that have never been dealt; before the first draw an expectation, with weights."""
        if self._pass < 0:
            return self.mass
        return float(len(self._order) - self._position) if self._pass == 0 else 0.0

    def _start(self, number: int) -> None:
        if self.mass <= 0:
            raise ValueError("a deck without weight cannot be drawn from")
        cards = self._cards
        if self._weights is not None and self._phases is not None:
            until = np.floor(self._weights * (number + 1) + self._phases)
            copies = until - np.floor(self._weights * number + self._phases)
            cards = np.repeat(cards, copies.astype(np.int64))
        # Number 0 seeds the phases.
        self._order = np.random.default_rng((*self._key, number + 1)).permutation(cards)
        self._pass, self._position = number, 0

    def state_dict(self) -> dict[str, Any]:
        """Plain JSON types."""
        return {"pass": self._pass, "position": self._position}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Return to the saved pass and position."""
        self._pass, self._position, self._order = -1, 0, np.empty(0, np.int32)
        if state["pass"] >= 0:
            self._start(int(state["pass"]))
            self._position = int(state["position"])
