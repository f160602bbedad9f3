"""The pure parts of the report, by property."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markupsafe import Markup
from PIL import Image

from verl_wafersage.evaluation.report.evidence import evidence_of, segments
from verl_wafersage.evaluation.report.named import named_types
from verl_wafersage.evaluation.report.rows import picture_url
from verl_wafersage.evaluation.report.run import Answer, Run
from verl_wafersage.evaluation.report.svg import (
    Dot,
    Line,
    _tick_label,
    _ticks,
    line_chart,
    number,
    scatter,
    smoothed,
)
from verl_wafersage.reward_fns.rubric import compute_score

floats = st.floats(-1e6, 1e6)
spans = st.fixed_dictionaries(
    {
        "what": st.text(max_size=5),
        "verdict": st.sampled_from(["met", "near", "missing", "false", "denied", "invented", "new"]),
        "start": st.one_of(st.none(), st.integers(-5, 60)),
        "end": st.one_of(st.none(), st.integers(-5, 60)),
    }
)


@pytest.mark.parametrize("preset", ["wafersage", "paper"])
def test_marks_of_another_rule_than_the_runs_say_so(preset: str) -> None:
    rubric = {"version": 1, "dimension": "spatial", "labels": ["Edge-Ring"], "must_hit": ["edge", "ring"]}
    text = "The failures form a ring in the center."
    scores = compute_score("", text, json.dumps(rubric), {}, preset=preset)
    answer = Answer("train", 1, text, scores=scores, rubric=json.dumps(rubric), dimension="spatial")
    note = evidence_of(answer).note
    assert note == "" if preset == "wafersage" else f"{scores['score']:.2f}" in note


@given(st.text(max_size=50), st.lists(spans, max_size=6))
@settings(deadline=None)
def test_segments_lose_no_letter(text: str, items: list[dict[str, Any]]) -> None:
    found = segments(text, items)
    assert "".join(part.text for part in found) == text
    assert all(part.text for part in found)


def test_what_cost_reward_shows_over_what_earned_it() -> None:
    items = [
        {"what": "ring", "verdict": "false", "start": 3, "end": 6, "why": "denied by the truth"},
        {"what": "edge ring", "verdict": "met", "start": 0, "end": 9},
        {"what": "center", "verdict": "missing", "start": -1, "end": -1},
    ]
    assert [(part.text, part.kind) for part in segments("edge ring!", items)] == [
        ("edg", "hit"),
        ("e r", "false"),
        ("ing", "hit"),
        ("!", ""),
    ]


@given(st.lists(floats, min_size=1, max_size=80), st.booleans(), st.booleans())
@settings(deadline=None)
def test_any_curve_can_be_drawn(values: list[float], marked: bool, zero: bool) -> None:
    line = Line("a<b", [(float(i), y) for i, y in enumerate(values)], (), 3, marked)
    chart = line_chart([line], "label", zero=zero)
    assert "nan" not in chart.replace("a&lt;b", "") and "inf" not in chart
    assert "a<b" not in chart
    assert chart == Markup(chart).__html__()


@given(floats, floats)
@settings(deadline=None)
def test_ticks_are_few_and_within(low: float, high: float) -> None:
    low, high = min(low, high), max(low, high)
    if high - low < 1e-6 * max(abs(low), abs(high), 1e-3):
        return
    ticks = _ticks(low, high)
    assert 1 <= len(ticks) <= 12
    slack = 1e-6 * (high - low) + 1e-9
    assert all(low - slack <= tick <= high + slack for tick in ticks)


@given(floats, st.floats(1e-3, 1e4))
@settings(deadline=None)
def test_neighbouring_ticks_read_differently(low: float, width: float) -> None:
    ticks = _ticks(low, low + width)
    labels = [_tick_label(tick, ticks) for tick in ticks]
    if max(map(abs, ticks)) < 100_000:
        assert len(set(labels)) == len(ticks)


@given(st.lists(floats, min_size=1, max_size=200))
@settings(deadline=None)
def test_smoothing_keeps_ends_and_range(values: list[float]) -> None:
    points = [(float(i), y) for i, y in enumerate(values)]
    smooth = smoothed(points)
    assert [x for x, _ in smooth] == [x for x, _ in points]
    assert smooth[0] == points[0] and smooth[-1] == points[-1]
    assert all(min(values) - 1e-6 <= y <= max(values) + 1e-6 for _, y in smooth)


def test_dots_carry_their_label_escaped() -> None:
    assert "<b>" not in scatter([Dot(0.5, 0.5, "<b>")], "x", "rule", "judge")


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0"),
        (0.25, "0.25"),
        (-0.0304, "-0.03"),
        (12.345, "12.35"),
        (1440.0, "1,440"),
        (0.00002, "2e-05"),
        (float("nan"), "-"),
    ],
)
def test_number(value: float, text: str) -> None:
    assert number(value) == text


@pytest.mark.parametrize(
    ("text", "types"),
    [
        ("The defect is a Donut with an Edge-Ring.", {"Donut", "Edge-Ring"}),
        ("A doughnut, not an edge ring.", {"Donut"}),
        ("An edge-loc pattern.", {"Edge-Loc"}),
        ("A Loc pattern and a scratch.", {"Loc", "Scratch"}),
        ("No pattern: the wafer is normal.", {"None"}),
        ("<REASONING>maybe a scratch</REASONING><SOLUTION>Near-full</SOLUTION>", {"Near-full"}),
        ("", set()),
    ],
)
def test_named_types(text: str, types: set[str]) -> None:
    assert named_types(text) == types


def test_only_pixels_of_a_picture_reach_the_page() -> None:
    buffer = io.BytesIO()
    Image.new("RGB", (400, 300), "red").save(buffer, "JPEG", comment=b"<script>")
    run = Run(Path("."))
    url = picture_url(buffer.getvalue(), run)
    assert url is not None and url.startswith("data:image/png;base64,")
    assert picture_url(b"<svg onload='x'>", run) is None
    assert len(run.problems) == 1
    assert json.dumps(url)
