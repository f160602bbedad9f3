"""Whether a cause fits, and which of two features it is for: who is right, in whatever words."""

from __future__ import annotations

import json

import pytest

from verl_wafersage.reward_fns.asked import read_question
from verl_wafersage.reward_fns.cause_verdicts import read_verdict
from verl_wafersage.reward_fns.lexicon import load_lexicon
from verl_wafersage.reward_fns.rubric import compute_score
from verl_wafersage.reward_fns.text import read_text

YES = [
    "Yes, that fits.",
    "It could, since the rim fails.",
    "Quite conceivable.",
    "No objection from me.",
    "That cannot be ruled out.",
    "Not at all implausible.",
    "I would go along with that.",
    "Worth a look: the rim fails.",
]
NO = [
    "No way.",
    "Certainly not.",
    "I doubt it.",
    "Wrong place, I'd look elsewhere.",
    "Fit: poor.",
    "That explanation doesn't hold water.",
    "More likely the coater.",
    "I would not call it plausible.",
]
NEITHER = ["The rim fails.", "A focus ring in the etcher."]
POLAR = {
    "Would a bent fork explain it?": True,
    "They blame the pump. Do you agree?": True,
    "What could be the cause?": False,
    "Is it one cause or two?": False,
    "If the track did it, which step would you open?": False,
}


@pytest.mark.parametrize(
    ("text", "verdict"), [(t, 1) for t in YES] + [(t, -1) for t in NO] + [(t, 0) for t in NEITHER]
)
def test_a_verdict_is_read(text: str, verdict: int) -> None:
    assert read_verdict(read_text(text).words, load_lexicon(None)) == verdict


@pytest.mark.parametrize(("question", "polar"), POLAR.items())
def test_a_question_for_yes_or_no_is_known(question: str, polar: bool) -> None:
    assert read_question(question, None).polar == polar


def _score(labels: list[str], question: str, reference: str, hits: list[str], answer: str) -> float:
    rubric = {
        "version": 1,
        "dimension": "root_cause",
        "labels": labels,
        "must_hit": hits,
        "must_avoid": [],
        "reference_answer": reference,
    }
    return compute_score("test", answer, json.dumps(rubric), {"question": question})["score"]


LAMP = (
    ["Scratch"],
    "Would lamp drift in the anneal account for this mark?",
    "No. Lamps act broadly and cannot leave a narrow line; contact in handling is more plausible.",
    ["no", "handling"],
)
TWO = (
    ["Center", "Scratch"],
    "What do you suspect for the spot, and what for the line?",
    "The spot may come from gas flow or plasma; the line from handling or a CMP particle.",
    ["plasma", "handling"],
)
ASIDE = (
    ["Edge-Loc", "Donut"],
    "Leaving the halo aside: what may have caused the patch at the border?",
    "Contact at one place of the edge, local edge bead failure or uneven heating.",
    ["edge grip", "edge bead removal"],
)
RIM = (
    ["Edge-Ring"],
    "Which part would you open first?",
    "The focus ring of the etcher: worn, it changes the etch at the whole perimeter.",
    ["focus ring"],
)
RIGHT = [
    (LAMP, "I wouldn't say so. Heat is never that thin; a fork is."),
    (LAMP, "Lamps? Never. Ask who moves the wafers."),
    (TWO, "Spot: the showerhead. Line: a robot."),
    (TWO, "For the line, a blade; for the spot, the gas plate."),
    (TWO, "Showerhead for the first, tweezers for the second."),
    (ASIDE, "A finger of the gripper, I suppose."),
    (RIM, "The ring kit of the etcher, whose wear shows at the rim."),
]
WRONG = [
    (LAMP, "Sounds right: heat draws such lines."),
    (LAMP, "Yes, and handling can be left out."),
    (TWO, "Spot: a robot. Line: the showerhead."),
    (TWO, "For the line, the gas plate; for the spot, a blade."),
    (ASIDE, "Resist redeposition in the developer."),
    (RIM, "The etcher, whose plasma starves the hub."),
]


@pytest.mark.parametrize(("row", "answer"), RIGHT)
def test_a_right_cause_is_paid(row: tuple[list[str], str, str, list[str]], answer: str) -> None:
    assert _score(*row, answer) > 0.7


@pytest.mark.parametrize(("row", "answer"), WRONG)
def test_a_wrong_cause_is_not_paid(row: tuple[list[str], str, str, list[str]], answer: str) -> None:
    assert _score(*row, answer) < 0.4
