"""Notice names of two features exchanged: each is said to lie where the other one does."""

from __future__ import annotations

from collections.abc import Sequence

from .claims import HEADS, Claim, Feature
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
    amount = _SHARE * share * share * sum(e.weight for e in result.evidence if e.verdict != "invented")
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
