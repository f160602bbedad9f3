"""Bind each group of claims of an answer to the true feature it means."""

from __future__ import annotations

from collections.abc import Sequence

from .asked import Asked
from .claims import HEADS, PLACES, Claim, Feature, Reading, Value
from .lexicon import Lexicon
from .scan import SENTENCE_ENDS
from .things import Thing, Truth, affinity, drawn, fit

_ALL = frozenset(("both", "they", "all"))
_OTHER = frozenset(("other", "second", "latter"))
_FURTHER = frozenset(("second", "another", "additional", "addition", "besides"))
_IDENTITY = frozenset(("type", "shape", "zone", "arc", "around"))


def bind(reading: Reading, truth: Truth, lexicon: Lexicon) -> list[tuple[Feature, Thing | None]]:
    """Assign each feature an answer speaks of to the true feature it means; None when there is none."""
    bound: list[tuple[Feature, Thing | None]] = []
    previous: Thing | None = truth.things[0] if len(truth.things) == 1 else None
    taken: dict[int, float] = {}
    last_sentence, last_end = -1, 0
    labels = truth.labels
    named = {c.value for c in reading.claims if c.slot == "type" and c.affirmed and not c.good}
    for feature in reading.features:
        positive = [c for c in feature.claims if c.affirmed and not c.good]
        last_end, previous_end = feature.claims[-1].end, last_end
        if not positive:
            bound.append((feature, previous))
            continue
        identity = [c for c in positive if c.slot in _IDENTITY]
        if not identity:
            opening = _opening(reading, positive[0], previous_end)
            if len(truth.things) > 1 and not _ALL.isdisjoint(opening):
                # "Both thin out."
                bound.extend((feature, thing) for thing in truth.things)
                continue
            owner = previous
            if previous is not None and len(truth.things) == 2 and not _OTHER.isdisjoint(opening):
                owner = next(thing for thing in truth.things if thing is not previous)
            elif len(truth.things) > 1 and (
                last_sentence != feature.sentence
                or ";" in reading.words[previous_end : positive[0].start]
                or "one" in reading.words[positive[0].end - 1 : positive[0].end + 1]
            ):
                owner = _by_attributes(positive, truth, lexicon) or previous
            bound.append((feature, owner))
            if owner is not None:
                previous, last_sentence = owner, feature.sentence
            continue
        if (
            len(truth.things) == 2
            and "both" in _opening(reading, positive[0])
            and all(c.slot in PLACES for c in positive)
            and reading.words[positive[-1].end : positive[-1].end + 1] in ([], [":"], ["."], [";"], [","])
        ):
            # "Both are at the top."
            bound.extend((feature, thing) for thing in truth.things)
            continue
        shared = _shared_out(feature, identity, truth, lexicon)
        if shared:
            # "Top left and bottom right are hit."
            bound.extend(shared)
            previous, last_sentence = shared[-1][1], feature.sentence
            continue
        last_sentence = feature.sentence
        claims = feature.claims
        best, _, index = max(
            [
                (affinity(claims, thing, lexicon) + drawn(thing, identity), -taken.get(n, 0.0), -n)
                for n, thing in enumerate(truth.things)
            ]
        )
        thing = truth.things[-index]
        heads = [c for c in identity if c.slot in HEADS]
        names = [c for c in heads if c.slot == "type"]
        if (
            previous is not None
            and thing is previous
            and len(truth.things) == 2
            and not names
            and not _OTHER.isdisjoint(_opening(reading, positive[0], previous_end))
        ):
            # "The second one also sits on the border."
            index = -1 if index == 0 else 0
            thing = truth.things[-index]
            best = max(0.1, affinity(claims, thing, lexicon))
        if names and thing.label in named and _another_class(names, thing, labels, reading):
            # "Edge-Loc and Loc along the edge" on a wafer without Loc.
            places = [c for c in identity if c.slot in PLACES]
            if places and bound and bound[-1][1] is thing and _placeless(bound[-1][0], feature):
                # "Edge-Loc and Loc at 8 o'clock": the place is that of both.
                bound.append((Feature(places, feature.sentence), thing))
            bound.append((feature, None))
        elif (
            len(truth.things) == 1
            and best <= 0.0
            and bound
            and not _FURTHER.isdisjoint(_opening(reading, positive[0]))
        ):
            # "There is a second population on the hub."
            bound.append((feature, None))
        elif best < 0.0 and not heads and "sparse" in feature.values("density"):
            # "0.9 to 1.0 R: 2 %" is background.
            bound.append((feature, None))
        elif thing.label == "None" and best <= 0.0:
            bound.append((feature, None))
        elif (
            best > 0.0
            or (len(truth.things) == 1 and not heads and best > -2.6)
            or (best >= -1.5 and not heads and _only_place(identity, thing, previous))
        ):
            previous = thing
            taken[-index] = taken.get(-index, 0.0) + 0.01
            bound.append((feature, thing))
        elif not heads and previous is not None and all(c.slot in ("arc", "around") for c in identity):
            bound.append((feature, previous))
        else:
            bound.append((feature, None))
            previous = None
    return bound


def _shared_out(
    feature: Feature, identity: Sequence[Claim], truth: Truth, lexicon: Lexicon
) -> list[tuple[Feature, Thing | None]]:
    """Share the directions of one clause among the features that lie there, when it names none of them."""
    arcs = [c for c in identity if c.slot == "arc"][:_MOST_ARCS]
    if len(truth.things) < 2 or len(arcs) < 2 or any(c.slot in ("type", "shape") for c in identity):
        return []
    owners: list[Thing] = []
    for claim in arcs:
        fits = [fit(claim, thing, lexicon) if thing.facts.get("arc") else -1.0 for thing in truth.things]
        best = max(fits)
        if best <= 0.3 or fits.count(best) > 1:
            return []
        owners.append(truth.things[fits.index(best)])
    if len({id(owner) for owner in owners}) < 2:
        return []
    parts: list[list[Claim]] = [[] for _ in arcs]
    for claim in feature.claims:
        # An attribute goes with the direction before it, the first ones with the first.
        at = max(0, sum(arc.start <= claim.start for arc in arcs) - 1)
        parts[at].append(claim)
    return [(Feature(part, feature.sentence), owner) for part, owner in zip(parts, owners, strict=True)]


_MOST_ARCS = 6


def _another_class(names: Sequence[Claim], thing: Thing, labels: Sequence[Value], reading: Reading) -> bool:
    """Tell whether a feature bears the name of a class the wafer lacks, and not that of the thing."""
    return any(
        c.value not in labels and not c.hedged and (c.value != "Loc" or reading.words[c.start] == "loc")
        for c in names
    ) and all(c.value != thing.label for c in names)


def _placeless(first: Feature, second: Feature) -> bool:
    """Tell whether two features stand in one clause and only the second says where."""
    return first.claims[0].clause == second.claims[0].clause and all(
        c.slot not in PLACES for c in first.claims
    )


def _opening(reading: Reading, claim: Claim, after: int = 0) -> list[str]:
    """Return the words that lead up to a claim within its clause, and after what was said before."""
    words: list[str] = []
    for word in reversed(reading.words[max(after, claim.start - 10) : claim.start]):
        if word in SENTENCE_ENDS or word == ";":
            break
        words.append(word)
    return words


def _by_attributes(claims: Sequence[Claim], truth: Truth, lexicon: Lexicon) -> Thing | None:
    """Return the one feature that attributes alone can mean: "the long one is thin"."""
    scores = [sum([fit(c, thing, lexicon) for c in claims], 0.0) for thing in truth.things]
    best = max(scores)
    return truth.things[scores.index(best)] if best > 0.0 and scores.count(best) == 1 else None


def _only_place(identity: Sequence[Claim], thing: Thing, previous: Thing | None) -> bool:
    return all(c.slot in ("arc", "around") for c in identity) and (previous is None or previous is thing)


def beside(asked: Asked, thing: Thing, truth: Truth, lexicon: Lexicon) -> bool:
    """Tell whether the question asks about another feature than this one."""
    subject = asked.subject
    return (
        subject is not None
        and fit(subject, thing, lexicon) < 0.5
        and any(fit(subject, other, lexicon) >= 0.9 for other in truth.things)
    )
