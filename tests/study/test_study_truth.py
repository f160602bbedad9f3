"""The measures of truth: types named, hours named, and how far apart hours are."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from verl_wafersage.study import truth


@pytest.mark.parametrize(
    ("answer", "types"),
    [
        ("Center cluster, Edge-Loc and Scratch.", {"Center", "Edge-Loc", "Scratch"}),
        ("Edge-Loc.", {"Edge-Loc"}),
        ("Loc.", {"Loc"}),
        ("Edge-Loc and Loc.", {"Edge-Loc", "Loc"}),
        ("None, no pattern.", {"None"}),
        ("Yes, near-full.", {"Near-full"}),
        ("No, random, scattered points.", {"Random"}),
        ("A ring in the center.", set()),
        ("", set()),
    ],
)
def test_types_named(answer: str, types: set[str]) -> None:
    assert truth.types_named(answer) == types


def test_exact_set_wants_all_and_no_other() -> None:
    assert truth.exact_set("Donut and Scratch.", ["Scratch", "Donut"])
    assert not truth.exact_set("Donut.", ["Scratch", "Donut"])
    assert not truth.exact_set("Donut, Loc and Scratch.", ["Scratch", "Donut"])
    assert truth.exact_set("None, no pattern.", ["None"])


def test_an_invention_is_a_type_the_wafer_lacks() -> None:
    assert truth.invents("Donut and Loc.", ["Donut"])
    assert not truth.invents("Donut.", ["Donut", "Loc"])
    assert not truth.invents("No pattern.", ["Donut"])


@pytest.mark.parametrize(
    ("answer", "reference", "hours"),
    [
        ("Loc at 4 o'clock.", "Loc at 4 o'clock.", 0.0),
        ("Loc at 5 o'clock.", "Loc at 4 o'clock.", 1.0),
        ("Loc at 12 o'clock.", "Loc at 11 o'clock.", 1.0),
        ("Loc at 10 o'clock.", "Loc at 4 o'clock.", 6.0),
        ("Edge-Loc at 11 to 1 o'clock.", "Edge-Loc at 12 o'clock.", 0.0),
        ("Loc in the center.", "Loc at 4 o'clock.", truth.MISSING_HOURS),
        ("Loc at 1 o'clock, Loc at 4 o'clock, Loc at 7 o'clock.", "Loc at 4 o'clock.", 1.0),
        ("Loc at 4 o'clock.", "Donut all around.", None),
    ],
)
def test_clock_error(answer: str, reference: str, hours: float | None) -> None:
    assert truth.clock_error(answer, reference) == hours


@given(st.lists(st.integers(1, 12), min_size=1, max_size=12), st.integers(1, 12))
def test_naming_more_hours_than_the_true_one_never_helps(named: list[int], true: int) -> None:
    answer = ", ".join(f"{hour} o'clock" for hour in named)
    alone = min(truth.clock_error(f"{hour} o'clock", f"{true} o'clock") or 0.0 for hour in named)
    error = truth.clock_error(answer, f"{true} o'clock")
    assert error is not None and error >= alone
