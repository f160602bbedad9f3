"""Rubrics: version 1, its published schema, its repair, the published rows, the published rule."""

from __future__ import annotations

import json
import math
from typing import Any

import jsonschema
import pytest

from verl_wafersage.errors import InputError, RubricError
from verl_wafersage.reward_fns import paper
from verl_wafersage.reward_fns.repair import conflicts, from_published, repair, split_terms
from verl_wafersage.reward_fns.rubric import compute_score
from verl_wafersage.reward_fns.schema import SCHEMA_FILE, Item, load_rubric

GOOD = {
    "version": 1,
    "dimension": "spatial",
    "labels": ["Center"],
    "must_hit": ["center"],
    "must_avoid": ["edge"],
}
FULL = {
    "version": 1,
    "dimension": "full",
    "labels": ["Center"],
    "criteria": {
        "spatial": {"must_hit": ["center"], "must_avoid": ["edge"]},
        "morphology": {"must_hit": ["dense", "solid blob"], "must_avoid": ["ring"]},
        "root_cause": {"must_hit": [{"any_of": ["deposition", "plasma"]}], "must_avoid": ["robot scratch"]},
    },
    "reference_answer": "",
}
BAD = {
    "not json": ("{", "ground_truth"),
    "no object": ("[]", "ground_truth"),
    "no version": (json.dumps({**GOOD, "version": None}), "version"),
    "another version": (json.dumps({**GOOD, "version": 2}), "version"),
    "another dimension": (json.dumps({**GOOD, "dimension": "colour"}), "dimension"),
    "hit is text": (json.dumps({**GOOD, "must_hit": "center"}), "must_hit"),
    "hit holds a number": (json.dumps({**GOOD, "must_hit": [3]}), "must_hit[0]"),
    "empty any_of": (json.dumps({**GOOD, "must_hit": [{"any_of": []}]}), "must_hit[0]"),
    "negative weight": (json.dumps({**GOOD, "must_hit": [{"any_of": ["a"], "weight": -1}]}), "must_hit[0]"),
    "labels": (json.dumps({**GOOD, "labels": "Center"}), "labels"),
    "full without criteria": (json.dumps({**GOOD, "dimension": "full"}), "criteria"),
    "unknown part": (json.dumps({**FULL, "criteria": {"colour": {}}}), "criteria"),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD)
def test_malformed_rubric_is_refused_by_field(name: str) -> None:
    text, field = BAD[name]
    with pytest.raises(RubricError) as caught:
        compute_score("test", "an answer", text)
    assert caught.value.field == field


@pytest.mark.parametrize("rubric", [GOOD, FULL])
def test_published_schema_takes_what_we_read(rubric: dict[str, object]) -> None:
    schema = json.loads(SCHEMA_FILE.read_text(encoding="utf-8"))
    jsonschema.validate(rubric, schema)
    assert load_rubric(rubric) == load_rubric(json.dumps(rubric))


@pytest.mark.parametrize("name", [name for name in BAD if name not in ("not json", "no object")])
def test_published_schema_refuses_what_we_refuse(name: str) -> None:
    schema = json.loads(SCHEMA_FILE.read_text(encoding="utf-8"))
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(json.loads(BAD[name][0]), schema)


def test_items_keep_alternatives_and_weights() -> None:
    rubric = load_rubric({**GOOD, "must_hit": ["a", {"any_of": ["b", "c"], "weight": 2}]})
    assert rubric.must_hit == (Item(("a",)), Item(("b", "c"), 2.0))


def test_any_member_of_any_of_will_do() -> None:
    for cause in ("deposition", "plasma"):
        found = compute_score(
            "test", f"Spatial: the center fails. Root cause: perhaps {cause}.", json.dumps(FULL)
        )
        assert found["root_cause"] > 0.5


def test_nothing_left_to_score_is_not_scorable() -> None:
    empty = {
        "version": 1,
        "dimension": "morphology",
        "must_hit": ["not specified", "-"],
        "must_avoid": ["ring"],
    }
    found = compute_score("test", "A ring.", json.dumps(empty))
    assert found["scorable"] == 0.0
    assert found["morphology"] == -1.0


REPAIRS = {
    "split in parentheses": (["center (0", "0) clear", "edge"], ["center (0,0) clear", "edge"]),
    "filler": (["not specified", "N/A", "edge", "unknown", "—"], ["edge"]),
    "said twice": (["edge", "Edge", "edge "], ["edge"]),
    "prefix": (["Must-hit keywords: edge"], ["edge"]),
    "unbalanced": (["(edge"], ["edge"]),
    "whole": (["edge ring", "7 to 9 o'clock"], ["edge ring", "7 to 9 o'clock"]),
    "members": ([{"any_of": ["n/a", "edge"]}, {"any_of": ["none given"]}], [{"any_of": ["edge"]}]),
}  # fmt: skip


@pytest.mark.parametrize("name", REPAIRS)
def test_repair_of_lists(name: str) -> None:
    before, after = REPAIRS[name]
    fixed, changes = repair({**GOOD, "must_hit": before})
    assert fixed["must_hit"] == after
    assert bool(changes) == (name != "whole")
    assert repair(fixed)[1] == []


def test_none_is_a_term_where_none_is_the_class() -> None:
    fixed, _ = repair(
        {**GOOD, "dimension": "defect_type", "labels": ["None"], "must_hit": ["none", "normal"]}
    )
    assert fixed["must_hit"] == ["none", "normal"]


def test_loops_are_capped_and_conflicts_named() -> None:
    looped = {**GOOD, "must_avoid": ["center", *(f"term {i}" for i in range(1000))]}
    fixed, changes = repair(looped)
    assert len(fixed["must_avoid"]) < 100
    assert {change.kind for change in changes} == {"capped", "conflict"}
    assert [change.before for change in conflicts(looped)] == ["center"]


def test_full_rubric_is_repaired_by_part() -> None:
    dirty = json.loads(json.dumps(FULL))
    dirty["criteria"]["spatial"]["must_hit"] = ["center (0", "0)", "n/a"]
    fixed, changes = repair(dirty)
    assert fixed["criteria"]["spatial"]["must_hit"] == ["center (0,0)"]
    assert {change.field for change in changes} == {"criteria.spatial.must_hit"}


def test_split_terms_minds_parentheses() -> None:
    assert split_terms("center (0,0) clear, edge; rim") == ["center (0,0) clear", "edge", "rim"]


PUBLISHED = {
    "dimension": "morphological",
    "label": ["Donut", "Edge-Ring"],
    "reference_answer": "A dense donut.",
    "must_hit": ["dense"],
    "must_avoid": ["linear"],
    "rubric": json.dumps({"defect_types": ["Donut"], "morphology_rubric": {"pattern_type": "ring, band"}}),
}


def test_published_row_becomes_version_1() -> None:
    rubric = load_rubric(from_published(PUBLISHED))
    assert rubric.dimension == "morphology"
    assert rubric.labels == ("Donut", "Edge-Ring")
    assert [str(item) for item in rubric.must_hit] == ["dense"]


def test_published_rubric_alone_becomes_full() -> None:
    nested = {
        "defect_types": ["Center"],
        "spatial_rubric": {"zone": "Center, Edge (r > 0.8, thin)", "spatial_avoid": ["Top-right"]},
        "morphology_rubric": {"density": "High-density", "morphology_avoid": ["Radial"]},
        "root_cause_rubric": {"potential_causes": ["thermal gradient"], "root_cause_avoid": ["Over-etch"]},
    }
    rubric = load_rubric(from_published({"rubric": json.dumps(nested)}))
    assert rubric.dimension == "full"
    assert [str(item) for item in rubric.criteria["spatial"].must_hit] == ["Center", "Edge (r > 0.8, thin)"]
    assert [str(item) for item in rubric.criteria["root_cause"].must_avoid] == ["Over-etch"]


def test_unknown_published_dimension_is_named() -> None:
    with pytest.raises(RubricError, match="colour"):
        from_published({**PUBLISHED, "dimension": "colour"})


PAPER = [
    # hits, terms, false, 0.6/0.4, 0.9/0.1
    (0, 8, 0, 0.40, 0.10),
    (4, 8, 1, 0.6 * 0.75 + 0.4 * 0.75, 0.9 * 0.75 + 0.1 * 0.75),
    (2, 3, 0, 1.0, 1.0),
    (3, 3, 0, 1.0, 1.0),
    (1, 4, 1, 0.525, 0.4125),
    (3, 3, 4, 0.6, 0.9),
    (3, 3, 9, 0.6, 0.9),
    (0, 0, 0, 0.4, 0.1),
]


@pytest.mark.parametrize(("hits", "terms", "false", "formula", "tuned"), PAPER)
def test_published_formula(hits: int, terms: int, false: int, formula: float, tuned: float) -> None:
    assert paper.dimension_score(hits, terms, false, 0.6, 0.4) == pytest.approx(formula)
    assert paper.dimension_score(hits, terms, false, 0.9, 0.1) == pytest.approx(tuned)


def test_published_weights_of_dimensions() -> None:
    # Spatial hit, morphology missed, root cause missed with one false term.
    answer = "center; a scratch by a robot, robot scratch"
    formula = paper.compute_score("test", answer, json.dumps(FULL))
    tuned = compute_score("test", answer, json.dumps(FULL), preset="paper", paper_weights="tuned")
    assert formula["score"] == pytest.approx(
        0.40 * formula["spatial"] + 0.35 * formula["morphology"] + 0.25 * formula["root_cause"]
    )
    assert tuned["score"] == pytest.approx((tuned["spatial"] + tuned["morphology"] + tuned["root_cause"]) / 3)


def test_published_rule_matches_opposites_as_its_threshold_does() -> None:
    truth = json.dumps({**GOOD, "must_hit": ["continuous"], "must_avoid": []})
    assert paper.compute_score("test", "it is discontinuous", truth)["hit"] == 1.0


def test_the_threshold_of_the_published_rule_is_the_same_through_both_doors() -> None:
    truth = json.dumps({**GOOD, "must_hit": ["continuous"], "must_avoid": []})
    hits = {
        threshold: (
            paper.compute_score("test", "contiguous", truth, threshold=threshold)["hit"],
            compute_score("test", "contiguous", truth, preset="paper", paper_threshold=threshold)["hit"],
        )
        for threshold in (paper.THRESHOLD, 1.0)
    }
    assert hits == {paper.THRESHOLD: (1.0, 1.0), 1.0: (0.0, 0.0)}


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"paper_weights": "tuned"}, "no option 'paper_weights'; options are threshold, weights"),
        ({"preset": "paper"}, "no option 'preset'"),
        ({"weights": "mine"}, "field weights: 'mine' is none of formula, tuned"),
    ],
)
def test_the_published_rule_refuses_what_it_would_not_follow(options: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        paper.compute_score("test", "a", json.dumps(GOOD), **options)
    assert paper.compute_score("test", "a", json.dumps(GOOD), reward_router_address=None)


@pytest.mark.parametrize("options", [{"paper_weights": "mine"}, {"paper_threshold": 71.3}])
def test_values_the_published_rule_cannot_have_are_refused(options: dict[str, Any]) -> None:
    with pytest.raises(InputError, match=f"field {next(iter(options))}"):
        compute_score("test", "a", json.dumps(GOOD), preset="paper", **options)


def test_unknown_option_is_named() -> None:
    with pytest.raises(InputError, match="no option 'penalti'"):
        compute_score("test", "a", json.dumps(GOOD), penalti=2)
    with pytest.raises(InputError, match="preset"):
        compute_score("test", "a", json.dumps(GOOD), preset="mine")


def test_what_verl_adds_is_ignored_and_containers_are_taken() -> None:
    from omegaconf import OmegaConf

    options = OmegaConf.create({"weights": {"spatial": 1, "morphology": 0, "root_cause": 0}, "penalty": 2})
    found = compute_score(
        "test", "The center fails.", json.dumps(FULL), reward_router_address=None, **options
    )
    assert found["score"] == pytest.approx(found["spatial"])


def test_length_is_charged_only_when_asked() -> None:
    answer = "A dense solid cluster sits in the center of the wafer. " + "The lot was made on a Tuesday. " * 1
    truth = json.dumps(GOOD)
    free = compute_score("test", answer, truth)["score"]
    assert compute_score("test", answer, truth, overlong_chars=500, overlong_buffer=100)["score"] == free
    charged = compute_score(
        "test", answer, truth, overlong_chars=60, overlong_buffer=20, overlong_penalty=0.3
    )
    assert charged["score"] == pytest.approx(free - 0.3)


STYLES = [
    ("tags", "<REASONING>r</REASONING><SOLUTION>s</SOLUTION>", 1.0),
    ("tags", "plain words", 0.0),
    ("tags", "<SOLUTION>never closed", 0.0),
    ("plain", "plain words", 1.0),
    ("plain", "<SOLUTION>s</SOLUTION>", 0.0),
    (None, "anything", 1.0),
]


@pytest.mark.parametrize(("style", "answer", "expected"), STYLES)
def test_format_is_the_style_the_row_asks_for(style: str | None, answer: str, expected: float) -> None:
    assert compute_score("test", answer, json.dumps(GOOD), {"answer_style": style})["format"] == expected


def test_scores_are_finite_with_a_weight_of_zero() -> None:
    truth = json.dumps({**GOOD, "must_hit": [{"any_of": ["center"], "weight": 0}]})
    assert all(math.isfinite(v) for v in compute_score("test", "The center.", truth).values())
