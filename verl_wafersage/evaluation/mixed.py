"""Groups in which the judge in the loop reached some answers and not others."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class MixedGroups:
    """How often rule and mixture met in one group, where they are compared with each other.

    Attributes:
        groups: Groups in which a judgement was wanted.
        mixed: Those with judged and unjudged answers.
        wanted: Answers for which a judgement was wanted.
        failed: Those that got none.
        gap: Mean of rule - judge over judged answers of mixed groups: times `judge_weight` it is the
            unearned advantage of an unjudged answer there. None without mixed groups.
    """

    groups: int
    mixed: int
    wanted: int
    failed: int
    gap: float | None


def count_mixed_groups(lines: Iterable[Mapping[str, Any]]) -> MixedGroups:
    """Count from lines of a rollout or validation dump of a run with the judge in the loop.

    Args:
        lines: Lines with `judged`, `judge_failed`, `judge_gap` (at the top or under `scores`) and either
            `uid` (verl's, `group_session_turn`) or `id` and `step`.
    """
    groups: dict[Hashable, list[Mapping[str, Any]]] = {}
    for line in lines:
        scores = line.get("scores")
        flat = {**line, **scores} if isinstance(scores, Mapping) else line
        if flat.get("judged") or flat.get("judge_failed"):
            groups.setdefault(_group(line), []).append(flat)
    judged = {group: [row for row in rows if row.get("judged")] for group, rows in groups.items()}
    mixed = [group for group, rows in groups.items() if 0 < len(judged[group]) < len(rows)]
    gaps = [float(row.get("judge_gap", 0.0)) for group in mixed for row in judged[group]]
    wanted = sum(map(len, groups.values()))
    return MixedGroups(
        groups=len(groups),
        mixed=len(mixed),
        wanted=wanted,
        failed=wanted - sum(map(len, judged.values())),
        gap=sum(gaps) / len(gaps) if gaps else None,
    )


def _group(line: Mapping[str, Any]) -> Hashable:
    uid = line.get("uid")
    if isinstance(uid, str):
        parts = uid.rsplit("_", 2)
        numbered = len(parts) == 3 and parts[1].isdecimal() and parts[2].isdecimal()
        return parts[0] if numbered else uid
    return (line.get("step"), line.get("id"))
