"""What an answer leaves open, is sure of, or refuses to say."""

from __future__ import annotations

from .clause_state import MOST_CLAIMS
from .cue_words import MAYBE
from .mentions import Mentions
from .scan import SEPARATORS


class Doubts(Mentions):
    """Cues of choice, hedging, certainty and refusal."""

    def _choice(self, i: int, j: int) -> None:
        if self.words[i] == "either" and self.words[j : j + 1] and self.words[j] in SEPARATORS:
            # "It isn't a ring either."
            return
        self.choice = True
        for claim in self.reading.claims[self.from_here :]:
            claim.hedged = True

    def _undecided(self, i: int, j: int) -> None:
        for claim in self.reading.claims[-MOST_CLAIMS:]:
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
        if not self.deny and self.words[j : j + 1] not in (["not"], ["no"], ["nothing"]):
            # "Certainly not heat" is no certainty about what it is.
            self.reading.sure.append((i, j))

    def _cannot(self, i: int, j: int) -> None:
        self.reading.refuses = True
