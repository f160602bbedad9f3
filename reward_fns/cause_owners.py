"""Which feature of the wafer each cause of an answer is given for."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from .asked import Asked
from .claims import Claim, Feature, Reading
from .lexicon import Lexicon
from .things import Thing, Truth, fit
from .words import word_set

_CUTS = frozenset((",", ";", ".", ":", "?", "!", "\n", "(", ")", "\u2013"))
_JOINTS = _CUTS | word_set("and while whilst whereas but plus")
_COLONS = frozenset((":", "="))
_BOTH = word_set("both")
_OTHER = word_set("other inner inside inward inwards further remaining")
_REACH = 20
_LONGEST = 80
"""Words a stretch has at most on either side; a bound for noise."""
_NAMES = frozenset(("type", "shape", "zone", "arc"))
_FORMER = frozenset(("former", "first"))
_LATTER = frozenset(("latter", "second"))
_ONES = frozenset(("texture", "width", "length", "size"))
_ONE = word_set("one ones thing feature object mark trail figure item part")
_LINEAR = frozenset(("thin", "straight", "long", "elongated"))
_ROUND = frozenset(("round", "hollow", "thick", "filled"))
_Named = tuple[int, int, Thing]
"""Clause, first token, and the feature that is named there."""


def owners_of(
    reading: Reading,
    bound: Sequence[tuple[Feature, Thing | None]],
    truth: Truth,
    asked: Asked,
    lexicon: Lexicon,
) -> dict[int, tuple[Thing | None, bool]]:
    """Say for each cause which feature it is given for: the one named beside it, or last before it.

    The second value tells whether the feature is named in the same clause, rather than carried over.
    """
    by_sentence = _named(reading, bound, truth, lexicon)
    order = things_of(asked.about, truth, lexicon) if len(truth.things) == 2 else []
    order = order if len(order) == 2 else truth.things
    owners: dict[int, tuple[Thing | None, bool]] = {}
    last: Thing | None = None
    last_sentence = -1
    for claim in reading.claims:
        if claim.slot != "cause":
            continue
        named = by_sentence.get(claim.sentence, [])
        near = _beside(reading.words, claim, named, _JOINTS)
        beside = near or _beside(reading.words, claim, named, _CUTS)
        if beside is None:
            beside = near = _by_order(reading.words, claim, order)
        if beside is None and not named and last is not None:
            beside = near = _other(reading.words, claim, last, truth)
        if beside is not None:
            # "A stain at half radius plus the ring kit": what follows the joint may be for another one.
            ahead = any(at > claim.start for _, at, thing in named if thing is beside)
            sure = (near is not None or ahead) and not _of_both(reading.words, claim)
            owners[id(claim)], last, last_sentence = (beside, sure), beside, claim.sentence
            continue
        same = [entry for entry in named if entry[0] == claim.clause]
        before = [entry for entry in (same or named) if entry[1] < claim.start]
        headed = by_sentence.get(claim.sentence - 1, []) if not named else []
        if before:
            last, last_sentence = before[-1][2], claim.sentence
        elif same:
            last, last_sentence = same[0][2], claim.sentence
        elif named:
            last, last_sentence = None, claim.sentence
        elif headed:
            last, last_sentence = headed[-1][2], claim.sentence
        elif claim.sentence > last_sentence + 1:
            last = None
        # "A blob at the center: a robot": a heading names what its causes are for.
        headline = bool(before) and not _COLONS.isdisjoint(reading.words[before[-1][1] : claim.start])
        sure = (bool(same) or headline) and not _of_both(reading.words, claim)
        owners[id(claim)] = (last, sure)
    return owners


def things_of(claims: Iterable[Claim], truth: Truth, lexicon: Lexicon) -> list[Thing]:
    """Return the features that claims name, each once."""
    found = [thing for claim in claims if (thing := _meant(claim, truth, lexicon)) is not None]
    return list({id(thing): thing for thing in found}.values())


def _meant(claim: Claim, truth: Truth, lexicon: Lexicon) -> Thing | None:
    """Return the one feature that a claim fits better than all others."""
    fits = sorted(((fit(claim, thing, lexicon), n) for n, thing in enumerate(truth.things)), reverse=True)
    if len(fits) < 2 or fits[0][0] <= 0.4 or fits[1][0] > fits[0][0] - 0.5:
        return None
    return truth.things[fits[0][1]]


def _by_look(value: str, truth: Truth) -> Thing | None:
    """Return the feature that "the thin one" or "the round one" means, when one of them is a line."""
    lines = [thing for thing in truth.things if "line" in thing.values("shape")]
    rest = [thing for thing in truth.things if "line" not in thing.values("shape")]
    meant = lines if value in _LINEAR else rest if value in _ROUND else []
    return meant[0] if len(meant) == 1 else None


def _named(
    reading: Reading, bound: Sequence[tuple[Feature, Thing | None]], truth: Truth, lexicon: Lexicon
) -> dict[int, list[_Named]]:
    """List the features named in each sentence: by what a claim says, else by what it was bound to."""
    owner_of = {id(claim): owner for feature, owner in bound for claim in feature.claims}
    found: dict[int, list[_Named]] = {}
    for claim in reading.claims:
        if claim.good:
            continue
        if claim.slot in _ONES and _ONE.issuperset(reading.words[claim.end : claim.end + 1] or "-"):
            one = _by_look(str(claim.value), truth)
            if one is not None:
                found.setdefault(claim.sentence, []).append((claim.clause, claim.start, one))
            continue
        if claim.slot not in _NAMES or not claim.affirmed:
            continue
        thing = _meant(claim, truth, lexicon) if len(truth.things) > 1 else None
        if thing is None and claim.slot != "arc":
            thing = owner_of.get(id(claim))
        if thing is not None:
            found.setdefault(claim.sentence, []).append((claim.clause, claim.start, thing))
    return found


def _stretch(words: Sequence[str], claim: Claim, cuts: frozenset[str]) -> tuple[int, int]:
    start, end = claim.start, claim.end
    first, last = max(0, start - _LONGEST), min(len(words), end + _LONGEST)
    while start > first and words[start - 1] not in cuts:
        start -= 1
    while end < last and words[end] not in cuts:
        end += 1
    return start, end


def _of_both(words: Sequence[str], claim: Claim) -> bool:
    """Tell whether a cause is given for both features: "both could be the polisher: a collar, a grain"."""
    return not _BOTH.isdisjoint(words[max(0, claim.start - _REACH) : claim.start])


def _other(words: Sequence[str], claim: Claim, last: Thing, truth: Truth) -> Thing | None:
    """Return the feature that "the other one", or "further in", means after one of two was named."""
    start, end = _stretch(words, claim, _CUTS)
    if len(truth.things) != 2 or _OTHER.isdisjoint(words[start:end]):
        return None
    return truth.things[1 if truth.things[0] is last else 0]


def _beside(
    words: Sequence[str], claim: Claim, named: Sequence[_Named], cuts: frozenset[str]
) -> Thing | None:
    """Return the feature named in the same stretch between cuts, when there is just one."""
    start, end = _stretch(words, claim, cuts)
    found = {id(thing): thing for _, at, thing in named if start <= at < end}
    return next(iter(found.values())) if len(found) == 1 else None


def _by_order(words: Sequence[str], claim: Claim, order: Sequence[Thing]) -> Thing | None:
    """Return the feature that "the former", or "for the second", means with a cause."""
    if len(order) != 2:
        return None
    start, end = _stretch(words, claim, _CUTS)
    for n in range(start, end):
        if words[n] in _FORMER or words[n] in _LATTER:
            alone = n + 1 >= len(words) or words[n + 1] in _CUTS or words[n + 1] in _ONE
            if words[n] in ("former", "latter") or (alone and words[n - 1] == "the"):
                return order[words[n] in _LATTER]
    return None
