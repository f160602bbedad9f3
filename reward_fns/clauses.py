"""Walk through the clauses of a text: polarity, subject and hedging of each claim."""

from __future__ import annotations

from collections.abc import Callable

from .claims import ATTRIBUTES, HEADS, PLACES, Claim, Value
from .clause_state import MOST_CLAIMS
from .cue_words import (
    COLONS,
    CONTINUES,
    ENDS_DENIAL,
    HEADING,
    OUTLINES,
    OWN_DENIAL,
    PLAIN_TURNS,
    PRONOUNS,
    REACHING,
    SILENT,
    STRINGS,
    SUBJECTS,
    THROUGHOUT,
    WOULD,
)
from .doubts import Doubts
from .scan import SENTENCE_ENDS, SEPARATORS
from .sides import flank_of
from .text import BREAK

_ENOUGH = 1200
_REASONS = (["it"], ["they"], ["this"], ["there"], ["the"])
_ALL_OR_NONE = frozenset(("nothing", "everything", "none", "all"))
_WHOLE = frozenset(("full", "entire", "whole", "complete", "all"))
_REJECTS = frozenset(("out", "off", "not", "never", "excluded", "unlikely", "rejected", "against", "without"))
_OTHERS = frozenset(("other", "others", "rest", "remaining", "remainder"))
_THE_OTHERS = _OTHERS | {"the", "all"}
_DEFINITE = frozenset(("the", "this", "that"))
_PLACED = (["on"], ["at"], ["in"], ["to"], ["toward"], ["towards"])


class ClauseWalker(Doubts):
    """Walk the items of a text once, with the polarity and subject of the clause at hand."""

    def run(self) -> None:
        """Read every item; the claims are in the reading then."""
        items, cues = self.items, _CUES.get
        for k, (i, j, kind, value) in enumerate(items):
            self.at_item = k
            if kind == "sep":
                self._separator(k, i, value)
            elif self.skip is not None and self.skip[i]:
                continue
            elif kind == "term":
                for slot, said, affirmed in value:
                    cue = cues(slot)
                    if cue is not None:
                        cue(self, i, j)
                    elif slot == "bare":
                        self._bare(said, i, j)
                    elif slot not in SILENT:
                        self._term(slot, said, affirmed, i, j)
            elif kind == "arc":
                if value.length >= 12.0:
                    self._claim("around", "all", True, i, j)
                else:
                    self._claim("arc", value, True, i, j)
            elif not self._measure(i, j):
                self._claim("zone", self._stretch(i, j, value), True, i, j)
        self.reading.sentences = self.sentence + 1
        self._rest()
        self._extents()
        self._named_center()
        self._eliminated()

    def _separator(self, k: int, i: int, mark: str) -> None:
        if self.good and self.good_ends:
            self.good = False
        clause = self.clause
        if mark in COLONS:
            self.heading_start = max(self.clause_start, i - HEADING)
        self._cut(k, i, mark)
        if self.clause != clause:
            self.clause_start = i + 1

    def _cut(self, k: int, i: int, mark: str) -> None:
        if mark in SENTENCE_ENDS:
            if mark == "." and i and len(self.words[i - 1]) == 1 and self.words[i - 1] in "eig":
                return
            if mark == BREAK:
                self._heads_list(i)
            self._new_clause()
            if self.rejecting:
                self.deny = "deny"
            self.sentence += 1
            self.choice = self.cleared = self.aside_deny = False
            return
        if mark == ";":
            self._new_clause()
            return
        if mark == ",":
            following = self.words[i + 1 : i + 3]
            if not _OTHERS.isdisjoint(following) and following[0] in _THE_OTHERS:
                # "Top left and bottom right, other two untouched"
                self._new_clause()
                return
            self.apart = False
            if self.faulty and self.deny == "deny":
                # "From a nozzle not in good position, the line from a robot"
                self._end_denial()
            self.faulty = False
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
                # "Passes: the hub and the rim.", "Not clean: the rim."
                fails = self.deny == "deny"
                self._new_clause()
                self.good = not fails
                if fails:
                    self.reading.failing.add(self.clause)
                return
            if self.rejected_at == i and not claims:
                # "Less likely: a mechanical touch."
                self._new_clause()
                self.deny = "deny"
                return
            if self._heads_anew(i):
                return
            if i and self.words[i - 1] in _REJECTS and (i < 2 or self.words[i - 2] in SENTENCE_ENDS):
                # "Out: a robot scratch."
                self._new_clause()
                self.deny = "deny"
                return
            if self.fails_at == i and not claims:
                # "Dirty: beyond 0.9 R."
                self._new_clause()
                self.reading.failing.add(self.clause)
                return
            short = i - self.clause_start <= HEADING and len(claims) <= 3
            if (
                claims
                and not self.verb_seen
                and not self.deny
                and claims[-1].start != self.picked_at
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
            anew = self.verb_seen and mark != "or"
            if self.deny or anew:
                follows_verb, pronoun = self._ahead(k, i)
                placed = mark == "and" and self.words[i - 1] == "," and self.words[i + 1 : i + 2] in _PLACED
                if self.deny and (follows_verb or pronoun or placed or self._adds(i)):
                    self._end_denial()
                if follows_verb and anew and not (mark == "," and self._apposed(k, i)):
                    self._new_clause()
        self.segment = len(self.reading.claims)
        self.joined = mark in ("and", "or", "&")

    def _ahead(self, k: int, i: int) -> tuple[bool, bool]:
        """Tell whether the stretch up to the next separator has a verb, or opens with a pronoun."""
        words, items = self.words, self.items
        first = words[i + 1] if i + 1 < len(words) else ""
        pronoun = first in PRONOUNS or (first == "the" and i + 2 < len(words) and words[i + 2] in SUBJECTS)
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
                    if slot in ("verb", "undone", "unreal") or (slot == "good" and first in _ALL_OR_NONE):
                        return True, pronoun
                    if slot in ("turn", "deny", "contrast"):
                        return False, pronoun
                    only_places = only_places and slot in PLACES
        return False, pronoun

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

    def _turn(self, i: int, j: int) -> None:
        word = self.words[i]
        if word == "if" and "were" in self.words[i : i + 12]:
            self._new_clause()
            self.deny = "deny"
        elif (
            word == "as"
            and self.deny
            and self.words[j : j + 1] in _REASONS
            and self.words[max(0, i - 2) : i - 1] != ["as"]
        ):
            # "It can't be a scratch, as it is as wide as long."
            self._new_clause()
            self.clause_start = j
        elif word in ENDS_DENIAL:
            self._end_denial()
        elif word not in PLAIN_TURNS:
            self._new_clause()
            self.clause_start = j

    def _claim(self, slot: str, value: Value, affirmed: bool, i: int, j: int) -> None:
        words = self.words
        if slot == "zone" and isinstance(value, str):
            if self._anatomy(i, j):
                return
            if value == "center" and j == i + 1 and words[i] == "center" and self._listed(i, j):
                slot, value = "type", "Center"
            if value == "full" and words[i] in THROUGHOUT and self._qualifies(i, j):
                return
        elif slot == "cause" and value == "vague.general":
            return
        elif slot in HEADS and value in ("None", "none") and not self.deny and self._plain_place(i):
            # "The right half is unremarkable"
            self._clear_before()
            return
        claims = self.reading.claims
        if len(claims) >= _ENOUGH:
            return
        if (self.unreal and slot != "cause") or (self.deny == "contrast" and slot in PLACES):
            return
        if slot in HEADS and self.deny and i and words[i - 1] in _DEFINITE and self._still_there(i):
            self._stands(slot, value, i, j)
            return
        if self.deny == "list" and slot not in HEADS and slot != "texture":
            self._end_denial()
        if slot == "border" and claims:
            # "The border is ragged" is no place.
            last = claims[-1]
            if last.slot == "zone" and i - last.end <= 3 and words[last.end - 1] in OUTLINES:
                claims.pop()
        if len(claims) - self.from_here >= MOST_CLAIMS:
            # Nobody says so much in one clause; and what looks back over a clause stays bounded.
            self._new_clause()
        if self.deny == "deny" and slot in ATTRIBUTES and self._turns_from_denial(slot, i):
            self._end_denial()
        denied = bool(self.deny) or (slot == "type" and self._measured_by(i))
        if denied and value in ("full", "all") and words[i] == "any":
            # "no ring at any radius"
            return
        if denied and slot == "zone" and words[i] in _WHOLE and value == "edge":
            # "Not the entire circumference" denies how far it goes, not the place.
            return
        if denied and not affirmed:
            # To deny "systematic" is not yet to say "random".
            return
        if slot in HEADS and self._landmark(i):
            self._contact(denied, i, j)
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
        if value == "blob" and words[i] in OWN_DENIAL and self._rounding():
            # "A ring, large, without hole"
            slot, value = "closure", "closed"
        if value == "line" and words[i] in STRINGS and words[i - 1] in SEPARATORS and self._rounding():
            # "Around the outside, wire"
            return
        if slot == "cause" and self.faulty and self.deny == "deny":
            denied = False
        if slot == "type" and i and words[i - 1] == "in" and (i < 2 or words[i - 2] in SENTENCE_ENDS):
            # "In Near-full you find ..." speaks of the class at large.
            denied = True
        if slot == "type" and self._at_large(i, j):
            # "A Donut has a hole; this has none."
            self.unreal = True
            return
        claim = Claim(
            slot, value, affirmed != denied, self.choice, i, j, self.clause, self.sentence, self.good, short
        )
        if slot in ("border", "density"):
            claim.side = flank_of(words, slot, i, j)
        if value == "sparse" and self._next_to_nothing(i, j):
            self._clear_before(i)
        if slot in HEADS and not claim.affirmed:
            # "Nor a complete rim ring": the place goes with the noun that is denied.
            while claims and claims[-1].end == i and claims[-1].slot in PLACES and not claims[-1].affirmed:
                claims.pop()
        if self.good and slot in ("zone", "arc", "around"):
            claim.affirmed = not claim.affirmed if self.deny else False
        claims.append(claim)


_CUES: dict[str, Callable[[ClauseWalker, int, int], None]] = {
    "verb": ClauseWalker._verb,
    "former": ClauseWalker._former,
    "aside": ClauseWalker._aside,
    "restdead": ClauseWalker._rest_dead,
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
    "too": ClauseWalker._too,
    "bad": ClauseWalker._bad,
    "turn": ClauseWalker._turn,
    "choice": ClauseWalker._choice,
    "untrue": ClauseWalker._untrue,
    "undecided": ClauseWalker._undecided,
    "hedge": ClauseWalker._hedge,
    "sure": ClauseWalker._sure,
    "cannot": ClauseWalker._cannot,
}
