"""Walk through the clauses of a text: polarity, subject and hedging of each claim."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from .claims import ATTRIBUTES, HEADS, PLACES, Claim, Reading, Value
from .clock import NUMBERS
from .cue_words import (
    AFTER_ANSWER,
    AFTER_CLEAR,
    ANSWERS_NO,
    AUXILIARIES,
    BESIDE,
    CLASSES,
    COLONS,
    COMPARED,
    COMPLEMENTS,
    CONTACTS,
    CONTINUES,
    COPULAS,
    COURSES,
    DROPPED,
    ELSE,
    ENCIRCLING,
    ENDS_DENIAL,
    FAULTS,
    FINE,
    JOINED,
    LEAVING,
    LINKS,
    MAYBE,
    MIDDLES,
    NEGATIVE,
    NONE_VERBS,
    NOUN_PHRASE_STARTS,
    NOUNS,
    ONWARD,
    OUTLINES,
    OWN,
    OWN_DENIAL,
    PLAIN_TURNS,
    PREPOSITIONS,
    PRONOUNS,
    QUALITIES,
    REACHING,
    RESTS,
    SHARES,
    SILENT,
    SIZES,
    SUBJECTS,
    THROUGHOUT,
    TOWARD,
    VERB_DENIAL,
    WAYS,
    WHOLES,
    WOULD,
)
from .lexicon import Entry
from .scan import DIRECTIONS, SENTENCE_ENDS, SEPARATORS, Item
from .sides import flank_of

_MOST = 24
_HEADING = 5
"""Words of a heading at most: "Longer: the scratch"."""
_ENOUGH = 1200


class ClauseWalker:
    """Walk the items of a text once, with the polarity and subject of the clause at hand."""

    def __init__(
        self, words: list[str], items: list[Item], reading: Reading, skip: Sequence[bool] | None
    ) -> None:
        self.words, self.items, self.reading, self.skip = words, items, reading, skip
        self.clause = self.sentence = 0
        self.deny = self.outer_deny = ""
        self.aside = False
        self.choice = False
        self.good = False
        self.apart = False
        self.unreal = False
        self.verb_seen = False
        self.cleared = False
        self.segment = 0
        self.previous_from = 0
        self.clause_start = 0
        self.good_ends = False
        self.joined = False
        self.deny_at = self.deny_claims = 0
        self.from_here = 0
        self.faulty = self.aside_deny = False
        self.rejected_at = self.untrue = self.undone = self.passes_at = -1
        self.heading_start = 0
        self.maybe_at = (-1, 0)
        self.than = False

    def run(self) -> None:
        """Read every item; the claims are in the reading then."""
        items = self.items
        for k, (i, j, kind, value) in enumerate(items):
            if kind == "sep":
                self._separator(k, i, value)
            elif self.skip is not None and self.skip[i]:
                continue
            elif kind == "term":
                for entry in value:
                    self._entry(i, j, entry)
            elif kind == "arc":
                if value.length >= 12.0:
                    self._claim("around", "all", True, i, j)
                else:
                    self._claim("arc", value, True, i, j)
            elif not self._measure(i, j):
                self._claim("zone", self._stretch(i, j, value), True, i, j)
        self.reading.sentences = self.sentence + 1
        self._rest()
        self._named_center()

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
            if (
                before[-1:] == ["other"]
                or not RESTS.isdisjoint(before)
                or not (claim.affirmed or SHARES.isdisjoint(before))
            ):
                claim.slot = "rest"

    def _measure(self, i: int, j: int) -> bool:
        """Tell whether a share of the radius is a size and no place: "a gap of 0.3 R", "0.9 R long"."""
        words = self.words
        at = i - 1
        while at > 0 and words[at] in ("about", "roughly", "some", "of", "around", "~", "=", ":", "\u2248"):
            at -= 1
        if words[at] == "by" and (self.apart or self.deny):
            # "clears the axis by 0.3 R"
            return True
        return (at >= 0 and words[at] in SIZES) or (
            j < len(words) and words[j] in ("long", "wide", "thick", "across")
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
        if low == high and before in (["up", "to"], ["out", "to"], ["stops", "at"], ["ends", "at"]):
            return 0.0, high
        if low < high or not before:
            return radius
        if not {"outside", "above", "over", "past", "beyond"}.isdisjoint(before):
            return low, 1.0
        if not {"inside", "within", "below", "until", "before"}.isdisjoint(before):
            return 0.0, high
        return radius

    # -- separators

    def _separator(self, k: int, i: int, mark: str) -> None:
        if self.good and self.good_ends:
            self.good = False
        clause = self.clause
        if mark in COLONS:
            self.heading_start = max(self.clause_start, i - _HEADING)
        self._cut(k, i, mark)
        if self.clause != clause:
            self.clause_start = i + 1

    def _cut(self, k: int, i: int, mark: str) -> None:
        if mark in SENTENCE_ENDS:
            if mark == "." and i and len(self.words[i - 1]) == 1 and self.words[i - 1] in "eig":
                return
            self._new_clause()
            self.sentence += 1
            self.choice = self.cleared = self.aside_deny = False
            return
        if mark == ";":
            self._new_clause()
            return
        if mark == ",":
            self.apart = False
            if self.deny == "contrast" and self.than:
                # "Wider than tall, with a sharp border"
                self.deny = ""
        if mark == "(":
            self.outer_deny = self.deny
            last = self.reading.claims[-1:]
            self.aside_deny = bool(last) and last[0].slot in ATTRIBUTES and last[0].start >= self.deny_at
        elif mark == ")":
            self.aside_deny = False
        if mark == ")" and self.deny != self.outer_deny:
            # A denial inside brackets ends with them.
            self.deny = self.outer_deny
        if mark in ("(", ")", "/", "&", "+"):
            return
        follows_verb, pronoun = self._ahead(k, i)
        if (
            mark in (",", "\u2013")
            and i + 1 < len(self.words)
            and self.words[i + 1] in ("which", "whose", "where")
        ):
            self.aside = bool(self.deny)
            return
        if self.aside and mark == ",":
            self.aside = False
            if self.deny == "contrast":
                self._new_clause()
            return
        if mark in (":", "=", "\u2013"):
            claims = self.reading.claims[self.from_here :]
            if self.passes_at == i and not claims:
                # "Passes: the hub and the rim."
                self._new_clause()
                self.good = True
                return
            if self.rejected_at == i and not claims:
                # "Less likely: a mechanical touch."
                self._new_clause()
                self.deny = "deny"
                return
            short = i - self.clause_start <= _HEADING and len(claims) <= 3
            if (
                claims
                and not self.verb_seen
                and not self.deny
                and all(c.slot in PLACES or (short and c.slot != "cause") for c in claims)
            ):
                # "Rim: a crisp hoop" speaks of one thing.
                return
            good = self.good and not claims
            self._end_denial()
            self._new_clause()
            # "With one exception: ..."
            self.good = good
            return
        if mark in (",", "and", "or"):
            if self.deny and (follows_verb or pronoun or self._adds(i)):
                self._end_denial()
            if follows_verb and self.verb_seen and mark != "or":
                self._new_clause()
        self.segment = len(self.reading.claims)
        self.joined = mark in ("and", "or", "&")

    def _adds(self, i: int) -> bool:
        """Tell whether a list goes on to say what is there as well: "no ring, and in addition a scratch"."""
        following = self.words[i + 1 : i + 3]
        return following == ["in", "addition"] or following[:1] in (["additionally"], ["plus"], ["moreover"])

    def _ahead(self, k: int, i: int) -> tuple[bool, bool]:
        """Tell whether the stretch up to the next separator has a verb, or opens with a pronoun."""
        words, items = self.words, self.items
        first, second = [*words[i + 1 : i + 3], "", ""][:2]
        pronoun = first in PRONOUNS or (first == "the" and second in SUBJECTS)
        only_places = True
        for n in range(k + 1, min(k + 9, len(items))):
            _, _, kind, value = items[n]
            if kind == "sep":
                if value in ("and", "or", ",") and only_places:
                    # "..., and the hub and the edge are clear": a list of places shares its verb.
                    continue
                return False, pronoun
            if kind == "term":
                for slot, _, _ in value:
                    if slot in ("verb", "undone", "unreal"):
                        return True, pronoun
                    if slot in ("turn", "deny", "contrast"):
                        return False, pronoun
                    only_places = only_places and slot in PLACES
        return False, pronoun

    def _new_clause(self) -> None:
        self.clause += 1
        self.deny = ""
        self.verb_seen = False
        self.aside = self.good = self.apart = self.unreal = False
        if self.from_here < len(self.reading.claims):
            self.previous_from = self.from_here
        self.from_here = self.segment = len(self.reading.claims)

    def _end_denial(self) -> None:
        self.deny = ""
        self.aside = False

    # -- terms and cues

    def _entry(self, i: int, j: int, entry: Entry) -> None:
        slot, value, affirmed = entry
        cue = _CUES.get(slot)
        if cue is not None:
            cue(self, i, j)
        elif slot not in SILENT:
            self._term(slot, value, affirmed, i, j)

    def _term(self, slot: str, value: Value, affirmed: bool, i: int, j: int) -> None:
        if self.words[i] not in OWN_DENIAL:
            self._claim(slot, value, affirmed, i, j)
            return
        held, self.deny = self.deny, ""
        self._claim(slot, value, affirmed != (self.untrue == self.sentence), i, j)
        self.deny = held
        # "no geometric shape (such as ring or line)", "no coherent cluster, ring or line": one denial.
        following = self.words[j] if j < len(self.words) else ""
        if slot in HEADS and (value in ("none", "None") or not affirmed) and following in CONTINUES:
            self.deny = "list"

    def _verb(self, i: int, j: int) -> None:
        self.reading.predicates += 1
        self.reading.spoken.add(self.sentence)
        self.verb_seen = True
        words = self.words
        if (
            words[i] == "would"
            and i
            and words[i - 1] not in ("i", "we")
            and j < len(words)
            and words[j] in WOULD
        ):
            self._unreal(i, j)

    def _deny(self, i: int, j: int) -> None:
        words = self.words
        word = words[i]
        if word in ANSWERS_NO and self._denies_heading(i, j):
            return
        if (
            word == "none"
            and j < len(words)
            and words[j] in ("at", "in", "on", "along", "near", "beyond", "inside")
        ):
            self.deny = "deny"
            return
        if word == "none" and j == i + 1 and (j >= len(words) or words[j] not in NONE_VERBS):
            self._claim("type", "None", True, i, j)
            self._claim("shape", "none", True, i, j)
            return
        if word == "no" and (j >= len(words) or words[j] in AFTER_ANSWER):
            return
        # "The plasma is not uniform" still names the plasma.
        self.faulty = j < len(words) and words[j] in FAULTS
        if not self.faulty and (word in VERB_DENIAL or (word == "not" and i and words[i - 1] in AUXILIARIES)):
            # "Heat does not draw lines": the cause that is the subject is ruled out.
            for claim in self.reading.claims[self.from_here :]:
                if claim.slot == "cause":
                    claim.affirmed = False
        # Two denials in one breath cancel ("not without", "isn't un..."); one after another they do not.
        twice = self.deny == "deny" and i - self.deny_at <= 3 and word not in ("nor", "no")
        twice = twice and SEPARATORS.isdisjoint(words[self.deny_at : i])
        self.deny = "" if twice and len(self.reading.claims) == self.deny_claims else "deny"
        self.deny_at, self.deny_claims = j, len(self.reading.claims)

    def _denies_heading(self, i: int, j: int) -> bool:
        """Deny what a heading names: "Clumps: none." Tell whether it is one."""
        words = self.words
        if i < 2 or words[i - 1] not in COLONS or not (j >= len(words) or words[j] in SEPARATORS):
            return False
        headed = [c for c in self.reading.claims[-_MOST:] if c.start >= self.heading_start and c.end <= i]
        for claim in headed:
            claim.affirmed = not claim.affirmed if claim.slot in ATTRIBUTES else False
        return bool(headed) or CLASSES.isdisjoint(words[self.heading_start : i])

    def _contrast(self, i: int, j: int) -> None:
        if (
            self.words[i : i + 1] == ["than"]
            and j < len(self.words)
            and (self.words[j] in NUMBERS or self.words[j][0].isdigit() or self.words[j] in ("half", "a"))
            and self.words[i - 1] in COMPARED
        ):
            # "better than nine dies in ten"
            return
        self.deny = "contrast"
        self.than = self.words[i] == "than"

    def _affirm(self, i: int, j: int) -> None:
        self.deny = ""

    def _apart(self, i: int, j: int) -> None:
        self.apart = True

    def _ruled(self, i: int, j: int) -> None:
        claims = self.reading.claims
        for claim in claims[-_MOST:]:
            near = claim.sentence == self.sentence or claim.clause == self.clause - 1
            if near and (claim.slot == "cause" or claim.slot in HEADS):
                claim.affirmed = False

    def _acquitted(self, i: int, j: int) -> None:
        self.rejected_at = j
        if self.deny == "deny":
            return
        claims = self.reading.claims
        start = self.from_here
        if start >= len(claims):
            # "A transport contact: set aside."
            start = self.previous_from
        for claim in claims[start:]:
            named = claim.slot == "type" and self.words[i] in DROPPED
            if (claim.slot == "cause" or named) and claim.sentence == self.sentence:
                claim.affirmed = False

    def _unreal(self, i: int, j: int) -> None:
        if self.deny != "deny":
            self._counterfactual()

    def _except(self, i: int, j: int) -> None:
        self._new_clause()
        self.clause_start = j
        self.good = True

    def _pattern(self, i: int, j: int) -> None:
        last = self.reading.claims[-1] if self.reading.claims else None
        if self.deny == "deny" and (last is None or last.end != i):
            self.deny = ""
            self._claim("type", "None", True, i, j)
            self._claim("shape", "none", True, i, j)

    def _lone(self, i: int, j: int) -> None:
        # "The edge shows only isolated fails": nothing lies there.
        if not self.deny and any(c.value not in ("none", "full") for c in self._places(self.from_here)):
            self._clear_before()

    def _again(self, i: int, j: int) -> None:
        self.good = self.cleared
        if self.undone == self.sentence:
            # "Edge-Loc is excluded, as is Scratch."
            self.deny = "deny"

    def _bad(self, i: int, j: int) -> None:
        if not self.deny:
            self.reading.failing.add(self.clause)
        if self.deny == "deny" and i - self.deny_at <= 4 and self._places(self.from_here):
            self._clear_before()

    def _turn(self, i: int, j: int) -> None:
        word = self.words[i]
        if word == "if" and "were" in self.words[i : i + 12]:
            self._new_clause()
            self.deny = "deny"
        elif word in ENDS_DENIAL:
            self._end_denial()
        elif word not in PLAIN_TURNS:
            self._new_clause()
            self.clause_start = j

    def _choice(self, i: int, j: int) -> None:
        if self.words[i] == "either" and self.words[j : j + 1] and self.words[j] in SEPARATORS:
            # "It isn't a ring either."
            return
        self.choice = True
        for claim in self.reading.claims[self.from_here :]:
            claim.hedged = True

    def _untrue(self, i: int, j: int) -> None:
        self.untrue = self.sentence
        self.deny = "deny"

    def _undecided(self, i: int, j: int) -> None:
        for claim in self.reading.claims[-_MOST:]:
            if claim.sentence == self.sentence:
                claim.hedged = True
        self.choice = True

    def _hedge(self, i: int, j: int) -> None:
        self.reading.hedges += 1
        if self.words[i] in MAYBE:
            if self.maybe_at[0] == self.sentence and self.maybe_at[1] <= len(self.reading.claims):
                # "Maybe straight, maybe curved"
                self.choice = True
                for claim in self.reading.claims[self.maybe_at[1] :]:
                    claim.hedged = True
            self.maybe_at = (self.sentence, len(self.reading.claims))

    def _sure(self, i: int, j: int) -> None:
        if not self.deny:
            self.reading.sure.append((i, j))

    def _cannot(self, i: int, j: int) -> None:
        self.reading.refuses = True

    def _claim(self, slot: str, value: Value, affirmed: bool, i: int, j: int) -> None:
        words = self.words
        if slot == "zone" and isinstance(value, str):
            if self._anatomy(i, j):
                return
            if value == "center" and j == i + 1 and words[i] == "center" and self._listed(i, j):
                slot, value = "type", "Center"
        elif (slot == "cause" and value == "vague.general") or (
            value == "full" and slot == "zone" and words[i] in THROUGHOUT and self._qualifies(i, j)
        ):
            return
        elif value in ("None", "none") and slot in HEADS and not self.deny and self._plain_place(i):
            # "The right half is unremarkable"
            self._clear_before()
            return
        if len(self.reading.claims) >= _ENOUGH:
            return
        if (self.unreal and slot != "cause") or (self.deny == "contrast" and slot in PLACES):
            return
        if self.deny == "list" and slot not in HEADS and slot != "texture":
            self._end_denial()
        if slot == "border" and self.reading.claims:
            # "The border is ragged" is no place.
            last = self.reading.claims[-1]
            if last.slot == "zone" and i - last.end <= 3 and words[last.end - 1] in OUTLINES:
                self.reading.claims.pop()
        if len(self.reading.claims) - self.from_here >= _MOST:
            # Nobody says so much in one clause; and what looks back over a clause stays bounded.
            self._new_clause()
        if self.deny == "deny" and slot in ATTRIBUTES and self._turns_from_denial(slot, i):
            self._end_denial()
        denied = bool(self.deny) or (slot == "type" and "than" in words[max(0, i - 4) : i])
        if denied and not affirmed:
            # To deny "systematic" is not yet to say "random".
            return
        if slot in HEADS and self._landmark(i):
            slot, denied = "landmark", False
        short = False
        if self.apart:
            # "away from both center and edge" denies both; another slot ends it.
            self.apart = short = slot == "zone"
            if short and words[j : j + 1] == ["by"]:
                # "misses the center by a sixth of the radius"
                return
            denied = denied or self.apart
        elif slot == "zone" and denied:
            short = not REACHING.isdisjoint(words[max(0, i - 4) : i])
        if slot in ATTRIBUTES and self.aside_deny and self.deny == "deny":
            # "not quite straight (a little curve)"
            denied = self.words[i] in OWN_DENIAL
        if slot == "cause" and self.faulty and self.deny == "deny":
            denied = False
        if slot == "type" and i and words[i - 1] == "in" and (i < 2 or words[i - 2] in SENTENCE_ENDS):
            # "In Near-full you find ..." speaks of the class at large.
            denied = True
        claim = Claim(
            slot, value, affirmed != denied, self.choice, i, j, self.clause, self.sentence, self.good, short
        )
        if slot in ("border", "density"):
            claim.side = flank_of(words, slot, i, j)
        if slot in HEADS and not claim.affirmed:
            # "Nor a complete rim ring": the place goes with the noun that is denied.
            claims = self.reading.claims
            while claims and claims[-1].end == i and claims[-1].slot in PLACES and not claims[-1].affirmed:
                claims.pop()
        if self.good and slot in ("zone", "arc", "around"):
            claim.affirmed = not claim.affirmed if self.deny else False
        self.reading.claims.append(claim)

    def _qualifies(self, i: int, j: int) -> bool:
        """Tell whether "throughout" goes with an attribute: "evenly packed throughout"."""
        claims = self.reading.claims
        last = claims[-1] if claims else None
        return last is not None and last.slot in ATTRIBUTES and i - last.end <= 1 and last.affirmed

    def _plain_place(self, i: int) -> bool:
        """Tell whether the clause so far names places alone and calls them so-and-so."""
        so_far = self.reading.claims[self.from_here :]
        return (
            bool(so_far)
            and self.words[i - 1] in COPULAS
            and all(c.slot in PLACES and c.value not in ("full", "none") for c in so_far)
        )

    def _turns_from_denial(self, slot: str, i: int) -> bool:
        """Tell whether a list goes on to say what is there: "without a break, and crisply cut"."""
        words = self.words
        last = self.reading.claims[-1] if self.reading.claims else None
        return (
            last is not None
            and last.start >= self.deny_at
            and last.slot != slot
            and words[self.deny_at - 1] in ("without", "no", "any", "a")
            and "," in words[last.end : i]
            and not NEGATIVE.intersection(words[last.end : i])
        )

    def _landmark(self, i: int) -> bool:
        """Tell whether a feature is named only to say where another one lies: "west of the ring"."""
        words = self.words
        at = i - 1
        while at > max(0, i - 4) and words[at] in LINKS:
            at -= 1
        if at < 1 or at == i - 1:
            return False
        before, earlier = words[at], words[at - 1]
        headed = any(c.slot in HEADS and c.affirmed for c in self.reading.claims[self.from_here :])
        onward = not ONWARD.isdisjoint(words[i + 1 : i + 4])
        if headed and (before in CONTACTS or (before == "from" and (earlier in LEAVING or onward))):
            # "a line that crosses the ring", "runs outwards from the ring"
            return True
        if before in ("beyond", "outside", "inside", "beside"):
            return True
        if before in ("of", "from"):
            return earlier in BESIDE or (before == "of" and earlier in DIRECTIONS)
        return before == "to" and earlier in JOINED

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
        if before in ("below", "above", "beneath") and words[i] in MIDDLES:
            return True
        way = words[max(0, at - 6) : at]
        if before in ("to", "from") and not WAYS.isdisjoint(way) and "all" not in way:
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

    def _undo(self, i: int, j: int) -> None:
        if self._denies_heading(i, j) or self._denies_heading(i, i + 1):
            return
        denied = self.deny == "deny"
        self.rejected_at = j
        self.undone = self.sentence
        for claim in self.reading.claims[self.from_here :]:
            if not denied:
                claim.affirmed = False

    def _counterfactual(self) -> None:
        """Rule out what was named: "A particle would need ...", "ring, line: each would leave ..."."""
        claims = self.reading.claims
        start = max(self.segment, self.from_here)
        if start >= len(claims) and not self.joined:
            start = self.from_here
        if self.from_here >= len(claims) and self._anaphoric():
            start = self.previous_from
        for claim in claims[start:]:
            if claim.slot in HEADS or claim.slot == "cause":
                claim.affirmed = False
        self.unreal = True

    def _passing(self, i: int, j: int) -> None:
        """A word for dies that pass: what stands before it in the clause is clear, or the noun after it."""
        words = self.words
        following = words[j] if j < len(words) else ""
        if words[i] in ("okay", "ok") and words[i - 1] == "," and following in AFTER_ANSWER:
            # "Lower right edge, okay."
            return
        if words[max(0, i - 2) : i] == ["fails", "and"] or words[j : j + 2] == ["and", "fails"]:
            # "Fails and passes interleave."
            return
        self.passes_at = j
        headed = any(c.slot in HEADS and c.affirmed for c in self.reading.claims[self.from_here :])
        if headed and words[i] in FINE:
            # "A band, narrow, flawless and closed"
            return
        if following in NOUNS:
            self._survivors(i, j)
            return
        if (
            following in ("is", "are")
            and i == self.clause_start
            and words[i] in ("good", "clean", "clear", "fine")
        ):
            # "Good is the middle."
            self.good = True
            return
        if words[i] in ("pass", "passes", "passing") and (
            following in DIRECTIONS or following in PREPOSITIONS
        ):
            return
        predicate = i > 0 and (
            words[i - 1] in COPULAS
            or (i > 1 and words[i - 2] in COPULAS and words[i - 1] not in ("a", "the"))
        )
        if predicate:
            claims = self.reading.claims
            if claims and claims[-1].start == i:
                # "the upper half is fine" speaks of no width.
                claims.pop()
        elif words[i] in ("clear", "clean", "good", "fine") and following and following not in SEPARATORS:
            # "a clear ring" is an obvious one; "clear center" is listed as a phrase.
            if following not in AFTER_CLEAR:
                self.apart = True
                return
        elif words[i] in QUALITIES and (
            following and following not in SEPARATORS and following not in AFTER_CLEAR
        ):
            self.apart = True
            return
        if self.deny == "deny" or self.unreal:
            return
        ahead = following in AFTER_CLEAR - {"of", "too", "as"}
        if ahead and not self._places(self.from_here if predicate else self.segment):
            # "empty from 0.35 to 0.88 R"
            self.good = True
            return
        self._clear_before(i)

    def _places(self, start: int) -> list[Claim]:
        return [c for c in self.reading.claims[start:] if c.slot in ("zone", "arc", "around")]

    def _clear_before(self, at: int = 0) -> None:
        """Take what the clause says of places as clear: this stretch and the list of places before it."""
        claims = self.reading.claims
        start = self.segment
        if at and self.words[at - 1] in (":", "="):
            # "Core, mid-radius: clear."
            start = self.from_here
        if self.joined:
            while start > self.from_here and claims[start - 1].slot in ("zone", "arc", "around"):
                start -= 1
        if not self._places(start):
            start = self.from_here
            if not self._places(start) and self._anaphoric() and not self._of_else(self.clause_start):
                start = self.previous_from
        if not self._places(start):
            return
        for claim in claims[start:]:
            if claim.slot in ("zone", "arc", "around"):
                claim.affirmed = False
            elif claim.slot not in ("type", "cause"):
                claim.good = True
        self.cleared = True

    def _of_else(self, start: int) -> bool:
        """Tell whether the clause speaks of all the rest: "everything else is fine"."""
        return not ELSE.isdisjoint(self.words[start : start + 5])

    def _anaphoric(self) -> bool:
        """Tell whether the clause speaks of what the one before named: "that stretch passes"."""
        if not COMPLEMENTS.isdisjoint(self.words[max(0, self.clause_start - 3) : self.clause_start]):
            # "Inside of that it is clean."
            return False
        return self.clause_start < len(self.words) and self.words[self.clause_start] in (
            "that",
            "this",
            "it",
            "they",
            "these",
            "those",
            "both",
            "which",
            "each",
            "all",
            "any",
            "none",
            "such",
        )

    def _survivors(self, i: int, j: int) -> None:
        words = self.words
        if self.deny == "deny" or words[j : j + 1] == [":"]:
            return
        if words[max(0, i - 2) : i] == ["fails", "and"] or words[j : j + 2] == ["and", "fails"]:
            return
        if {words[i - 1], words[i - 2]} & {"are", "is"} and self._places(self.from_here):
            # "Those dies are the passing ones."
            self._clear_before()
            return
        so_far = self.reading.claims[self.from_here :]
        if (
            so_far
            and not self.verb_seen
            and words[i - 1] in SEPARATORS
            and all(c.slot in PLACES for c in so_far)
        ):
            # "In between: good dies."
            self._clear_before()
            return
        at = i - 1
        while at > self.clause_start and words[at] not in SEPARATORS and words[at] not in NOUN_PHRASE_STARTS:
            at -= 1
        subject = not self.verb_seen and at <= self.clause_start + 1
        for claim in self.reading.claims[self.from_here :]:
            if claim.start >= at:
                if claim.slot in ("zone", "arc", "around"):
                    claim.affirmed = False
                claim.good = True
        self.good = True
        self.good_ends = not subject


_CUES: dict[str, Callable[[ClauseWalker, int, int], None]] = {
    "verb": ClauseWalker._verb,
    "deny": ClauseWalker._deny,
    "contrast": ClauseWalker._contrast,
    "affirm": ClauseWalker._affirm,
    "apart": ClauseWalker._apart,
    "undone": ClauseWalker._undo,
    "ruled": ClauseWalker._ruled,
    "acquitted": ClauseWalker._acquitted,
    "unreal": ClauseWalker._unreal,
    "except": ClauseWalker._except,
    "pattern": ClauseWalker._pattern,
    "good": ClauseWalker._passing,
    "survivors": ClauseWalker._survivors,
    "lone": ClauseWalker._lone,
    "again": ClauseWalker._again,
    "bad": ClauseWalker._bad,
    "turn": ClauseWalker._turn,
    "choice": ClauseWalker._choice,
    "untrue": ClauseWalker._untrue,
    "undecided": ClauseWalker._undecided,
    "hedge": ClauseWalker._hedge,
    "sure": ClauseWalker._sure,
    "cannot": ClauseWalker._cannot,
}
