"""Agreement with the judges of the gold sets, on the half the scorer was tuned on."""

from __future__ import annotations

import importlib.util
import json
import sys
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parents[2]
GOLD = ROOT / "../shared/gold"
pytestmark = pytest.mark.skipif(not GOLD.is_dir(), reason="the gold sets are not beside the repository")


def _load(name: str) -> ModuleType:
    if name in sys.modules:
        return sys.modules[name]
    spec = importlib.util.spec_from_file_location(name, ROOT / "benchmarks" / f"{name}.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def rows() -> list[dict]:
    _load("gold_split")
    return [row for row in _load("agreement").score_all() if not row["aside"]]


def test_split_is_the_seeded_draw() -> None:
    split = _load("gold_split")
    committed = json.loads((Path(__file__).parent / "split.json").read_text())
    assert committed["set_aside"] == split.draw({file: split.read_gold(file) for file in split.FILES})


@pytest.mark.parametrize(
    ("file", "least"), [("answers.jsonl", 0.85), ("answers_hard.jsonl", 0.8), ("full.jsonl", 0.8)]
)
def test_ranks_follow_the_judges(rows: list[dict], file: str, least: float) -> None:
    agreement = _load("agreement")
    mine = [row for row in rows if row["file"] == file]
    assert agreement.spearman([(row["ours"], row["judge"]) for row in mine]) > least
    right, total = agreement.ordered_pairs(mine, "ours")
    assert right / total > 0.9


def test_worthless_answers_do_not_pay(rows: list[dict]) -> None:
    worthless = _load("agreement").is_worthless
    assert not [row["cid"] for row in rows if worthless(row) and row["ours"] >= 0.25]
