"""Words for dies that pass, and which places they call clear."""

from __future__ import annotations

from .claims import HEADS, PLACES
from .clause_state import MOST_CLAIMS
from .cue_words import (
    AFTER_ANSWER,
    AFTER_CLEAR,
    COPULAS,
    ELSE,
    FINE,
    LIVING,
    NOUN_PHRASE_STARTS,
    NOUNS,
    PREPOSITIONS,
    QUALITIES,
)
from .denials import Denials
from .scan import DIRECTIONS, SENTENCE_ENDS, SEPARATORS

_RECENT = 12
_LONGEST = 40
"""Words a noun phrase has at most; a bound for noise."""
_SOLID = frozenset(("arc", "blob", "line", "scatter"))


class ClearPlaces(Denials):
    """Reads which places are clear."""

    def _except(self, i: int, j: int) -> None:
        # "Nothing stands out, except for a short line": here the exception is what fails.
        sound = any(
            c.affirmed and c.value in ("None", "none") and c.sentence == self.sentence
            for c in self.reading.claims[-_RECENT:]
        )
        self._new_clause()
        self.clause_start = j
        self.good = not sound

    def _aside(self, i: int, j: int) -> None:
        # "Take away the hub: what remains is good."
        self.reading.failing.add(self.clause)

    def _rest_dead(self, i: int, j: int) -> None:
        """Take what was named before as passing: "Just a sliver at the north rim. The rest is dead."."""
        claims = self.reading.claims
        start = self.from_here if self.from_here < len(claims) else self.previous_from
        if self.good or self.deny or any(c.good or not c.affirmed for c in claims[start:]):
            return
        for claim in claims[start:]:
            claim.good = True
            if claim.slot in PLACES:
                claim.affirmed = False

    def _lone(self, i: int, j: int) -> None:
        # "The edge shows only isolated fails": nothing lies there.
        if not self.deny and any(c.value not in ("none", "full") for c in self._places(self.from_here)):
            self._clear_before()

    def _again(self, i: int, j: int) -> None:
        last = self.reading.claims[-_RECENT:]
        self.good = self.cleared or any(
            c.slot == "zone" and not c.affirmed and c.sentence == self.sentence for c in last
        )
        if self.undone == self.sentence:
            # "Edge-Loc is excluded, as is Scratch."
            self.deny = "deny"

    def _too(self, i: int, j: int) -> None:
        """Take a place for clear as the ones before it: "the margins pass, and the middle does too"."""
        claims, start = self.reading.claims, self.segment
        here = claims[start:]
        if self.deny or self.good or not here or self.clause in self.reading.failing:
            return
        before = claims[max(0, start - _RECENT) : start]
        if (
            before
            and before[-1].sentence == self.sentence
            and all(c.slot in PLACES and c.affirmed for c in here)
        ):
            last = [c for c in before if c.sentence == self.sentence and c.slot in PLACES]
            if (last and not last[-1].affirmed) or self.passes_at > self.clause_start:
                for claim in here:
                    claim.affirmed = False

    def _bad(self, i: int, j: int) -> None:
        self.fails_at = j
        if not self.deny and "between" not in self.words[max(self.clause_start, i - 3) : i]:
            # "The zone between the failing hub and the ring is clean"
            self.reading.failing.add(self.clause)
        if self.deny == "deny" and i - self.deny_at <= 4 and self._places(self.from_here):
            self._clear_before()

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
        if words[i] == "normal" and (i == 0 or words[i - 1] in SENTENCE_ENDS) and following in ("", "."):
            # A verdict of one word.
            self._claim("type", "None", True, i, j)
            return
        if words[i] in FINE and any(
            c.slot in HEADS and c.affirmed for c in self.reading.claims[self.from_here :]
        ):
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
        if words[i] in ("pass", "passes", "passing", "live", "lives", "living") and (
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
        elif words[i] in LIVING and self._before_shape(j):
            # "one narrow green eyebrow", "a healthy hole"
            self._survivors(i, j)
            return
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
        if self.deny == "deny" and self.untrue == self.sentence:
            # "I would not say that the center is spared": it fails.
            for claim in self._places(self.from_here):
                claim.affirmed = True
            return
        if self.deny == "deny" or self.unreal:
            return
        ahead = following in AFTER_CLEAR and following not in ("of", "too", "as")
        if ahead and not self._places(self.from_here if predicate else self.segment):
            # "empty from 0.35 to 0.88 R"
            self.good = True
            return
        self._clear_before(i)

    def _before_shape(self, j: int) -> bool:
        """Tell whether a noun for a solid shape begins at a token."""
        items, k = self.items, self.at_item + 1
        return (
            k < len(items)
            and items[k][0] == j
            and items[k][2] == "term"
            and any(slot == "shape" and value in _SOLID for slot, value, _ in items[k][3])
        )

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
            if self.clause in self.reading.failing and at and self._else_before(at):
                # "Core bad, rim bad, other OK"
                return
            start = self.from_here
            if not self._places(start) and self._anaphoric() and not self._of_else(self.clause_start):
                start = self.previous_from
        if not self._places(start):
            return
        for claim in claims[start:]:
            if claim.value == "full" and self._of_else(max(0, self.clause_start - 3)):
                # "What remains, all of it, is good."
                claim.slot, claim.good = "rest", True
            elif claim.slot in ("zone", "arc", "around"):
                claim.affirmed = False
            elif claim.slot not in ("type", "cause"):
                claim.good = True
        self.cleared = True

    def _next_to_nothing(self, i: int, j: int) -> bool:
        """Tell whether a share is that of stray fails in a place: "below 0.9 R: 1 %"."""
        words, number = self.words, self.words[i]
        return (
            not self.deny
            and words[j - 1] in ("%", "percent")
            and number[:1] in ("0", "1", "2")
            and len(number.split(".")[0]) == 1
            and words[i - 1] in (":", "=", "only", "just", "is")
            and all(c.slot in PLACES for c in self.reading.claims[self.from_here :])
        )

    def _else_before(self, at: int) -> bool:
        """Tell whether the stretch that ends here speaks of all the rest."""
        for word in reversed(self.words[max(0, at - 5) : at]):
            if word in SEPARATORS:
                return False
            if word in ELSE:
                return True
        return False

    def _survivors(self, i: int, j: int) -> None:
        words = self.words
        if self.deny == "deny" or words[j : j + 1] == [":"]:
            return
        if words[max(0, i - 2) : i] == ["fails", "and"] or words[j : j + 2] == ["and", "fails"]:
            return
        if {"are", "is"}.intersection(words[max(0, i - 2) : i]) and self._places(self.from_here):
            # "Those dies are the passing ones."
            self._clear_before()
            return
        so_far = self.reading.claims[max(self.from_here, len(self.reading.claims) - MOST_CLAIMS) :]
        if (
            so_far
            and not self.verb_seen
            and words[i - 1] in SEPARATORS
            and all(c.slot in PLACES for c in so_far)
        ):
            # "In between: good dies."
            self._clear_before()
            return
        at, first = i - 1, max(self.clause_start, i - _LONGEST)
        while at > first and words[at] not in SEPARATORS and words[at] not in NOUN_PHRASE_STARTS:
            at -= 1
        subject = not self.verb_seen and at <= self.clause_start + 1
        for claim in so_far:
            if claim.start >= at:
                if claim.slot in ("zone", "arc", "around"):
                    claim.affirmed = False
                claim.good = True
        self.good = True
        self.good_ends = not subject
