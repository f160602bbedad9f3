"""How much each slot counts in each dimension."""

from __future__ import annotations

from collections.abc import Mapping

RELEVANCE: Mapping[str, Mapping[str, float]] = {
    "spatial": {
        "type": 0.6,
        "zone": 1.0,
        "arc": 1.0,
        "around": 0.6,
        "shape": 0.3,
        "density": 0.2,
        "closure": 0.2,
        "clear": 0.35,
        "survivors": 0.4,
        "texture": 0.15,
        "width": 0.15,
        "phrase": 0.3,
    },
    "morphology": {
        "type": 0.5,
        "shape": 1.0,
        "density": 0.8,
        "closure": 0.8,
        "border": 0.8,
        "width": 0.6,
        "size": 0.4,
        "length": 0.5,
        "texture": 0.45,
        "zone": 0.3,
        "arc": 0.25,
        "around": 0.3,
        "clear": 0.2,
        "survivors": 0.15,
        "cause": 0.8,
        "phrase": 0.3,
    },
    "defect_type": {"type": 1.6, "arc": 0.2, "zone": 0.15, "around": 0.1, "shape": 0.1, "phrase": 0.15},
    "root_cause": {},
}
