"""The small parts: tree, mixer, stages, packing, options, difficulty columns, what groups say."""

from __future__ import annotations

import json
import subprocess
import sys
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from curriculum_helpers import make_sampler
from hypothesis import given, settings
from hypothesis import strategies as st

from verl_wafersage.curriculum.catalog import Columns, build_catalog
from verl_wafersage.curriculum.chance import uniform
from verl_wafersage.curriculum.feedback import (
    Rollout,
    group_metrics,
    groups_of,
    rewards_by_position,
    score_metrics,
)
from verl_wafersage.curriculum.fenwick import Fenwick
from verl_wafersage.curriculum.journal import Journal
from verl_wafersage.curriculum.mixing import Mixer
from verl_wafersage.curriculum.options import CurriculumOptions
from verl_wafersage.curriculum.packing import pack, unpack
from verl_wafersage.curriculum.stages import Stages
from verl_wafersage.errors import InputError

few = settings(deadline=None, max_examples=50)


@few
@given(
    start=st.lists(st.integers(0, 50), min_size=1, max_size=40),
    changes=st.lists(st.tuples(st.integers(0, 39), st.integers(0, 50)), max_size=30),
)
def test_tree_agrees_with_plain_sums(start: list[int], changes: list[tuple[int, int]]) -> None:
    tree, plain = Fenwick(np.array(start, np.int64)), list(start)
    for slot, weight in changes:
        slot %= len(plain)
        tree.set(slot, weight)
        plain[slot] = weight
    assert [tree.total(k) for k in range(len(plain) + 1)] == [sum(plain[:k]) for k in range(len(plain) + 1)]
    running = np.cumsum(plain)
    for target in range(int(running[-1])):
        assert tree.find(target) == int(np.searchsorted(running, target, side="right"))


@few
@given(st.lists(st.integers(1, 9), min_size=1, max_size=5))
def test_mixer_is_exact_and_never_far_ahead(parts: list[int]) -> None:
    every = sum(parts)
    mixer, served = Mixer(len(parts)), np.zeros(len(parts))
    for step in range(1, 3 * every + 1):
        served[mixer.choose([part / every for part in parts])] += 1
        assert (served - step * np.array(parts) / every).max() < 1
        if step % every == 0:
            assert served.tolist() == [part * step / every for part in parts]


@few
@given(
    masses=st.lists(st.integers(0, 9), min_size=1, max_size=6).filter(any),
    overlap=st.floats(0, 1),
    cuts=st.lists(st.floats(0, 1), max_size=6),
)
def test_stages_give_every_level_its_mass(masses: list[int], overlap: float, cuts: list[float]) -> None:
    stages, total = Stages(masses, overlap), np.zeros(len(masses))
    moments = sorted({0.0, 1.0, *cuts})
    for before, after in pairwise(moments):
        if after - before < 1e-9:
            continue
        amounts = np.array(stages.amounts(before, after))
        assert amounts.sum() == pytest.approx(1) and (amounts >= -1e-6).all()
        total += amounts * (after - before)
    np.testing.assert_allclose(total, np.array(masses) / sum(masses), atol=1e-6)


@given(st.lists(st.integers(0, 2**32 - 1)), st.sampled_from(["uint8", "uint32", "int8"]))
@few
def test_packed_arrays_come_back(values: list[int], dtype: str) -> None:
    array = np.array(values, np.uint64).astype(dtype)
    back = unpack(json.loads(json.dumps(pack(array))))
    assert back.dtype == array.dtype and back.tolist() == array.tolist() and back.flags.writeable


def test_a_cut_array_is_noticed() -> None:
    with pytest.raises(ValueError, match="3 entries"):
        unpack(pack(np.zeros(3, np.uint8)) | {"length": 4})


def test_chance_is_uniform_and_differs_by_seed() -> None:
    numbers = np.array([uniform(3, k) for k in range(20_000)])
    assert numbers.min() >= 0 and numbers.max() < 1
    histogram = np.histogram(numbers, 20, (0, 1))[0]
    assert abs(histogram - 1000).max() < 150  # five standard deviations
    assert abs(np.corrcoef(numbers[:-1], numbers[1:])[0, 1]) < 0.03
    assert not set(numbers[:100]) & {uniform(4, k) for k in range(100)}


@pytest.mark.parametrize(
    ("options", "key", "remedy"),
    [
        ({"strategy": "stagd"}, "data.curriculum.strategy", "shuffled, staged, interleaved, adaptive"),
        ({"stratgy": "staged"}, "data.curriculum.stratgy", "known are"),
        ({"review_ratio": 1.5}, "data.curriculum.review_ratio", r"\[0, 1\]"),
        ({"review_ratio": -0.1}, "data.curriculum.review_ratio", r"\[0, 1\]"),
        ({"overlap": float("nan")}, "data.curriculum.overlap", r"\[0, 1\]"),
        ({"overlap": "half"}, "data.curriculum", "numbers"),
        ({"levels": 0}, "data.curriculum.levels", "1 to 100"),
        ({"levels": 2.5}, "data.curriculum.levels", "whole number"),
        ({"seed": "a"}, "data.curriculum.seed", "whole number"),
        ({"difficulty_scale": "log"}, "data.curriculum.difficulty_scale", "absolute, rank"),
        ({"class_weights": {"Donut": -1}}, "data.curriculum.class_weights.Donut", ">= 0"),
        ({"on_mismatch": "ignore"}, "data.curriculum.on_mismatch", "refuse, restart"),
        ({"strategy": "adaptive", "adaptive": {"explor": 0.1}}, "data.curriculum.adaptive.explor", "explore"),
        (
            {"strategy": "adaptive", "adaptive": {"min_level_share": 0.5}},
            "data.curriculum.adaptive.min_level_share",
            "0.333",
        ),
        ({"strategy": "adaptive", "adaptive": {"rest": 0}}, "data.curriculum.adaptive.rest", r"\(0, 1\]"),
        (
            {"strategy": "adaptive", "adaptive": {"solved_above": 0.2, "hopeless_below": 0.2}},
            "data.curriculum.adaptive.hopeless_below",
            "solved_above",
        ),
    ],
)
def test_bad_options_name_the_key_and_the_remedy(options: dict[str, Any], key: str, remedy: str) -> None:
    with pytest.raises(InputError, match=remedy) as refused:
        CurriculumOptions.parse(options)
    assert refused.value.field == key


@pytest.mark.parametrize(
    ("difficulty", "problem"),
    [
        ([0.1, 1.2, 0.3], "row 1.*1.2 is not in"),
        ([0.1, 0.2, None], "row 2.*no difficulty"),
        (["easy", "tough", "hard"], "row 1.*'tough' is neither"),
    ],
)
def test_bad_difficulty_names_the_row(difficulty: list[Any], problem: str) -> None:
    with pytest.raises(InputError, match=problem):
        make_sampler(prompts=3, difficulty=difficulty)


def test_weights_for_what_the_data_does_not_have_are_refused() -> None:
    with pytest.raises(InputError, match=r"dimension_weights\.spacial.*the data has full, spatial"):
        make_sampler(prompts=2, dimensions=["full", "spatial"], dimension_weights={"spacial": 2.0})
    with pytest.raises(InputError, match=r"class_weights.*class_key"):
        make_sampler(class_weights={"Donut": 2.0})
    with pytest.raises(InputError, match="leave no prompt"):
        make_sampler(prompts=2, dimensions=["full", "full"], dimension_weights={"full": 0.0})


def test_a_missing_difficulty_takes_the_level() -> None:
    options = CurriculumOptions.parse({})
    columns = Columns(difficulty=[0.9, None, float("nan")], levels=["easy", "easy", "hard"])
    assert build_catalog(columns, options).level.tolist() == [2, 0, 2]
    with pytest.raises(InputError, match=r"row 1.*no difficulty"):
        build_catalog(Columns(difficulty=[0.9, None], levels=["easy", None]), options)


def test_the_pure_parts_import_neither_verl_nor_torch() -> None:
    modules = "sampler, columns, feedback, journal, difficulty, run, profiling"
    code = f"import sys\nfrom verl_wafersage.curriculum import {modules}\nprint(*sys.modules)"
    loaded = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout.split()
    assert not {"torch", "verl", "ray", "transformers", "datasets"} & set(loaded)


def test_levels_by_name_by_number_and_by_rank() -> None:
    named = make_sampler(prompts=3, difficulty=["hard", "easy", "medium"])
    assert named.catalog.level.tolist() == [2, 0, 1]
    edges = make_sampler(prompts=5, difficulty=[0.0, 1 / 3, 0.5, 2 / 3, 1.0])
    assert edges.catalog.level.tolist() == [0, 1, 1, 2, 2]
    ranked = make_sampler(prompts=6, difficulty=[0.9, 0.91, 0.92, 0.93, 0.94, 0.95], difficulty_scale="rank")
    assert ranked.catalog.level.tolist() == [0, 0, 1, 1, 2, 2]


def rollout(uid: str, position: int | None, **scores: float) -> Rollout:
    return Rollout(uid, position, "text", scores, {})


def test_sub_scores_count_only_where_they_apply() -> None:
    rollouts = [
        rollout("a", 0, score=1.0, spatial=0.5),
        rollout("a", 0, score=0.0, spatial=-1.0),
        rollout("b", 1, score=-1.0, root_cause=-1.0),
    ]
    numbers = score_metrics(rollouts, -1.0)
    assert numbers == {
        "score/mean": 0.0,
        "score/std": pytest.approx(np.std([1, 0, -1])),
        "spatial/mean": 0.5,
        "spatial/std": 0.0,
    }
    assert score_metrics(rollouts, None)["root_cause/mean"] == -1.0


def test_groups_tell_what_teaches_nothing() -> None:
    rollouts = [rollout("a", 7, acc=1.0), rollout("a", 7, acc=1.0), rollout("b", 3, acc=0.0)]
    rollouts += [rollout("b", 3, acc=5.0), rollout("c", None, acc=0.0)]
    assert rewards_by_position(rollouts, "acc") == {3: [0.0, 1.0], 7: [1.0, 1.0]}
    numbers = group_metrics(groups_of(rollouts, "acc").values())
    assert numbers["groups"] == 3
    assert numbers["zero_spread"] == pytest.approx(2 / 3)
    assert numbers["all_right"] == numbers["all_wrong"] == pytest.approx(1 / 3)
    assert group_metrics([]) == {}


def entries(folder: Any) -> list[tuple[int, str]]:
    lines = (folder / "metrics.jsonl").read_text().splitlines()
    return [(entry["step"], entry["split"]) for entry in map(json.loads, lines)]


def test_journal_survives_a_crash_and_keeps_each_step_once(tmp_path: Any) -> None:
    first = Journal(tmp_path)
    first.metrics(0, "val", {"x": 1.0})
    for step in (1, 2, 3, 4):
        first.metrics(step, "train", {"x": float(step)})
        first.rollouts(step, [{"step": step, "text": "é"}])
    first.metrics(2, "val", {"x": 0.0})
    with (tmp_path / "metrics.jsonl").open("a") as file:
        file.write('{"step": 5, "spl')  # killed while writing
    resumed = Journal(tmp_path)  # from a checkpoint of step 2
    resumed.metrics(2, "val", {"x": 2.0})
    resumed.metrics(3, "train", {"x": 30.0})
    assert entries(tmp_path) == [(0, "val"), (1, "train"), (2, "train"), (2, "val"), (3, "train")]
    assert sorted(file.name for file in (tmp_path / "rollouts").iterdir()) == ["1.jsonl", "2.jsonl"]
    resumed.rollouts(3, [{"a": 1}])
    resumed.rollouts(3, [{"a": 2}])
    assert (tmp_path / "rollouts" / "3.jsonl").read_text() == '{"a": 1}\n{"a": 2}\n'
    again = Journal(tmp_path)  # without a validation first
    again.metrics(3, "train", {})
    assert entries(tmp_path)[-1] == (3, "train") and len(entries(tmp_path)) == 5
    assert sorted(file.name for file in (tmp_path / "rollouts").iterdir()) == ["1.jsonl", "2.jsonl"]
