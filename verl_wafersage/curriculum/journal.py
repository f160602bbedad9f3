"""Files beside a run that survive a crash: metrics of every step, and every answer with its scores."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any


class Journal:
    """Writes `metrics.jsonl` and `rollouts/<step>.jsonl` under one folder.

    A run that is resumed repeats the steps after its checkpoint. The first entry written by a process
    therefore drops what an earlier process wrote about the same and later steps, so each step stands once.

    Args:
        run_dir: The folder; made when missing.
    """

    def __init__(self, run_dir: str | Path) -> None:
        self.metrics_file = Path(run_dir) / "metrics.jsonl"
        self.rollouts_dir = Path(run_dir) / "rollouts"
        self.rollouts_dir.mkdir(parents=True, exist_ok=True)
        self._last: tuple[int, str] | None = None
        self._last_starts = 0
        self._step: int | None = None

    def metrics(self, step: int, split: str, numbers: Mapping[str, float]) -> None:
        """Append one line `{"step": ..., "split": "train" | "val", <name>: <number>, ...}`.

        A second call about the same step and split replaces the line: a validation set of several batches
        is reported batch by batch.
        """
        line = json.dumps({"step": step, "split": split, **numbers})
        if self._last == (step, split):
            before = self.metrics_file.read_bytes()[: self._last_starts].decode("utf-8")
            write_atomically(self.metrics_file, f"{before}{line}\n")
            return
        if self._last is None:
            self._forget(step, split)
        self._last = (step, split)
        self._last_starts = self.metrics_file.stat().st_size if self.metrics_file.exists() else 0
        with self.metrics_file.open("a", encoding="utf-8") as file:
            file.write(line + "\n")
            file.flush()
            os.fsync(file.fileno())

    def rollouts(self, step: int, rows: Iterable[Mapping[str, Any]]) -> None:
        """Write the answers of a step; a second call within the step adds to the first."""
        target = self.rollouts_dir / f"{step}.jsonl"
        earlier = target.read_text(encoding="utf-8") if step == self._step else ""
        self._step = step
        lines = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
        write_atomically(target, earlier + lines)

    def _forget(self, step: int, split: str) -> None:
        if self.metrics_file.exists():
            kept = [line for line in self.metrics_file.read_text(encoding="utf-8").splitlines() if line]
            write_atomically(
                self.metrics_file, "".join(f"{line}\n" for line in kept if _stands(line, step, split))
            )
        for file in self.rollouts_dir.glob("*.jsonl"):
            if file.stem.isdigit() and int(file.stem) > step - (split == "train"):
                file.unlink()


def write_atomically(target: Path, text: str) -> None:
    """Write to a temporary name beside the target, then rename."""
    draft = target.with_name(f".{target.name}.{os.getpid()}")
    draft.write_text(text, encoding="utf-8")
    os.replace(draft, target)


def _stands(line: str, step: int, split: str) -> bool:
    try:
        entry = json.loads(line)
    except json.JSONDecodeError:
        # The half-written last line of a killed process.
        return False
    return bool(
        # A resume at step s may begin with a validation of the model that step s left behind.
        entry["step"] < step or (entry["step"] == step and (entry["split"], split) == ("train", "val"))
    )
