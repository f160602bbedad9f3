"""Tell how a noun is meant: said of this wafer, of a class at large, chosen from two, or by elimination."""

from __future__ import annotations

from collections.abc import Sequence

from .angles import Arc, agreement
from .claims import ATTRIBUTES, HEADS, Claim, Value
from .cue_words import NEGATIVE
from .placing import Placing
from .scan import SENTENCE_ENDS, SEPARATORS
from .words import word_set

_AT_LARGE = frozenset(
    (
        "has",
        "would",
        "needs",
        "means",
        "is",
        "runs",
        "goes",
        "sits",
        "lies",
        "covers",
        "fills",
        "looks",
        "follows",
        "keeps",
        "stays",
        "leaves",
        "shows",
        "hugs",
        "circles",
        "touches",
        "have",
        "had",
        "wants",
        "requires",
        "involves",
        "demands",
        "contains",
        "consists",
        "implies",
        "presupposes",
        "occupies",
    )
)
_HERE = word_set("this here these ours")
_ALWAYS = word_set("must needs should normally usually typically always")
_COMPARES = word_set("more less fewer different otherwise larger wider thicker longer")
_ARTICLES = word_set("a an any every real true genuine typical classic proper")
_NAMED = word_set("map pattern wafer signature class type defect picture distribution case one failure")
_OPENS = word_set("because since while whereas but and as for so though although")
_CUTS = frozenset((".", ";", ",", ":", "\u2013"))
_LINKS = word_set("but and whereas while")
_LONG = 24
"""Words within which a text comes to what is seen here."""
_SHAPES = frozenset(
    ("ring", "blob", "line", "arc", "grid", "Donut", "Edge-Ring", "Scratch", "Loc", "Center", "Edge-Loc")
)
_ALL_DENIED = 3
_BEFORE_CHOICE = word_set(
    "the it is it's that that's this clearly definitely certainly rather i'd say of course ,"
)
_LABELLING = word_set("as under label class type call it definitely clearly plainly simply purely still just")
_LABELLED = word_set("type class kind label category , (")
_CALLING = word_set("call say think claim describe consider find believe label")
_TELLS_OF_IT = word_set("which whose")
_LATTER = frozenset(("latter", "second"))
_CHOSEN = {"first": 0, "former": 0, "second": 1, "latter": 1}


class Mentions(Placing):
    """Reads how a noun is meant."""

    def choose(self, choices: Sequence[Claim]) -> None:
        """Take "the former" and "the latter" for one of two things, and "the first" where a text opens so."""
        self.choices = choices
        words = self.words
        at = 0
        while at < len(words) and words[at] in _BEFORE_CHOICE:
            at += 1
        if at < len(words) and words[at] in _CHOSEN and (at + 1 == len(words) or words[at + 1] in SEPARATORS):
            self._pick(_CHOSEN[words[at]], at)

    def _former(self, i: int, j: int) -> None:
        if self.choices and not (i <= 3 and self.reading.claims):
            self._pick(1 if _LATTER.intersection(self.words[i:j]) else 0, i)

    def _bare(self, name: Value, i: int, j: int) -> None:
        """Take a word for a class where it stands alone, as a label does: "Verdict: normal."""
        words = self.words
        before, after = words[i - 1] if i else ".", words[j] if j < len(words) else "."
        if (before in SEPARATORS or before in _LABELLING) and (after in SEPARATORS or after in _LABELLED):
            self._claim("type", name, True, i, j)

    def _pick(self, which: int, at: int) -> None:
        self.picked_at = at
        chosen = self.choices[which]
        self._claim(chosen.slot, chosen.value, True, at, at + 1)
        self.reading.spoken.add(self.sentence)

    def _at_large(self, i: int, j: int) -> bool:
        """Tell whether a sentence says what a class is like, and the next what is seen here."""
        words = self.words
        start = i
        while start and words[start - 1] in _ARTICLES:
            start -= 1
        article = start < i
        within = bool(start) and words[start - 1] == "in" and article
        start -= within
        if start and words[start - 1] not in SEPARATORS and words[start - 1] not in _OPENS:
            return False
        if j < len(words) and words[j] in _NAMED:
            j += 1
        if j >= len(words):
            return False
        said = words[j : j + 4]
        if within:
            # "In a random map every other die would pass; here ..."
            return self._comes_to_this(j)
        if said[0] in _ALWAYS or (said[0] != "is" and not _COMPARES.isdisjoint(said)):
            # "Near-full must be nearly all bad", "random has much more green", "it looks different".
            return said[0] in _AT_LARGE or said[0] in _ALWAYS
        if not article:
            # "Edge-Loc is an arc too, but one that hugs the border, and this one ..."
            return "too" in words[j : j + 6] and said[0] == "is" and self._comes_to_this(j)
        return said[0] in _AT_LARGE and self._comes_to_this(j)

    def _comes_to_this(self, at: int) -> bool:
        """Tell whether a text soon turns to what is seen here: "..., and this one has none"."""
        words = self.words
        for n in range(at, min(at + _LONG, len(words) - 1)):
            if words[n] in _CUTS:
                following = words[n + 2 if words[n + 1] in _LINKS and n + 2 < len(words) else n + 1]
                if following in _HERE:
                    return True
        return False

    def _measured_by(self, i: int) -> bool:
        """Tell whether a class is named to compare with: "rather than a Donut", "too few for a Random"."""
        before = self.words[max(0, i - 12) : i]
        if not SENTENCE_ENDS.isdisjoint(before):
            before = before[max(n for n, word in enumerate(before) if word in SENTENCE_ENDS) + 1 :]
        return "than" in before[-4:] or ("for" in before[-3:] and "too" in before)

    def _rounding(self) -> bool:
        """Tell whether the clause speaks of a ring, or of what goes round."""
        return any(
            c.affirmed
            and not c.good
            and (c.slot == "around" or c.value in ("ring", "Edge-Ring", "Donut", "edge"))
            for c in self.reading.claims[self.from_here :]
        )

    def _eliminated(self) -> None:
        """Take it for a claim of no shape when three shapes or more are denied and none is affirmed."""
        denied = [c for c in self.reading.claims if c.slot in HEADS and not c.affirmed and not c.good]
        if len({c.value for c in denied} & _SHAPES) < _ALL_DENIED:
            return
        if any(c.slot in HEADS and c.affirmed and not c.good for c in self.reading.claims):
            return
        last = denied[-1]
        self.reading.claims.append(
            Claim("shape", "none", True, False, last.start, last.end, self.clause + 1, last.sentence)
        )

    def _still_there(self, i: int) -> bool:
        """Tell whether a denial spares a definite noun: "I wouldn't call the line straight"."""
        words = self.words
        if self.deny == "contrast":
            return words[i - 2] == "unlike"
        before = words[max(0, i - 3) : i - 1]
        return words[i - 2] in _CALLING or (before[-1:] == ["that"] and before[0] in _CALLING)

    def _stands(self, slot: str, value: Value, i: int, j: int) -> None:
        """Affirm a noun of which only what follows is denied; the one it is unlike is merely named."""
        if self.deny == "contrast":
            if not _TELLS_OF_IT.intersection(self.words[j : j + 3]):
                return
            # "unlike the spot, which is solid"
            self._new_clause()
        self.reading.claims.append(
            Claim(slot, value, True, self.choice, i, j, self.clause, self.sentence, self.good)
        )

    def _qualifies(self, i: int, j: int) -> bool:
        """Tell whether "throughout" goes with an attribute of a thing: "the blob is dense throughout"."""
        claims = self.reading.claims
        last = claims[-1] if claims else None
        return (
            last is not None
            and last.slot in ATTRIBUTES
            and i - last.end <= 1
            and last.affirmed
            and any(c.slot in HEADS and c.value in _SHAPES for c in claims[self.from_here :])
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

    def _apposed(self, k: int, i: int) -> bool:
        """Tell whether a direction only says the one before it again: "on top, 11 to 1 o'clock, and ..."."""
        last = self.reading.claims[-1] if self.reading.claims else None
        if last is None or last.slot != "arc" or last.end != i or k + 1 >= len(self.items):
            return False
        start, _, kind, value = self.items[k + 1]
        return (
            kind == "arc"
            and start == i + 1
            and isinstance(last.value, Arc)
            and agreement(value, last.value) > 0.0
        )

    def _adds(self, i: int) -> bool:
        """Tell whether a list goes on to say what is there as well: "no ring, and in addition a scratch"."""
        following = self.words[i + 1 : i + 3]
        if following[:1] == ["with"]:
            # "nor is it sparse, with half of the dies gone"
            return self.verb_seen
        return following == ["in", "addition"] or following[:1] in (["additionally"], ["plus"], ["moreover"])
