"""Mend rubrics as they come: what can be repaired is, what cannot count is dropped, all of it reported."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..errors import RubricError
from .schema import DIMENSIONS, VERSION

MAX_TERM_CHARS = 160
MAX_AVOID = 64
MAX_HIT = 48

_FILLER = re.compile(
    r"(?:n/?a|none|null|nil|unknown|unclear|various|other|others|etc|tbd|[-\u2013\u2014.?]*"
    r"|(?:none|not|no|un)[ -]?"
    r"(?:specified|specific|applicable|available|mentioned|given|provided|stated|known)"
    r"(?: (?:value|term|terms|location|clock position|position|data|information))?)\.?",
    re.IGNORECASE,
)
_PREFIX = re.compile(
    r"^\s*(?:must[- _]?(?:hit|avoid|include|mention)(?: (?:key)?words?| terms?)?)\s*:\s*", re.IGNORECASE
)
_DIMENSION_NAMES = {
    "morphological": "morphology",
    "root cause": "root_cause",
    "root-cause": "root_cause",
    "rootcause": "root_cause",
    "type": "defect_type",
    "defect type": "defect_type",
    "defect-type": "defect_type",
}


@dataclass(frozen=True, slots=True)
class Change:
    """One thing done to a rubric.

    Attributes:
        kind: `joined`, `trimmed`, `dropped`, `capped` or `conflict`.
        field: Where, e.g. `must_hit` or `criteria.spatial.must_avoid`.
        before: The text as it came.
        after: The text as it stands; empty when nothing is left.
        reason: Why, in one clause.
    """

    kind: str
    field: str
    before: str
    after: str
    reason: str


def repair(rubric: Mapping[str, Any]) -> tuple[dict[str, Any], list[Change]]:
    """Mend a version-1 rubric.

    Joins terms that a comma split tore apart inside parentheses, drops fillers, doubles and looped
    lists, and drops avoid terms that the must-hit list itself demands.

    Returns:
        The mended rubric, a new object, and what was done to it in order.
    """
    fixed = dict(rubric)
    changes: list[Change] = []
    labels = rubric.get("labels")
    # "none" is a filler, unless it is the class.
    keep = isinstance(labels, Sequence) and any(str(label).lower() == "none" for label in labels)
    if isinstance(rubric.get("criteria"), Mapping):
        parts = {
            name: _repair_lists(part, f"criteria.{name}.", changes, keep)
            if isinstance(part, Mapping)
            else part
            for name, part in rubric["criteria"].items()
        }
        fixed["criteria"] = parts
    else:
        fixed = _repair_lists(fixed, "", changes, keep)
    return fixed, changes


def conflicts(rubric: Mapping[str, Any]) -> list[Change]:
    """Return the avoid terms that the must-hit list of the same rubric demands."""
    return [change for change in repair(rubric)[1] if change.kind == "conflict"]


def from_published(row: Mapping[str, Any]) -> dict[str, Any]:
    """Convert a row of the published WaferSAGE rubric set, or its `rubric` JSON, to version 1.

    Args:
        row: Columns `dimension` (their `morphological` included), `label`, `must_hit`, `must_avoid`,
            `reference_answer`, and/or `rubric`, the JSON with one object per dimension, from which
            missing lists are filled. Without a dimension the result is a `full` rubric.

    Raises:
        RubricError: The dimension is unknown or `rubric` is no JSON object.
    """
    nested = _nested(row)
    labels = row.get("label", row.get("wafer_label", row.get("labels", nested.get("defect_types", ()))))
    head: dict[str, Any] = {"version": VERSION, "labels": _as_list(labels)}
    tail = {"reference_answer": str(row.get("reference_answer") or "")}
    dimension = row.get("dimension")
    if dimension is None:
        parts = {name: _published_part(nested, name) for name in ("spatial", "morphology", "root_cause")}
        return {**head, "dimension": "full", "criteria": parts, **tail}
    name = _DIMENSION_NAMES.get(str(dimension).strip().lower(), str(dimension).strip().lower())
    if name not in DIMENSIONS:
        raise RubricError(f"{dimension!r} is none of {', '.join(DIMENSIONS)}", field="dimension")
    lists = _published_part(nested, name)
    for key in ("must_hit", "must_avoid"):
        if row.get(key) is not None:
            lists[key] = _as_list(row[key])
    return {**head, "dimension": name, **lists, **tail}


def _nested(row: Mapping[str, Any]) -> Mapping[str, Any]:
    value = row.get("rubric", row)
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except ValueError as error:
            raise RubricError(f"not valid JSON ({error})", field="rubric") from error
    if not isinstance(value, Mapping):
        raise RubricError("must be a JSON object", field="rubric")
    return value


def _published_part(nested: Mapping[str, Any], name: str) -> dict[str, Any]:
    part = nested.get(f"{name}_rubric")
    hit: list[str] = []
    avoid: list[str] = []
    for key, value in part.items() if isinstance(part, Mapping) else ():
        terms = [term for text in _as_list(value) for term in split_terms(text)]
        (avoid if key.endswith("_avoid") else hit).extend(terms)
    return {"must_hit": hit, "must_avoid": avoid}


def split_terms(text: str) -> list[str]:
    """Split a comma-joined list, but never inside parentheses."""
    terms, depth, start = [], 0, 0
    for i, char in enumerate(text):
        depth = max(0, depth + (char in "([{") - (char in ")]}"))
        if char in ",;" and depth == 0:
            terms.append(text[start:i].strip())
            start = i + 1
    terms.append(text[start:].strip())
    return [term for term in terms if term]


def _as_list(value: object) -> list[str]:
    if value is None:
        return []
    if isinstance(value, str):
        return [value]
    if isinstance(value, Sequence):
        return [str(entry) for entry in value]
    tolist = getattr(value, "tolist", None)
    return [str(entry) for entry in tolist()] if callable(tolist) else [str(value)]


def _repair_lists(
    part: Mapping[str, Any], prefix: str, changes: list[Change], keep_none: bool
) -> dict[str, Any]:
    fixed = dict(part)
    for key, cap in (("must_hit", MAX_HIT), ("must_avoid", MAX_AVOID)):
        if isinstance(part.get(key), Sequence) and not isinstance(part[key], str):
            fixed[key] = _repair_list(list(part[key]), f"{prefix}{key}", cap, changes, keep_none)
    demanded = {_key(term) for item in fixed.get("must_hit", ()) for term in _members(item)}
    kept = []
    for item in fixed.get("must_avoid", ()):
        if any(_key(term) in demanded for term in _members(item)):
            reason = "the must-hit list demands the same term"
            changes.append(Change("conflict", f"{prefix}must_avoid", _show(item), "", reason))
        else:
            kept.append(item)
    if "must_avoid" in fixed:
        fixed["must_avoid"] = kept
    return fixed


def _repair_list(items: list[Any], field: str, cap: int, changes: list[Change], keep_none: bool) -> list[Any]:
    kept: list[Any] = []
    seen: set[str] = set()
    doubles = 0
    for item in _join_torn(items, field, changes):
        named = keep_none and isinstance(item, str) and item.strip().lower() == "none"
        fixed = item if named else _trim(item, field, changes)
        if fixed is None:
            continue
        key = "|".join(sorted(_key(term) for term in _members(fixed)))
        if key in seen:
            doubles += 1
            continue
        seen.add(key)
        kept.append(fixed)
    if doubles:
        changes.append(Change("dropped", field, f"{doubles} terms", "", "said twice"))
    if len(kept) > cap:
        reason = f"more than {cap} terms: a list that long is a generation loop"
        changes.append(Change("capped", field, f"{len(kept)} terms", f"{cap} terms", reason))
        kept = kept[:cap]
    return kept


def _join_torn(items: list[Any], field: str, changes: list[Change]) -> list[Any]:
    """Join neighbours that a comma split tore apart inside parentheses: "center (0" + "0) clear"."""
    joined: list[Any] = []
    i = 0
    while i < len(items):
        item = items[i]
        pieces = [item]
        if isinstance(item, str) and item.count("(") > item.count(")"):
            for other in items[i + 1 : i + 6]:
                if not isinstance(other, str):
                    break
                pieces.append(other)
                if "".join(pieces).count("(") <= "".join(pieces).count(")"):
                    break
            if "".join(pieces).count("(") != "".join(pieces).count(")"):
                pieces = [item]
        if len(pieces) > 1:
            text = pieces[0]
            for piece in pieces[1:]:
                text += ("," if text[-1:].isdigit() and piece[:1].isdigit() else ", ") + piece
            changes.append(Change("joined", field, " | ".join(pieces), text, "split inside parentheses"))
            joined.append(text)
        else:
            joined.append(item)
        i += len(pieces)
    return joined


def _trim(item: Any, field: str, changes: list[Change]) -> Any:
    if isinstance(item, Mapping) and isinstance(item.get("any_of"), Sequence):
        members = [_trim(term, field, changes) for term in item["any_of"] if isinstance(term, str)]
        members = [term for term in members if term is not None]
        return {**item, "any_of": members} if members else None
    if not isinstance(item, str):
        return item
    text = _PREFIX.sub("", item).strip(" \t\r\n\"'`*_•·")
    if text.count("(") != text.count(")"):
        text = re.sub(r"[()]", " ", text)
        text = re.sub(r"\s+", " ", text).strip()
    if not any(char.isalnum() for char in text) or _FILLER.fullmatch(text):
        changes.append(Change("dropped", field, item, "", "a filler, not a term"))
        return None
    if len(text) > MAX_TERM_CHARS:
        changes.append(
            Change("dropped", field, item[:MAX_TERM_CHARS] + "...", "", "longer than a term can be")
        )
        return None
    if text != item.strip():
        changes.append(Change("trimmed", field, item, text, "stray punctuation or a prefix"))
    return text


def _members(item: Any) -> list[str]:
    if isinstance(item, str):
        return [item]
    return [str(term) for term in item.get("any_of", ())] if isinstance(item, Mapping) else []


def _show(item: Any) -> str:
    return " / ".join(_members(item))


def _key(text: str) -> str:
    return " ".join(re.findall(r"[a-z0-9]+", text.lower()))
