"""Choose among a few sources so that each gets its share, exactly and without chance."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any


class Mixer:
    """Largest-deficit rule: always serve the source that is furthest behind its share.

    Between two moments at which all due amounts are whole numbers every source is served exactly its amount:
    no source is ever more than one ahead, and the deficits sum to one at each choice.

    Args:
        sources: Number of sources.
    """

    def __init__(self, sources: int) -> None:
        self._due = [0.0] * sources

    def choose(self, shares: Sequence[float]) -> int:
        """Add shares (they sum to 1) and return the source to serve; ties go to the first."""
        due = self._due
        best = 0
        for source, share in enumerate(shares):
            due[source] += share
            # The margin keeps a tie a tie when sums of decimal shares differ in their last bits.
            if due[source] > due[best] + 1e-9:
                best = source
        due[best] -= 1.0
        return best

    def state_dict(self) -> dict[str, Any]:
        """Plain JSON types."""
        return {"due": list(self._due)}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Return to the saved deficits."""
        self._due = [float(value) for value in state["due"]]
