"""What is read from sentences: directions, places, polarity, and whose attribute is whose."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml
from scipy.stats import spearmanr

from verl_wafersage.errors import InputError
from verl_wafersage.reward_fns.angles import Arc, agreement, distance
from verl_wafersage.reward_fns.directions import read_arcs
from verl_wafersage.reward_fns.lexicon import expand, load_lexicon
from verl_wafersage.reward_fns.parts import split_parts
from verl_wafersage.reward_fns.phrases import same_word
from verl_wafersage.reward_fns.radii import read_radius
from verl_wafersage.reward_fns.reader import read
from verl_wafersage.reward_fns.rubric import compute_score
from verl_wafersage.reward_fns.text import read_text

HOURS = {
    "7 to 9 o'clock": (7, 2),
    "7\u20139 o\u2019clock": (7, 2),
    "between two and four o'clock": (2, 2),
    "12\u20133 o'clock": (12, 3),
    "the 10-to-1 arc": (10, 3),
    "from about 10 through 2 o'clock": (10, 4),
    "7:30": (7.5, 0),
    "at half past seven": (7.5, 0),
    "around nine to half past eleven": (9, 2.5),
    "from noon to three": (12, 3),
    "clock position 7": (7, 0),
    "seven o'clock": (7, 0),
    "3-5 oclock": (3, 2),
    "azimuth 240\u00b0 to 330\u00b0": (8, 3),
    "the 45\u00b0 bearing": (1.5, 0),
    "from WSW to NNW": (8.25, 3),
    "lower left": (6, 3),
    "south-west": (6.5, 2),
    "upper-right": (12, 3),
    "top right": (12, 3),
}
NO_HOURS = [
    "the other two",
    "a ratio of 2:1",
    "7:30 am",
    "52x52",
    "90 degrees long",
    "right now",
    "two clusters",
]


@pytest.mark.parametrize("text", HOURS)
def test_directions_are_one_quantity(text: str) -> None:
    words = read_text(text).words
    found = next(filter(None, (read_arcs(words, i) for i in range(len(words)))))
    start, length = HOURS[text]
    assert (found[0].start, found[0].length) == pytest.approx((start, length))


@pytest.mark.parametrize("text", NO_HOURS)
def test_other_numbers_are_no_directions(text: str) -> None:
    words = read_text(text).words
    assert not any(read_arcs(words, i) for i in range(len(words)))


def test_circle_wraps() -> None:
    assert distance(Arc(11, 0), Arc(1, 0)) == 2
    assert distance(Arc(12, 0), Arc(6, 0)) == 6


def test_an_hour_off_is_a_small_loss_and_opposite_is_a_miss() -> None:
    true = Arc(7, 2)
    assert agreement(Arc(7, 2), true) == 1.0
    assert 0.5 < agreement(Arc(8, 2), true) < 1.0
    assert agreement(Arc(1, 2), true) == 0.0
    assert agreement(Arc(3, 2), true) == 0.0
    assert agreement(Arc(6, 3, words=True), true) == 1.0


RADII = {
    "r < 0.3": (0, 0.3),
    "r/R above 0.88": (0.88, 1),
    "0.3\u20130.55 R": (0.3, 0.55),
    "at 0.5 R": (0.5, 0.5),
}


@pytest.mark.parametrize("text", RADII)
def test_radii(text: str) -> None:
    words = read_text(text).words
    found = next(filter(None, (read_radius(words, i) for i in range(len(words)))))
    assert found[:2] == pytest.approx(RADII[text])


# What is asserted (+) and denied (-), as slot:value.
SENTENCES = {
    "There is no ring structure. A linear scratch crosses the wafer.": "-shape:ring +shape:line",
    "Neither a scratch nor a localized cluster is present.": "-type:Scratch -type:Loc",
    "It is not a donut but a solid center cluster.": "-type:Donut +type:Center",
    "The pattern is not limited to the edge; it extends into the mid-radius zone.": "+zone:edge +zone:middle",
    "An edge ring is present, but the center is free of defects.": "+type:Edge-Ring -zone:center",
    "Scratches from robot handling are unlikely.": "-type:Scratch -cause:handling.robot",
    "CMP over-polish cannot be ruled out.": "+cause:cmp.general",
    "It is dense and blob-like rather than linear or ring-shaped.": "+shape:blob -shape:line -shape:ring",
    "No geometric shape (such as ring or linear) is present.": "+shape:none -shape:ring -shape:line",
    "The center of the wafer is clear.": "-zone:center",
    "A ring around a clear center.": "+shape:ring -zone:center",
    "The failures fade toward the edge.": "",
    "Unlike a donut, which would leave the hub alone, this is a filled cluster.": "-type:Donut +shape:blob",
    "The upper half is fine while the lower half is hit.": "",
    "No fails are found at the edge.": "-zone:edge",
    "Dies in the core pass.": "-zone:center",
    "It isn't uniform.": "-density:even",
    "non-uniform": "-density:even",
    "The edge ring is broken rather than continuous.": "+type:Edge-Ring +closure:broken -closure:closed",
    "A scracth near the egde.": "+type:Scratch +zone:edge",
    "Ring, line, blob: each of these would need dies that are good.": "-shape:ring -shape:line -shape:blob",
    "Heat does not draw lines, so think of a robot blade.": "-cause:thermal.general +cause:handling.robot",
    "I would not call the ring complete, it has several gaps.": "+shape:ring -closure:closed +closure:broken",
    "Slim to fat: the scratch, the rim arc, the donut.": "+type:Scratch +width:thin +type:Donut +width:thick",
    "Largest first: the donut, then the scratch.": "+type:Donut +size:large +type:Scratch +size:small",
    "There is an opening at 3 o'clock; elsewhere it is unbroken.": "+closure:open",
    "The rim ring is speckled.": "+type:Edge-Ring +density:sparse",
    "An upright oval, twice as tall as it is wide.": "+texture:vertical +texture:elongated",
    "A hollow ring along the rim.": "+shape:ring +zone:edge",
    "The blob is evenly packed throughout.": "+shape:blob +density:even",
    "It is broken, unlike the central blob, which is solid.": "+closure:broken +density:dense",
}


@pytest.mark.parametrize("text", SENTENCES)
def test_claims_follow_the_sentence(text: str) -> None:
    claims = read(read_text(text), load_lexicon()).claims
    said = {f"{'+' if c.affirmed else '-'}{c.slot}:{c.value}" for c in claims if not c.good}
    expected = set(SENTENCES[text].split())
    assert expected <= said
    for claim in expected:
        assert ("-" if claim[0] == "+" else "+") + claim[1:] not in said
    if not expected:
        assert not any(claim.startswith("+zone") for claim in said)


def test_attributes_belong_to_the_feature_of_their_clause() -> None:
    row = {
        "version": 1, "dimension": "morphology", "labels": ["Donut", "Edge-Ring"],
        "must_hit": ["dense donut", "thin edge ring"], "must_avoid": [],
        "reference_answer": "The donut is dense and broad; the edge ring is thin and sparse.",
    }  # fmt: skip
    right = "The edge ring is thin and sparse, while the donut is dense and broad."
    swapped = "The edge ring is dense and broad, while the donut is thin and sparse."
    text = json.dumps(row)
    assert compute_score("test", right, text)["score"] > compute_score("test", swapped, text)["score"] + 0.3


OPPOSITES = [
    ("upper", "lower"),
    ("continuous", "discontinuous"),
    ("uniform", "non-uniform"),
    ("dense", "sparse"),
]


@pytest.mark.parametrize(("a", "b"), OPPOSITES)
def test_opposites_never_match(a: str, b: str) -> None:
    assert not same_word(a, b.replace("-", ""))


@pytest.mark.parametrize(("a", "b"), [("ring", "rings"), ("polishing", "polished"), ("particel", "particle")])
def test_inflections_and_slips_match(a: str, b: str) -> None:
    assert same_word(a, b)


def test_headings_cut_an_answer_in_three() -> None:
    words = read_text(
        "1. Spatial distribution: edge.\n2. Morphology: a ring.\n3. Root-cause candidates: CMP."
    ).words
    found = split_parts(words)
    assert list(found) == ["spatial", "morphology", "root_cause"]
    assert split_parts(read_text("The edge fails in a ring; maybe CMP.").words) == {}


def test_expand() -> None:
    assert expand("{edge,rim} [wafer] ring") == ["edge wafer ring", "edge ring", "rim wafer ring", "rim ring"]


def test_lexicon_errors_are_named(tmp_path: Path) -> None:
    bad = tmp_path / "bad.yaml"
    for text, problem in (
        ("version: 7", "version 1"),
        ("a: [", "YAML"),
        ("version: 1\nterms: 3", "malformed"),
    ):
        bad.write_text(text)
        load_lexicon.cache_clear()
        with pytest.raises(InputError, match=problem):
            load_lexicon(str(bad))
    with pytest.raises(InputError, match="cannot read"):
        load_lexicon(str(tmp_path / "absent.yaml"))


def _cases() -> list[dict]:
    return yaml.safe_load((Path(__file__).parent / "cases.yaml").read_text(encoding="utf-8"))


def _grades(cases: list[dict]) -> list[tuple[float, float, dict]]:
    pairs = []
    for case in cases:
        rubric = {
            "version": 1, "dimension": case["dimension"], "labels": case["labels"], "must_hit": case["hit"],
            "must_avoid": case["avoid"], "reference_answer": case["reference"],
        }  # fmt: skip
        for grade, answer in case["answers"]:
            found = compute_score("test", answer, json.dumps(rubric), {"question": case["question"]})
            pairs.append((found["score"], float(grade), case))
    return pairs


def test_own_cases_are_ranked_as_graded() -> None:
    pairs = _grades(_cases())
    assert spearmanr([p[0] for p in pairs], [p[1] for p in pairs]).statistic > 0.85


@pytest.mark.parametrize("case", _cases(), ids=lambda case: f"{case['dimension']}-{'+'.join(case['labels'])}")
def test_reference_answer_meets_its_own_rubric(case: dict) -> None:
    rubric = {
        "version": 1, "dimension": case["dimension"], "labels": case["labels"], "must_hit": case["hit"],
        "must_avoid": case["avoid"], "reference_answer": case["reference"],
    }  # fmt: skip
    assert compute_score("test", case["reference"], json.dumps(rubric), {})["score"] > 0.75


def _paraphrases() -> list[dict]:
    return yaml.safe_load((Path(__file__).parent / "paraphrases.yaml").read_text(encoding="utf-8"))


def _paid(row: dict, answer: str) -> float:
    rubric = {
        "version": 1, "dimension": row["dimension"], "labels": row["labels"], "must_hit": row["hit"],
        "reference_answer": row["reference"],
    }  # fmt: skip
    return compute_score("test", answer, json.dumps(rubric), {})["score"]


def test_other_words_are_paid_and_other_classes_are_not() -> None:
    rows = _paraphrases()
    right = [_paid(row, said) for row in rows for said in row["said"]]
    wrong = [
        _paid(row, said)
        for row in rows
        for other in rows
        if other["dimension"] == row["dimension"] and other["labels"] != row["labels"]
        for said in other["said"]
    ]
    assert sum(score > 0.6 for score in right) / len(right) > 0.93
    assert sum(score < 0.4 for score in wrong) / len(wrong) > 0.9
