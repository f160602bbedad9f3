"""Tell places of the defect from sizes, landmarks and parts of it."""

from __future__ import annotations

import itertools

from .claims import HEADS, PLACES, Claim, Value
from .clear_places import ClearPlaces
from .cue_words import (
    BESIDE,
    CONTACTS,
    COPULAS,
    COURSES,
    ENCIRCLING,
    HEADING,
    JOINED,
    LEAVING,
    LINKS,
    MIDDLES,
    ONWARD,
    OUTLINES,
    OWN,
    PREPOSITIONS,
    RESTS,
    SHARES,
    SIZES,
    TOWARD,
    WAYS,
    WHOLES,
)
from .scan import DIRECTIONS, SENTENCE_ENDS, SEPARATORS
from .words import word_set

_ENDING = frozenset(
    (verb, link)
    for verb in word_set(
        "stops stop ends end finishes finish finishing ending stopping out off away halts quits halt quit up"
    )
    for link in ("at", "after", "before", "by", "near")
) | {("up", "to"), ("out", "to"), ("reaches", "to"), ("extends", "to"), ("up", "until"), ("out", "until")}
_DISCS = word_set("stops ends")
_RELATIONS = {"across": "touching", "through": "touching", "outside": "separate"}
_TORI = word_set("donut doughnut annulus torus toroid")
_WITHIN_RING: dict[str, tuple[float, float]] = {
    "inside": (0.0, 0.4),
    "outside": (0.6, 1.0),
    "beyond": (0.6, 1.0),
}
_END_OF: dict[Value, Value] = {"center": (0.0, 0.0), "edge": (1.0, 1.0)}
_FROM = word_set("from out begins starts begin start beginning starting between")
_UNTIL = word_set("to until till toward towards and reaching")
_NEAR, _FAR = 4, 9
"""How near the words stand that join two places, and how far apart the places are at most."""
_SIDES = word_set("further farther out outside outward inside inward nearer closer beyond in")
_WALKS = word_set("you one i we go going move moving walk walking")


class Placing(ClearPlaces):
    """Reads how a place is meant."""

    def _measure(self, i: int, j: int) -> bool:
        """Tell whether a share of the radius is a size and no place: "a gap of 0.3 R", "0.9 R long"."""
        words = self.words
        at = i - 1
        while at > 0 and words[at] in ("about", "roughly", "some", "of", "around", "~", "=", ":", "\u2248"):
            at -= 1
        if words[at] == "by" and (self.apart or self.deny):
            # "clears the axis by 0.3 R"
            return True
        last = self.reading.claims[-1] if self.reading.claims else None
        if (
            last is not None
            and last.slot == "width"
            and i - last.end <= 5
            and PREPOSITIONS.isdisjoint(words[last.end : i])
            and SEPARATORS.isdisjoint(words[last.end : i])
        ):
            # "a slim hoop, less than a tenth of R"
            return True
        return (at >= 0 and words[at] in SIZES) or (
            j < len(words)
            and (
                words[j] in ("long", "wide", "thick", "across", "diameter")
                or words[j : j + 2] in (["in", "diameter"], ["edge", "to"])
            )
        )

    def _stretch(self, i: int, j: int, radius: tuple[float, float]) -> tuple[float, float]:
        """Open a single radius to the side the words before it point to."""
        low, high = radius
        at = i
        while at > 0 and self.words[at - 1] in (
            "about",
            "roughly",
            "some",
            "around",
            "~",
            "\u2248",
            "approx",
        ):
            at -= 1
        before = self.words[max(0, at - 2) : at]
        following = self.words[j : j + 1]
        if low == high and following in (["outward"], ["outwards"], ["upward"], ["upwards"]):
            return low, 1.0
        if low == high and following in (["inward"], ["inwards"], ["downwards"]):
            return 0.0, high
        deep = following == ["deep"] or self.words[j : j + 2] == ["in", "depth"]
        if deep or "depth" in self.words[max(self.clause_start, at - 6) : at]:
            # How deep it goes is counted from the rim.
            return max(0.0, 1.0 - high), 1.0
        if low == high and following == ["radius"]:
            return 0.0, high
        if low == high and tuple(before) in _ENDING:
            begun = self._begun(high)
            # What just ends somewhere may be a line.
            return (begun, high) if begun or before[1] in ("to", "until") or before[0] in _DISCS else radius
        if low < high or not before:
            return radius
        if not {"outside", "above", "over", "past", "beyond"}.isdisjoint(before):
            return low, 1.0
        if not {"inside", "within", "below", "until", "before"}.isdisjoint(before):
            return 0.0, high
        return radius

    def _begun(self, high: float) -> float:
        """Return where the stretch that ends here begins: "begins at 0.45 R and ends at 0.7 R"."""
        last = self.reading.claims[-1] if self.reading.claims else None
        if last is None or last.slot != "zone" or last.sentence != self.sentence or not last.affirmed:
            return 0.0
        if not isinstance(last.value, tuple) or last.value[0] != last.value[1] or last.value[0] >= high:
            return 0.0
        last.value = (last.value[0], high)
        return last.value[0]

    def _extents(self) -> None:
        """Join where a thing begins and where it ends: "from the rim inward to 0.7 R"."""
        claims, words = self.reading.claims, self.words
        places = [c for c in claims if c.slot == "zone" and c.affirmed and not c.good]
        for first, second in itertools.pairwise(places):
            ends = [_END_OF.get(c.value, c.value) for c in (first, second)]
            low, high = ends
            if not isinstance(low, tuple) or not isinstance(high, tuple) or first.clause != second.clause:
                continue
            if isinstance(first.value, str) and isinstance(second.value, str):
                continue
            between = words[first.end : second.start]
            if (
                len(between) > _FAR
                or _UNTIL.isdisjoint(between[-_NEAR:])
                or _FROM.isdisjoint(words[max(0, first.start - _NEAR) : first.start])
            ):
                continue
            # Where it ends is the nearer end of what is named: "as far as the edge" is all of it.
            first.value = (min(low[0], high[0]), max(low[1], high[1]))
            first.end = second.end
            claims[:] = [c for c in claims if c is not second]

    def _heads_anew(self, i: int) -> bool:
        """Open a clause where a list names the next thing: "ring = rim, clump = halfway"."""
        claims, start = self.reading.claims, self.segment
        if self.verb_seen or self.deny or not self.from_here < start < len(claims):
            return False
        if not any(c.slot in PLACES for c in claims[self.from_here : start]):
            # "Ring, line, blob: each of these ..."
            return False
        if i - claims[start].start > HEADING or not any(c.slot in HEADS for c in claims[start:]):
            return False
        self._new_clause()
        for claim in claims[start:]:
            claim.clause = self.clause
        self.from_here = self.segment = start
        return True

    def _landmark(self, i: int) -> bool:
        """Tell whether a feature is named only to say where another one lies: "west of the ring"."""
        words = self.words
        at = i - 1
        while at > max(0, i - 4) and words[at] in LINKS:
            at -= 1
        if at < 0 or at == i - 1:
            return False
        before, earlier = words[at], words[at - 1] if at else ""
        if before in ("than", "with", "to") and not _SIDES.isdisjoint(words[max(0, at - 4) : at]):
            # "further out than the ring", "more outside compared with the donut"
            return before == "than" or earlier in ("compared", "relative")
        onward = before == "from" and not ONWARD.isdisjoint(words[i + 1 : i + 4])
        leaves = onward or (before == "from" and earlier in LEAVING)
        if (before in CONTACTS or leaves) and (
            words[self.clause_start] == "it"
            or earlier == "without"
            or any(c.slot in HEADS and c.affirmed for c in self.reading.claims[self.from_here :])
        ):
            # "a line that crosses the ring", "runs outwards from the ring"
            return True
        if before in ("beyond", "outside", "inside", "beside"):
            return True
        if before in ("of", "from"):
            return earlier in BESIDE or (before == "of" and earlier in DIRECTIONS)
        return before == "to" and earlier in JOINED

    def _contact(self, denied: bool, i: int, j: int) -> None:
        """Take "outside the patch" for apart from it, and "across the patch" for in contact."""
        words = self.words
        at = i - 1
        while at > max(0, i - 4) and words[at] in LINKS:
            at -= 1
        within = _WITHIN_RING.get(words[at]) if words[i] in _TORI else None
        if within is not None and not denied:
            # "beyond the donut": a ring at half radius tells how far out that is.
            self.reading.claims.append(
                Claim("zone", within, not self.good, self.choice, at, i, self.clause, self.sentence)
            )
        value = _RELATIONS.get(words[at])
        if value:
            self.reading.claims.append(
                Claim("texture", value, not denied, self.choice, at, i, self.clause, self.sentence)
            )

    def _listed(self, i: int, j: int) -> bool:
        """Tell whether a word stands alone in a list, as a class name does."""
        words = self.words
        before, after = words[i - 1] if i else ",", words[j] if j < len(words) else ","
        if after == ":":
            return False
        return (before in SEPARATORS or before in ("of", "combines", "plus", "no", "classes")) and (
            after in SEPARATORS or after in ("plus", "type", "with")
        )

    def _anatomy(self, i: int, j: int) -> bool:
        """Tell whether a zone word names a part of the feature, or where it points, not where it is."""
        words = self.words
        at = i - 2 if i > 1 and words[i - 1] == "the" else i - 1
        before = words[at] if at >= 0 else ""
        if (
            before == "from"
            and at > 0
            and words[at - 1] in ("r", "radius", "radii", "out", "outward", "distance")
        ):
            # "0.5 R from the hub" measures from there.
            return True
        if before == "and" and "between" in words[max(0, i - 9) : i]:
            # "between the contour of the clump and the border"
            return True
        if before in ("nearer", "closer", "nearest", "closest"):
            return True
        if before == "from" and j < len(words) and words[j] in _WALKS:
            # "From the middle you go towards two."
            return True
        if before == "across" and at > 0 and words[at - 1] == "other":
            # "They face each other across the hub."
            return True
        if before == "to" and at > 0 and words[at - 1] in ("nearest", "closest"):
            # "the part nearest to the edge"
            return True
        if before in ("below", "above", "beneath") and words[i] in MIDDLES:
            return True
        if before in ("to", "from"):
            way = words[max(0, at - 6) : at]
            if not WAYS.isdisjoint(way) and "all" not in way:
                # "halfway on the way from the axis to the border"
                return True
        claims = self.reading.claims
        last = claims[-1] if claims else None
        if last is not None and last.slot == "border" and last.end == i and words[i] in OUTLINES:
            # "diffuse borders"
            return True
        if before in TOWARD or before in OWN:
            return True
        if (
            j + 1 < len(words)
            and words[j] == "of"
            and words[j + 1] in ("the", "this", "that", "a", "its", "it")
        ):
            target = words[j + 2] if j + 2 < len(words) else ""
            return target not in WHOLES
        if before == "of" and at > 0 and words[at - 1] in DIRECTIONS and words[i] in MIDDLES:
            # "left of center"
            return True
        if before in ("round", "around", "past", "by") and not COURSES.isdisjoint(words[max(0, at - 3) : at]):
            # "swings round the core"
            return words[i] in MIDDLES
        return (
            before in ENCIRCLING
            and words[i] in MIDDLES
            and any(c.value in ("ring", "Donut") for c in self.reading.claims[self.from_here :])
        )

    def _plain_place(self, i: int) -> bool:
        """Tell whether the clause so far names places alone and calls them so-and-so."""
        so_far = self.reading.claims[self.from_here :]
        return (
            bool(so_far)
            and (
                self.words[i - 1] in COPULAS or so_far[-1].end == i or self.words[i - 1] in (":", "=", "and")
            )
            and all(c.slot in PLACES and c.value not in ("full", "none") for c in so_far)
        )

    def _named_center(self) -> None:
        """Take "center" in a list of places for a place: "center, half radius, rim"."""
        claims = self.reading.claims
        for n, claim in enumerate(claims):
            if (
                claim.value == "Center"
                and claim.end == claim.start + 1
                and self.words[claim.start] == "center"
            ):
                near = [*claims[max(0, n - 1) : n], *claims[n + 1 : n + 2]]
                place = next((c for c in near if c.slot == "zone" and abs(c.start - claim.start) <= 4), None)
                if place is not None and not any(c.slot == "type" and c is not claim for c in claims):
                    claim.slot, claim.value = "zone", "center"
                    if place.start < claim.start:
                        claim.affirmed, claim.good, claim.short = place.affirmed, place.good, place.short

    def _rest(self) -> None:
        """Set apart what is said of the rest of a place: "the remaining rim is clean"."""
        for claim in self.reading.claims:
            if claim.slot != "zone":
                continue
            before = self.words[max(0, claim.start - 4) : claim.start]
            before = before[
                1 + max((n for n, word in enumerate(before) if word in SENTENCE_ENDS), default=-1) :
            ]
            if (
                before[-1:] == ["other"]
                or not RESTS.isdisjoint(before)
                or not (claim.affirmed or SHARES.isdisjoint(before))
            ):
                claim.slot = "rest"
