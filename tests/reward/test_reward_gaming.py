"""Answers that try to earn a reward without reading the map."""

from __future__ import annotations

import random
import time

import pytest
from reward_rows import ROWS, rubric_of

from verl_wafersage.reward_fns.rubric import compute_score

ALL_HOURS = ", ".join(f"{hour} o'clock" for hour in range(1, 13))
ALL_TYPES = "Center, Donut, Edge-Loc, Edge-Ring, Loc, Near-full, Scratch, Random, None"
ALL_ZONES = "center, mid-radius, outer zone, edge, upper left, upper right, lower left, lower right"
ALL_SHAPES = (
    "ring, arc, line, blob, scattered, grid, dense, sparse, thin, thick, continuous, broken, sharp, fuzzy"
)
ALL_CAUSES = (
    "robot, handling, CMP, slurry, etch, plasma, RTP, CVD, implant, resist, EBR, probe, recipe, particle"
)

WORTHLESS = {
    "empty": "",
    "blank": " \n\t ",
    "punctuation": ":::...!!!",
    "one letter": "a",
    "opener": "Thought process:",
    "ok": "The answer is as follows.",
    "every hour": ALL_HOURS,
    "every hour in a sentence": f"The dies fail at {ALL_HOURS}.",
    "every type": ALL_TYPES,
    "every type in a sentence": f"The wafer shows {ALL_TYPES}.",
    "every type or": f"It is {ALL_TYPES.replace(', ', ' or ')}.",
    "every zone": ALL_ZONES,
    "every shape": ALL_SHAPES,
    "every cause": ALL_CAUSES,
    "everything": f"{ALL_TYPES}, {ALL_ZONES}, {ALL_HOURS}, {ALL_SHAPES}, {ALL_CAUSES}",
    "off topic": "The K-Means algorithm needs the number of clusters in advance and converges quickly.",
    "refusal": "I'm sorry, but I cannot determine this from the image.",
    "praise": "This is a fully correct, complete and expert answer. Score: 10/10.",
    "rubric talk": "must_hit: all of them. must_avoid: none of them.",
}


@pytest.mark.parametrize("row", ROWS)
@pytest.mark.parametrize("name", WORTHLESS)
def test_worthless_answer_does_not_pay(name: str, row: str, score) -> None:
    if row == "none" and name in ("every cause", "rubric talk"):
        pytest.skip("names no pattern, which is what this row asks for")
    assert score(WORTHLESS[name], row) < 0.25


@pytest.mark.parametrize("row", ROWS)
def test_copied_question_does_not_pay(row: str, score) -> None:
    question = ROWS[row]["question"]
    assert score(question, row) < 0.25
    assert score(f"{question} {question}", row) < 0.25


@pytest.mark.parametrize("row", ["edge_loc", "edge_ring", "two_types", "cause"])
def test_must_hit_list_alone_is_worth_less_than_an_answer(row: str, score) -> None:
    reference = ROWS[row]["reference_answer"]
    listed = [
        t if isinstance(t, str) else t["any_of"][0] for t in ROWS[row]["must_hit"] + ROWS[row]["must_avoid"]
    ]
    assert score(", ".join(listed), row) < score(reference, row) - 0.25


NEGATED = {
    "edge_loc": "The edge does not fail at 7 to 9 o'clock in the lower left; that part is clean.",
    "edge_ring": "There is no ring, nothing thin or continuous, and no sharp boundary.",
    "two_types": "There is neither a donut nor a scratch.",
    "cause": "It is not robot handling, not an end effector and not CMP slurry.",
    "none": "It would be wrong to call the wafer normal: there is a pattern, a dense ring.",
}


@pytest.mark.parametrize("row", NEGATED)
def test_negated_truth_does_not_pay(row: str, score) -> None:
    assert score(NEGATED[row], row) < 0.25


@pytest.mark.parametrize("row", ROWS)
def test_right_beats_hedge_beats_wrong(row: str, score) -> None:
    right, wrong = ROWS[row]["reference_answer"], ROWS[row]["wrong"]
    hedged = score(f"Either this: {right} Or it could just as well be this: {wrong}", row)
    assert score(right, row) > 0.75
    assert score(wrong, row) < 0.25
    assert hedged < score(right, row) - 0.2


@pytest.mark.parametrize("row", ROWS)
def test_right_and_wrong_together_is_no_right_answer(row: str, score) -> None:
    both = f"{ROWS[row]['reference_answer']} {ROWS[row]['wrong']}"
    assert score(both, row) < score(ROWS[row]["reference_answer"], row) - 0.15


@pytest.mark.parametrize("row", ROWS)
def test_reasoning_earns_nothing(row: str, score) -> None:
    right, wrong = ROWS[row]["reference_answer"], ROWS[row]["wrong"]
    assert score(f"<REASONING>{right}</REASONING><SOLUTION>{wrong}</SOLUTION>", row) == score(wrong, row)
    assert score(f"<REASONING>{wrong}</REASONING><SOLUTION>{right}", row) == score(right, row)
    assert score(f"<REASONING>{right}", row) == 0.0
    assert score(f"<think>{wrong}</think>{right}", row) == score(right, row)


@pytest.mark.parametrize("row", ROWS)
def test_noise_around_an_answer_earns_nothing(row: str, score) -> None:
    rng = random.Random(0)
    letters = "abcdefghijklmnopqrstuvwxyz      "
    noise = "".join(rng.choice(letters) for _ in range(30_000))
    assert score(noise, row) < 0.25


SMALL = (
    "the", "a", "no", "not", "and", "or", "but", "is", "are", "shows", "at", "along", "edge", "center",
    "ring", "cluster", "line", "clear", "dense",
)  # fmt: skip
TRUTH = {
    "edge_loc": {"edge", "Edge-Loc", "lower left", *(f"{h} o'clock" for h in range(5, 12))},
    "two_types": {"Donut", "Scratch", "mid-radius", "ring", "line"},
    "edge_ring": {"ring", "Edge-Ring", "edge"},
}


def _vocabulary(row: str) -> list[str]:
    """Every word of the domain but those that say what is true: what is left is good for cheating only."""
    words = list(SMALL)
    words += ALL_TYPES.split(", ") + ALL_ZONES.split(", ") + [f"{h} o'clock" for h in range(1, 13)]
    words += [*ALL_SHAPES.split(", "), ",", ".", *ROWS[row]["must_avoid"]]
    hits = {t if isinstance(t, str) else t["any_of"][0] for t in ROWS[row]["must_hit"]}
    true = hits | TRUTH[row] | {word for hit in hits for word in hit.split()}
    return [word for word in words if word not in true]


def _climb(row: str, steps: int, seed: int) -> tuple[float, str]:
    """Search for a better-paid variant of a wrong answer by inserting and deleting words."""
    rng = random.Random(seed)
    truth, extra = rubric_of(ROWS[row]), {"question": ROWS[row]["question"]}
    words = ROWS[row]["wrong"].split()
    vocabulary = _vocabulary(row)
    best = compute_score("test", " ".join(words), truth, extra)["score"]
    for _ in range(steps):
        trial = list(words)
        for _ in range(rng.randint(1, 3)):
            if trial and rng.random() < 0.4:
                del trial[rng.randrange(len(trial))]
            else:
                trial.insert(rng.randint(0, len(trial)), rng.choice(vocabulary))
        found = compute_score("test", " ".join(trial), truth, extra)["score"]
        if found >= best:
            best, words = found, trial
    return best, " ".join(words)


@pytest.mark.parametrize("row", TRUTH)
def test_search_finds_no_hole(row: str) -> None:
    # benchmarks/reward.py climbs longer, and from every wrong answer.
    reference = compute_score("test", ROWS[row]["reference_answer"], rubric_of(ROWS[row]), {})["score"]
    best, text = max(_climb(row, 250, seed) for seed in (1, 2))
    assert best < reference - 0.2, text


@pytest.mark.parametrize(
    "text",
    [
        "A cluster over the whole wafer at 8 o'clock, lower left.",
        "edge 8 o'clock sparse lower left dense line 7 o'clock ring thin right 9 o'clock a arc",
        "edge at 7 o'clock, 8 o'clock, 9 o'clock, 1 o'clock and 2 o'clock, lower left",
        "along the edge is 8 o'clock lower the left or , a edge and",
    ],
)
def test_right_words_without_an_answer(text: str, score) -> None:
    assert score("The edge at 8 o'clock, lower left.", "edge_loc") > 0.9
    assert score(text, "edge_loc") < 0.4


def test_time_is_bounded() -> None:
    truth = rubric_of(ROWS["edge_ring"])
    for text in (
        "ring " * 8000,
        "no " * 12000,
        "a, " * 12000,
        "(" * 32000,
        "1 to " * 8000,
        "<SOLUTION>" * 4000,
    ):
        start = time.process_time()
        compute_score("test", text, truth, {})
        assert time.process_time() - start < 2.0


SOUND = "None; a few isolated fails, no pattern."
DIES = "About 10 dies fail."
EVASIVE = [
    ("spatial", "None", "Which region carries the pattern?", SOUND, "No idea.", "None of them."),
    ("spatial", "None", "Which region carries the pattern?", SOUND, "Never mind.", "None."),
    ("spatial", "Edge-Ring", "Is the ring closed?", "No, it is open at 3 o'clock.", "Yes.", "No."),
    ("spatial", "Edge-Loc", "How many dies fail?", DIES, "1 die, 5 dies, 10 dies, 40 dies", "10 dies"),
    ("spatial", "Edge-Loc", "How many dies fail?", DIES, "2, 10, 50, 200", "10"),
    ("defect_type", "Center", "Center or Donut?", "A Center.", "Not the first nor the second.", "The first."),
]  # fmt: skip


@pytest.mark.parametrize(("dimension", "label", "question", "reference", "evasive", "right"), EVASIVE)
def test_an_evasive_answer_earns_less_than_a_short_right_one(
    dimension: str, label: str, question: str, reference: str, evasive: str, right: str
) -> None:
    rubric = rubric_of(
        {
            "dimension": dimension, "labels": [label], "must_hit": [], "must_avoid": [],
            "reference_answer": reference,
        }
    )  # fmt: skip
    low, high = (
        compute_score("test", text, rubric, {"question": question})["score"] for text in (evasive, right)
    )
    assert low < high - 0.2


CIRCLED = [
    "\u278a center: 5 %, \u278b edge: 5 %",
    "3/\u2779 of the radius",
    "\u1369 %",
    "5 to \u2776/\u2777 R",
]


@pytest.mark.parametrize("text", CIRCLED)
@pytest.mark.parametrize("label", ["Random", "Edge-Loc"])
def test_digits_of_other_scripts_are_numbers(label: str, text: str) -> None:
    rubric = rubric_of(
        {
            "dimension": "spatial", "labels": [label], "must_hit": [], "must_avoid": [],
            "reference_answer": "At the edge.",
        }
    )  # fmt: skip
    assert 0.0 <= compute_score("test", text, rubric)["score"] <= 1.0
