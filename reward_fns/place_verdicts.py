"""Whether an answer to a yes-or-no question says yes or no, and what that is worth."""

from __future__ import annotations

from .asked import Asked
from .claims import Reading
from .evidence import Evidence, Judgement
from .lexicon import Lexicon
from .things import Truth, zone_fit
from .words import word_set

_NOT_YET = word_set("only just merely simply")
_NEARBY = word_set("near close next toward towards approach distance closer nearer beside before between")
_SHARE = 0.8
"""What a right verdict counts beside all the rest."""
_DOUBTED = 0.15
"""What it counts beside something false."""
_LIGHTER = 0.35
"""What remains of the weight of what was left unsaid beside a right verdict."""


def verdict(reading: Reading, asked: Asked, lexicon: Lexicon) -> int:
    """Return +1 for yes, -1 for no, else 0: in so many words, or by the state of the place asked for."""
    if reading.opening:
        return reading.opening
    words = reading.words
    if not asked.place:
        return 0
    if words[:1] == ["not"] and words[1:2] and words[1] not in _NOT_YET:
        return -1
    if any(words[n] == "not" and words[n + 2] == "it" for n in range(len(words) - 2)):
        # "Near the border, not on it"
        return -1
    here = [
        c
        for c in reading.claims
        if c.slot == "zone"
        and c.value != "full"
        and _NEARBY.isdisjoint(words[max(0, c.start - 3) : c.start + 1])
        and zone_fit(c.value, asked.place, lexicon) == 1.0
    ]
    signs = {1 if c.affirmed and not c.good else -1 for c in here if not c.hedged}
    return signs.pop() if len(signs) == 1 else 0


def credit_verdict(result: Judgement, reading: Reading, truth: Truth, asked: Asked, lexicon: Lexicon) -> None:
    """Credit the right verdict on a yes-or-no question; what it leaves unsaid was hardly asked for."""
    if not asked.closed or not truth.opening or verdict(reading, asked, lexicon) != truth.opening:
        return
    wrong = result.denied_truth or any(e.credit < 0.0 for e in result.evidence)
    for e in result.evidence:
        if e.credit == 0.0 and not wrong:
            e.weight *= _LIGHTER
    amount = (_DOUBTED if wrong else _SHARE) * result.weight
    result.evidence.append(Evidence("met", "the verdict", 1.0, amount, 0, 1, "yes or no, as it is"))
