"""Rubrics one can trust: right answers pass, wrong ones do not, questions reveal nothing."""

from __future__ import annotations

import json
import re
from collections import Counter, defaultdict

import numpy as np
import pytest

from verl_wafersage.data_prep import synthetic
from verl_wafersage.data_prep.causes import ACCEPTED, SPOKEN
from verl_wafersage.data_prep.evidence import facts_from
from verl_wafersage.data_prep.facts import Facts, Pattern
from verl_wafersage.data_prep.questions import KINDS, AskOptions, ask
from verl_wafersage.data_prep.records import DEFECT_TYPES, NORMAL, Question, WaferMap
from verl_wafersage.data_prep.wordings import CONCISE, WORDINGS
from verl_wafersage.reward_fns.rubric import compute_score
from verl_wafersage.reward_fns.schema import DIMENSIONS, load_rubric

EVERYTHING = AskOptions(per_wafer=None)


def questions(wafer: WaferMap, options: AskOptions = EVERYTHING) -> list[Question]:
    facts = synthetic.facts_of(wafer.truth, wafer.grid)
    return list(ask(facts, b"", wafer.wafer_id, wafer.origin, options))


def score(question: Question, answer: str) -> float:
    rubric = json.dumps(question.rubric)
    return compute_score("wafersage", answer, rubric, {"question": question.text})["score"]


@pytest.mark.parametrize("concise", [False, True])
def test_every_reference_answer_meets_its_own_rubric(wafers: list[WaferMap], concise: bool) -> None:
    options = AskOptions(per_wafer=None, concise=concise)
    low = []
    for wafer in wafers:
        for question in questions(wafer, options):
            load_rubric(json.dumps(question.rubric))
            assert score(question, "") == 0
            if score(question, question.reference_answer) <= 0.8:
                low.append((question.text, question.reference_answer))
    assert not low


def test_answers_about_another_wafer_score_lower(wafers: list[WaferMap]) -> None:
    """The rubric tells wafers apart: with another wafer's answer to the same question it pays less."""
    asked: dict[str, list[Question]] = defaultdict(list)
    for wafer in wafers[:60]:
        for question in questions(wafer):
            asked[question.extra["kind"]].append(question)
    for kind, group in asked.items():
        own, foreign = [], []
        for one, other in zip(group, group[7:] + group[:7], strict=True):
            if one.rubric != other.rubric and one.labels != other.labels:
                own.append(score(one, one.reference_answer))
                foreign.append(score(one, other.reference_answer))
        assert np.mean(foreign) < np.mean(own) - 0.15, kind


def test_no_question_names_a_class() -> None:
    names = re.compile(
        r"\b(" + "|".join([*DEFECT_TYPES, "donut", "doughnut", "scratch"]) + r")\b", re.IGNORECASE
    )
    allowed = {"center", "random"}  # as a place, and as what a yes/no question is about
    for wordings in (WORDINGS, CONCISE):
        for kind, texts in wordings.items():
            assert len(set(texts)) == len(texts) >= 3
            for text in texts:
                found = {word.lower() for word in names.findall(text)}
                assert found <= allowed, (kind, text)
                assert "<image>" not in text


def test_wordings_do_not_depend_on_the_class(wafers: list[WaferMap]) -> None:
    """Every wording of the type question turns up for different classes."""
    seen: dict[str, set[tuple[str, ...]]] = defaultdict(set)
    for wafer in wafers:
        for question in questions(wafer):
            if question.extra["kind"] == "type":
                seen[question.text].add(question.labels)
    assert set(seen) == set(WORDINGS["type"])
    assert min(len(labels) for labels in seen.values()) >= 5


def test_yes_and_no_are_both_right_somewhere(wafers: list[WaferMap]) -> None:
    polar: dict[str, Counter[str]] = defaultdict(Counter)
    for wafer in wafers:
        for question in questions(wafer):
            if question.question_type == "consistency":
                polar[question.extra["kind"]][question.reference_answer.split(",")[0]] += 1
    for kind, counted in polar.items():
        assert set(counted) == {"Yes", "No"}, kind
        assert min(counted.values()) >= 3, (kind, counted)


def test_eight_to_ten_questions_over_all_dimensions_and_levels(wafers: list[WaferMap]) -> None:
    dimensions, levels = set(), set()
    for wafer in wafers:
        made = questions(wafer, AskOptions())
        assert 8 <= len(made) <= 10
        assert made[-1].dimension == "full"
        dimensions |= {question.dimension for question in made}
        levels |= {question.level for question in made}
        for question in made:
            assert 0 <= question.extra["difficulty"] <= 1
    assert dimensions == set(DIMENSIONS)
    assert levels == {"easy", "medium", "hard"}


def test_the_same_wafer_gives_the_same_questions_and_another_seed_others(wafers: list[WaferMap]) -> None:
    first, again = questions(wafers[0], AskOptions(seed=1)), questions(wafers[0], AskOptions(seed=1))
    assert first == again
    assert [q.text for q in first] != [q.text for q in questions(wafers[0], AskOptions(seed=2))]


def test_options_choose_dimensions_and_levels(wafers: list[WaferMap]) -> None:
    options = AskOptions(dimensions=("spatial",), levels={"zone": "hard"})
    made = questions(wafers[0], options)
    assert {question.dimension for question in made} == {"spatial"}
    assert [question.level for question in made if question.extra["kind"] == "zone"] == ["hard"]
    assert len(questions(wafers[0], AskOptions(per_wafer=3))) == 3


def test_an_unknown_fact_gives_no_term() -> None:
    """What geometry is not sure of is neither asked nor scored."""
    facts = Facts(("Scratch",), (Pattern("Scratch"),))
    kinds = {question.extra["kind"] for question in ask(facts, b"", "w", "o", EVERYTHING)}
    assert kinds == {"type", "several", "cause", "contact"}


def test_an_unlabelled_wafer_without_certain_facts_gives_no_question() -> None:
    assert list(ask(Facts((), ()), b"", "w", "o", EVERYTHING)) == []


def test_real_maps_reference_answers_meet_their_rubrics(shared) -> None:
    from verl_wafersage.data_prep.readers import read

    total, low = 0, []
    for source, name in (
        ("mixedwm38", "MixedWM38_small_4_per_class.npz"),
        ("wm811k", "WM811K_small_8_per_class.parquet"),
    ):
        for wafer in read(source, shared / name):
            facts = facts_from(wafer.grid, wafer.labels)
            for question in ask(facts, b"", wafer.wafer_id, wafer.origin, AskOptions()):
                total += 1
                if score(question, question.reference_answer) <= 0.8:
                    low.append((question.text, question.reference_answer))
    assert total > 1200
    assert not low


def test_causes_are_hedged_and_told_by_group(wafers: list[WaferMap]) -> None:
    assert set(ACCEPTED) == set(DEFECT_TYPES)
    for accepted in ACCEPTED.values():
        assert {cause.group for cause in accepted} <= set(SPOKEN)
        assert len({cause.group for cause in accepted}) >= 2
    hedge = re.compile(r"possib|may|could|likely|probably", re.IGNORECASE)
    for wafer in wafers:
        for question in questions(wafer):
            if question.extra["kind"] == "cause" and wafer.labels != (NORMAL,):
                assert hedge.search(question.reference_answer), question.reference_answer
                assert all("any_of" in item for item in question.rubric["must_hit"])


def test_kinds_have_wordings() -> None:
    for wordings in (WORDINGS, CONCISE):
        assert set(wordings) == {kind.name for kind in KINDS} | {"full"}
