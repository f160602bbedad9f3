"""Small converted sets with known defects."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np

from verl_wafersage.data_prep.records import DieGrid, Question
from verl_wafersage.data_prep.render import render
from verl_wafersage.data_prep.rows import RL_SCHEMA, SFT_SCHEMA, Place, Style, rl_row, sft_row, table
from verl_wafersage.data_prep.writer import write_table

RUBRIC = {
    "version": 1,
    "dimension": "root_cause",
    "labels": ["Edge-Ring"],
    "must_hit": ["edge bead removal"],
    "must_avoid": ["robot scratch"],
    "reference_answer": "A likely cause is incomplete edge bead removal.",
}


def grid_of(seed: int, side: int = 26) -> DieGrid:
    """Return a round wafer with failures at random places, different for each seed."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[0:side, 0:side] - (side - 1) / 2
    grid = (np.hypot(x, y) <= side / 2).astype(np.uint8)
    grid[(grid == 1) & (rng.random(grid.shape) < 0.25)] = 2
    return grid


def row(number: int, split: str = "train", grid: DieGrid | None = None, **changes: Any) -> dict[str, Any]:
    """Return a good row; changes are to its rubric, or `image`, `prompt`, `labels`, `index`, `question`."""
    rubric = RUBRIC | {name: value for name, value in changes.items() if name in RUBRIC}
    question = Question(
        image=render(grid_of(number) if grid is None else grid, 96),
        text=changes.get("question", "What may have caused this?"),
        rubric=rubric,
        reference_answer=rubric["reference_answer"],
        dimension=rubric["dimension"],
        question_type="cause",
        level="hard",
        labels=tuple(changes.get("wafer_labels", ("Edge-Ring",))),
        wafer_id=f"w{number}",
        origin="test",
        extra={"id": f"test/w{number}/cause"},
    )
    data = rl_row(question, Place(changes.get("index", number), split, None, f"w{number}"), Style("system"))
    if "ground_truth" in changes:
        data["reward_model"]["ground_truth"] = changes["ground_truth"]
    if "image" in changes:
        data["images"] = [{"bytes": changes["image"]}]
    if "prompt" in changes:
        data["prompt"][-1]["content"] = changes["prompt"]
    return data


def write_set(folder: Path, rows: Iterable[dict[str, Any]]) -> Path:
    """Write rows as `convert` does, with their rows for fine-tuning and a manifest."""
    by_split: dict[str, list[dict[str, Any]]] = {"train": [], "val": [], "test": []}
    for data in rows:
        by_split[data["extra_info"]["split"]].append(data)
    files = {}
    for split, members in by_split.items():
        name = f"{split}-00000-of-00001.parquet"
        write_table(table(members, RL_SCHEMA), folder / name)
        files[name] = {"rows": len(members)}
        write_table(table([_tuned(data) for data in members], SFT_SCHEMA), folder / "sft" / name)
    manifest = {"rows": sum(len(members) for members in by_split.values()), "files": files, "counts": {}}
    (folder / "manifest.json").write_text(json.dumps(manifest))
    (folder / "README.md").write_text("a card\n")
    return folder


def _tuned(data: dict[str, Any]) -> dict[str, Any]:
    extra = data["extra_info"]
    question = Question(
        image=data["images"][0]["bytes"],
        text=extra["question"],
        rubric=None,
        reference_answer=extra["reference_answer"],
        dimension=extra["dimension"],
        question_type="cause",
        level=None,
        labels=(),
        wafer_id=extra["wafer_id"],
        origin=extra["origin"],
        extra={"id": extra["id"]},
    )
    return sft_row(question, Place(extra["index"], extra["split"], None, ""), Style("system"))
