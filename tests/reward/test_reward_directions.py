"""Directions told in words, figures and by way of others are arcs of one dial."""

from __future__ import annotations

import pytest

from verl_wafersage.reward_fns.angles import Arc
from verl_wafersage.reward_fns.asked import read_question
from verl_wafersage.reward_fns.lexicon import load_lexicon
from verl_wafersage.reward_fns.reader import read
from verl_wafersage.reward_fns.rubric import compute_score
from verl_wafersage.reward_fns.text import read_text


def _middles(text: str, question: str = "") -> list[float]:
    dial = read_question(question, None).dial
    claims = read(read_text(text), load_lexicon(None), dial=dial).claims
    return [round(c.value.middle, 2) for c in claims if isinstance(c.value, Arc) and c.affirmed]


@pytest.mark.parametrize(
    ("text", "middles"),
    [
        ("Halfway between the 1 and the 2 of the dial.", [1.5]),
        ("Midway from three to six.", [4.5]),
        ("An hour before noon.", [11.0]),
        ("Two hours past the notch.", [8.0]),
        ("It lies 30\u00b0 to the right of the notch.", [5.0]),
        ("A quarter turn counter-clockwise from twelve.", [9.0]),
        ("From north by way of east to south.", [3.0]),
        ("From an hour before nine until an hour after.", [9.0]),
        ("Between VIII and X.", [9.0]),
        ("Opposite the notch.", [12.0]),
        ("The notch is down, the bad dies are up.", [12.0]),
        ("On the port side.", [9.0]),
        ("Above the horizontal midline.", [12.0]),
        ("120\u00b0 clockwise from straight up (0\u00b0 = up).", [4.0]),
        ("At the bottom, by the lowest rows.", [6.0, 6.0]),
    ],
)
def test_a_direction_is_read_however_it_is_told(text: str, middles: list[float]) -> None:
    assert _middles(text) == middles


@pytest.mark.parametrize(
    ("question", "text", "middles"),
    [
        ("Which hours does it cover?", "Four, five and six.", [4.0, 5.0, 6.0]),
        ("At which hour is it?", "The bottom one.", [6.0]),
        ("At what angle clockwise from the top, in degrees?", "240 or so.", [8.0]),
        (
            "In the mathematical convention (0 degrees at the right), at what angle?",
            "About 90\u00b0.",
            [12.0],
        ),
        ("The notch is at 3 o'clock. Where is the spot relative to the notch?", "Across from it.", [9.0]),
    ],
)
def test_bare_numbers_are_what_the_question_asks_for(question: str, text: str, middles: list[float]) -> None:
    assert _middles(text, question) == middles


def test_the_stretch_asked_for_is_the_one_that_passes() -> None:
    rubric = {
        "version": 1, "dimension": "spatial", "labels": ["Edge-Loc"], "must_hit": ["right", "2 to 4 o'clock"],
        "must_avoid": ["left"],
        "reference_answer": "Only the right edge from 2 to 4 o'clock is spared; all else at the edge fails.",
    }  # fmt: skip
    asked = {"question": "Which stretch of the rim is spared?"}
    right, wrong = (compute_score("t", a, rubric, asked)["score"] for a in ("Two to four.", "Eight to ten."))
    assert right > 0.7 > 0.3 > wrong


@pytest.mark.parametrize("text", ["Same at N, E, S and W.", "Left, right, top, bottom: all alike."])
def test_all_four_quarters_are_all_around(text: str) -> None:
    claims = read(read_text(text), load_lexicon(None)).claims
    assert ("around", "all") in {(c.slot, c.value) for c in claims}
