"""Review beside new: two streams, each from easy to hard, mixed by a ratio."""

from __future__ import annotations

from typing import Any

import numpy as np

from verl_wafersage.errors import InputError

from ..catalog import STREAMS, Catalog
from ..clock import Clock
from ..mixing import Mixer
from .base import Strategy
from .staged import Staging

# Decks are named by number; a hundred per stream is more than the levels allowed.
_NAMES_PER_STREAM = 100


class Interleaved(Strategy):
    """A review stream of prompts seen in supervised fine-tuning beside a learning stream of new ones.

    Args:
        catalog: All prompts, with streams.
        review_ratio: Share of review prompts, in [0, 1]; at every moment it is off by less than one prompt.
        overlap: See `Stages`.
        seed: Seed of the run.

    Raises:
        InputError: A stream is asked for that has no prompts.
    """

    def __init__(self, catalog: Catalog, review_ratio: float, overlap: float, seed: int) -> None:
        if catalog.stream is None:
            raise ValueError("the catalog has no streams")
        self._shares = (review_ratio, 1.0 - review_ratio)
        self._mixer = Mixer(len(STREAMS))
        self._streams: list[Staging] = []
        for code, (name, share) in enumerate(zip(STREAMS, self._shares, strict=True)):
            members = np.flatnonzero(catalog.stream == code)
            stream = Staging(catalog, members, overlap, seed, code * _NAMES_PER_STREAM)
            if share > 0 and stream.mass <= 0:
                raise InputError(
                    f"is {review_ratio}, but the data has no {name} prompts with a weight above 0",
                    field="data.curriculum.review_ratio",
                    remedy=f"mark rows as {name}, or set the ratio to {code}",
                )
            self._streams.append(stream)

    def next_index(self, clock: Clock) -> int:
        """See `Strategy`."""
        return self._streams[self._mixer.choose(self._shares)].draw(clock.tick())

    def state_dict(self) -> dict[str, Any]:
        """See `Strategy`."""
        return {
            "mixer": self._mixer.state_dict(),
            "streams": [stream.state_dict() for stream in self._streams],
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """See `Strategy`."""
        self._mixer.load_state_dict(state["mixer"])
        for stream, saved in zip(self._streams, state["streams"], strict=True):
            stream.load_state_dict(saved)
