"""Rubric JSON, version 1: what a row's `ground_truth` must look like, read once and kept as data."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

from ..errors import RubricError

VERSION = 1
PARTS = ("spatial", "morphology", "root_cause")
DIMENSIONS = (*PARTS, "defect_type", "full")
SCHEMA_FILE = Path(__file__).with_name("rubric.schema.json")


@dataclass(frozen=True, slots=True)
class Item:
    """One thing a right answer says (or must not say): met by any member of `any_of`."""

    any_of: tuple[str, ...]
    weight: float = 1.0

    def __str__(self) -> str:
        return " / ".join(self.any_of)


@dataclass(frozen=True, slots=True)
class Criteria:
    """What one part of an answer is measured against."""

    must_hit: tuple[Item, ...] = ()
    must_avoid: tuple[Item, ...] = ()


@dataclass(frozen=True, slots=True)
class Rubric:
    """A version-1 rubric.

    Attributes:
        dimension: One of `DIMENSIONS`.
        labels: Names of the classes present on the map.
        criteria: Criteria by part; one entry named after the dimension, three when it is `full`.
        reference_answer: A right answer in words; may be empty.
    """

    dimension: str
    labels: tuple[str, ...] = ()
    criteria: Mapping[str, Criteria] = field(default_factory=dict)
    reference_answer: str = ""

    @property
    def must_hit(self) -> tuple[Item, ...]:
        """Every must-hit item, of all parts."""
        return tuple(item for part in self.criteria.values() for item in part.must_hit)

    @property
    def must_avoid(self) -> tuple[Item, ...]:
        """Every must-avoid item, of all parts."""
        return tuple(item for part in self.criteria.values() for item in part.must_avoid)


def load_rubric(text: str | bytes | Mapping[str, Any]) -> Rubric:
    """Read a version-1 rubric.

    Args:
        text: The JSON text of a row's `ground_truth`, or the parsed object.

    Raises:
        RubricError: It is no JSON, not version 1, or a field has the wrong shape; names the field.
    """
    if isinstance(text, bytes):
        text = text.decode("utf-8", errors="replace")
    if isinstance(text, str):
        return _load_text(text)
    if isinstance(text, Mapping):
        return _build(text)
    raise RubricError(f"a rubric is JSON text or an object, not {type(text).__name__}", field="ground_truth")


@lru_cache(maxsize=8192)
def _load_text(text: str) -> Rubric:
    try:
        data = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise RubricError(f"not valid JSON ({error})", field="ground_truth") from error
    if not isinstance(data, Mapping):
        raise RubricError("a rubric is a JSON object", field="ground_truth")
    return _build(data)


def _build(data: Mapping[str, Any]) -> Rubric:
    version = data.get("version")
    if version != VERSION or isinstance(version, bool):
        raise RubricError(
            f"unknown rubric version {version!r}", field="version", remedy="this package reads version 1"
        )
    dimension = data.get("dimension")
    if dimension not in DIMENSIONS:
        raise RubricError(f"{dimension!r} is none of {', '.join(DIMENSIONS)}", field="dimension")
    criteria = _full_criteria(data) if dimension == "full" else {str(dimension): _criteria(data, "")}
    return Rubric(
        dimension=str(dimension),
        labels=tuple(_strings(data.get("labels", ()), "labels")),
        criteria=criteria,
        reference_answer=_text(data.get("reference_answer", ""), "reference_answer"),
    )


def _full_criteria(data: Mapping[str, Any]) -> dict[str, Criteria]:
    parts = data.get("criteria")
    if not isinstance(parts, Mapping):
        raise RubricError("dimension full needs one object per part", field="criteria")
    unknown = sorted(set(parts) - set(PARTS))
    if unknown:
        raise RubricError(f"unknown part {unknown[0]!r}; parts are {', '.join(PARTS)}", field="criteria")
    for name, part in parts.items():
        if not isinstance(part, Mapping):
            raise RubricError("a part is an object", field=f"criteria.{name}")
    return {name: _criteria(parts[name], f"criteria.{name}.") for name in PARTS if name in parts}


def _criteria(data: Mapping[str, Any], prefix: str) -> Criteria:
    return Criteria(
        must_hit=_items(data.get("must_hit", ()), f"{prefix}must_hit"),
        must_avoid=_items(data.get("must_avoid", ()), f"{prefix}must_avoid"),
    )


def _items(value: object, name: str) -> tuple[Item, ...]:
    if isinstance(value, (str, bytes)) or not isinstance(value, Sequence):
        raise RubricError("must be a list", field=name)
    return tuple(_item(entry, f"{name}[{i}]") for i, entry in enumerate(value))


def _item(value: object, name: str) -> Item:
    if isinstance(value, str):
        return Item((value,))
    if not isinstance(value, Mapping):
        raise RubricError('an item is a string or {"any_of": [...]}', field=name)
    members = tuple(_strings(value.get("any_of"), f"{name}.any_of"))
    if not members:
        raise RubricError("any_of must name at least one term", field=name)
    weight = value.get("weight", 1.0)
    if isinstance(weight, bool) or not isinstance(weight, (int, float)):
        raise RubricError("weight must be a number", field=name)
    if not (math.isfinite(weight) and weight >= 0):
        raise RubricError("weight must be finite and not negative", field=name)
    return Item(members, float(weight))


def _strings(value: object, name: str) -> list[str]:
    if isinstance(value, (str, bytes)) or not isinstance(value, Sequence):
        raise RubricError("must be a list of strings", field=name)
    for entry in value:
        if not isinstance(entry, str):
            raise RubricError(f"must be a list of strings, found {type(entry).__name__}", field=name)
    return list(value)


def _text(value: object, name: str) -> str:
    if value is None:
        return ""
    if not isinstance(value, str):
        raise RubricError("must be a string", field=name)
    return value
