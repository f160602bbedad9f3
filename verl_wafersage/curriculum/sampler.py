"""The curriculum as one pure object: what to serve next, what was learnt, how to resume."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from verl_wafersage.errors import InputError

from .catalog import Catalog
from .clock import Clock
from .options import NODE, CurriculumOptions
from .packing import pack, unpack
from .strategies import make_strategy

VERSION = 1


class CurriculumSampler:
    """Serves positions of a data set in the order of a curriculum.

    Args:
        catalog: What is known of the prompts.
        options: The user's choices.
        clock: Length of the run and position in it.
    """

    def __init__(self, catalog: Catalog, options: CurriculumOptions, clock: Clock) -> None:
        self.catalog, self.options, self.clock = catalog, options, clock
        self.strategy = make_strategy(options, catalog)
        self._seen = np.zeros(len(catalog), np.bool_)
        self._seen_count = 0

    def next_index(self) -> int:
        """Position of the prompt to serve next."""
        index = self.strategy.next_index(self.clock)
        if not self._seen[index]:
            self._seen[index] = True
            self._seen_count += 1
        return index

    def update(self, rewards: Mapping[int, Sequence[float]]) -> None:
        """Learn from finished groups: rewards in [0, 1] by position. Groups may also never come back."""
        self.strategy.update(rewards, self.clock)

    def report(self, step: int) -> None:
        """Training step `step` has its batch."""
        self.clock.report(step)

    def stats(self) -> dict[str, float]:
        """State of the curriculum as numbers for the log."""
        return {
            "progress": self.clock.progress,
            "prompts_served": float(self.clock.served),
            "prompts_seen": float(self._seen_count),
            "prompts_seen_share": self._seen_count / len(self.catalog),
            **self.strategy.stats(self.clock),
        }

    def composition(self, positions: Sequence[int]) -> dict[str, float]:
        """Difficulty and levels of some prompts, as numbers for the log."""
        if not positions:
            return {}
        chosen = np.asarray(positions)
        level = self.catalog.level[chosen]
        numbers = {
            "difficulty": float(self.catalog.difficulty[chosen].mean()),
            "level": float(level.mean()),
        }
        for code, name in enumerate(self.catalog.level_names):
            numbers[f"share/{name}"] = float((level == code).mean())
        return numbers

    def success(self, rewards: Mapping[int, Sequence[float]]) -> dict[str, float]:
        """Mean reward per level and per dimension over some groups; names without a group are left out."""
        sums: dict[str, list[float]] = defaultdict(list)
        for index, group in rewards.items():
            mean = float(np.mean(group))
            sums[f"success/level/{self.catalog.level_names[self.catalog.level[index]]}"].append(mean)
            dimension = self.catalog.dimension_names[self.catalog.dimension[index]]
            sums[f"success/dimension/{dimension}"].append(mean)
        return {name: float(np.mean(values)) for name, values in sorted(sums.items())}

    def state_dict(self) -> dict[str, Any]:
        """Everything the order depends on, as plain JSON types."""
        return {
            "version": VERSION,
            "fingerprint": self.catalog.fingerprint,
            "prompts": len(self.catalog),
            "options": self.options.order_defining(),
            "clock": self.clock.state_dict(),
            "seen": pack(np.packbits(self._seen)),
            "strategy": self.strategy.state_dict(),
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on where `state` was taken.

        Raises:
            InputError: The state belongs to other data or other options, or to a newer version.
        """
        problem = self.mismatch(state)
        if problem is not None:
            if self.options.on_mismatch == "refuse":
                raise problem
            self.clock.begin_anew_at(int(state.get("clock", {}).get("step", 0)))
            return
        self.clock.load_state_dict(state["clock"])
        seen = np.unpackbits(unpack(state["seen"]), count=len(self.catalog)).astype(np.bool_)
        self._seen, self._seen_count = seen, int(seen.sum())
        self.strategy.load_state_dict(state["strategy"])

    def mismatch(self, state: Mapping[str, Any]) -> InputError | None:
        """Why a saved state cannot be continued with this data and these options, or None."""
        restart = f"or set {NODE}.on_mismatch=restart to begin the order anew"
        if state.get("version") != VERSION:
            return InputError(
                f"the checkpoint has a curriculum state of version {state.get('version')!r}, "
                f"this release reads version {VERSION}",
                field="data.pt",
                remedy=f"resume with the release that wrote it, {restart}",
            )
        if state["fingerprint"] != self.catalog.fingerprint:
            return InputError(
                f"the training data changed since the checkpoint was written "
                f"({state['prompts']} prompts then, {len(self.catalog)} now, or other ids or difficulties)",
                field="data.train_files",
                remedy=f"resume with the files of the first run, {restart}",
            )
        saved, now = state["options"], self.options.order_defining()
        changed = sorted(key for key in saved.keys() | now.keys() if saved.get(key) != now.get(key))
        if changed:
            return InputError(
                f"changed since the checkpoint was written ({saved.get(changed[0])!r} then, "
                f"{now.get(changed[0])!r} now)",
                field=", ".join(f"{NODE}.{key}" for key in changed),
                remedy=f"set it back, {restart}",
            )
        return None
