"""Judge what is said of how features lie to each other, and of places spared where all is hit."""

from __future__ import annotations

from .asked import Asked
from .claims import Claim, Reading
from .evidence import Evidence, Judgement, Weight
from .things import Truth
from .words import word_set

_RELATIONS = frozenset(("separate", "touching"))
_BESIDE_THE_POINT = 0.5
"""What the wrong relation counts where the question does not ask for it."""
_DENIALS = word_set(
    "no not never nothing without neither nor none isn't aren't doesn't don't cannot than nowhere"
)
_WINDOW = 7


def judge_relation(result: Judgement, reading: Reading, truth: Truth, weight: Weight, asked: Asked) -> None:
    """Charge "it touches the ring" where they are apart, and the reverse, whichever feature it is said of."""
    true = {str(fact.value) for thing in truth.things for fact in thing.facts.get("texture", ())} & _RELATIONS
    if len(true) != 1 or len(truth.things) < 2:
        return
    wrong: Claim | None = None
    for claim in reading.claims:
        if claim.slot != "texture" or claim.value not in _RELATIONS or claim.good or claim.hedged:
            continue
        if (claim.value in true) == claim.affirmed:
            return
        wrong = wrong or claim
    if wrong is not None:
        share = 1.0 if "texture" in asked.slots else _BESIDE_THE_POINT
        what = "apart" if "separate" in true else "in contact"
        result.evidence.append(
            Evidence(
                "false", what, -1.0, share * weight("zone", "hit"), wrong.start, wrong.end, "it is not so"
            )
        )


def charge_spared(result: Judgement, reading: Reading, truth: Truth, weight: Weight) -> None:
    """Charge a place called clear on a wafer whose fails are everywhere: "the left half is spared"."""
    if truth.labels != ["Random"] or any(c.slot in ("zone", "arc") for c in truth.clear):
        return
    for claim in reading.claims[:_MOST]:
        if claim.affirmed or claim.short or claim.slot not in ("zone", "arc") or claim.value in _WHOLE:
            continue
        if not _DENIALS.isdisjoint(reading.words[max(0, claim.start - _WINDOW) : claim.start]):
            # "Not concentrated in the center" leaves it as bad as the rest.
            continue
        result.evidence.append(
            Evidence("denied", "no place is spared", -1.0, weight("zone", "hit"), claim.start, claim.end)
        )
        return


_MOST = 40
_WHOLE = ("full", "none", "between")
