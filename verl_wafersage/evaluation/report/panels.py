"""From metrics to the curves of the report: which, in which order, under which title."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from .run import DIMENSIONS, Run
from .svg import HEIGHT, SMALL, WIDTH, Line, Point, line_chart, number

SUB_SCORES = ("acc", "hit", "faithful", *DIMENSIONS, "format")
_NAMES = {
    "acc": "Fully right (acc)",
    "hit": "Must-hits met",
    "faithful": "Faithful (1 - hallucination)",
    "spatial": "Spatial",
    "morphology": "Morphology",
    "root_cause": "Root cause",
    "defect_type": "Defect type",
    "format": "Format",
}
_TRAIN, _VALIDATION = 0, 1
_CURRICULUM = "curriculum/"
_LEVELS = {"easy": 0, "medium": 1, "hard": 2}
# Shown with the reward, or of no use as a curve.
_GROUP_METRICS = frozenset(
    {"zero_spread", "all_right", "all_wrong", "level", "groups", "group_mean", "group_spread", "progress"}
    | {"prompts_served", "prompts_seen_share"}
)
_CURRICULUM_TITLES = {
    "success/level": ("Success by level", "Mean of acc over the groups of each level."),
    "share": ("Served levels", "Share of each level among the prompts."),
    "difficulty": ("Served difficulty", "Mean difficulty of the prompts, 0 to 1."),
    "success/dimension": ("Success by dimension", "Mean of acc over the groups of each dimension."),
    "prompts": ("Prompts", "Seen at least once; resting because they are solved or hopeless."),
    "refilled_prompts": ("Refilled prompts", "Fetched again in place of filtered or failed groups."),
}


@dataclass(frozen=True)
class Panel:
    """One chart with its title, its note and a legend of (name, colour, last value)."""

    title: str
    note: str
    chart: Markup
    legend: Sequence[tuple[str, int, str]]


@dataclass(frozen=True)
class Group:
    """Panels under one heading."""

    anchor: str
    title: str
    note: str
    panels: Sequence[Panel]
    small: bool = False


def groups(run: Run) -> list[Group]:
    """Return every group that has at least one curve."""
    found = [
        Group(
            "reward", "Reward", "Training answers are sampled; validation answers are greedy.", _reward(run)
        ),
        Group(
            "sub-scores",
            "Sub-scores",
            "Means over the questions they apply to, all on the same scale from 0 to 1.",
            [panel for name in SUB_SCORES if (panel := _score_panel(run, name, _NAMES[name]))],
            small=True,
        ),
        Group("policy", "Policy", "What the optimiser does to the model.", _policy(run)),
        Group(
            "curriculum",
            "Curriculum",
            "What the sampler serves, and how the model fares at each level.",
            _curriculum(run),
        ),
    ]
    return [group for group in found if group.panels]


def train_curve(run: Run, name: str) -> list[Point]:
    """Return a sub-score's mean over training answers: from the metrics, else from the dumps."""
    return series(run, f"wafersage/{name}/mean") or sorted(run.means.get(("train", name), {}).items())


def validation_curve(run: Run, name: str) -> list[Point]:
    """Return a sub-score's mean over validation answers: from the dumps, the replay buffer, or verl.

    verl logs one mean for each data source; without the dumps these are averaged with equal weight.
    """
    from_dumps = run.means.get(("validation", name), {})
    if from_dumps:
        return sorted(from_dumps.items())
    if from_buffer := series(run, f"val/wafersage/{name}/mean"):
        return from_buffer
    values: dict[int, list[float]] = {}
    for metric, steps in run.metrics.items():
        head, _, tail = metric.rpartition(f"/{name}/mean@")
        if head.startswith(("val-core/", "val-aux/")) and tail.isdecimal():
            for step, value in steps.items():
                values.setdefault(step, []).append(value)
    return sorted((step, sum(found) / len(found)) for step, found in values.items())


def series(run: Run, name: str) -> list[Point]:
    """Return one metric as points."""
    return [(float(step), value) for step, value in sorted(run.metrics.get(name, {}).items())]


def _reward(run: Run) -> list[Panel]:
    train = train_curve(run, "score") or series(run, "critic/score/mean")
    spread = dict(series(run, "wafersage/score/std"))
    lines = []
    if train:
        band = [spread[x] for x, _ in train] if all(x in spread for x, _ in train) else []
        lines.append(Line("training", train, band, _TRAIN))
    if points := validation_curve(run, "score") or validation_curve(run, "reward"):
        lines.append(Line("validation", points, (), _VALIDATION, marked=True))
    panels = [_panel("Reward", "Band: one standard deviation.", lines, (0.0, 1.0))] if lines else []
    rate = _pair(run, "hallucination")
    if rate:
        panels.append(
            _panel(
                "Hallucination rate",
                "Share of claims that the truth contradicts; lower is better.",
                rate,
                (0, 1),
            )
        )
    flat = [
        Line(label, points, (), colour)
        for colour, (label, name) in enumerate(
            (("no spread", "zero_spread"), ("all right", "all_right"), ("all wrong", "all_wrong"))
        )
        if (points := series(run, _CURRICULUM + name))
    ]
    if flat:
        note = "Share of prompts whose answers all scored the same: they teach nothing."
        panels.append(_panel("Groups without spread", note, flat, (0.0, 1.0)))
    return panels


def _policy(run: Run) -> list[Panel]:
    wanted = [
        (
            "Answer length",
            "Tokens.",
            [("mean", "response_length/mean"), ("longest", "response_length/max")],
            None,
        ),
        (
            "Cut answers",
            "Share that hit the token limit.",
            [("share", "response_length/clip_ratio")],
            (0.0, 1.0),
        ),
        (
            "KL",
            "Distance from the reference (loss term) and from the rollout policy.",
            [
                ("to reference", "actor/kl_loss"),
                ("per update", "actor/ppo_kl"),
                ("to rollout", "rollout_corr/kl"),
            ],
            None,
        ),
        ("Entropy", "Nats per token; a collapse ends exploration.", [("entropy", "actor/entropy")], None),
        (
            "Clipped share",
            "Share of tokens outside the trust region.",
            [("upper", "actor/pg_clipfrac"), ("lower", "actor/pg_clipfrac_lower")],
            None,
        ),
        ("Gradient norm", "Before clipping.", [("norm", "actor/grad_norm")], None),
        (
            "Staleness",
            "Updates between sampling and training, in asynchronous modes.",
            [
                ("mean", "training/off_policy/trajectory_staleness/mean"),
                ("worst", "training/off_policy/trajectory_staleness/max"),
            ],
            None,
        ),
    ]
    panels = []
    for title, note, names, y_range in wanted:
        lines = [
            Line(label, points, (), colour)
            for colour, (label, name) in enumerate(names)
            if (points := series(run, name))
        ]
        # Synchronous runs log a staleness too, which is always 0.
        if lines and (title != "Staleness" or any(y for line in lines for _, y in line.points)):
            panels.append(_panel(title, note, lines, y_range))
    return panels


def _curriculum(run: Run) -> list[Panel]:
    """Known families first, under their own titles; whatever else the curriculum logs after them."""
    families: dict[str, list[tuple[str, list[Point]]]] = {}
    for name in sorted(run.metrics):
        member = name.removeprefix(_CURRICULUM)
        if name.startswith(_CURRICULUM) and member not in _GROUP_METRICS:
            family = "prompts" if member.startswith("prompts_") else member.rpartition("/")[0] or member
            families.setdefault(family, []).append(
                (member.removeprefix(family).strip("/_"), series(run, name))
            )
    order = [*_CURRICULUM_TITLES, *sorted(families.keys() - _CURRICULUM_TITLES.keys())]
    panels = []
    for family in order:
        if family not in families:
            continue
        members = sorted(families[family], key=lambda member: (_LEVELS.get(member[0], 3), member[0]))
        lines = [
            Line(_label(member or family), points, (), colour)
            for colour, (member, points) in enumerate(members)
        ]
        unit = all(0.0 <= value <= 1.0 for line in lines for _, value in line.points)
        title, note = _CURRICULUM_TITLES.get(family, (_label(family).capitalize(), ""))
        panels.append(_panel(title, note, lines, (0.0, 1.0) if unit else None))
    return panels


def _label(name: str) -> str:
    return name.replace("_", " ").replace("/", " · ")


def _pair(run: Run, name: str) -> list[Line]:
    lines = []
    if points := train_curve(run, name):
        lines.append(Line("training", points, (), _TRAIN))
    if points := validation_curve(run, name):
        lines.append(Line("validation", points, (), _VALIDATION, marked=True))
    return lines


def _score_panel(run: Run, name: str, title: str) -> Panel | None:
    lines = _pair(run, name)
    return _panel(title, "", lines, (0.0, 1.0), SMALL) if lines else None


def _panel(
    title: str,
    note: str,
    lines: Sequence[Line],
    y_range: tuple[float, float] | None,
    size: tuple[int, int] = (WIDTH, HEIGHT),
) -> Panel:
    ends = [step for line in lines for step in (line.points[0][0], line.points[-1][0])]
    said = "; ".join(
        f"{line.name} from {number(line.points[0][1])} to {number(line.points[-1][1])}" for line in lines
    )
    label = f"{title}, steps {number(min(ends))} to {number(max(ends))}: {said}"
    legend = [(line.name, line.colour, number(line.points[-1][1])) for line in lines]
    return Panel(title, note, line_chart(lines, label, y_range, size=size), legend)
