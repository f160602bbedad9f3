"""Ask what the model can sometimes answer: groups that disagree are groups that teach."""

from __future__ import annotations

import heapq
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ..catalog import Catalog
from ..chance import uniform
from ..clock import Clock
from ..fenwick import Fenwick
from ..mixing import Mixer
from ..options import AdaptiveOptions
from ..packing import pack, unpack
from .base import Strategy, deck
from .estimates import BandEstimates, PromptEstimates

_FULL = 1 << 16
"""Whole-number weight of a prompt that is certain to disagree."""

_BANDS_PER_LEVEL = 4
"""Levels are split this fine, so that the border of what the model can do is found within a level."""

_FOCUS = 4.0
"""Power of disagreement that decides between bands, and between prompts."""

_NEVER = (1 << 32) - 1
"""Largest moment that four bytes hold."""

_DEEPEST = 6
"""Doublings of a pause that are counted."""


class Adaptive(Strategy):
    """Serves prompts in proportion to how much their answers are expected to differ.

    Bands of difficulty share the run by the disagreement they promise (an upper confidence bound), and each
    level gets at least `min_level_share`. Within a band, prompts never served compete as a block with those
    served before, which are drawn by their own estimates. Whatever is served rests; what a whole group
    solved, or nobody did, rests twice as long each time it happens again. A prompt that never reports back
    just rests.

    Draws, updates and releases take O(log n), plus an O(n) shuffle per pass of a band.

    Args:
        catalog: All prompts.
        options: Knobs.
        seed: Seed of the run.
    """

    def __init__(self, catalog: Catalog, options: AdaptiveOptions, seed: int) -> None:
        self._options, self._seed, self._count = options, seed, len(catalog)
        self._names, self._weight = catalog.level_names, catalog.weight
        levels = len(self._names)
        within = np.floor((catalog.difficulty * levels - catalog.level) * _BANDS_PER_LEVEL + 1e-9)
        self._band = (catalog.level * _BANDS_PER_LEVEL + np.clip(within, 0, _BANDS_PER_LEVEL - 1)).astype(
            np.int16
        )
        by_band = [np.flatnonzero(self._band == band) for band in range(levels * _BANDS_PER_LEVEL)]
        self._decks = [deck(catalog, cards, seed, band) for band, cards in enumerate(by_band)]
        # Slots of the tree are sorted by band, so that a band is a range of slots.
        order = np.concatenate(by_band)
        self._prompt_at = order.astype(np.int32)
        self._slot_of = np.empty(self._count, np.int32)
        self._slot_of[order] = np.arange(self._count)
        self._first_slot = np.cumsum([0, *(len(cards) for cards in by_band)]).tolist()
        self._mixer = Mixer(len(by_band))
        self._prompts = PromptEstimates(self._count, options.memory)
        self._bands = BandEstimates(len(by_band))
        self._due = np.zeros(self._count, np.uint32)
        self._streak = np.zeros(self._count, np.int8)
        self._rebuild(now=0)

    def next_index(self, clock: Clock) -> int:
        """See `Strategy`."""
        now = clock.served
        self._release(now)
        index = self._draw(self._mixer.choose(self._shares()), now)
        self._rest(index, now, self._options.rest)
        clock.tick()
        return index

    def update(self, rewards: Mapping[int, Sequence[float]], clock: Clock) -> None:
        """See `Strategy`."""
        for index in sorted(rewards):
            group = rewards[index]
            if not group:
                continue
            self._prompts.observe(index, group)
            self._bands.observe(int(self._band[index]), group)
            streak = self._next_streak(int(self._streak[index]), sum(group) / len(group))
            self._streak[index] = streak
            if streak:
                pause = min(self._options.longest_rest, self._options.rest * 2.0 ** abs(streak))
                self._rest(index, clock.served, pause)
            elif self._tree[int(self._slot_of[index])]:
                self._offer(index, self._value(index))

    def stats(self, clock: Clock) -> dict[str, float]:
        """See `Strategy`."""
        resting = self._due > clock.served
        numbers = {
            "prompts_retired": float(np.count_nonzero(resting & (self._streak > 0))),
            "prompts_postponed": float(np.count_nonzero(resting & (self._streak < 0))),
        }
        shape = (len(self._names), _BANDS_PER_LEVEL)
        sizes = np.array([cards.mass for cards in self._decks]).reshape(shape)
        for level, name in enumerate(self._names):
            if not sizes[level].any():
                continue
            numbers[f"estimate/{name}"] = _mean(self._bands.success.reshape(shape)[level], sizes[level])
            numbers[f"uncertainty/{name}"] = _mean(
                self._bands.uncertainty.reshape(shape)[level], sizes[level]
            )
            numbers[f"target_share/{name}"] = float(np.reshape(self._shares(), shape)[level].sum())
        return numbers

    def state_dict(self) -> dict[str, Any]:
        """See `Strategy`."""
        return {
            "mixer": self._mixer.state_dict(),
            "decks": [cards.state_dict() for cards in self._decks],
            "prompts": self._prompts.state_dict(),
            "bands": self._bands.state_dict(),
            "due": pack(self._due),
            "streak": pack(self._streak),
            "now": self._now,
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """See `Strategy`."""
        self._mixer.load_state_dict(state["mixer"])
        for cards, saved in zip(self._decks, state["decks"], strict=True):
            cards.load_state_dict(saved)
        self._prompts.load_state_dict(state["prompts"])
        self._bands.load_state_dict(state["bands"])
        self._due, self._streak = unpack(state["due"]), unpack(state["streak"])
        self._rebuild(now=int(state["now"]))

    def _rebuild(self, now: int) -> None:
        """Tree and heaps from the arrays, as they were when prompts due by `now` had been released."""
        weights = np.zeros(self._count, np.int64)
        for index in np.flatnonzero((self._due > 0) & (self._due <= now)):
            weights[self._slot_of[index]] = self._value(int(index))
        self._tree = Fenwick(weights)
        self._ready = [
            int(weights[a:b].sum()) for a, b in zip(self._first_slot, self._first_slot[1:], strict=False)
        ]
        self._resting: list[list[tuple[int, int]]] = [[] for _ in self._decks]
        for index in np.flatnonzero(self._due > now):
            self._resting[self._band[index]].append((int(self._due[index]), int(index)))
        for heap in self._resting:
            heapq.heapify(heap)
        self._now = now

    def _release(self, now: int) -> None:
        for heap in self._resting:
            while heap and heap[0][0] <= now:
                due, index = heapq.heappop(heap)
                if self._due[index] == due:
                    self._offer(index, self._value(index))
        self._now = now

    def _shares(self) -> list[float]:
        """Share of each band now; they sum to 1."""
        promise = self._bands.promise
        values = [
            # Its prompts carry their own disagreement already; the band's sharpens the choice.
            (self._fresh(band) + ready) * promise[band]
            for band, ready in enumerate(self._ready)
        ]
        width = _BANDS_PER_LEVEL
        masses = [cards.mass for cards in self._decks]
        starts = [k for k in range(0, len(masses), width) if any(masses[k : k + width])]
        floor = self._options.min_level_share
        rest, every = 1.0 - floor * len(starts), sum(values)
        shares = [0.0] * len(values)
        for start in starts:
            inside = range(start, start + width)
            value = sum(values[band] for band in inside)
            level = floor + rest * (value / every if every else 1.0 / len(starts))
            basis, total = (values, value) if value else (masses, sum(masses[start : start + width]))
            for band in inside:
                shares[band] = level * basis[band] / total
        return shares

    def _fresh(self, band: int) -> float:
        """Weight of the prompts of a band that were never served."""
        unserved = self._decks[band].left_in_first_pass()
        return unserved * self._bands.promise[band] ** _FOCUS * _FULL if unserved else 0.0

    def _draw(self, band: int, now: int) -> int:
        explore, which, where = (uniform(self._seed, 3 * now + k) for k in range(3))
        fresh, ready = self._fresh(band), self._ready[band]
        if explore < self._options.explore or which * (fresh + ready) < fresh:
            card = self._card(band, now)
            if card is not None:
                return card
        if ready:
            before = self._tree.total(self._first_slot[band])
            return int(self._prompt_at[self._tree.find(before + int(where * ready))])
        card = self._card(band, now)
        return self._soonest(band) if card is None else card

    def _card(self, band: int, now: int) -> int | None:
        """The next card that does not rest, if there is one near."""
        for _ in range(32):
            index = self._decks[band].draw()
            if self._due[index] <= now:
                return index
        return None

    def _soonest(self, band: int) -> int:
        """The prompt whose rest ends first: a level is never starved."""
        heap = self._resting[band]
        while True:
            due, index = heapq.heappop(heap)
            if self._due[index] == due:
                self._due[index] = 0
                return index

    def _rest(self, index: int, now: int, passes: float) -> None:
        # What is to be seen more often also rests less long.
        due = min(_NEVER, now + max(1, round(passes * self._count / float(self._weight[index]))))
        if due > self._due[index]:
            self._due[index] = due
            heapq.heappush(self._resting[self._band[index]], (due, index))
        self._offer(index, 0)

    def _offer(self, index: int, weight: int) -> None:
        """Put a prompt up for drawing with a weight, or take it away with 0."""
        slot = int(self._slot_of[index])
        self._ready[self._band[index]] += weight - self._tree[slot]
        self._tree.set(slot, weight)

    def _value(self, index: int) -> int:
        disagreement: float = self._prompts.disagreement(index) ** _FOCUS
        return max(1, round(_FULL * disagreement * float(self._weight[index])))

    def _next_streak(self, streak: int, mean: float) -> int:
        if mean >= self._options.solved_above:
            return min(_DEEPEST, max(0, streak) + 1)
        if mean <= self._options.hopeless_below:
            return max(-_DEEPEST, min(0, streak) - 1)
        return 0


def _mean(values: Any, weights: Any) -> float:
    return float(np.average(values, weights=weights))
