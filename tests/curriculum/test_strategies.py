"""The pure sampler: what is promised about orders, weights, feedback and saved states."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

import numpy as np
import pytest
from curriculum_helpers import Maker, make_sampler
from hypothesis import given, settings
from hypothesis import strategies as st

from verl_wafersage.curriculum.sampler import CurriculumSampler
from verl_wafersage.errors import InputError

STRATEGIES = ["shuffled", "staged", "interleaved", "adaptive"]
few = settings(deadline=None, max_examples=25)


@pytest.fixture
def make() -> Maker:
    return make_sampler


def serve(sampler: CurriculumSampler, count: int) -> list[int]:
    return [sampler.next_index() for _ in range(count)]


def groups(indices: list[int], salt: int) -> dict[int, list[float]]:
    """Feedback that only depends on its arguments; every fifth prompt never reports back."""
    rng = np.random.default_rng([salt, *indices])
    return {i: (rng.random(4) < 0.5).astype(float).tolist() for i in indices if i % 5}


def run(sampler: CurriculumSampler, first: int, last: int, batch: int = 4) -> list[int]:
    """Steps first + 1 .. last with feedback; the order served."""
    order: list[int] = []
    for step in range(first, last):
        served = serve(sampler, batch)
        sampler.update(groups(served, step))
        sampler.report(step + 1)
        order += served
    return order


@few
@given(
    strategy=st.sampled_from(["shuffled", "staged"]),
    prompts=st.integers(3, 80),
    passes=st.integers(1, 4),
    overlap=st.floats(0, 1),
    seed=st.integers(0, 10**6),
)
def test_every_prompt_once_per_pass(
    strategy: str, prompts: int, passes: int, overlap: float, seed: int
) -> None:
    sampler = make_sampler(strategy, prompts, 1, prompts * passes, overlap=overlap, seed=seed)
    assert set(Counter(serve(sampler, prompts * passes)).values()) == {passes}
    if strategy == "shuffled":
        assert sorted(serve(sampler, prompts)) == list(range(prompts))


@few
@given(prompts=st.integers(3, 80), passes=st.integers(1, 3), levels=st.integers(1, 6))
def test_stages_without_overlap_never_go_back(prompts: int, passes: int, levels: int) -> None:
    sampler = make_sampler("staged", prompts, 1, prompts * passes, overlap=0.0, levels=levels)
    order = sampler.catalog.level[serve(sampler, prompts * passes)]
    assert (np.diff(order) >= 0).all()


def test_stages_fade_and_span_the_run_not_the_epoch(make: Maker) -> None:
    sampler = make("staged", 300, 10, 120, overlap=0.5)  # four epochs
    level = sampler.catalog.level[serve(sampler, 1200)].reshape(12, 100)
    easy, hard = (level == 0).mean(axis=1), (level == 2).mean(axis=1)
    assert easy[0] == 1 and easy[-1] == 0 and hard[0] == 0 and hard[-1] == 1
    assert ((easy > 0) & (easy < 1)).sum() >= 2, "neighbouring stages overlap"
    assert (np.diff(level.mean(axis=1)) >= -0.02).all()


@few
@given(ratio=st.floats(0, 1), prompts=st.integers(12, 60))
def test_review_keeps_its_ratio_at_every_moment(ratio: float, prompts: int) -> None:
    sampler = make_sampler("interleaved", prompts, review_ratio=ratio)
    assert sampler.catalog.stream is not None
    review = sampler.catalog.stream[serve(sampler, 120)] == 0
    expected = ratio * np.arange(1, 121)
    assert np.abs(np.cumsum(review) - expected).max() < 1 + 1e-6


def test_each_stream_goes_from_easy_to_hard(make: Maker) -> None:
    sampler = make("interleaved", 300, 10, 60, review_ratio=0.4, overlap=0.0)
    assert sampler.catalog.stream is not None
    order = np.array(serve(sampler, 600))
    for code in (0, 1):
        levels = sampler.catalog.level[order[sampler.catalog.stream[order] == code]]
        assert (np.diff(levels) >= 0).all() and set(levels) == {0, 1, 2}


@few
@given(weights=st.lists(st.floats(0.1, 5), min_size=3, max_size=3), seed=st.integers(0, 99))
def test_weights_are_respected(weights: list[float], seed: int) -> None:
    classes = [("Donut", "Near-full", "Loc")[k % 3] for k in range(60)]
    table = dict(zip(("Donut", "Near-full", "Loc"), weights, strict=True))
    sampler = make_sampler(
        "shuffled", 60, classes=classes, class_weights=table, class_key="extra_info.labels", seed=seed
    )
    served = Counter(serve(sampler, 3000))
    expected = np.array([table[name] for name in classes]) * 3000 / (20 * sum(weights))
    counts = np.array([served[k] for k in range(60)])
    # One pass may be under way; within complete passes each prompt is off by less than one.
    assert (np.abs(counts - expected) <= 2 + expected * 0.05).all()


def test_rare_classes_are_seen_more_often_in_every_strategy(make: Maker) -> None:
    classes = [["Near-full", "Loc"] if k % 20 == 0 else "Loc" for k in range(300)]
    options: dict[str, Any] = {"class_key": "x", "class_weights": {"Near-full": 5.0}}
    for strategy in STRATEGIES:
        sampler = make(strategy, 300, 4, 1000, classes=classes, **options)
        order = run(sampler, 0, 1000) if strategy == "adaptive" else serve(sampler, 4000)
        share = np.mean([index % 20 == 0 for index in order])
        assert share > 0.1, strategy  # 5 % without weights


@few
@given(strategy=st.sampled_from(STRATEGIES), seed=st.integers(0, 2**31))
def test_the_same_seed_gives_the_same_order(strategy: str, seed: int) -> None:
    first, second = (run(make_sampler(strategy, seed=seed), 0, 20) for _ in range(2))
    assert first == second
    assert first != run(make_sampler(strategy, seed=seed + 1), 0, 20)


@pytest.mark.parametrize("strategy", STRATEGIES)
@pytest.mark.parametrize("by_steps", [False, True])
def test_a_state_saved_at_any_step_continues_exactly(make: Maker, strategy: str, by_steps: bool) -> None:
    options: dict[str, Any] = {
        "by_steps": by_steps,
        "dimension_weights": {"full": 2.5},
        "dimensions": ["full" if k % 4 == 0 else "spatial" for k in range(60)],
    }
    whole = run(make(strategy, **options), 0, 30)
    walker = make(strategy, **options)
    for step in range(30):
        state = json.loads(json.dumps(walker.state_dict()))
        resumed = make(strategy, **options)
        resumed.load_state_dict(state)
        assert resumed.state_dict() == state
        assert run(resumed, step, 30) == whole[4 * step :], f"resumed after step {step}"
        walker = resumed if step % 2 else walker  # resumed twice and more
        walker = make(strategy, **options)
        walker.load_state_dict(state)
        run(walker, step, step + 1)


def test_a_longer_run_stretches_what_is_left(make: Maker) -> None:
    before = make("staged", 60, 4, 30, overlap=0.0)
    serve(before, 60)  # half of the run
    after = make("staged", 60, 4, 60, overlap=0.0)
    after.load_state_dict(before.state_dict())
    assert after.clock.progress == pytest.approx(0.5)
    rest = after.catalog.level[serve(after, 180)]
    assert after.clock.progress == pytest.approx(1.0)
    assert (np.diff(rest) >= 0).all() and rest[-1] == 2, "no way back to easy prompts"


def test_another_batch_size_keeps_the_place(make: Maker) -> None:
    before = make("staged", 60, 4, 30, by_steps=True)
    run(before, 0, 15)
    after = make("staged", 60, 8, 30, by_steps=True)
    after.load_state_dict(before.state_dict())
    assert after.clock.progress == pytest.approx(0.5)
    run(after, 15, 30, batch=8)
    assert after.clock.progress == pytest.approx(1.0)


def test_filtering_does_not_rush_the_schedule(make: Maker) -> None:
    sampler = make("staged", 300, 10, 30, by_steps=True, overlap=0.0)
    for step in range(15):  # half of the run, three times as many prompts as are trained on
        serve(sampler, 30)
        sampler.report(step + 1)
    assert sampler.clock.progress == pytest.approx(0.5)
    assert set(sampler.catalog.level[serve(sampler, 5)]) == {1}


def test_adaptive_turns_to_the_band_where_groups_disagree(make: Maker) -> None:
    sampler = make("adaptive", 600, 8, 200)
    level = sampler.catalog.level

    def answer(index: int) -> list[float]:  # easy solved, hard hopeless, medium disagrees
        return {0: [1.0] * 4, 1: [1.0, 0.0, 1.0, 0.0], 2: [0.0] * 4}[int(level[index])]

    order: list[int] = []
    for step in range(200):
        served = serve(sampler, 8)
        sampler.update({index: answer(index) for index in served})
        sampler.report(step + 1)
        order += served
    late = level[order[800:]]
    assert (late == 1).mean() > 0.6
    floor = sampler.options.adaptive.min_level_share
    assert min((late == 0).mean(), (late == 2).mean()) > floor - 0.01, "no level starves"
    stats = sampler.stats()
    assert stats["prompts_retired"] > 50 and stats["prompts_postponed"] > 50


def test_adaptive_never_repeats_within_the_rest(make: Maker) -> None:
    sampler = make("adaptive", 200, 8, 100, adaptive={"rest": 0.5})
    order = run(sampler, 0, 50, batch=8)
    last: dict[int, int] = {}
    for moment, index in enumerate(order):
        assert moment - last.get(index, -1000) >= 100, (
            f"prompt {index} came back after {moment - last[index]}"
        )
        last[index] = moment


def test_adaptive_sees_everything_and_gives_solved_prompts_another_chance(make: Maker) -> None:
    sampler = make("adaptive", 60, 4, 400)
    order: list[int] = []
    for _ in range(400):
        served = serve(sampler, 4)
        sampler.update({index: [1.0, 1.0] for index in served})
        order += served
    assert set(order) == set(range(60))
    assert min(Counter(order).values()) >= 3


def test_adaptive_works_when_nothing_ever_reports_back(make: Maker) -> None:
    sampler = make("adaptive", 30, 4, 100)
    assert set(serve(sampler, 300)) == set(range(30))


def test_adaptive_with_one_prompt_per_level(make: Maker) -> None:
    sampler = make("adaptive", difficulty=["easy", "medium", "hard"], prompts=3)
    order = run(sampler, 0, 50)
    assert set(order) == {0, 1, 2}


def test_interleaved_needs_prompts_in_both_streams(make: Maker) -> None:
    with pytest.raises(InputError, match=r"data\.curriculum\.review_ratio.*no learning prompts"):
        make("interleaved", 1)
    assert serve(make("interleaved", 1, review_ratio=1.0), 3) == [0, 0, 0]


@pytest.mark.parametrize(
    ("now", "names"),
    [
        ({"strategy": "shuffled"}, "data.curriculum.strategy"),
        ({"seed": 7}, "data.curriculum.seed"),
        ({"overlap": 0.1}, "data.curriculum.overlap"),
        ({"prompts": 61}, "data.train_files"),
        ({"identity": [f"other {k}" for k in range(60)]}, "data.train_files"),
        ({"difficulty": [0.5] * 60}, "data.train_files"),
    ],
)
def test_a_state_of_something_else_is_refused(make: Maker, now: dict[str, Any], names: str) -> None:
    state = make("staged").state_dict()
    with pytest.raises(InputError, match=names) as refused:
        make(**{"strategy": "staged", **now}).load_state_dict(state)
    assert "on_mismatch=restart" in str(refused.value)


def test_a_state_of_another_version_is_refused(make: Maker) -> None:
    state = make().state_dict() | {"version": 99}
    with pytest.raises(InputError, match="version 99"):
        make().load_state_dict(state)


def test_restart_begins_the_whole_order_anew_in_the_steps_left(make: Maker) -> None:
    before = make("staged", 60, 4, 30, by_steps=True)
    run(before, 0, 15)
    after = make("staged", 60, 4, 30, by_steps=True, overlap=0.0, on_mismatch="restart")
    after.load_state_dict(before.state_dict())
    levels = after.catalog.level[run(after, 15, 30)]
    assert set(levels) == {0, 1, 2} and (np.diff(levels) >= 0).all()
