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
from .estimates import LevelEstimate, PromptEstimates

_FULL = 1 << 16
"""Whole-number weight of a prompt that is certain to disagree."""

_FOCUS = 2.0
"""Power that sharpens the choice between levels."""

_NEVER = (1 << 32) - 1
"""Largest moment that four bytes hold."""

_DEEPEST = 6
"""Doublings of a pause that are counted."""


class Adaptive(Strategy):
    """Serves prompts in proportion to how much their answers are expected to differ.

    Levels share the run by the disagreement they promise (an upper confidence bound), each at least
    `min_level_share`. Within a level, prompts never served compete as a block with those served before,
    which are drawn by their own estimates. Whatever is served rests; what a whole group solved, or nobody
    did, rests twice as long each time it happens again. A prompt that never reports back just rests.

    Draws, updates and releases take O(log n), plus an O(n) shuffle per pass of a level.

    Args:
        catalog: All prompts.
        options: Knobs.
        seed: Seed of the run.
    """

    def __init__(self, catalog: Catalog, options: AdaptiveOptions, seed: int) -> None:
        self._options, self._seed, self._count = options, seed, len(catalog)
        self._level = catalog.level
        self._names = catalog.level_names
        by_level = [np.flatnonzero(catalog.level == level) for level in range(len(catalog.level_names))]
        self._decks = [deck(catalog, cards, seed, level) for level, cards in enumerate(by_level)]
        self._weight = catalog.weight
        # Slots of the tree are sorted by level, so that a level is a range of slots.
        order = np.concatenate(by_level)
        self._prompt_at = order.astype(np.int32)
        self._slot_of = np.empty(self._count, np.int32)
        self._slot_of[order] = np.arange(self._count)
        ends = np.cumsum([len(cards) for cards in by_level])
        self._ranges = [(int(end) - len(cards), int(end)) for end, cards in zip(ends, by_level, strict=True)]
        self._open = [cards.mass > 0 for cards in self._decks]
        self._mixer = Mixer(len(by_level))
        self._prompts = PromptEstimates(self._count, options.memory)
        self._levels = [LevelEstimate() for _ in by_level]
        self._due = np.zeros(self._count, np.uint32)
        self._streak = np.zeros(self._count, np.int8)
        self._rebuild(now=0)

    def next_index(self, clock: Clock) -> int:
        """See `Strategy`."""
        now = clock.served
        self._release(now)
        level = self._mixer.choose(self._shares())
        index = self._draw(level, now)
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
            self._levels[self._level[index]].observe(group)
            streak = self._next_streak(int(self._streak[index]), sum(group) / len(group))
            self._streak[index] = streak
            if streak:
                pause = min(self._options.longest_rest, self._options.rest * 2.0 ** abs(streak))
                self._rest(index, clock.served, pause)
            elif self._tree[self._slot_of[index]]:
                self._tree.set(int(self._slot_of[index]), self._value(index))

    def stats(self, clock: Clock) -> dict[str, float]:
        """See `Strategy`."""
        resting = self._due > clock.served
        numbers = {
            "prompts_retired": float(np.count_nonzero(resting & (self._streak > 0))),
            "prompts_postponed": float(np.count_nonzero(resting & (self._streak < 0))),
        }
        for name, estimate, share in zip(self._names, self._levels, self._shares(), strict=True):
            numbers[f"estimate/{name}"] = estimate.success
            numbers[f"uncertainty/{name}"] = estimate.uncertainty
            numbers[f"target_share/{name}"] = share
        return numbers

    def state_dict(self) -> dict[str, Any]:
        """See `Strategy`."""
        return {
            "mixer": self._mixer.state_dict(),
            "decks": [cards.state_dict() for cards in self._decks],
            "prompts": self._prompts.state_dict(),
            "levels": [estimate.state_dict() for estimate in self._levels],
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
        for estimate, numbers in zip(self._levels, state["levels"], strict=True):
            estimate.load_state_dict(numbers)
        self._due, self._streak = unpack(state["due"]), unpack(state["streak"])
        self._rebuild(now=int(state["now"]))

    def _rebuild(self, now: int) -> None:
        """Tree and heaps from the arrays, as they were when prompts due by `now` had been released."""
        served = self._due > 0
        ready = np.flatnonzero(served & (self._due <= now))
        weights = np.zeros(self._count, np.int64)
        for index in ready:
            weights[self._slot_of[index]] = self._value(int(index))
        self._tree = Fenwick(weights)
        self._resting: list[list[tuple[int, int]]] = [[] for _ in self._decks]
        for index in np.flatnonzero(self._due > now):
            self._resting[self._level[index]].append((int(self._due[index]), int(index)))
        for heap in self._resting:
            heapq.heapify(heap)
        self._now = now

    def _release(self, now: int) -> None:
        for heap in self._resting:
            while heap and heap[0][0] <= now:
                due, index = heapq.heappop(heap)
                if self._due[index] == due:
                    self._tree.set(int(self._slot_of[index]), self._value(index))
        self._now = now

    def _shares(self) -> list[float]:
        values = [self._offer(level) if is_open else 0.0 for level, is_open in enumerate(self._open)]
        every, levels = sum(values), sum(self._open)
        floor = self._options.min_level_share
        rest = 1.0 - floor * levels
        return [
            (floor + rest * (value / every if every else 1.0 / levels)) if is_open else 0.0
            for value, is_open in zip(values, self._open, strict=True)
        ]

    def _offer(self, level: int) -> float:
        """What a level has to offer now: prompts it could serve, times the disagreement they promise."""
        fresh, ready = self._fresh(level), self._ready(level)
        return float((fresh + ready) / _FULL * self._levels[level].promise ** (_FOCUS - 1))

    def _fresh(self, level: int) -> float:
        return self._decks[level].left_in_first_pass() * self._levels[level].promise * _FULL

    def _ready(self, level: int) -> int:
        start, end = self._ranges[level]
        return self._tree.total(end) - self._tree.total(start)

    def _draw(self, level: int, now: int) -> int:
        explore, which, where = (uniform(self._seed, 3 * now + k) for k in range(3))
        fresh, ready = self._fresh(level), self._ready(level)
        if explore < self._options.explore or which * (fresh + ready) < fresh:
            card = self._card(level, now)
            if card is not None:
                return card
        if ready:
            before = self._tree.total(self._ranges[level][0])
            return int(self._prompt_at[self._tree.find(before + int(where * ready))])
        card = self._card(level, now)
        return self._soonest(level) if card is None else card

    def _card(self, level: int, now: int) -> int | None:
        """The next card that does not rest, if there is one near."""
        for _ in range(32):
            index = self._decks[level].draw()
            if self._due[index] <= now:
                return index
        return None

    def _soonest(self, level: int) -> int:
        """The prompt whose rest ends first: a level is never starved."""
        heap = self._resting[level]
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
            heapq.heappush(self._resting[self._level[index]], (due, index))
        self._tree.set(int(self._slot_of[index]), 0)

    def _value(self, index: int) -> int:
        return max(1, round(_FULL * self._prompts.disagreement(index) * float(self._weight[index])))

    def _next_streak(self, streak: int, mean: float) -> int:
        if mean >= self._options.solved_above:
            return min(_DEEPEST, max(0, streak) + 1)
        if mean <= self._options.hopeless_below:
            return max(-_DEEPEST, min(0, streak) - 1)
        return 0
