"""Notice names of two features exchanged: each is said to lie where the other one does."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from .asked import Asked
from .claims import HEADS, PLACES, Claim, Feature, Reading
from .evidence import Evidence, Judgement
from .lexicon import Lexicon
from .things import Thing, Truth, fit

_SHARE = 0.8
"""What an exchange costs beside all the rest."""


def judge_exchange(result: Judgement, truth: Truth, lexicon: Lexicon, share: float) -> None:
    """Charge "the clump is at the rim, the arc in the middle" where it is the other way round.

    `share` is what places count in this part.
    """
    if len(truth.things) != 2:
        return
    first, second = truth.things
    here = _of_other(result.bound, first, second, lexicon)
    there = _of_other(result.bound, second, first, lexicon)
    if here is None or there is None:
        return
    amount = _SHARE * share * share * result.weight
    result.evidence.append(
        Evidence("false", "which is which", -1.0, amount, here.start, here.end, "the two are exchanged")
    )


def _of_other(
    bound: Sequence[tuple[Feature, Thing | None]], owner: Thing, other: Thing, lexicon: Lexicon
) -> Claim | None:
    """Return the noun that names the other feature where this one is meant, if it has no name of its own."""
    heads = [
        claim
        for feature, thing in bound
        if thing is owner
        for claim in feature.claims
        if claim.slot in HEADS and claim.affirmed and not claim.good and not claim.hedged
    ]
    if any(fit(claim, owner, lexicon) >= 0.9 for claim in heads):
        return None
    return next((claim for claim in heads if fit(claim, other, lexicon) >= 0.9), None)


_PLACED = 0.6
"""What exchanged places of two classes cost beside all the rest where the question names the places."""


def judge_places(result: Judgement, reading: Reading, truth: Truth, lexicon: Lexicon, asked: Asked) -> None:
    """Charge "the scratch is upper right, the loc lower left" where it is the other way round."""
    named = "where" in asked.words or any(c.slot in PLACES for c in asked.given)
    if len(truth.things) < 2 or not named:
        return
    groups: dict[int, list[Claim]] = {}
    for claim in reading.claims:
        groups.setdefault(claim.clause, []).append(claim)
    misplaced: dict[int, Claim] = {}
    for claims in (*groups.values(), *(feature.claims for feature, _ in result.bound)):
        found = _misplaced(claims, truth, lexicon)
        if found is not None:
            misplaced[found[0]] = found[1]
    one = len(misplaced) == 1 and len(truth.things) == 2 and all(c.slot == "arc" for c in misplaced.values())
    if len(misplaced) < 2 and not one:
        return
    share = 0.5 * _PLACED if one else _PLACED
    amount = share * result.weight
    first = misplaced[min(misplaced)]
    result.evidence.append(
        Evidence("false", "which is where", -1.0, amount, first.start, first.end, "places are exchanged")
    )


def _misplaced(claims: Iterable[Claim], truth: Truth, lexicon: Lexicon) -> tuple[int, Claim] | None:
    """Return the one feature that some claims name, and the place they give it if it is another's."""
    here = [c for c in claims if c.affirmed and not c.good and not c.hedged]
    owners = {
        n
        for claim in here
        if claim.slot in HEADS
        for n, thing in enumerate(truth.things)
        if fit(claim, thing, lexicon) >= 0.9
    }
    if len(owners) != 1:
        return None
    own = owners.pop()
    for slot in ("arc", "zone"):
        places = [c for c in here if c.slot == slot]
        if not places or any(fit(c, truth.things[own], lexicon) > -1.0 for c in places):
            continue
        for claim in places:
            if any(fit(claim, o, lexicon) >= 0.9 for n, o in enumerate(truth.things) if n != own):
                return own, claim
    return None
