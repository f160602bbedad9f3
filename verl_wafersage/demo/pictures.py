"""Two pictures of a run: the reward over steps, and wafers with questions, answers and scores."""

from __future__ import annotations

import io
import json
from pathlib import Path
from textwrap import fill
from typing import Any

import pyarrow.parquet as pq
from PIL import Image

Lines = list[dict[str, Any]]


def read_metrics(run_dir: Path) -> tuple[Lines, Lines]:
    """Training and validation lines of `metrics.jsonl`, in order of their steps."""
    path = run_dir / "metrics.jsonl"
    lines = [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []
    training = [line for line in lines if line.get("split") == "train"]
    validation = [line for line in lines if line.get("split") == "val"]
    return training, validation


def plot_reward(run_dir: Path, out: Path) -> None:
    """Draw the mean reward of each step, and of the validation questions where they were asked."""
    from matplotlib.figure import Figure

    training, validation = read_metrics(run_dir)
    figure = Figure(figsize=(7, 4), layout="constrained")
    axes = figure.subplots()
    for lines, label, style in ((training, "training", "o-"), (validation, "held-out wafers", "s--")):
        steps = [line["step"] for line in lines]
        axes.plot(steps, [line["wafersage/score/mean"] for line in lines], style, label=label, markersize=4)
    axes.set(xlabel="GSPO step", ylabel="mean reward (0 to 1)", ylim=(0, 1), title="Reward over training")
    axes.grid(alpha=0.3)
    axes.legend()
    figure.savefig(out, dpi=120)


def plot_answers(run_dir: Path, data_dir: Path, out: Path, count: int = 6) -> None:
    """Draw wafers of the last step with their question, one answer, the reference and the score."""
    from matplotlib.figure import Figure

    chosen = _last_answers(run_dir, count)
    rows = _rows(data_dir, {answer["id"] for answer in chosen})
    figure = Figure(figsize=(10, 1 + 2.1 * ((count + 1) // 2)), layout="constrained")
    panels = figure.subplots((count + 1) // 2, 4, width_ratios=[1, 2, 1, 2]).flatten()
    for panel in panels:
        panel.axis("off")
    for place, answer in enumerate(chosen):
        row = rows[answer["id"]]
        picture = Image.open(io.BytesIO(row["images"][0]["bytes"])).convert("RGB")
        panels[2 * place].imshow(picture, interpolation="nearest")
        text = "\n".join(
            (
                fill(f"Q: {answer['question']}", 40),
                fill(f"A: {_printable(answer['text'])}", 40),
                fill(f"reference: {row['extra_info']['reference_answer']}", 40),
                f"reward {answer['score']:.2f}",
            )
        )
        panels[2 * place + 1].text(0, 0.5, text, va="center", fontsize=8, wrap=True, parse_math=False)
    figure.suptitle("Answers of the last training step")
    figure.savefig(out, dpi=120)


def _last_answers(run_dir: Path, count: int) -> Lines:
    """One answer for each of `count` prompts, from the last steps backwards."""
    files = sorted((run_dir / "rollouts").glob("*.jsonl"), key=lambda path: -int(path.stem))
    chosen: dict[str, dict[str, Any]] = {}
    for file in files:
        for line in file.read_text().splitlines():
            answer = json.loads(line)
            chosen.setdefault(answer["id"], answer)
        if len(chosen) >= count:
            break
    return list(chosen.values())[:count]


def _rows(data_dir: Path, wanted: set[str]) -> dict[str, dict[str, Any]]:
    found = {}
    for file in sorted(data_dir.glob("train-*.parquet")):
        for row in pq.read_table(file, columns=["images", "extra_info"]).to_pylist():
            if row["extra_info"]["id"] in wanted:
                found[row["extra_info"]["id"]] = row
    return found


def _printable(text: str) -> str:
    kept = "".join(character if character.isprintable() else " " for character in text)
    return kept if len(kept) <= 160 else f"{kept[:157]}..."
