"""What a text claims, as data."""

from __future__ import annotations

from dataclasses import dataclass, field

from .angles import Arc

Value = str | Arc | tuple[float, float]


@dataclass(slots=True, init=False)
class Claim:
    """One thing an answer says; its `__init__` is written out, since only so it can be compiled.

    Attributes:
        slot: `type`, `shape`, `zone`, `arc`, `around`, `density`, ..., or `cause`.
        value: The canonical value; an `Arc` for a direction, a pair of radii for a stretch of r/R.
        affirmed: Whether it is asserted; False when it is denied or ruled out by contrast.
        hedged: Whether it is one of several readings left open.
        start: First token.
        end: Token after the last.
        clause: Clause it stands in; clauses are counted through the text.
        sentence: Sentence it stands in.
        good: Whether it is said of dies that pass.
        short: Whether a zone is only not reached: "does not touch the edge" leaves its own state open.
        side: Flank of the feature it goes with, `in` or `out`: "its inner border is sharp".
    """

    slot: str
    value: Value
    affirmed: bool
    hedged: bool
    start: int
    end: int
    clause: int
    sentence: int
    good: bool
    short: bool
    side: str

    def __init__(
        self,
        slot: str,
        value: Value,
        affirmed: bool,
        hedged: bool,
        start: int,
        end: int,
        clause: int,
        sentence: int,
        good: bool = False,
        short: bool = False,
        side: str = "",
    ) -> None:
        self.slot, self.value, self.affirmed, self.hedged = slot, value, affirmed, hedged
        self.start, self.end, self.clause, self.sentence = start, end, clause, sentence
        self.good, self.short, self.side = good, short, side


@dataclass(slots=True)
class Feature:
    """Claims about one thing on the wafer."""

    claims: list[Claim]
    sentence: int

    def values(self, slot: str, affirmed: bool = True) -> list[Value]:
        """Return what is said of a slot."""
        return [c.value for c in self.claims if c.slot == slot and c.affirmed == affirmed and not c.good]


@dataclass(slots=True)
class Reading:
    """What a text claims.

    Attributes:
        claims: Every claim in order.
        features: The claims grouped by the thing they are about.
        words: The tokens read.
        opening: +1 when the text opens with yes, -1 with no, 0 otherwise.
        sure: Token spans that state certainty.
        hedges: Number of words that hedge.
        refuses: Whether it says that it cannot answer.
        sentences: Number of sentences.
        predicates: Number of verbs.
        spoken: Sentences with a verb.
        failing: Clauses that say of dies that they fail.
    """

    claims: list[Claim]
    features: list[Feature]
    words: list[str]
    opening: int = 0
    sure: list[tuple[int, int]] = field(default_factory=list)
    hedges: int = 0
    refuses: bool = False
    sentences: int = 0
    predicates: int = 0
    spoken: set[int] = field(default_factory=set)
    failing: set[int] = field(default_factory=set)

    @property
    def stated(self) -> bool:
        """Whether any claim stands in a sentence with a verb, rather than in a bare list."""
        return any(claim.sentence in self.spoken for claim in self.claims)


PLACES = frozenset(("zone", "arc", "around"))
ATTRIBUTES = ("density", "closure", "border", "width", "size", "length", "texture")
HEADS = frozenset(("type", "shape"))
