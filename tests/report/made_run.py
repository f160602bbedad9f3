"""A made run: real questions and rewards, a simulated model that improves, and a judge that may not agree."""

from __future__ import annotations

import json
import math
import random
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from verl_wafersage.reward_fns.rubric import compute_score

HOSTILE = (
    "</p><script>document.title='owned'</script><img src=x onerror=\"document.title='owned'\">"
    "{{ 7*7 }} ${7*7} ]]> <!-- \u202e \ud800 </style></title> edge ring 'quoted' \"double\" &amp; \x00"
)


@dataclass(frozen=True)
class MadeRun:
    """A run folder, its data and the rows of one split."""

    folder: Path
    data: Path
    train: list[dict[str, Any]]
    validation: list[dict[str, Any]]


def make_run(
    wafers: Path, folder: Path, *, hacked: bool = False, steps: int = 60, judged: bool = True
) -> MadeRun:
    """Simulate a run in `folder`; `hacked` raises the rule's score and not the judge's."""
    rows = {split: read_rows(wafers, split) for split in ("train", "val")}
    rng = random.Random(0)
    (folder / "rollouts").mkdir()
    (folder / "validation").mkdir()
    metrics = []
    for step in range(1, steps + 1):
        skill = 0.25 + 0.6 * step / steps
        answers = [_rollout(rng.choice(rows["train"]), rng, skill) for _ in range(24)]
        metrics.append({"step": step, "split": "train", **_metrics(step, steps, answers, rng)})
        _write(folder / "rollouts" / f"{step}.jsonl", answers)
    _write(folder / "metrics.jsonl", metrics)
    _write(folder / "verl.jsonl", [_verl(step, steps, rng) for step in range(1, steps + 1)])
    for step in sorted({0, steps // 3, 2 * steps // 3, steps}):
        skill = 0.25 + 0.6 * step / steps
        lines = [_validation(row, rng, skill, step, hacked, judged) for row in rows["val"]]
        _write(folder / "validation" / f"{step}.jsonl", lines)
    return MadeRun(folder, wafers, rows["train"], rows["val"])


def read_rows(folder: Path, split: str) -> list[dict[str, Any]]:
    """Rows of a converted data set, without pictures."""
    columns = ["data_source", "prompt", "reward_model", "extra_info"]
    return [
        row
        for file in sorted(folder.glob(f"{split}-*.parquet"))
        for row in pq.read_table(file, columns=columns).to_pylist()
    ]


def _answer(row: dict[str, Any], rng: random.Random, skill: float) -> str:
    if rng.random() < skill:
        return str(row["extra_info"]["reference_answer"])
    return rng.choice(
        [
            "The defect is a Donut at mid-radius with an Edge-Ring, near 3 o'clock.",
            "There is a scratch from 2 o'clock towards the center; handling is the likely cause.",
            "The failing dies are scattered at random over the whole wafer.",
            "",
        ]
    )


def _scores(row: dict[str, Any], text: str) -> dict[str, float]:
    truth = row["reward_model"]["ground_truth"]
    return dict(compute_score(row["data_source"], text, truth, row["extra_info"]))


def _rollout(row: dict[str, Any], rng: random.Random, skill: float) -> dict[str, Any]:
    text = _answer(row, rng, skill)
    info = row["extra_info"]
    names = ("index", "id", "question", "dimension", "level", "difficulty")
    head = {"trained": True, "uid": f"{rng.getrandbits(64):016x}", "position": info["index"]}
    return {**head, **{name: info[name] for name in names}, "text": text, **_scores(row, text)}


def _validation(
    row: dict[str, Any], rng: random.Random, skill: float, step: int, hacked: bool, judged: bool
) -> dict[str, Any]:
    text = _answer(row, rng, skill)
    scores = _scores(row, text)
    line: dict[str, Any] = {
        "input": f"system\nYou read wafer maps.\nuser\n{row['extra_info']['question']}\nassistant\n",
        "output": text,
        "gts": row["reward_model"]["ground_truth"],
        "step": step,
        "reward": scores["score"],
        **scores,
        "uid": f"{rng.getrandbits(64):016x}_0_0",
    }
    if judged:
        grade = 0.45 + rng.gauss(0, 0.08) if hacked else scores["score"] * 0.8 + 0.1 + rng.gauss(0, 0.05)
        unscored = rng.random() < 0.05
        line |= {"judged": float(not unscored), "judge": -1.0 if unscored else min(1.0, max(0.0, grade))}
    return line


def _metrics(step: int, steps: int, answers: list[dict[str, Any]], rng: random.Random) -> dict[str, float]:
    result = {}
    for name in ("score", "acc", "hit", "faithful", "hallucination", "format"):
        values = [answer[name] for answer in answers]
        mean = sum(values) / len(values)
        result[f"wafersage/{name}/mean"] = mean
        result[f"wafersage/{name}/std"] = math.sqrt(sum((v - mean) ** 2 for v in values) / len(values))
    for name in ("spatial", "morphology", "root_cause", "defect_type"):
        values = [answer[name] for answer in answers if answer[name] != -1.0]
        if values:
            result[f"wafersage/{name}/mean"] = sum(values) / len(values)
    share = step / steps
    for level, start in (("easy", 0.5), ("medium", 0.35), ("hard", 0.2)):
        result[f"curriculum/success/level/{level}"] = min(1.0, start + 0.4 * share + rng.gauss(0, 0.03))
    served = (("easy", 0.8 - 0.6 * share), ("medium", 0.15 + 0.1 * share), ("hard", 0.05 + 0.5 * share))
    for level, part in served:
        result[f"curriculum/share/{level}"] = part
    result["curriculum/difficulty"] = 0.2 + 0.6 * share
    result["curriculum/zero_spread"] = max(0.0, 0.45 - 0.3 * share + rng.gauss(0, 0.05))
    result["curriculum/all_wrong"] = max(0.0, result["curriculum/zero_spread"] - 0.1)
    result["curriculum/prompts_seen"] = 24.0 * step
    result["curriculum/prompts_retired"] = float(step // 4)
    result["curriculum/something_new"] = float(step)
    return result


def _verl(step: int, steps: int, rng: random.Random) -> dict[str, Any]:
    share = step / steps
    return {
        "step": step,
        "data": {
            "actor/kl_loss": 0.02 * share + abs(rng.gauss(0, 0.002)),
            "actor/ppo_kl": abs(rng.gauss(0, 0.001)),
            "actor/entropy": 0.9 - 0.4 * share + rng.gauss(0, 0.02),
            "actor/pg_clipfrac": abs(rng.gauss(0.02, 0.01)),
            "actor/grad_norm": abs(rng.gauss(0.5, 0.1)),
            "response_length/mean": 60 + 20 * share + rng.gauss(0, 3),
            "response_length/max": 140 + rng.gauss(0, 10),
            "response_length/clip_ratio": max(0.0, rng.gauss(0.02, 0.01)),
            "critic/score/mean": float("nan"),
        },
    }


def _write(file: Path, lines: list[dict[str, Any]]) -> None:
    with file.open("w", encoding="utf-8") as stream:
        stream.writelines(json.dumps(line) + "\n" for line in lines)
