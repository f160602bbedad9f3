"""A Fenwick tree over whole numbers: draw in proportion to weights that change."""

from __future__ import annotations

from array import array

import numpy as np
import numpy.typing as npt


class Fenwick:
    """Weights with prefix sums; `set`, `total` and `find` take O(log n).

    Weights are whole numbers on purpose: sums do not depend on the order of changes, so a tree that is built
    from saved weights draws exactly as the one that was saved.

    Args:
        weights: Initial weights >= 0, shape (n,).
    """

    def __init__(self, weights: npt.NDArray[np.int64]) -> None:
        self._weights = array("q", weights.tobytes())
        sums = np.concatenate([[0], np.cumsum(weights)])
        nodes = np.arange(len(weights) + 1)
        self._tree = array("q", (sums - sums[nodes - (nodes & -nodes)]).astype(np.int64).tobytes())
        self._top = 1 << max(0, len(weights).bit_length() - 1)

    def __getitem__(self, slot: int) -> int:
        return self._weights[slot]

    def set(self, slot: int, weight: int) -> None:
        """Give a slot a new weight."""
        change = weight - self._weights[slot]
        if not change:
            return
        self._weights[slot] = weight
        tree, node = self._tree, slot + 1
        while node < len(tree):
            tree[node] += change
            node += node & -node

    def total(self, end: int) -> int:
        """Sum of the weights of slots 0 .. end - 1."""
        tree, sum_ = self._tree, 0
        while end:
            sum_ += tree[end]
            end &= end - 1
        return sum_

    def find(self, target: int) -> int:
        """The slot at which the running sum first exceeds `target`, for 0 <= target < total."""
        tree, node, step = self._tree, 0, self._top
        while step:
            following = node + step
            if following < len(tree) and tree[following] <= target:
                node = following
                target -= tree[following]
            step >>= 1
        return node
