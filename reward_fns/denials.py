"""Words that deny what follows them or what went before."""

from __future__ import annotations

from .claims import ATTRIBUTES, HEADS, PLACES, Claim
from .clause_state import MOST_CLAIMS, ClauseState
from .clock import NUMBERS
from .cue_words import (
    AFTER_ANSWER,
    ANSWERS_NO,
    AUXILIARIES,
    CLASSES,
    COLONS,
    COMPARED,
    CONTACT_NOUNS,
    DROPPED,
    EVENLY,
    FAULTS,
    GUESSES,
    NONE_VERBS,
    RELATIVES,
    VERB_DENIAL,
)
from .scan import SEPARATORS
from .text import BREAK

_HEADING = 8
_NOTHING = frozenset(("none.general", "None", "none"))


class Denials(ClauseState):
    """Reads denials, contrasts and what is ruled out."""

    def _deny(self, i: int, j: int) -> None:
        words = self.words
        word = words[i]
        if word in ANSWERS_NO and self._denies_heading(i, j):
            return
        if word == "other":
            claims = self.reading.claims
            if claims and claims[-1].end == i and claims[-1].value in _NOTHING:
                claims.pop()
                self.other_at = i
            if self.deny == "deny" or self.other_at == i:
                # "No cause other than the pad"
                self.deny, self.other_at = "", i
                return
        if (
            word == "none"
            and j < len(words)
            and words[j] in ("at", "in", "on", "along", "near", "beyond", "inside")
        ):
            self.deny = "deny"
            return
        if word == "none" and i and words[i - 1] in ("has", "have", "had"):
            # "A Donut has a hole; this has none."
            return
        if word == "none" and j == i + 1 and (j >= len(words) or words[j] not in NONE_VERBS):
            self._claim("type", "None", True, i, j)
            self._claim("shape", "none", True, i, j)
            return
        if word == "no" and (j >= len(words) or words[j] in AFTER_ANSWER):
            self._answered_no(i)
            return
        # "The plasma is not uniform", "a furnace not heating evenly" still name the plasma and the furnace.
        self.faulty = not FAULTS.isdisjoint(words[j : j + 1]) or (
            word in ("not", "isn't") and not EVENLY.isdisjoint(words[j : j + 3])
        )
        subject = i > 1 and words[i - 2] in RELATIVES
        if subject:
            # "a puddle that did not spread" is there.
            self.faulty = True
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

    def _heads_list(self, i: int) -> None:
        """At the end of a line, note whether it heads a list of what is rejected: "Ruled out:"."""
        silent = len(self.reading.claims) == self.from_here
        if silent and self.deny == "deny" and i - self.clause_start <= _HEADING:
            self.rejecting = True
        following = self.words[i + 1 : i + 3]
        if not (following[:1] in (["-"], [BREAK]) or (following[:1] and following[0].isdigit())):
            self.rejecting = False
        elif silent and not self.deny and following[:1] != [BREAK]:
            # Another heading.
            self.rejecting = False

    def _denies_heading(self, i: int, j: int) -> bool:
        """Deny what a heading names: "Clumps: none." Tell whether it is one."""
        words = self.words
        if i < 2 or words[i - 1] not in COLONS or not (j >= len(words) or words[j] in SEPARATORS):
            return False
        headed = [
            c for c in self.reading.claims[-MOST_CLAIMS:] if c.start >= self.heading_start and c.end <= i
        ]
        if headed and not CONTACT_NOUNS.isdisjoint(words[self.heading_start : i]):
            self._no_contact(headed, i)
            return True
        for claim in headed:
            claim.affirmed = not claim.affirmed if claim.slot in ATTRIBUTES else False
        return bool(headed) or CLASSES.isdisjoint(words[self.heading_start : i])

    def _no_contact(self, headed: list[Claim], i: int) -> None:
        """Take "contact with the ring: none" for apart from it: what is named is only a landmark."""
        for claim in headed:
            if claim.slot in HEADS:
                claim.slot = "landmark"
            elif claim.slot in PLACES:
                claim.affirmed, claim.short = False, True
            elif claim.slot == "texture" and claim.value == "touching":
                claim.value = "separate"
        if not any(c.slot == "texture" for c in headed):
            self._claim("texture", "separate", True, i, i + 1)

    def _answered_no(self, i: int) -> None:
        """Deny the noun right before a bare no: "Ring yes, middle no."."""
        last = self.reading.claims[-1] if self.reading.claims else None
        if last is not None and last.end == i and last.clause == self.clause and not self.deny:
            last.affirmed = False
            last.short = last.slot == "zone"

    def _contrast(self, i: int, j: int) -> None:
        if (
            self.words[i : i + 1] == ["than"]
            and j < len(self.words)
            and (self.words[j] in NUMBERS or self.words[j][0].isdigit() or self.words[j] in ("half", "a"))
            and self.words[i - 1] in COMPARED
        ):
            # "better than nine dies in ten"
            return
        if self.other_at == i:
            return
        self.deny = "contrast"
        self.than = "than" in self.words[i:j]

    def _affirm(self, i: int, j: int) -> None:
        self.deny = ""

    def _apart(self, i: int, j: int) -> None:
        self.apart = True

    def _ruled(self, i: int, j: int) -> None:
        claims = self.reading.claims
        for claim in claims[-MOST_CLAIMS:]:
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
            if i > self.clause_start + 1 and not self._anaphoric() and self.clause_start:
                # "Perhaps a bubble; drifts make no spots" acquits the drifts.
                return
            # "A transport contact: set aside."
            start = self.previous_from
        for claim in claims[start:]:
            named = claim.slot == "type" and self.words[i] in DROPPED
            if claim.value in _NOTHING:
                continue
            if (claim.slot == "cause" or named) and claim.sentence == self.sentence:
                claim.affirmed = False

    def _unreal(self, i: int, j: int) -> None:
        if self.deny != "deny":
            self._counterfactual()

    def _undo(self, i: int, j: int) -> None:
        if self._denies_heading(i, j) or self._denies_heading(i, i + 1):
            return
        # "A ring isn't there" denies once, what went before.
        words = self.words
        denied = self.deny == "deny" and not (self.deny_at == j and words[j - 1] == "there")
        self.rejected_at = j
        self.undone = self.sentence
        # "The nozzle is out of tune", "the head pressure is wrong" blame the nozzle and the head.
        fault = self.words[j : j + 1] == ["of"] or (
            self.words[j - 1] == "wrong" and GUESSES.isdisjoint(self.words[self.clause_start : i])
        )
        for claim in self.reading.claims[self.from_here :]:
            if not denied and not (fault and claim.slot == "cause"):
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

    def _untrue(self, i: int, j: int) -> None:
        self.untrue = self.sentence
        self.deny = "deny"

    def _pattern(self, i: int, j: int) -> None:
        last = self.reading.claims[-1] if self.reading.claims else None
        if self.deny == "deny" and (last is None or last.end != i):
            self.deny = ""
            self._claim("type", "None", True, i, j)
            self._claim("shape", "none", True, i, j)
