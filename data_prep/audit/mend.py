"""Mending a rubric: what `reward_fns.repair` does, and avoid terms that say what a hit term says."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import lru_cache
from typing import Any

from ...reward_fns.lexicon import load_lexicon
from ...reward_fns.reader import read
from ...reward_fns.repair import Change, repair
from ...reward_fns.schema import load_rubric
from ...reward_fns.text import read_text
from ..records import NORMAL

_STAND_IN = "label of a normal wafer"
_POLARITY = frozenset({"yes", "no"})


def mend(rubric: Mapping[str, Any], lexicon: str | None = None) -> tuple[dict[str, Any], list[Change]]:
    """Mend a well-formed rubric of version 1.

    Args:
        rubric: The rubric; not changed.
        lexicon: As option `lexicon` of `compute_score`.

    Returns:
        The mended rubric, and what was done to it in order.
    """
    # On a normal wafer the term "None" names its label; elsewhere it is a filler.
    normal = NORMAL in (rubric.get("labels") or ())
    fixed, changes = repair(_renamed(rubric, NORMAL, _STAND_IN) if normal else rubric)
    if normal:
        fixed = _renamed(fixed, _STAND_IN, NORMAL)
        changes = [
            replace(
                change,
                before=change.before.replace(_STAND_IN, NORMAL),
                after=change.after.replace(_STAND_IN, NORMAL),
            )
            for change in changes
        ]
    wrong: dict[str, dict[str, str]] = {}
    for check, part, hit, avoid in conflicts(json.dumps(fixed, sort_keys=True), lexicon):
        if check == "conflict":
            wrong.setdefault(part, {}).setdefault(avoid, hit)
    if wrong:
        fixed = _each_part(
            fixed, lambda name, prefix, part: _cleared(part, wrong.get(name, {}), prefix, changes)
        )
    return fixed, changes


@lru_cache(maxsize=4096)
def conflicts(
    text: str, lexicon: str | None = None, plain: bool = False
) -> tuple[tuple[str, str, str, str], ...]:
    """Return (check, part, hit term, avoid term) where the must-hit list demands what is to be avoided.

    `conflict`: the hit term makes every claim of the avoid term (`rim` and `periphery`), as the reward
    reads them. `contained`: the avoid term's words stand inside the hit term, and the reward has no other
    way to tell them apart. Equal terms are found by `repair`.

    Args:
        text: A well-formed rubric of version 1.
        lexicon: As option `lexicon` of `compute_score`.
        plain: Whether the reward searches phrases without reading them, as the published rule does: then
            `center` is contained in `center clear` too.
    """
    found = []
    for part, criteria in load_rubric(text).criteria.items():
        avoided = [(term, *_read(term, lexicon)) for item in criteria.must_avoid for term in item.any_of]
        for hit in (term for item in criteria.must_hit for term in item.any_of):
            words, claims = _read(hit, lexicon)
            for term, avoid_words, avoid_claims in avoided:
                if not avoid_words or avoid_words == words or avoid_words in _POLARITY:
                    continue
                if avoid_claims and avoid_claims <= claims:
                    found.append(("conflict", part, hit, term))
                elif (plain or not avoid_claims) and f" {avoid_words} " in f" {words} ":
                    found.append(("contained", part, hit, term))
    return tuple(found)


@lru_cache(maxsize=50_000)
def _read(term: str, lexicon: str | None) -> tuple[str, frozenset[tuple[str, str, bool]]]:
    """Return a term's words, and its claims as (slot, value, affirmed)."""
    reading = read(read_text(term), load_lexicon(lexicon))
    return " ".join(reading.words), frozenset((c.slot, str(c.value), c.affirmed) for c in reading.claims)


def _each_part(
    rubric: Mapping[str, Any], change: Callable[[str, str, Mapping[str, Any]], dict[str, Any]]
) -> dict[str, Any]:
    """Return the rubric with each part's lists changed by `change(name, prefix, part)`."""
    if "criteria" not in rubric:
        return {**rubric, **change(str(rubric.get("dimension")), "", rubric)}
    criteria = {
        name: {**part, **change(name, f"criteria.{name}.", part)} for name, part in rubric["criteria"].items()
    }
    return {**rubric, "criteria": criteria}


def _renamed(rubric: Mapping[str, Any], old: str, new: str) -> dict[str, Any]:
    def item(value: Any) -> Any:
        if isinstance(value, Mapping):
            return {**value, "any_of": [item(term) for term in value.get("any_of", ())]}
        return new if value == old else value

    def lists(name: str, prefix: str, part: Mapping[str, Any]) -> dict[str, Any]:
        return {
            key: [item(value) for value in part[key]] for key in ("must_hit", "must_avoid") if key in part
        }

    return _each_part(rubric, lists)


def _cleared(
    part: Mapping[str, Any], wrong: Mapping[str, str], prefix: str, changes: list[Change]
) -> dict[str, Any]:
    kept = []
    for item in part.get("must_avoid", ()):
        terms = [item] if isinstance(item, str) else list(item["any_of"])
        hit = next((wrong[term] for term in terms if term in wrong), None)
        if hit is None:
            kept.append(item)
        else:
            reason = f"hit term {hit!r} says the same"
            changes.append(Change("conflict", f"{prefix}must_avoid", " / ".join(terms), "", reason))
    return {"must_avoid": kept} if "must_avoid" in part else {}
