"""Rubrics shared by the tests of the reward."""

from __future__ import annotations

import json
from typing import Any

ROWS: dict[str, dict[str, Any]] = {
    "edge_loc": {
        "dimension": "spatial",
        "labels": ["Edge-Loc"],
        "must_hit": ["edge", "7 to 9 o'clock", "lower-left"],
        "must_avoid": ["right side", "1 to 3 o'clock", "center cluster", "full ring"],
        "reference_answer": "The failing dies lie at the edge from 7 to 9 o'clock, in the lower left.",
        "question": "At which clock positions and in which zone are the failing dies?",
        "wrong": "The failing dies sit at the right edge between 1 and 3 o'clock.",
    },
    "edge_ring": {
        "dimension": "morphology",
        "labels": ["Edge-Ring"],
        "must_hit": ["continuous ring", "thin", "sharp boundary"],
        "must_avoid": ["blob", "linear", "broken", "scattered"],
        "reference_answer": "A thin, continuous ring with a sharp inner boundary runs along the edge.",
        "question": "Describe the shape of the failing area.",
        "wrong": "It is a compact cluster with a fuzzy outline.",
    },
    "two_types": {
        "dimension": "defect_type",
        "labels": ["Donut", "Scratch"],
        "must_hit": ["Donut", "Scratch"],
        "must_avoid": ["Edge-Ring", "Center", "Loc", "Random"],
        "reference_answer": "The wafer shows a Donut at mid-radius and a Scratch in the lower right.",
        "question": "Which defect types are present?",
        "wrong": "The wafer shows an edge ring and a local cluster.",
    },
    "cause": {
        "dimension": "root_cause",
        "labels": ["Scratch"],
        "must_hit": [{"any_of": ["robot handling", "end effector"]}, "CMP slurry"],
        "must_avoid": ["showerhead", "RTP temperature", "plasma non-uniformity"],
        "reference_answer": "Handling by a robot arm or end effector, or a CMP scratch from slurry.",
        "question": "What may have caused this defect?",
        "wrong": "The showerhead delivers too little gas and the RTP temperature is uneven.",
    },
    "none": {
        "dimension": "defect_type",
        "labels": ["None"],
        "must_hit": ["no defect pattern", "normal"],
        "must_avoid": ["ring", "cluster", "scratch"],
        "reference_answer": "There is no defect pattern; the wafer is normal with a few isolated fails.",
        "question": "Which defect pattern, if any, does the wafer show?",
        "wrong": "The wafer shows an edge ring.",
    },
}


def rubric_of(row: dict[str, Any]) -> str:
    """Return a row's rubric as JSON."""
    keys = ("dimension", "labels", "must_hit", "must_avoid", "reference_answer")
    return json.dumps({"version": 1, **{key: row[key] for key in keys}})
