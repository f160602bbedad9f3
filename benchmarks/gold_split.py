"""Draw the halves of the gold sets: questions the scorer is tuned on, and questions set aside unread.

Half of the questions of each dimension of each file, by a seeded draw over their ids. The draw was made
before any tuning and is committed as `tests/reward/split.json`; this script writes it again.
"""

from __future__ import annotations

import json
import random
import sys
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

SEED = 20261123
FILES = ("answers.jsonl", "answers_hard.jsonl", "full.jsonl")
ROOT = Path(__file__).resolve().parents[1]
GOLD = ROOT / "../shared/gold"
SPLIT = ROOT / "tests/reward/split.json"


def read_gold(file: str) -> list[dict[str, Any]]:
    """Read one gold file: one question with its candidates a line."""
    if not GOLD.exists():
        sys.exit(f"no graded answers at {GOLD}: they are not part of the repository (docs/reward.md)")
    with (GOLD / file).open(encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def draw(questions: Mapping[str, Sequence[Mapping[str, Any]]], seed: int = SEED) -> dict[str, list[str]]:
    """Return the ids set aside in each file: half of each dimension, rounded up."""
    aside: dict[str, list[str]] = {}
    for file in sorted(questions):
        by_dimension: dict[str, list[str]] = defaultdict(list)
        for question in questions[file]:
            by_dimension[question["dimension"]].append(question["id"])
        rng = random.Random(f"{seed}/{file}")
        ids = [
            name
            for dimension in sorted(by_dimension)
            for name in rng.sample(sorted(by_dimension[dimension]), (len(by_dimension[dimension]) + 1) // 2)
        ]
        aside[file] = sorted(ids)
    return aside


if __name__ == "__main__":
    SPLIT.write_text(
        json.dumps({"seed": SEED, "set_aside": draw({file: read_gold(file) for file in FILES})}, indent=1)
        + "\n"
    )
