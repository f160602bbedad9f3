"""Group the claims of a text by the thing they are about."""

from __future__ import annotations

from dataclasses import replace

from .claims import ATTRIBUTES, HEADS, Claim, Feature, Reading, Value
from .scan import SEPARATORS
from .words import word_set

_JOINERS = word_set(
    """
    with plus while then
    """
)
_DETERMINERS = word_set(
    """
    a an another one two the its second third some several first
    """
)


def group_features(reading: Reading) -> list[Feature]:
    """Group claims by the thing they are about: a clause, cut again where a second head noun begins."""
    features: list[Feature] = []
    words = reading.words
    _fill(reading.claims)
    current: list[Claim] = []
    head: Claim | None = None
    clause = -1
    for claim in reading.claims:
        slot = claim.slot
        if slot == "cause":
            continue
        stands = claim.affirmed and not claim.good
        if claim.clause != clause:
            if current:
                features.append(Feature(current, current[0].sentence))
            current, head, clause = [], None, claim.clause
        elif current and _another_one(words, claim) and current[-1].end < claim.start:
            # "the smaller one at the edge" is a thing of its own.
            features.append(Feature(current, claim.sentence))
            current, head = [], None
        elif stands and current and slot in ATTRIBUTES:
            cut = _restated(words, current, claim)
            if cut is not None:
                features.append(Feature(current[:cut], claim.sentence))
                current, head = current[cut:], None
        elif stands and head is not None and slot in HEADS:
            cut = _cut(words, current, head, claim)
            if cut is not None:
                features.append(Feature(current[:cut], claim.sentence))
                current, head = current[cut:], None
        elif stands and current and slot in HEADS:
            cut = _after_place(words, current, claim, _goes_on(features, claim))
            if cut is not None:
                features.append(Feature(current[:cut], claim.sentence))
                current = current[cut:]
        elif stands and slot == "zone":
            cut = (
                _second_place(words, current, claim)
                if head is None
                else _another_place(words, current, claim)
            )
            if cut is not None:
                features.append(Feature(current[:cut], claim.sentence))
                current, head = current[cut:], None
        current.append(claim)
        if stands and head is None and slot in HEADS:
            head = claim
    if current:
        features.append(Feature(current, current[0].sentence))
    named = {claim.value for claim in reading.claims if claim.slot == "type"}
    if "Loc" in named:
        for feature in features:
            _at_the_edge(feature, words)
    if "Donut" in named:
        for feature in features:
            _about_the_hub(feature)
        for feature in features:
            _round_the_edge(feature, words)
    return _all_zones(_everywhere([feature for feature in features if feature.claims], words))


def _fill(claims: list[Claim]) -> None:
    """Read "nearly all dies are lost" as dense when it is said of a part: "at the hub nearly all is lost"."""
    part, filled = -1, -1
    for claim in claims:
        if not claim.affirmed or claim.good:
            continue
        if (
            claim.value == "full"
            and claim.sentence == part
            and (claim.slot == "shape" or claim.start == filled)
        ):
            claim.slot, claim.value, filled = "density", "dense", claim.start
        elif claim.value in _PARTS or (claim.slot == "zone" and isinstance(claim.value, tuple)):
            part = claim.sentence


_PARTS = frozenset(("center", "middle", "edge", "inner", "outer", "ring", "line", "blob", "arc", "band"))


def _about_the_hub(feature: Feature) -> None:
    """Take "a tyre in the middle of the wafer" for what it is: a ring about the middle."""
    if "Donut" in feature.values("type") and "hollow" in feature.values("texture"):
        feature.claims = [
            c for c in feature.claims if c.slot != "zone" or c.value != "center" or not c.affirmed or c.good
        ]


def _round_the_edge(feature: Feature, words: list[str]) -> None:
    """Take "a hollow ring along the rim" for a ring: only by its proper name is it a donut there."""
    if "edge" not in feature.values("zone") or "middle" in feature.values("zone"):
        return
    for claim in feature.claims:
        if claim.value == "Donut" and claim.affirmed and "hollow" in words[claim.start : claim.end]:
            claim.slot, claim.value = "shape", "ring"
            feature.claims.append(replace(claim, slot="texture", value="hollow"))
            return


def _at_the_edge(feature: Feature, words: list[str]) -> None:
    """Read a local cluster that sits at the edge as Edge-Loc, unless the class is named by its label."""
    if "edge" in feature.values("zone"):
        for claim in feature.claims:
            if claim.slot == "type" and claim.value == "Loc" and words[claim.start] in _LOCAL:
                claim.value = "Edge-Loc"


_LOCAL = word_set("local localized cluster island patch lump clump isolated lone single regional")
"""Words that leave open whether the cluster is at the edge."""


def _another_one(words: list[str], claim: Claim) -> bool:
    return (
        claim.end < len(words)
        and words[claim.end] == "one"
        and claim.start > 0
        and words[claim.start - 1] in ("the", "a", "another")
        and claim.slot not in HEADS
    )


def _restated(words: list[str], current: list[Claim], claim: Claim) -> int | None:
    """Return where an attribute is stated anew of another thing: "a long cut here, a short one there"."""
    rival = next((c for c in current if c.slot == claim.slot and c.value != claim.value and c.affirmed), None)
    if rival is None:
        return None
    for at in range(claim.start - 1, rival.end - 1, -1):
        if (
            words[at] in (",", "and", "plus", ";", "with", "versus", "against")
            and words[at + 1] in _DETERMINERS
        ):
            return sum(c.start < at for c in current)
    return None


def _goes_on(features: list[Feature], claim: Claim) -> bool:
    """Tell whether places that open a clause belong to the thing before: "an arc, from 4 to 6"."""
    last = features[-1] if features else None
    return last is not None and last.sentence == claim.sentence and bool(last.values("shape"))


def _after_place(words: list[str], current: list[Claim], claim: Claim, goes_on: bool) -> int | None:
    """Return where a new thing follows a place that is a subject: "the rim fails, and a spot ..."."""
    first = current[0]
    if first.slot not in ("zone", "around", "arc") or not first.affirmed:
        return None
    opened = not goes_on and not _PREPOSITIONS.isdisjoint(words[max(0, first.start - 3) : first.start])
    for at in range(claim.start - 1, first.end - 1, -1):
        if words[at] == "or" and (words[at + 1] == "there" or words[at + 1] in _DETERMINERS):
            return sum(c.start < at for c in current)
        if words[at] in ("and", ",", "with", "plus", ";") and words[at + 1] in _DETERMINERS:
            if opened and words[at + 1 : at + 3] not in (
                ["the", "other"],
                ["the", "second"],
                ["a", "second"],
            ):
                return None
            return sum(c.start < at for c in current)
    return None


_PREPOSITIONS = word_set(
    """
    in at on along near around from inside within by across over toward towards of between
    """
)


def _second_place(words: list[str], current: list[Claim], claim: Claim) -> int | None:
    """Return where a clause turns to another place, when it names no shape: "the hub dense, the rim thin"."""
    places = [c for c in current if c.slot == "zone" and c.affirmed and not c.good]
    if not places or all(_touch(c.value, claim.value) for c in places) or _joined(words, places[-1], claim):
        return None
    for at in range(claim.start - 1, places[-1].end - 1, -1):
        if words[at] not in ("(", ")") and (words[at] in SEPARATORS or words[at] in _JOINERS):
            return sum(c.start < at for c in current)
    return len(current)


def _joined(words: list[str], place: Claim, claim: Claim) -> bool:
    """Tell whether two places are ends of one thing, or one stands in brackets with its direction."""
    for word in reversed(words[max(0, claim.start - 5) : claim.start]):
        if word == "(":
            return True
        if word == ")":
            break
    between = words[place.end : claim.start]
    return "from" in words[max(0, place.start - 4) : place.start] and not _UNTIL.isdisjoint(between)


_UNTIL = frozenset(("to", "until", "till"))


def _another_place(words: list[str], current: list[Claim], claim: Claim) -> int | None:
    """Return where a list turns from a feature to a place: "a spot at half radius, and the rim"."""
    places = [c for c in current if c.slot == "zone" and c.affirmed and not c.good]
    if not places or any(_touch(c.value, claim.value) for c in places) or _joined(words, places[-1], claim):
        return None
    near = claim.start - (2 if words[claim.start - 1] in ("the", "whole", "entire") else 1)
    for at in range(claim.start - 1, places[-1].end - 1, -1):
        if words[at] in (",", "and", "plus", ";", "with") and (
            at == near or words[at + 1] in _DETERMINERS or words[at + 1] == "with"
        ):
            return sum(c.start < at for c in current)
    return None


_BANDS = {
    "center": (0.0, 0.33),
    "inner": (0.1, 0.5),
    "middle": (0.33, 0.67),
    "outer": (0.67, 0.9),
    "edge": (0.85, 1.0),
}


def _touch(a: Value, b: Value) -> bool:
    first = _BANDS.get(a) if isinstance(a, str) else a
    second = _BANDS.get(b) if isinstance(b, str) else b
    if not isinstance(first, tuple) or not isinstance(second, tuple):
        return True
    return (
        min(first[1], second[1]) - max(first[0], second[0]) > -0.02
        and {a, b} != {"center", "middle"}
        and {a, b} != {"middle", "outer"}
    )


def _cover(zones: set[Value]) -> bool:
    """Tell whether three bands or more together cover the whole radius."""
    bands = [_BANDS.get(zone) if isinstance(zone, str) else zone for zone in zones]
    known = sorted(band for band in bands if isinstance(band, tuple) and band[0] < band[1])
    if len(known) < 3:
        return False
    reach = 0.0
    for low, high in known:
        if low > reach + 0.1:
            return False
        reach = max(reach, high)
    return reach >= 0.9


_LIKENED = word_set("as alike equally equal same identical comparable par worse")


def _likened(words: list[str], claims: list[Claim]) -> bool:
    """Tell whether places are likened: "in the hub as often as at the rim"."""
    stretch = words[claims[0].start : claims[-1].end + 2]
    return not _LIKENED.isdisjoint(stretch)


def _everywhere(features: list[Feature], words: list[str]) -> list[Feature]:
    """Fuse the places of one clause that together cover the wafer: center, middle and edge are everywhere."""
    by_clause: dict[int, list[Feature]] = {}
    for feature in features:
        by_clause.setdefault(feature.claims[0].clause, []).append(feature)
    fused: list[Feature] = []
    for group in by_clause.values():
        claims = group[0].claims if len(group) == 1 else [c for f in group for c in f.claims]
        zones = {c.value for c in claims if c.slot == "zone" and c.affirmed and not c.good}
        if len(zones) < 2:
            fused.extend(group)
            continue
        whole = (
            {"center", "middle", "edge"} <= zones
            or _cover(zones)
            or ("full" in zones and len(zones) > 1)
            or ({"center", "edge"} <= zones and _likened(words, claims))
        )
        if (
            len(zones) == 2
            and "full" in zones
            and "center" not in zones
            and not any(c.slot in HEADS for c in claims)
        ):
            # "Rim: everywhere" is all around.
            for claim in claims:
                if claim.slot == "zone" and claim.value == "full":
                    claim.slot, claim.value = "around", "all"
            fused.append(Feature(claims, claims[0].sentence))
        elif whole and not any(c.slot in HEADS for c in claims):
            first = next(c for c in claims if c.slot == "zone")
            rest = [c for c in claims if c.slot not in ("zone", "arc", "around")]
            all_over = Claim(
                "zone", "full", True, first.hedged, first.start, first.end, first.clause, first.sentence
            )
            fused.append(Feature([all_over, *rest], first.sentence))
        else:
            fused.extend(group)
    return fused


def _all_zones(features: list[Feature]) -> list[Feature]:
    """Fuse places told one after another that cover the wafer: "Core: hit. Border: hit. Between: hit."."""
    if len(features) < _THREE:
        return features
    placed: list[Feature] = []
    zones: set[Value] = set()
    for feature in features:
        stands = [c for c in feature.claims if c.affirmed and not c.good]
        if any(c.slot == "arc" or (c.slot in HEADS and c.value not in _ALL_OVER) for c in stands):
            return features
        here = {c.value for c in stands if c.slot == "zone"}
        if here:
            placed.append(feature)
            zones |= here
    halfway = any(z in ("between", "middle") or (isinstance(z, tuple) and 0.3 < z[0] < 0.7) for z in zones)
    if len(placed) < _THREE or not (_cover(zones) or (halfway and {"center", "edge"} <= zones)):
        return features
    first = next(c for c in placed[0].claims if c.slot == "zone")
    first.value = "full"
    return [feature for feature in features if feature is placed[0] or feature not in placed]


_THREE = 3
_ALL_OVER = ("scatter", "full", "Random", "Near-full")


def _cut(words: list[str], current: list[Claim], head: Claim, claim: Claim) -> int | None:
    """Return where a second head noun opens a new feature, as an index into the claims, or None."""
    split, strength = -1, 0
    for at in range(claim.start - 1, max(head.end, claim.start - 10) - 1, -1):
        word = words[at]
        if word in ("(", ")") or (word not in SEPARATORS and word not in _JOINERS):
            continue
        following = words[at + 1] if at + 1 < len(words) else ""
        rank = 3 if following in _DETERMINERS else 1 if word in (",", "+", "&", "/") else 2
        if rank > strength:
            split, strength = at, rank
    if _same(head, claim):
        apart = split >= 0 and (
            (split + 1 < len(words) and words[split + 1] in _DETERMINERS)
            or any(c.slot in ("zone", "arc") for c in current)
        )
        if not apart:
            return None
    if split >= 0:
        return sum(c.start < split for c in current)
    # No separator: only the adjectives right before the noun go with it.
    cut, start = len(current), claim.start
    while cut > 0 and current[cut - 1] is not head and current[cut - 1].end == start:
        start = current[cut - 1].start
        cut -= 1
    return cut


_KIND = {
    "Center": "blob",
    "Donut": "ring",
    "Edge-Ring": "ring",
    "Edge-Loc": "arc",
    "Loc": "blob",
    "Scratch": "line",
    "Near-full": "full",
    "Random": "scatter",
    "None": "none",
}


_ALIKE = ({"ring", "band"}, {"arc", "band"}, {"curve", "line"}, {"curve", "arc"})


def _same(a: Claim, b: Claim) -> bool:
    """Tell whether two head nouns can name one thing."""
    if a.slot == b.slot == "type":
        return a.value == b.value
    kinds = {_kind(a), _kind(b)}
    return len(kinds) == 1 or kinds in _ALIKE


def _kind(claim: Claim) -> str:
    return _KIND.get(str(claim.value), str(claim.value)) if claim.slot == "type" else str(claim.value)
