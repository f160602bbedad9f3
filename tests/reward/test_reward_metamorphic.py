"""Properties that hold whatever the answer says."""

from __future__ import annotations

import concurrent.futures
import json
import math
import os
import pickle
import subprocess
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from reward_rows import ROWS, rubric_of

from verl_wafersage.reward_fns.rubric import NOT_APPLICABLE, compute_score

KEYS = {
    "score", "acc", "scorable", "hit", "faithful", "hallucination", "spatial", "morphology", "root_cause",
    "defect_type", "format",
}  # fmt: skip
SENTENCES = [
    "An arc of failing dies lies at the edge.",
    "The lower left is affected from 7 to 9 o'clock.",
    "A thin ring runs along the rim.",
    "The center is clear.",
    "There is a donut at mid-radius.",
    "A scratch crosses the lower right.",
    "The ring is continuous and sharply bounded.",
    "No cluster is visible in the center.",
    "Robot handling may have caused it.",
    "Uneven plasma is another candidate.",
]
UNRELATED = [
    "The lot was processed on a Tuesday.",
    "Thank you for the question.",
    "Yield engineers meet every morning at the coffee machine.",
    "The report was written in English.",
]
answers = st.lists(st.sampled_from(SENTENCES), min_size=1, max_size=4, unique=True)
rows = st.sampled_from(sorted(ROWS))
quick = settings(deadline=None, max_examples=60)


def paid(sentences: list[str] | str, row: str) -> float:
    text = sentences if isinstance(sentences, str) else " ".join(sentences)
    return compute_score("test", text, rubric_of(ROWS[row]), {"question": ROWS[row]["question"]})["score"]


@quick
@given(answers, rows, st.sampled_from(UNRELATED), st.booleans())
def test_unrelated_sentence_never_raises(sentences: list[str], row: str, extra: str, first: bool) -> None:
    longer = [extra, *sentences] if first else [*sentences, extra]
    assert paid(longer, row) <= paid(sentences, row) + 1e-9


@quick
@given(answers, rows, st.integers(0, 3))
def test_repeated_sentence_never_raises(sentences: list[str], row: str, which: int) -> None:
    again = sentences[which % len(sentences)]
    assert paid([*sentences, again], row) <= paid(sentences, row) + 1e-9


@quick
@given(answers, rows)
def test_case_and_spacing_change_nothing(sentences: list[str], row: str) -> None:
    text = " ".join(sentences)
    expected = paid(text, row)
    assert paid(text.upper(), row) == expected
    assert paid(text.replace(" ", "  "), row) == expected
    assert paid(f"  {text}\t", row) == expected


@quick
@given(
    st.permutations(
        ["An arc lies at the edge.", "The center is clear.", "A scratch crosses the upper right."]
    ),
    rows,
)
def test_order_of_independent_sentences_changes_nothing(sentences: list[str], row: str) -> None:
    assert paid(sentences, row) == pytest.approx(paid(sorted(sentences), row))


DENIALS = {
    "edge_loc": ["The edge is clean.", "No fails are found at the edge.", "There is no edge-loc."],
    "edge_ring": ["There is no ring.", "It is not continuous."],
    "two_types": ["There is no donut.", "No scratch is visible."],
    "cause": ["Robot handling can be ruled out.", "It is not CMP."],
}


@pytest.mark.parametrize("row", DENIALS)
@pytest.mark.parametrize("start", ["", "The map was inspected.", "{wrong}"])
def test_denying_a_missing_term_never_helps(row: str, start: str) -> None:
    base = start.format(wrong=ROWS[row]["wrong"])
    for denial in DENIALS[row]:
        assert paid(f"{base} {denial}", row) <= paid(base, row) + 1e-9


MISSING = {
    "edge_loc": ("The fails are at the edge.", "They lie in the lower left, from 7 to 9 o'clock."),
    "edge_ring": ("It is a ring.", "The ring is thin, continuous and has a sharp boundary."),
    "two_types": ("There is a donut.", "There is also a scratch."),
    "cause": ("Perhaps it comes from robot handling.", "Agglomerated CMP slurry is possible too."),
}


@pytest.mark.parametrize("row", MISSING)
def test_adding_a_missing_truth_pays(row: str) -> None:
    base, more = MISSING[row]
    assert paid(f"{base} {more}", row) > paid(base, row)


@pytest.mark.parametrize("row", MISSING)
@pytest.mark.parametrize(
    "text", ["Edge-Loc along the edge at 7:30 to 10 o'clock, r/R 0.9, north-west, 240 to 330 degrees."]
)
def test_an_answer_cut_off_anywhere_is_scored(row: str, text: str) -> None:
    for end in range(len(text) + 1):
        for tail in ("", " ", "'", " o'", "-", " to"):
            assert 0.0 <= paid(text[:end] + tail, row) <= 1.0


@settings(deadline=None, max_examples=150)
@given(
    st.one_of(
        st.text(max_size=300),
        st.text(alphabet=st.characters(categories=["Cs", "Mn", "So", "Nd", "Zs"]), max_size=80),
        st.binary(max_size=200),
        st.none(),
        st.floats(),
        st.integers(),
        st.lists(st.text(max_size=5), max_size=3),
        st.lists(
            st.sampled_from(
                [
                    "no",
                    "ring",
                    ",",
                    "edge",
                    "12",
                    "o'clock",
                    "°",
                    "to",
                    "r",
                    "/",
                    "0.5",
                    "(",
                    "%",
                    "-",
                    "\n",
                    "<SOLUTION>",
                ]
            ),
            max_size=40,
        ).map(" ".join),
    ),
    rows,
)
def test_any_answer_has_a_score(answer: object, row: str) -> None:
    found = compute_score("test", answer, rubric_of(ROWS[row]), {"question": ROWS[row]["question"]})
    assert set(found) == KEYS
    assert all(isinstance(value, float) and math.isfinite(value) for value in found.values())
    assert all(
        0.0 <= value <= 1.0 or (value == NOT_APPLICABLE and key in ROWS_PARTS) for key, value in found.items()
    )


ROWS_PARTS = {"spatial", "morphology", "root_cause", "defect_type"}


@pytest.mark.parametrize(
    "answer", ["x" * 1_000_000, "ring at the edge. " * 60_000, b"\xff\xfe" * 500_000, "\ud800" * 40_000]
)
def test_a_megabyte_is_no_problem(answer: object) -> None:
    assert 0.0 <= compute_score("test", answer, rubric_of(ROWS["edge_ring"]), {})["score"] <= 1.0


@pytest.mark.parametrize("extra", [None, {}, {"question": None}, {"question": 3}, {"answer_style": "tags"}])
def test_any_extra_info_will_do(extra: dict[str, object] | None) -> None:
    assert set(compute_score("test", "An arc.", rubric_of(ROWS["edge_loc"]), extra)) == KEYS


def test_threads_agree() -> None:
    texts = [" ".join(SENTENCES[i:] + SENTENCES[:i]) for i in range(len(SENTENCES))] * 4
    alone = [paid(text, row) for text in texts for row in sorted(ROWS)]
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        together = list(
            pool.map(lambda pair: paid(*pair), [(text, row) for text in texts for row in sorted(ROWS)])
        )
    assert together == alone


_CHILD = """
import json, sys
from verl_wafersage.reward_fns.rubric import compute_score
print(json.dumps([compute_score("t", a, g, {}) for a, g in json.load(sys.stdin)]))
"""


def test_processes_and_hash_seeds_agree() -> None:
    work = [(" ".join(SENTENCES), rubric_of(ROWS[row])) for row in sorted(ROWS)]
    here = [compute_score("t", answer, truth, {}) for answer, truth in work]
    for seed in ("0", "1", "4242"):
        run = subprocess.run(
            [sys.executable, "-c", _CHILD],
            input=json.dumps(work),
            capture_output=True,
            text=True,
            check=True,
            env={**os.environ, "PYTHONHASHSEED": seed},
        )
        assert json.loads(run.stdout) == here


def test_function_can_be_pickled() -> None:
    assert pickle.loads(pickle.dumps(compute_score)) is compute_score


def test_import_needs_neither_verl_nor_torch() -> None:
    code = "import sys, verl_wafersage.reward_fns.rubric; print({'verl', 'torch', 'ray'} & set(sys.modules))"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "set()"
