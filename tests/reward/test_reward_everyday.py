"""Everyday wording, one sentence for each way of saying a thing: what must be read, affirmed or denied."""

from __future__ import annotations

import json

import pytest

from verl_wafersage.reward_fns.asked import read_question
from verl_wafersage.reward_fns.claims import Claim
from verl_wafersage.reward_fns.lexicon import load_lexicon
from verl_wafersage.reward_fns.reader import read
from verl_wafersage.reward_fns.rubric import compute_score
from verl_wafersage.reward_fns.text import read_text

SAID = [
    ("It starts somewhere in the core and gives out at seven tenths.", "zone (0.7, 0.7)"),
    ("It begins at 0.3 of the radius and ends at 0.5 of the radius.", "zone (0.3, 0.5)"),
    ("- outer limit: 60 % of R", "zone (0.6, 0.6)"),
    ("On a 200 mm slice it occupies 40 to 70 mm from the hub.", "zone (0.4, 0.7)"),
    ("A 300 mm wafer; the fails begin 15 mm short of the bevel.", "zone (0.9, 0.9)"),
    ("On a 300 mm wafer the damage is 4.5 cm deep.", "zone (0.7, 1.0)"),
    ("From the rim inward to 0.6 R.", "zone (0.6, 1.0)"),
    ("r/R = 0.2 ... 0.5", "zone (0.2, 0.5)"),
    ("0.2 R -> 0.5 R", "zone (0.2, 0.5)"),
    ("Some 20 to 45 % of the distance from the hub to the rim.", "zone (0.2, 0.45)"),
    ("Inner limit: 0.3; outer limit: 0.5", "zone (0.3, 0.5)"),
    ("Equidistant from the hub and the rim.", "zone middle"),
    ("It is stuck in the intermediate belt.", "zone middle"),
    ("The fails sit at both ends of the radius.", "zone edge"),
    ("No part gets away.", "zone full"),
    ("The two zones lose equally many dies.", "density even"),
    ("All of it sits in the outermost five per cent.", "zone (0.95, 1.0)"),
    ("Half an hour either side of nine.", "arc 8.5 to 9.5 o'clock"),
    ("The rim fails near 5 o'clock, one hour each way.", "arc 4 to 6 o'clock"),
    ("Two thirds of the way out in the direction of 8.", "arc 8 o'clock"),
    ("Only those dies that are facing ten fail.", "arc 10 o'clock"),
    ("Location: hour 1.5.", "arc 1.5 o'clock"),
    ("I would not say that the hub is spared.", "zone center"),
    ("Clean: the left half. Not clean: the border at three.", "zone edge"),
    ("Hub: bad. Rim: bad. Between: bad.", "zone full"),
    ("Overlap with the rim ring: none.", "texture separate"),
    ("It lies in the white gap, joining neither.", "texture separate"),
    ("It leans against the band.", "texture touching"),
    ("The spot is beyond the donut.", "zone (0.6, 1.0)"),
    ("The bad stretch is at the bottom, 5 to 7 o'clock, and the left margin is clean.", "arc 5 to 7 o'clock"),
    ("At bearing 225, three fifths of the way out.", "arc 7.5 o'clock"),
    ("Clockwise from two to five along the rim.", "arc 2 to 5 o'clock"),
    ("LR quadrant, mid R.", "arc 3 to 6 o'clock"),
    ("Pulled over to the border, a bit below the nine on the dial.", "arc 9 o'clock"),
    ("The bad dies line the outside without leaving out a single hour.", "around all"),
    ("A necklace of separate beads.", "shape ring"),
    ("Like an atoll around its lagoon.", "shape ring"),
    ("Nearly a full circle, but the jeweller forgot to close it.", "closure open"),
    ("A horseshoe around the hub.", "closure open"),
    ("A dashed ring near the border.", "closure broken"),
    ("A ring in pieces.", "shape ring"),
    ("Like an archer's bow.", "shape arc"),
    ("A pebble in the lower half.", "shape blob"),
    ("Somebody ran a nail across it.", "shape line"),
    ("It looks as if someone flicked paint at the wafer.", "shape scatter"),
    ("There is plenty of room between the fails.", "density sparse"),
    ("They stand cheek by jowl with not a living die among them.", "density dense"),
    ("Roughly 4 in 10 dies are dead.", "density medium"),
    ("The fails become rarer towards the border.", "density gradient"),
    ("No change along the radius.", "density even"),
    ("Cut out as with scissors.", "border sharp"),
    ("It dissolves like ink on blotting paper.", "border fuzzy"),
    ("The inner contour is rough.", "border rough"),
    ("The band is as thin as a thread.", "width thin"),
    ("Twice as long as it is wide.", "texture elongated"),
    ("You can see daylight through the middle.", "texture hollow"),
    ("The two form an X.", "texture touching"),
    ("They keep their distance.", "texture separate"),
    ("Clean as a whistle.", "type None"),
    ("Normal.", "type None"),
    ("No cluster, no ring, no line and no arc.", "shape none"),
    ("You could count the surviving dies on two hands.", "shape full"),
    ("No cause other than the pad of the polisher.", "cause cmp.abrasive"),
    ("An entire step never took place.", "cause gross.process"),
    ("A puddle of resist that did not spread.", "cause litho.resist"),
    ("The cause is beyond all doubt the robot.", "cause handling.robot"),
    ("The oven was not heating evenly.", "cause thermal.general"),
    ("The solvent jet for the bead is out of position, an EBR fault.", "cause litho.bead"),
    ("Someone altered the edge exclusion.", "cause test.edge"),
    ("A collar around the chuck that has worn down.", "cause etch.edge"),
    ("Something rubbed against the face.", "cause handling.contact"),
    ("Dissolved polymer that re-lands.", "cause litho.resist"),
    ("A local event, not more.", "cause mode.local"),
    ("Anything that works all round.", "cause mode.radial"),
    ("Debris from the bevel.", "cause contamination.edge"),
    ("The operation was skipped, a blunder.", "cause gross.process"),
    ("It doesn't point to any tool.", "cause none.general"),
]
DENIED = [
    ("The fails shun the rim.", "zone edge"),
    ("I can't see a cluster anywhere, nor a ring.", "shape blob"),
    ("It is much too stubby to be called a scratch.", "type Scratch"),
    ("There are too few of them for the Random class.", "type Random"),
    ("With a Donut you'd still see a hole.", "type Donut"),
    ("One could mistake it for a ring.", "shape ring"),
    ("Out: a robot arm, a cassette slot.", "cause handling.robot"),
    ("Plasma, gas: none draws a line.", "cause etch.general"),
    ("The furnaces can wait.", "cause thermal.general"),
    ("Ruled out:\n- the tweezers\n- the developer", "cause litho.resist"),
    ("Skip the showerhead; check the rib of the cassette.", "cause deposition.gas"),
    ("Polisher and etcher have no bearing on this.", "cause cmp.general"),
    ("I'd drop anything that rotates, the spinner for one.", "cause litho.spin"),
    ("The perimeter as a whole is in excellent shape.", "zone edge"),
    ("The left margin passes, and the hub does too.", "zone center"),
    ("Half radius is clean, the rim included.", "zone edge"),
    ("Ring yes, hub no.", "zone center"),
    ("The top margin is as it ought to be, the border shows nothing.", "zone edge"),
    ("It gives the bullseye a wide berth.", "zone center"),
    ("It lets the border be.", "zone edge"),
    ("Halfway dies: 1 %.", "zone middle"),
    ("The lower right takes the punishment, the core gets away scot-free.", "zone center"),
    ("A donut has a hole; this has none.", ""),
    ("A scratch follows a course; this follows none.", "type Scratch"),
    ("In a random map one die in two would live, and here hardly any does.", "type Random"),
    ("Near-full must lose nearly every die.", "type Near-full"),
    ("Random leaves far more green.", "type Random"),
    ("A total failure looks different.", "type Near-full"),
    ("You could be tempted to call it a donut.", "type Donut"),
    ("Its bend doesn't turn it into an edge arc.", "type Edge-Loc"),
    ("The alleged scratch is background.", "type Scratch"),
    ("It is small, edge-ring not possible.", "type Edge-Ring"),
    ("A closed band isn't there.", "shape ring"),
    ("Rim: a patch. Hub and halfway: nothing.", "zone center"),
]


def _claims(text: str) -> list[Claim]:
    return read(read_text(text), load_lexicon(None)).claims


@pytest.mark.parametrize(("text", "claim"), SAID)
def test_what_is_said_is_read(text: str, claim: str) -> None:
    assert claim in [f"{c.slot} {c.value}" for c in _claims(text) if c.affirmed and not c.good]


@pytest.mark.parametrize(("text", "claim"), DENIED)
def test_what_is_denied_is_not_claimed(text: str, claim: str) -> None:
    claims = _claims(text)
    slot, _, value = claim.partition(" ")
    assert not any(
        c.affirmed and not c.good and c.slot in ("type", slot) and (c.slot != slot or str(c.value) == value)
        for c in claims
    )


def test_the_latter_is_the_second_choice_of_the_question() -> None:
    asked = read_question("Edge-Loc or Edge-Ring?", None)
    for text, value in [
        ("The latter.", "Edge-Ring"),
        ("the first", "Edge-Loc"),
        ("The second option.", "Edge-Ring"),
    ]:
        claims = read(read_text(text), load_lexicon(None), choices=asked.choices).claims
        assert [c.value for c in claims if c.slot == "type" and c.affirmed] == [value]


def test_what_a_class_would_be_like_is_no_choice() -> None:
    asked = read_question("Edge-Loc or Edge-Ring?", None)
    for answer in ("An Edge-Ring would run all around.", "An Edge-Ring would be closed. This is open."):
        claims = read(read_text(answer), load_lexicon(None), choices=asked.choices).claims
        assert "Edge-Ring" not in [c.value for c in claims if c.slot == "type" and c.affirmed]


def test_exchanged_places_of_two_classes_cost() -> None:
    reference = "The compact patch in the upper left is a Loc; the thin line in the lower right is a Scratch."
    question = {"question": "One feature is in the upper left, one in the lower right. Which is where?"}
    rubric = {"version": 1, "dimension": "defect_type", "labels": ["Loc", "Scratch"], "must_hit": [],
              "must_avoid": [], "reference_answer": reference}  # fmt: skip
    right, wrong = (
        compute_score("own", text, json.dumps(rubric), question)["score"]
        for text in (
            "Top left: a localized clump. Bottom right: a scratch.",
            "Bottom right: a localized clump. Top left: a scratch.",
        )
    )
    assert right > 0.8 and wrong < 0.5


def _score(labels: list[str], reference: str, answer: str, dimension: str = "spatial") -> float:
    rubric = {"version": 1, "dimension": dimension, "labels": labels, "must_hit": [], "must_avoid": []}
    return compute_score("own", answer, json.dumps(rubric | {"reference_answer": reference}))["score"]


def test_both_is_said_of_both() -> None:
    reference = "An edge arc sits at the top, 11 to 1 o'clock; a cluster lies at 6 o'clock at half radius."
    right = _score(
        ["Edge-Loc", "Loc"], reference, "An edge arc at the top; a cluster at six o'clock, midway out."
    )
    wrong = _score(
        ["Edge-Loc", "Loc"], reference, "Both are at the top: the edge arc, and the cluster midway out."
    )
    assert right > wrong + 0.2


def test_directions_without_a_noun_are_shared_out() -> None:
    reference = "The upper-left holds an edge arc, the lower-right a scratch."
    labels = ["Edge-Loc", "Scratch"]
    assert _score(labels, reference, "Top left and bottom right are hit.") > _score(
        labels, reference, "Top right and bottom left are hit."
    )


def test_what_is_solid_has_no_hole() -> None:
    reference = "A filled, compact round cluster with a sharp border."
    filled = _score(["Loc"], reference, "A compact round cluster, sharply bounded.", "morphology")
    hollow = _score(
        ["Loc"], reference, "A compact round cluster, sharply bounded, its interior passes.", "morphology"
    )
    assert filled > hollow + 0.2


ANSWERED = [
    ("Is the edge hit?", "No, the edge is clean; a solid spot lies in the center.", "Center", "Not at all."),
    ("How many dies are in the cluster?", "A small group of about 12 dies.", "Loc", "A dozen or so."),
    ("What share of the wafer does it cover?", "About a tenth of the wafer.", "Loc", "9 to 11 %"),
    ("Which zones are free of fails?", "The center and mid-radius are clean, the edge is hit.", "Edge-Ring",
     "Core ok, halfway ok, rim NG."),
]  # fmt: skip
WRONG = ["Yes.", "Sixty dies.", "Half of it: 50 %", "Only the rim; core NG."]


@pytest.mark.parametrize(("case", "wrong"), list(zip(ANSWERED, WRONG, strict=True)))
def test_what_is_asked_is_judged(case: tuple[str, str, str, str], wrong: str) -> None:
    question, reference, label, right = case
    rubric = json.dumps(
        {
            "version": 1, "dimension": "spatial", "labels": [label], "must_hit": [], "must_avoid": [],
            "reference_answer": reference,
        }
    )  # fmt: skip
    scores = [
        compute_score("wafer", text, rubric, {"question": question})["score"] for text in (right, wrong)
    ]
    assert scores[0] > 0.4 > scores[1]


PLACES_TOLD = [
    (
        ["Edge-Loc"],
        "Which half holds the arc, and which half is clean?",
        "The right half holds it, an arc along the right edge from 2 to 4 o'clock. The left half is clean.",
        "The right half holds the arc, at the rim from 2 to 4; the left half is clean.",
        "The left half holds the arc, at the rim from 8 to 10; the right half is clean.",
    ),
    (
        ["Near-full"],
        "Where are the few good dies?",
        "The few passing dies are at the top rim, near 12 o'clock; nearly the whole wafer fails.",
        "Not on the left, they sit at the top rim near 12 o'clock.",
        "Nowhere at the top rim; they sit in the center.",
    ),
    (
        ["Random"],
        "Are all zones hit?",
        "Yes, the fails are scattered over the whole wafer, with no preferred side or zone.",
        "Hub: hit. Half radius: hit. Rim: hit. All scattered at random.",
        "Scattered at random over the whole wafer, but the left half is spared.",
    ),
    (
        ["Edge-Ring", "Loc"],
        "Where is the patch, and does it touch the ring?",
        "The patch is at 5 o'clock at mid-radius and does not touch the edge ring; it is separate from it.",
        "Patch: 5 o'clock, mid-radius. Contact with the edge ring: none.",
        "The patch is at 5 o'clock and leans against the edge ring; it touches it.",
    ),
]


@pytest.mark.parametrize(("labels", "question", "reference", "right", "wrong"), PLACES_TOLD)
def test_places_exchanged_or_contradicted_are_not_paid(
    labels: list[str], question: str, reference: str, right: str, wrong: str
) -> None:
    rubric = json.dumps(
        {
            "version": 1,
            "dimension": "spatial",
            "labels": labels,
            "must_hit": [],
            "reference_answer": reference,
        }
    )
    good, bad = (compute_score("t", a, rubric, {"question": question})["score"] for a in (right, wrong))
    assert good > 0.65
    assert bad < good - 0.3


SCATTERED = "No, the failing dies are scattered over the entire wafer; no side and no zone is preferred."
SOUND = "None; a few isolated fails, no sector and no zone is affected more than the others."
PLACELESS = [
    ("Random", "The western half is as full as the eastern one.", "The west is fuller than the east."),
    ("Random", "N 31 %, E 30 %, S 33 %, W 32 %.", "N 61 %, E 12 %, S 13 %, W 11 %."),
    ("Random", "Independent of the angle.", "It depends on the angle, with a peak at four o'clock."),
    ("Random", "There is no direction in which the failures pile up.", "The failures pile up in the south."),
    ("Random", "Hub, belt and border get the same share.", "Hub and belt are alike, the border gets more."),
    ("Random", "Top and bottom are alike.", "Top and bottom are not alike: the top leads."),
    ("None", "Not in any sector.", "In any sector except the lower left."),
    ("None", "I can't name one, because nothing sticks out.", "The sector from four to six sticks out."),
    ("None", "The rates of core and rim are within noise.", "Core 2 %, rim 25 %."),
]  # fmt: skip


@pytest.mark.parametrize(("label", "right", "wrong"), PLACELESS)
def test_places_that_are_likened_are_the_whole_wafer(label: str, right: str, wrong: str) -> None:
    question = "Is any side hit more than the others?" if label == "Random" else "Which sector is affected?"
    rubric = json.dumps(
        {
            "version": 1, "dimension": "spatial", "labels": [label], "must_hit": [], "must_avoid": [],
            "reference_answer": SCATTERED if label == "Random" else SOUND,
        }
    )  # fmt: skip
    scores = [
        compute_score("wafer", text, rubric, {"question": question})["score"] for text in (right, wrong)
    ]
    assert scores[0] > 0.5 > 0.3 > scores[1]
