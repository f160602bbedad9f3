"""Print how well the reward agrees with the judges of the gold sets, beside two baselines.

    python benchmarks/agreement.py [--dev] [--worst N]   # the gold sets
    python benchmarks/agreement.py --graded [--worst N]  # the graded sets of tests/reward

Columns: our scorer, the published rule, and the bare mean of `partial_ratio` over the must-hit terms.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from rapidfuzz import fuzz
from scipy.stats import spearmanr

sys.path.insert(0, str(Path(__file__).parent))
from gold_split import FILES, ROOT, SPLIT, read_gold

from verl_wafersage.reward_fns import paper, rubric

Row = dict[str, Any]
GRADED = ROOT / "tests/reward/graded"


def ground_truth(question: Mapping[str, Any]) -> str:
    """Build a question's rubric by the contract, from what a scorer may see."""
    data = {"version": 1, "dimension": question["dimension"], "labels": question["label"]}
    data |= {key: question[key] for key in ("must_hit", "must_avoid", "criteria") if key in question}
    return json.dumps(data | {"reference_answer": question["reference_answer"]})


def partial_ratio(text: str, question: Mapping[str, Any]) -> float:
    """Return the bare baseline: the mean `partial_ratio` of the must-hit terms."""
    parts = question.get("criteria") or {"": question}
    terms = [
        t
        for part in parts.values()
        for item in part["must_hit"]
        for t in ([item] if isinstance(item, str) else item["any_of"])
    ]
    return (
        float(np.mean([fuzz.partial_ratio(t.lower(), text.lower()) for t in terms])) / 100 if terms else 0.0
    )


def score_all(files: Iterable[str] = FILES) -> list[Row]:
    """Score every candidate of the gold files with each scorer."""
    aside = json.loads(SPLIT.read_text(encoding="utf-8"))["set_aside"]
    return [
        row for file in files for question in read_gold(file) for row in score(question, file, aside[file])
    ]


def score_graded() -> list[Row]:
    """Score every candidate of our own graded files."""
    rows: list[Row] = []
    for file in sorted(GRADED.glob("*.jsonl")):
        for line in file.read_text(encoding="utf-8").splitlines():
            rows.extend(score(json.loads(line), file.name, ()))
    return rows


def score(question: Mapping[str, Any], file: str, aside: Collection[str]) -> Iterator[Row]:
    """Score the candidates of one question."""
    truth = ground_truth(question)
    extra = {"question": question["question"]}
    for candidate in question["candidates"]:
        scores = rubric.compute_score("gold", candidate["text"], truth, extra)
        row: Row = {
            "file": file,
            "id": question["id"],
            "cid": candidate["cid"],
            "kind": candidate["kind"],
            "dimension": question["dimension"],
            "aside": question["id"] in aside,
            "text": candidate["text"],
            "judge": candidate["grade"]
            if "grade" in candidate
            else (candidate["judge_a"] + candidate["judge_b"]) / 2,
            "ours": scores["score"],
            "paper": paper.compute_score("gold", candidate["text"], truth, extra)["score"],
            "partial": partial_ratio(candidate["text"], question),
        }
        if "judge_a_parts" in candidate:
            row["parts"] = {
                part: (
                    (candidate["judge_a_parts"][part] + candidate["judge_b_parts"][part]) / 2,
                    scores[part],
                )
                for part in candidate["judge_a_parts"]
            }
        yield row


def spearman(pairs: Sequence[tuple[float, float]]) -> float:
    """Return the rank correlation, NaN for fewer than three pairs."""
    if len(pairs) < 3:
        return float("nan")
    return float(spearmanr([a for a, _ in pairs], [b for _, b in pairs]).statistic)


def ordered_pairs(rows: Sequence[Row], key: str, gap: float = 2.0) -> tuple[int, int]:
    """Count the pairs of answers to one question, judged at least `gap` apart, that a scorer orders right."""
    right = total = 0
    for i, a in enumerate(rows):
        for b in rows[i + 1 :]:
            if a["id"] == b["id"] and abs(a["judge"] - b["judge"]) >= gap:
                total += 1
                right += (a[key] - b[key]) * (a["judge"] - b["judge"]) > 0
    return right, total


def table(rows: Sequence[Row], title: str) -> None:
    """Print one half's table."""
    print(f"\n{title}")
    print(
        f"{'set':<20}{'dimension':<13}{'n':>4} {'ours':>6}{'paper':>7}{'partial':>8}"
        "  pairs ours/paper/partial"
    )
    for file in dict.fromkeys(r["file"] for r in rows):
        mine = [r for r in rows if r["file"] == file]
        for dimension in ["all", *sorted({r["dimension"] for r in mine})]:
            some = [r for r in mine if dimension in ("all", r["dimension"])]
            if len(some) < 3 or (dimension != "all" and len(some) == len(mine)):
                continue
            values = [spearman([(r[k], r["judge"]) for r in some]) for k in ("ours", "paper", "partial")]
            pairs = [ordered_pairs(some, k) for k in ("ours", "paper", "partial")]
            shares = " / ".join(f"{100 * a / b:.1f}" for a, b in pairs if b)
            print(
                f"{file:<20}{dimension:<13}{len(some):>4} "
                f"{values[0]:>6.3f}{values[1]:>7.3f}{values[2]:>8.3f}  {shares}"
            )
        for part in ("spatial", "morphology", "root_cause"):
            scored = [r["parts"][part] for r in mine if "parts" in r]
            if scored:
                print(
                    f"{file:<20}{'part ' + part:<13}{len(scored):>4} "
                    f"{spearman([(o, j) for j, o in scored]):>6.3f}"
                )
    low = [r for r in rows if r["ours"] >= 0.25 and is_worthless(r)]
    high = [r for r in rows if r["ours"] <= 0.75 and r["kind"].startswith("perfect") and r["judge"] >= 9]
    print(f"worthless answers at 0.25 or more: {len(low)}; perfect answers at 0.75 or less: {len(high)}")


def is_worthless(row: Row) -> bool:
    """Tell whether an answer is of a kind that must not pay."""
    words = (
        "stuffing",
        "negated",
        "copied",
        "empty",
        "off_topic",
        "off-topic",
        "question copied",
        "keyword",
        "all classes",
    )
    return any(word in row["kind"] for word in words) and row["judge"] < 2


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--dev", action="store_true", help="only the half the scorer was tuned on")
    parser.add_argument("--worst", type=int, default=0, help="list the worst answers of the tuned half")
    parser.add_argument("--graded", action="store_true", help="our own graded sets instead of the gold sets")
    arguments = parser.parse_args()
    rows = score_graded() if arguments.graded else score_all()
    tuned = [r for r in rows if not r["aside"]]
    table(tuned, "tuned on")
    if not arguments.dev and not arguments.graded:
        table([r for r in rows if r["aside"]], "set aside")
    if arguments.worst:
        for r in sorted(tuned, key=lambda r: -abs(r["ours"] - r["judge"] / 10))[: arguments.worst]:
            print(
                f"{r['id']} {r['dimension']} judge {r['judge']:.1f} ours {r['ours']:.2f} ({r['kind']}) "
                f"{r['text'][:230]!r}"
            )


if __name__ == "__main__":
    main()
