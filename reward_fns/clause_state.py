"""The state of the walk through the clauses of a text."""

from __future__ import annotations

from collections.abc import Sequence

from .claims import Claim, Reading, Value
from .cue_words import COMPLEMENTS, ELSE
from .scan import Item

MOST_CLAIMS = 24
"""Claims of one clause at most, so that what looks back over a clause stays bounded."""


class ClauseState:
    """What is known while the clauses of a text are walked: polarity, subject, and what to look back on."""

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
        self.faulty = self.aside_deny = self.rejecting = False
        self.rejected_at = self.untrue = self.undone = self.passes_at = self.fails_at = -1
        self.heading_start = 0
        self.maybe_at = (-1, 0)
        self.than = False
        self.at_item = 0
        self.other_at = self.picked_at = -1
        self.choices: Sequence[Claim] = ()

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

    def _places(self, start: int) -> list[Claim]:
        return [c for c in self.reading.claims[start:] if c.slot in ("zone", "arc", "around")]

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

    def _of_else(self, start: int) -> bool:
        """Tell whether the clause speaks of all the rest: "everything else is fine"."""
        return not ELSE.isdisjoint(self.words[start : start + 5])

    def _claim(self, slot: str, value: Value, affirmed: bool, i: int, j: int) -> None:
        raise NotImplementedError
