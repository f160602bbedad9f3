"""Answers that explain: root causes, whether one contact would do, and the full analysis in three parts."""

from __future__ import annotations

from . import causes, phrases
from .answers import Answer, Term, Voice, clock, density, polar, shape, zone
from .facts import Facts

NO_CAUSE: Term = {"any_of": ["no systematic cause", "background defectivity"]}


def cause(facts: Facts, voice: Voice) -> Answer | None:
    """Hedged hypotheses; any accepted group is enough."""
    if facts.normal:
        text = voice.say(
            "No systematic cause, background defectivity.",
            "There is no systematic cause; background defectivity may explain the failures.",
            "Probably no systematic cause: this looks like background defectivity.",
        )
        return Answer(text, (NO_CAUSE,))
    groups = causes.accepted_groups(facts.labels)
    if not groups:
        return None
    items: list[Term] = []
    told: list[causes.Cause] = []
    for label in facts.labels:
        accepted = causes.ACCEPTED[label]
        first = accepted[int(voice.rng.integers(min(2, len(accepted))))]
        told.append(first)
        item = {"any_of": list(dict.fromkeys(cause.group for cause in accepted))}
        if item not in items:
            items.append(item)
    if len(facts.labels) == 1:
        rest = [entry for entry in causes.ACCEPTED[facts.labels[0]] if entry.group != told[0].group]
        if rest:
            told.append(rest[int(voice.rng.integers(len(rest)))])
    told = list(dict.fromkeys(told))
    short = phrases.join(list(dict.fromkeys(causes.SPOKEN[entry.group] for entry in told)))
    words = ", or ".join(entry.words for entry in told)
    text = voice.say(
        f"Possibly {short}.",
        f"Possible causes are {words} ({short}); I would check {told[0].check}.",
        f"The pattern may come from {words}, that is {short}. A look at {told[0].check} could tell.",
        f"Likely candidates: {short}, for instance {words}.",
    )
    return Answer(text, tuple(items), tuple(causes.implausible_terms(facts.labels)))


def contact(facts: Facts, voice: Voice) -> Answer | None:
    """Whether one mechanical contact is a sufficient explanation."""
    if not facts.labels:
        return None
    if facts.normal:
        text = voice.say(
            "No systematic cause, background defectivity.",
            "There is no systematic cause; this looks like background defectivity.",
            "No systematic cause is needed, background defectivity may explain the failures.",
        )
        return polar(False, text, (NO_CAUSE,))
    if facts.labels == ("Scratch",):
        text = voice.say(
            "Possibly handling, or CMP.",
            "A robot arm or other handling may have caused it; CMP is possible too.",
            "Handling, for instance by a robot arm, could explain it, as could CMP.",
        )
        return polar(True, text, ({"any_of": ["handling", "CMP"]},))
    if len(facts.labels) == 1 and set(facts.labels) & {"Edge-Loc", "Loc"}:
        return None  # one contact may or may not be enough
    others = [
        [group for group in causes.accepted_groups((label,)) if group != "handling"] for label in facts.labels
    ]
    wanted = 2 if len(others) == 1 else 1
    told = list(dict.fromkeys(causes.SPOKEN[group] for groups in others for group in groups[:wanted]))
    items = tuple({"any_of": groups} for place, groups in enumerate(others) if groups not in others[:place])
    text = voice.say(
        f"Possibly {' or '.join(told)}.",
        f"More likely candidates are {phrases.join(told)}.",
        f"It may rather come from {' or '.join(told)}.",
    )
    return polar(False, text, items)


def full(facts: Facts, voice: Voice) -> dict[str, Answer] | None:
    """The three parts of a full analysis; None unless each has something certain to say."""
    spatial, look, why = zone(facts, voice), shape(facts, voice), cause(facts, voice)
    if spatial is None or look is None or why is None:
        return None
    at = clock(facts, voice) if any(pattern.arc for pattern in facts.patterns) else None
    if at is not None:
        avoid = tuple(dict.fromkeys((*spatial.must_avoid, *at.must_avoid)))
        spatial = Answer(at.text, (*spatial.must_hit, *at.must_hit), avoid)
    filled = None if facts.normal else density(facts, voice)
    if filled is not None:
        avoid = tuple(dict.fromkeys((*look.must_avoid, *filled.must_avoid)))
        look = Answer(filled.text, (*look.must_hit, *filled.must_hit), avoid)
    return {"spatial": spatial, "morphology": look, "root_cause": why}
