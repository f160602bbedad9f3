"""Calibration finds what is there, promises nothing that is not, and refuses what opens a hack."""

from __future__ import annotations

import json
import re
import time
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from evaluation_data import answer_line, rubric, write_lines
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.isotonic import IsotonicRegression
from typer.testing import CliRunner

from verl_wafersage.cli import app
from verl_wafersage.errors import InputError
from verl_wafersage.evaluation.answers import Answer
from verl_wafersage.evaluation.calibrate import Calibration, Settings, as_json, calibrate
from verl_wafersage.evaluation.fitting import folds, isotonic
from verl_wafersage.evaluation.graded import GradedAnswer, graders, read_graded
from verl_wafersage.evaluation.hacks import CEILING, hack_table, opened_hacks
from verl_wafersage.evaluation.preset import read_preset, write_preset
from verl_wafersage.evaluation.scorers import Knob, Scorer, scorer_named
from verl_wafersage.reward_fns import paper
from verl_wafersage.reward_fns import rubric as rule

GOLD = Path(__file__).resolve().parents[2] / "../shared/gold"
QUICK: dict[str, Any] = {"trials": 12, "resamples": 60}


def toy_score(
    source: str,
    text: str,
    truth: str,
    extra: dict[str, Any],
    *,
    penalty: float = 1.0,
    cut: float = 0.0,
    **_: Any,
) -> dict[str, float]:
    """A rule that reads its sub-scores from the text: "h=0.8 f=0.3 x=0.5" (hit, false claims, a trap)."""
    found = {name: float(value) for name, value in re.findall(r"([hfx])=([\d.]+)", text)}
    if not found:
        return _toy(_prose(text, truth), 0.0, penalty)
    hit = found["h"] if found.get("x", 1.0) >= cut else 0.0
    return _toy(hit, found["f"], penalty)


def _prose(text: str, truth: str) -> float:
    return 0.9 if text == json.loads(truth)["reference_answer"] else 0.0


def _toy(hit: float, false: float, penalty: float) -> dict[str, float]:
    score = min(1.0, max(0.0, hit - penalty * false))
    return {"score": score, "hit": hit, "hallucination": false}


KNOBS = (Knob("penalty", 0.3, 4.0, default=1.0, log=True), Knob("cut", 0.0, 1.0, default=0.0))
TOY = Scorer("toy", toy_score, KNOBS, penalty="penalty")


def toy_answers(
    seed: int, *, penalty: float = 2.5, cut: float = 0.0, noise: float = 0.3
) -> list[GradedAnswer]:
    """Forty wafers with six answers each, graded by two noisy judges who know `penalty` and `cut`."""
    rng = np.random.default_rng(seed)
    graded = []
    for number in range(240):
        h, f, x = rng.uniform(0.4, 1), rng.uniform(0, 0.3), rng.uniform(0, 1)
        answer = Answer(
            f"q{number // 6}",
            "m",
            f"h={h:.3f} f={f:.3f} x={x:.3f}",
            "?",
            rubric(),
            f"w{number // 6}",
            number % 6,
        )
        value = 10 * max(0.0, (h if x >= cut else 0.0) - penalty * f)
        grades = {name: float(np.clip(value + noise * rng.normal(), 0, 10)) for name in ("a", "b")}
        graded.append(GradedAnswer(answer, grades))
    return graded


def fit(graded: list[GradedAnswer], scorer: Scorer = TOY, **changes: Any) -> Calibration:
    return calibrate(graded, Settings(**{"scorer": scorer.name, **QUICK, **changes}), scorer)


def named(found: Calibration, name: str) -> Any:
    return next(one for one in found.fits if one.name == name)


def test_least_squares_finds_the_penalty_the_judges_use() -> None:
    found = fit(toy_answers(1), Scorer("toy", toy_score, (), penalty="penalty"))
    assert found.chosen == "least squares"
    assert found.options["penalty"] > 1.4
    assert found.selected.gain.low > 0
    assert found.objections == []


def test_least_squares_finds_the_weights_of_the_parts() -> None:
    truth = {"spatial": 0.6, "morphology": 0.1, "root_cause": 0.3}
    full = rubric("full", criteria={part: {"must_hit": ["x"]} for part in truth})
    rng = np.random.default_rng(8)
    parts = rng.uniform(0, 1, size=(120, 3))

    def parted(
        source: str, text: str, ground_truth: str, extra: Any, *, weights: dict[str, float] | None = None
    ) -> dict[str, float]:
        own = dict(zip(truth, parts[int(text)], strict=True)) if text.isdigit() else dict.fromkeys(truth, 0.0)
        mix = weights or dict.fromkeys(truth, 1 / 3)
        prose = 0.0 if text.isdigit() else _prose(text, ground_truth)
        return {"score": prose + sum(mix[name] * own[name] for name in truth), **own}

    graded = [
        GradedAnswer(
            Answer(f"q{n // 4}", "m", str(n), "?", full, f"w{n // 4}", n % 4),
            {"a": float(10 * parts[n] @ list(truth.values()))},
        )
        for n in range(120)
    ]
    found = fit(graded, Scorer("parted", parted, weights="weights"))
    assert found.options["weights"] == pytest.approx(truth, abs=0.01)
    assert found.chosen == "least squares" and not found.reopened


def test_the_search_finds_a_threshold_that_least_squares_cannot_move() -> None:
    found = fit(toy_answers(2, penalty=1.0, cut=0.6), trials=24)
    assert found.chosen == "Bayesian search"
    assert found.options["cut"] == pytest.approx(0.6, abs=0.1)
    assert named(found, "Bayesian search").agreement.spearman.value > (
        named(found, "least squares").agreement.spearman.value + 0.05
    )
    assert found.objections == []


def test_a_rule_that_is_already_right_is_left_alone() -> None:
    found = fit(toy_answers(3, penalty=1.0))
    assert found.objections
    assert named(found, "as shipped").agreement.spearman.value > 0.9


@pytest.mark.parametrize("salt", [1, 2])
def test_luck_on_the_seen_answers_is_not_taken_for_a_gain(salt: int) -> None:
    def lucky(
        source: str, text: str, truth: str, extra: Any, *, key: float = 0.0, **_: Any
    ) -> dict[str, float]:
        """Noise that depends on the knob: with enough trials some value looks good."""
        if "h=" not in text:
            return _toy(_prose(text, truth), 0.0, 1.0)
        return _toy(np.random.default_rng(zlib.crc32(f"{salt} {text} {key}".encode())).uniform(), 0.0, 1.0)

    scorer = Scorer("lucky", lucky, (Knob("key", 0.0, 1.0, default=0.0),))
    found = fit(toy_answers(100 + salt), scorer, trials=20)
    search = named(found, "Bayesian search")
    assert search.seen > 0.1
    assert search.agreement.spearman.value < 0.5 * search.seen
    assert found.objections


def test_a_fit_that_opens_a_hack_is_refused(tmp_path: Path) -> None:
    def hackable(
        source: str, text: str, truth: str, extra: Any, *, floor: float = 0.0, **_: Any
    ) -> dict[str, float]:
        found = dict(re.findall(r"([hfx])=([\d.]+)", text))
        if not found:
            return _toy(max(_prose(text, truth), floor), 0.0, 1.0)
        # The judges like what the floor brings, and the floor pays for nothing too.
        return _toy(float(found["x"]) if floor > 0.4 else float(found["h"]) * 0.5, 0.0, 1.0)

    rng = np.random.default_rng(0)
    graded = []
    for one in toy_answers(5):
        liked = float(re.findall(r"x=([\d.]+)", one.answer.text)[0])
        graded.append(GradedAnswer(one.answer, {"a": float(np.clip(10 * liked + 0.2 * rng.normal(), 0, 10))}))
    found = fit(graded, Scorer("hackable", hackable, (Knob("floor", 0.0, 1.0, default=0.0),)), trials=16)
    assert found.selected.gain.low > 0
    assert not found.already
    assert "it opens a hack: empty" in found.objections[0]
    with pytest.raises(InputError, match="not blessed"):
        write_preset(found, tmp_path / "preset.yaml")
    assert not (tmp_path / "preset.yaml").exists()


def test_the_same_seed_gives_the_same_numbers() -> None:
    graded = toy_answers(6)
    first, second = (json.dumps(as_json(fit(graded, trials=4))) for _ in range(2))
    assert first == second
    assert first != json.dumps(as_json(fit(graded, trials=4, seed=1)))
    assert "NaN" not in first


def test_the_ceiling_is_the_graders_own_agreement() -> None:
    plain = Scorer("toy", toy_score)
    quiet, loud = fit(toy_answers(7, noise=0.1), plain), fit(toy_answers(7, noise=3.0), plain)
    assert quiet.ceiling is not None and loud.ceiling is not None
    assert quiet.ceiling.spearman.value > 0.98 > 0.8 > loud.ceiling.spearman.value
    alone = [GradedAnswer(one.answer, {"a": one.grades["a"]}) for one in toy_answers(7)]
    assert fit(alone, plain).ceiling is None


def test_a_hack_that_the_rule_already_pays_is_shown_and_does_not_stop_a_fit() -> None:
    def leaky(source: str, text: str, truth: str, extra: Any, **options: Any) -> dict[str, float]:
        if text.startswith("Candidates"):
            return _toy(0.5, 0.0, 1.0)
        return toy_score(source, text, truth, extra, **options)

    found = fit(toy_answers(1), Scorer("leaky", leaky, (), penalty="penalty"))
    assert [str(one) for one in found.already] == ["reference answer (root_cause) pays only 0.50"]
    assert found.objections == []
    assert "What the rule as shipped should not pay" in json.dumps(as_json(found))


def blessed() -> Calibration:
    return fit(toy_answers(1), Scorer("wafersage", toy_score, (), penalty="penalty"))


def test_a_blessed_preset_can_be_read_again(tmp_path: Path) -> None:
    found = blessed()
    write_preset(found, tmp_path / "preset.yaml")
    assert read_preset(tmp_path / "preset.yaml") == found.options
    assert f"gain {found.selected.gain.value:.3f}" in (tmp_path / "preset.yaml").read_text()


def test_a_preset_becomes_the_rewards_options_in_verls_own_configuration(tmp_path: Path) -> None:
    pytest.importorskip("verl")
    from hydra import compose, initialize_config_module
    from omegaconf import OmegaConf

    found = blessed()
    write_preset(found, tmp_path / "preset" / "fab12.yaml")
    with initialize_config_module("verl.trainer.config", version_base=None):
        overrides = ["+preset=fab12", f"hydra.searchpath=[file://{tmp_path}]"]
        config = compose("ppo_trainer", overrides=overrides)
    kwargs = OmegaConf.to_container(config.reward.custom_reward_function.reward_kwargs)
    assert kwargs == dict(found.options)
    scores = rule.compute_score("", "At the edge.", rubric(), {"question": "Where?"}, **kwargs)
    assert 0.0 <= scores["score"] <= 1.0


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("a: [", "cannot be read"),
        ("- penalty", "no preset"),
        ("1: 2", "no preset"),
        ("penalt: 1.0", "field penalt: no option"),
        ("penalty: high", "field penalty: must be a number"),
    ],
)
def test_a_preset_that_is_none_is_refused(content: str, message: str, tmp_path: Path) -> None:
    (tmp_path / "p.yaml").write_text(content)
    with pytest.raises(InputError, match=message):
        read_preset(tmp_path / "p.yaml")
    with pytest.raises(InputError, match="cannot be read"):
        read_preset(tmp_path / "absent.yaml")


@given(st.lists(st.integers(0, 30), min_size=40, max_size=120), st.integers(2, 6), st.integers(0, 5))
@settings(deadline=None, max_examples=40)
def test_no_wafer_lies_in_two_folds(groups: list[int], count: int, seed: int) -> None:
    if len(set(groups)) < count:
        return
    parts = folds(groups, count, seed)
    assert sorted(np.concatenate(parts).tolist()) == list(range(len(groups)))
    sets = [{groups[i] for i in part} for part in parts]
    assert sum(map(len, sets)) == len(set(groups))
    assert max(map(len, sets)) - min(map(len, sets)) <= 1


@given(st.lists(st.tuples(st.integers(0, 8), st.integers(0, 10)), min_size=3, max_size=40))
@settings(deadline=None, max_examples=40)
def test_the_isotonic_map_equals_scikit_learn(pairs: list[tuple[int, int]]) -> None:
    scores, grades = np.asarray([s / 8 for s, _ in pairs]), np.asarray([float(g) for _, g in pairs])
    theirs = IsotonicRegression(out_of_bounds="clip").fit(scores, grades / 10)
    points = np.linspace(-0.2, 1.2, 29)
    assert isotonic(scores, grades)(points) == pytest.approx(theirs.predict(points), abs=1e-9)


def test_too_few_wafers_are_refused() -> None:
    with pytest.raises(InputError, match="2 wafers are too few"):
        fit(toy_answers(1)[:12])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"overall": 11}, "row 1, field judge: a grade is a number from 0 to 10, not 11"),
        ({"overall": "good"}, "not 'good'"),
        ({"grades": {"anna": -1}}, "field anna"),
    ],
)
def test_a_grade_off_the_scale_is_refused(change: dict[str, Any], message: str, tmp_path: Path) -> None:
    lines = [answer_line(0, "x", overall=5), answer_line(1, "y", **change)]
    with pytest.raises(InputError, match=message):
        read_graded([write_lines(tmp_path / "a.jsonl", lines)])


def test_unscored_answers_are_left_out_and_graders_are_those_of_all(tmp_path: Path) -> None:
    lines = [
        answer_line(0, "x", grades={"anna": 5, "ben": 6}),
        answer_line(1, "y", overall=None),
        answer_line(2, "z", grades={"anna": 1, "ben": None}),
    ]
    graded = read_graded([write_lines(tmp_path / "a.jsonl", lines)])
    assert [one.grade for one in graded] == [5.5, 1.0]
    assert graders(graded) == ["anna"]
    with pytest.raises(InputError, match="no graded answer"):
        read_graded([write_lines(tmp_path / "b.jsonl", lines[1:2])])


def test_the_rule_as_shipped_resists_the_hacks_that_the_published_one_pays_for() -> None:
    assert len(opened_hacks(rule.compute_score, {})) <= 0.02 * len(hack_table())
    published = {str(one).split(" (")[0] for one in opened_hacks(paper.compute_score, {})}
    assert {"empty", "negated", "keywords", "every class"} <= published
    assert CEILING < 0.4 and len(hack_table()) >= 60


@pytest.mark.skipif(
    not GOLD.exists(), reason="the shared folder with graded answers is not beside the repository"
)
def test_the_gold_set_is_calibrated_in_time_and_the_baseline_is_the_published_one() -> None:
    start = time.monotonic()
    graded = read_graded([GOLD / "answers.jsonl"])
    found = calibrate(graded, Settings(trials=6, resamples=50))
    assert time.monotonic() - start < 60
    assert (found.answers, found.groups) == (320, 40)
    assert found.baselines["published rule, 0.6/0.4"].spearman.value == pytest.approx(0.288, abs=0.005)
    assert found.ceiling is not None and found.ceiling.spearman.value > 0.98
    assert named(found, "as shipped").agreement.spearman.value > 0.7


def test_the_search_moves_the_published_rules_options() -> None:
    names = {knob.name for knob in scorer_named("paper").knobs}
    assert names == {"threshold", "weights"}


def test_the_verb_refuses_with_status_1_and_names_bad_options(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    lines = [
        answer_line(n, f"text {n}", overall=float(rng.integers(0, 11)), wafer_id=f"w{n // 2}")
        for n in range(60)
    ]
    source = write_lines(tmp_path / "graded.jsonl", lines)
    runner = CliRunner()
    out = tmp_path / "preset.yaml"
    result = runner.invoke(app, ["calibrate", str(source), "-o", str(out), "--trials", "2", "--json"])
    assert result.exit_code == 1, result.output
    assert json.loads(result.stdout)["blessed"] is False
    assert "refused: " in result.stderr and not out.exists()
    for option in ("--scorer", "--objective"):
        bad = runner.invoke(app, ["calibrate", str(source), option, "x"])
        assert isinstance(bad.exception, InputError) and option in str(bad.exception)
