"""Read the claims of a text: what is said of the defect, affirmed or denied, hedged, and of which feature."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from .angles import _COMPASS, _NUMBERS, _POINTS, Arc, read_arcs, read_radius
from .lexicon import Entry, Lexicon
from .spelling import correct
from .text import BREAK, Text

_SENTENCE = frozenset((".", "!", "?", BREAK))
_SEPARATOR = frozenset((",", ";", ":", "\u2013", "(", ")", "and", "or", "nor", "&", "+", "/", *_SENTENCE))
_PRONOUNS = frozenset(
    [
        "it",
        "its",
        "they",
        "their",
        "this",
        "that",
        "these",
        "those",
        "he",
        "she",
        "there",
        "which",
        "what",
        "we",
        "i",
        "you",
        "one",
        "nothing",
        "everything",
        "all",
    ]
)
_DIRECTIONS = frozenset(
    (
        *_COMPASS, *_POINTS, *_NUMBERS, "top", "upper", "uppermost", "topmost", "bottom", "lower", "lowermost",
        "bottommost", "left", "leftmost", "right", "rightmost", "noon", "midnight", "half", "quarter", "notch",
    )
)  # fmt: skip
_NOT_DIRECTIONS = frozenset(("e",))
_TOWARD = frozenset(("toward", "towards", "outwards", "outward", "inwards", "inward", "fade", "fades"))
_COPULAS = frozenset("is are was were looks look remains remain stays stay seems seem appears".split())
_WHOLES = frozenset(("wafer", "disc", "disk", "map", "radius", "circumference", "dial", "dial's", "plate", "wafer's"))
_ENCIRCLING = frozenset(("around", "round", "surrounding", "encircling", "encircles", "surrounds", "about", "encloses"))
_OWN = frozenset(("its", "their", "whose", "inner", "each", "both", "sharp", "irregular"))
_PLACES = frozenset(("zone", "arc", "around"))
_IDENTITY = frozenset(("type", "shape"))
_NOUNS = frozenset(("die", "dies", "chip", "chips", "silicon", "one", "ones", "rows", "row", "site", "sites"))
_AFTER_CLEAR = frozenset(("of", "from", "all", "with", "in", "at", "too", "as", "there", "on", "between", "along", "to", "up",
                          "beyond", "outside", "inside", "everywhere"))  # fmt: skip
_NOUN_PHRASE_STARTS = frozenset("with leaving leaves remain remains is are while plus except but by".split())
_JOINERS = frozenset(("with", "plus", "while", "then"))
_DETERMINERS = frozenset(
    ["a", "an", "another", "one", "two", "the", "its", "second", "third", "some", "several", "first"]
)
_OWN_DENIAL = frozenset(("no", "without", "nothing", "not", "zero", "non", "none"))
_VERB_DENIAL = frozenset(("doesn't", "don't", "cannot", "can't", "couldn't", "wouldn't", "won't", "never", "isn't", "aren't"))
_ENDS_DENIAL = frozenset(("only", "just", "simply", "merely", "rather"))
_PLAIN_TURNS = frozenset(("that", "which", "who", "whose", "where", "as", "if", "when", "only", "just", "simply",
                          "merely", "still", "rather", "unless"))  # fmt: skip

Value = str | Arc | tuple[float, float]


@dataclass(slots=True)
class Claim:
    """One thing an answer says.

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
    """

    slot: str
    value: Value
    affirmed: bool
    hedged: bool
    start: int
    end: int
    clause: int
    sentence: int
    good: bool = False


@dataclass(slots=True)
class Feature:
    """Claims about one thing on the wafer."""

    claims: list[Claim]
    sentence: int
    opens: bool = True
    match: Any = None

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


Item = tuple[int, int, str, Any]


def read(text: Text, lexicon: Lexicon, skip: Sequence[bool] | None = None) -> Reading:
    """Read the claims of a text.

    Args:
        text: The text as tokens.
        lexicon: The vocabulary.
        skip: For each token whether it is not read (a copy of the question).
    """
    words = _corrected(text.words, lexicon)
    items = scan(words, lexicon)
    reading = Reading([], [], words)
    if words:
        opening = next((w for w in words if w not in _SEPARATOR), "")
        reading.opening = (
            1 if opening in ("yes", "yeah", "yep", "correct") else -1 if opening in ("no", "nope") else 0
        )
    _Clauses(words, items, reading, skip).run()
    reading.features = _features(reading)
    return reading


def _corrected(words: list[str], lexicon: Lexicon) -> list[str]:
    known = lexicon.known
    fixed: list[str] | None = None
    for i, word in enumerate(words):
        if len(word) >= 4 and word not in known:
            better = correct(word, lexicon.vocabulary)
            if better is not None:
                fixed = fixed or list(words)
                fixed[i] = better
    return fixed if fixed is not None else words


def scan(words: list[str], lexicon: Lexicon) -> list[Item]:
    """Find every term, cue, direction and separator, leftmost and longest, in one pass."""
    items: list[Item] = []
    append = items.append
    trie, size, i = lexicon.trie, len(words), 0
    get = trie.get
    while i < size:
        word = words[i]
        node = get(word)
        end, entries = i, None
        if node is not None:
            j = i + 1
            while True:
                found = node.get("")
                if found is not None:
                    end, entries = j, found
                if j >= size:
                    break
                node = node.get(words[j])
                if node is None:
                    break
                j += 1
        if word[0].isdigit() and i + 1 < size and words[i + 1] in ("%", "percent"):
            share = _percent(words, i)
            if share is not None:
                append((i, i + 2, "term", share))
            i += 2
            continue
        if word in _DIRECTIONS or word[0].isdigit() or word == "r":
            spatial = _spatial(words, i)
            if spatial is not None and spatial[1] >= end:
                append(spatial)
                i = spatial[1]
                continue
        if entries is not None:
            append((i, end, "term", entries))
            i = end
            continue
        if word in _SEPARATOR:
            append((i, i + 1, "sep", word))
        i += 1
    return items


def _percent(words: list[str], i: int) -> tuple[Entry, ...] | None:
    """Read the share of failing dies: nearly all of them, or few."""
    near = words[i + 2 : i + 8]
    if not any(word in ("die", "dies", "wafer", "fail", "fails", "failing", "yield", "chips") for word in near):
        return None
    try:
        value = float(words[i])
    except ValueError:
        return None
    if value >= 80:
        return (("shape", "full", True), ("density", "dense", True))
    return (("density", "sparse", True),) if value <= 12 else None


def _spatial(words: list[str], i: int) -> Item | None:
    if words[i] == "r" or words[i][0] in "01":
        radius = read_radius(words, i)
        if radius is not None:
            return i, radius[2], "radius", (radius[0], radius[1])
    arc = read_arcs(words, i)
    return None if arc is None else (i, arc[1], "arc", arc[0])


class _Clauses:
    """Walk the items of a text once, with the polarity and subject of the clause at hand."""

    def __init__(
        self, words: list[str], items: list[Item], reading: Reading, skip: Sequence[bool] | None
    ) -> None:
        self.words, self.items, self.reading, self.skip = words, items, reading, skip
        self.clause = self.sentence = 0
        self.deny = ""
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

    def run(self) -> None:
        items = self.items
        for k, (i, j, kind, value) in enumerate(items):
            if kind == "sep":
                self._separator(k, i, value)
            elif self.skip is not None and self.skip[i]:
                continue
            elif kind == "term":
                for entry in value:
                    self._entry(k, i, j, entry)
            elif kind == "arc":
                if value.length >= 12.0:
                    self._claim("around", "all", True, i, j)
                else:
                    self._claim("arc", value, True, i, j)
            elif (
                i
                and self.words[i - 1] in ("by", "until", "before", "beyond", "past")
                and value[0] == value[1]
            ):
                self._claim("zone", (0.0, value[1]), True, i, j)
            else:
                self._claim("zone", value, True, i, j)
        self.reading.sentences = self.sentence + 1

    # -- separators

    def _separator(self, k: int, i: int, mark: str) -> None:
        if self.good and self.good_ends:
            self.good = False
        clause = self.clause
        self._cut(k, i, mark)
        if self.clause != clause:
            self.clause_start = i + 1

    def _cut(self, k: int, i: int, mark: str) -> None:
        if mark in _SENTENCE:
            if mark == "." and i and len(self.words[i - 1]) == 1 and self.words[i - 1] in "eig":
                return
            self._new_clause()
            self.sentence += 1
            self.choice = self.cleared = False
            return
        if mark == ";":
            self._new_clause()
            return
        if mark == ",":
            self.apart = False
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
        if mark in (":", "\u2013"):
            claims = self.reading.claims[self.from_here :]
            if claims and not self.verb_seen and not self.deny and all(c.slot in _PLACES for c in claims):
                # "Rim: a crisp hoop" speaks of one thing.
                return
            self._end_denial()
            self._new_clause()
            return
        if mark in (",", "and", "or"):
            if self.deny and (follows_verb or pronoun):
                self._end_denial()
            if follows_verb and self.verb_seen and mark != "or":
                self._new_clause()
        self.segment = len(self.reading.claims)
        self.joined = mark in ("and", "or", "&")

    def _ahead(self, k: int, i: int) -> tuple[bool, bool]:
        """Tell whether the stretch up to the next separator has a verb, or opens with a pronoun."""
        words, items = self.words, self.items
        pronoun = i + 1 < len(words) and words[i + 1] in _PRONOUNS
        for n in range(k + 1, min(k + 9, len(items))):
            _, _, kind, value = items[n]
            if kind == "sep":
                if n == k + 1 and value in ("and", "or", ","):
                    continue
                return False, pronoun
            if kind == "term":
                for slot, _, _ in value:
                    if slot in ("verb", "undone", "unreal"):
                        return True, pronoun
                    if slot in ("turn", "deny", "contrast"):
                        return False, pronoun
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

    def _entry(self, k: int, i: int, j: int, entry: Entry) -> None:
        slot, value, affirmed = entry
        if slot == "verb":
            self.reading.predicates += 1
            self.verb_seen = True
        elif slot == "deny":
            if self.words[i] == "no" and (
                j >= len(self.words) or self.words[j] in (",", ".", ";", "\u2013", BREAK)
            ):
                return
            if self.words[i] in _VERB_DENIAL or (
                self.words[i] == "not" and i and self.words[i - 1] in ("does", "do", "did", "can", "could", "is", "are")
            ):
                # "Heat does not draw lines": the cause that is the subject is ruled out.
                for claim in self.reading.claims[self.from_here :]:
                    if claim.slot == "cause":
                        claim.affirmed = False
            # Two denials in one breath cancel ("not without", "isn't un..."); one after another they do not.
            twice = self.deny == "deny" and i - self.deny_at <= 3 and self.words[i] not in ("nor", "no")
            self.deny = "" if twice and len(self.reading.claims) == self.deny_claims else "deny"
            self.deny_at, self.deny_claims = j, len(self.reading.claims)
        elif slot == "contrast":
            self.deny = "contrast"
        elif slot == "affirm":
            self.deny = ""
        elif slot == "apart":
            self.apart = True
        elif slot == "undone":
            self._undo()
        elif slot == "unreal":
            if self.deny != "deny":
                self._counterfactual()
        elif slot == "except":
            self._new_clause()
            self.clause_start = j
            self.good = True
        elif slot == "pattern":
            last = self.reading.claims[-1] if self.reading.claims else None
            if self.deny == "deny" and (last is None or last.end != i):
                self.deny = ""
                self._claim("type", "None", True, i, j)
                self._claim("shape", "none", True, i, j)
        elif slot == "good":
            self._passing(i, j)
            return
        elif slot == "survivors":
            self._survivors(i)
        elif slot == "lone":
            # "The edge shows only isolated fails": nothing lies there.
            if self._places(self.from_here) and not self.deny:
                self._clear_before()
        elif slot == "again":
            self.good = self.cleared
        elif slot == "bad":
            if self.deny == "deny":
                self._clear_before()
        elif slot == "turn":
            if self.words[i] == "if" and "were" in self.words[i : i + 12]:
                self._new_clause()
                self.deny = "deny"
            elif self.words[i] in _ENDS_DENIAL:
                self._end_denial()
            elif self.words[i] not in _PLAIN_TURNS:
                self._new_clause()
                self.clause_start = j
        elif slot == "choice":
            self.choice = True
            for claim in self.reading.claims[self.from_here :]:
                claim.hedged = True
        elif slot == "hedge":
            self.reading.hedges += 1
        elif slot == "sure" and self.deny:
            pass
        elif slot == "sure":
            self.reading.sure.append((i, j))
        elif slot == "cannot":
            self.reading.refuses = True
        elif slot not in ("another", "label", "skip"):
            own = self.words[i] in _OWN_DENIAL
            held, self.deny = self.deny, "" if own else self.deny
            self._claim(slot, value, affirmed, i, j)
            self.deny = held if own else self.deny
            # "no geometric shape (such as ring or line)", "no coherent cluster, ring or line": one denial.
            if own and slot in _IDENTITY and (value in ("none", "None") or not affirmed) and j < len(self.words):
                if self.words[j] in ("(", "such", "like", ",", "or", "and", "nor"):
                    self.deny = "list"

    def _claim(self, slot: str, value: Value, affirmed: bool, i: int, j: int) -> None:
        words = self.words
        if slot == "zone" and isinstance(value, str):
            if self._anatomy(i, j):
                return
            if value == "center" and j == i + 1 and words[i] == "center" and self._listed(i, j):
                slot, value = "type", "Center"
        elif slot == "cause" and value == "vague.general":
            return
        if self.unreal and slot != "cause":
            return
        if self.deny == "list" and slot not in _IDENTITY:
            self._end_denial()
        denied = bool(self.deny)
        if self.apart:
            # "away from both center and edge" denies both; another slot ends it.
            self.apart = slot == "zone"
            denied = denied or self.apart
        claim = Claim(
            slot, value, affirmed != denied, self.choice, i, j, self.clause, self.sentence, self.good
        )
        if self.good and slot in ("zone", "arc", "around"):
            claim.affirmed = not claim.affirmed if self.deny else False
        self.reading.claims.append(claim)
        if self.deny == "contrast" and slot in _IDENTITY and not self.aside:
            following = words[j] if j < len(words) else ""
            if following not in ("or", "nor", "and", ",", "of", "shaped", "like"):
                self.deny = "contrast"

    def _listed(self, i: int, j: int) -> bool:
        """Tell whether a word stands alone in a list, as a class name does."""
        words = self.words
        before, after = words[i - 1] if i else ",", words[j] if j < len(words) else ","
        return (before in _SEPARATOR or before in ("of", "combines", "plus", "no", "classes")) and (
            after in _SEPARATOR or after in ("plus", "type", "with")
        )

    def _anatomy(self, i: int, j: int) -> bool:
        """Tell whether a zone word names a part of the feature, or where it points, not where it is."""
        words = self.words
        before = words[i - 1] if i else ""
        if before == "the" and i > 1:
            before = words[i - 2]
        if before in _TOWARD or before in _OWN:
            return True
        if (
            j + 1 < len(words)
            and words[j] == "of"
            and words[j + 1] in ("the", "this", "that", "a", "its", "it")
        ):
            target = words[j + 2] if j + 2 < len(words) else ""
            return target not in ("wafer", "disc", "disk", "map", "radius", "circumference", "dial", "plate")
        return (
            words[i] == "middle"
            and j < len(words)
            and words[j] in ("one", "feature", "cluster", "group")
            and False
        )

    def _undo(self) -> None:
        denied = self.deny == "deny"
        for claim in self.reading.claims[self.from_here :]:
            if not denied:
                claim.affirmed = False

    def _counterfactual(self) -> None:
        """"A particle would need ...", "ring, line: each would leave ...": what was named is ruled out."""
        claims = self.reading.claims
        start = max(self.segment, self.from_here)
        if start >= len(claims) and not self.joined:
            start = self.from_here
        if self.from_here >= len(claims) and self._anaphoric():
            start = self.previous_from
        for claim in claims[start:]:
            if claim.slot in _IDENTITY or claim.slot == "cause":
                claim.affirmed = False
        self.unreal = True

    def _passing(self, i: int, j: int) -> None:
        """A word for dies that pass: what stands before it in the clause is clear, or the noun after it."""
        words = self.words
        following = words[j] if j < len(words) else ""
        if following in _NOUNS:
            self._survivors(i)
            return
        predicate = i > 0 and (words[i - 1] in _COPULAS or (i > 1 and words[i - 2] in _COPULAS and words[i - 1] not in ("a", "the")))
        if predicate:
            claims = self.reading.claims
            if claims and claims[-1].start == i:
                # "the upper half is fine" speaks of no width.
                claims.pop()
        elif words[i] in ("clear", "clean", "good", "fine") and following and following not in _SEPARATOR:
            # "a clear ring" is an obvious one; "clear center" is listed as a phrase.
            if following not in _AFTER_CLEAR:
                self.apart = True
                return
        elif words[i] in ("healthy", "green", "untouched", "unaffected", "passing", "vacant", "spared") and (
            following and following not in _SEPARATOR and following not in _AFTER_CLEAR
        ):
            self.apart = True
        if self.deny == "deny":
            return
        if following in _AFTER_CLEAR - {"of", "too", "as"} and not self._places(self.segment):
            # "empty from 0.35 to 0.88 R"
            self.good = True
            return
        self._clear_before()

    def _places(self, start: int) -> list[Claim]:
        return [c for c in self.reading.claims[start:] if c.slot in ("zone", "arc", "around")]

    def _clear_before(self) -> None:
        """Take what the clause says of places as clear: this stretch, and the bare list of places before it."""
        claims = self.reading.claims
        start = self.segment
        if self.joined:
            while start > self.from_here and claims[start - 1].slot in ("zone", "arc", "around"):
                start -= 1
        if not self._places(start):
            first = claims[self.from_here].start if self.from_here < len(claims) else len(self.words)
            if self.from_here >= len(claims) or first >= 0:
                start = self.from_here
            if not self._places(start) and self._anaphoric():
                start = self.previous_from
        for claim in claims[start:]:
            if claim.slot in ("zone", "arc", "around"):
                claim.affirmed = False
            elif claim.slot not in ("type", "cause"):
                claim.good = True
        self.cleared = True

    def _anaphoric(self) -> bool:
        """Tell whether the clause speaks of what the one before named: "that stretch turns out to pass"."""
        return self.clause_start < len(self.words) and self.words[self.clause_start] in (
            "that", "this", "it", "they", "these", "those", "both", "which", "each", "all", "any", "none", "such",
        )  # fmt: skip

    def _survivors(self, i: int) -> None:
        if self.deny == "deny":
            return
        words = self.words
        if {words[i - 1], words[i - 2]} & {"are", "is"} and self._places(self.from_here):
            # "Those dies are the passing ones."
            self._clear_before()
            return
        at = i - 1
        while at > self.clause_start and words[at] not in _SEPARATOR and words[at] not in _NOUN_PHRASE_STARTS:
            at -= 1
        subject = not self.verb_seen and at <= self.clause_start + 1
        for claim in self.reading.claims[self.from_here :]:
            if claim.start >= at:
                if claim.slot in ("zone", "arc", "around"):
                    claim.affirmed = False
                claim.good = True
        self.good = True
        self.good_ends = not subject


def _features(reading: Reading) -> list[Feature]:
    """Group claims by the thing they are about: a clause, cut again where a second head noun begins."""
    features: list[Feature] = []
    words = reading.words
    current: list[Claim] = []
    head: Claim | None = None
    clause = -1
    for claim in reading.claims:
        if claim.slot == "cause":
            continue
        if claim.clause != clause:
            if current:
                features.append(Feature(current, current[0].sentence))
            current, head, clause = [], None, claim.clause
        elif claim.slot in _IDENTITY and claim.affirmed and not claim.good and head is not None:
            cut = _cut(words, current, head, claim)
            if cut is not None:
                features.append(Feature(current[:cut], claim.sentence))
                current, head = current[cut:], None
        elif head is None and claim.slot == "zone" and claim.affirmed and not claim.good:
            cut = _second_place(words, current, claim)
            if cut is not None:
                features.append(Feature(current[:cut], claim.sentence))
                current = current[cut:]
        current.append(claim)
        if head is None and claim.slot in _IDENTITY and claim.affirmed and not claim.good:
            head = claim
    if current:
        features.append(Feature(current, current[0].sentence))
    return _everywhere([feature for feature in features if feature.claims])


def _second_place(words: list[str], current: list[Claim], claim: Claim) -> int | None:
    """Return where a clause turns to another place, when it names no shape: "the hub dense, the rim thin"."""
    places = [c for c in current if c.slot == "zone" and c.affirmed and not c.good]
    if not places or all(_touch(c.value, claim.value) for c in places):
        return None
    for at in range(claim.start - 1, places[-1].end - 1, -1):
        if words[at] in _SEPARATOR or words[at] in _JOINERS:
            return sum(c.start < at for c in current)
    return len(current)


_BANDS = {"center": (0.0, 0.33), "inner": (0.1, 0.5), "middle": (0.33, 0.67), "outer": (0.67, 0.9), "edge": (0.85, 1.0)}


def _touch(a: Value, b: Value) -> bool:
    first = _BANDS.get(a) if isinstance(a, str) else a
    second = _BANDS.get(b) if isinstance(b, str) else b
    if not isinstance(first, tuple) or not isinstance(second, tuple):
        return True
    return min(first[1], second[1]) - max(first[0], second[0]) > -0.02 and {a, b} != {"center", "middle"} and {
        a, b} != {"middle", "outer"}  # fmt: skip


def _everywhere(features: list[Feature]) -> list[Feature]:
    """Fuse the places of one clause that together cover the wafer: center, middle and edge are everywhere."""
    by_clause: dict[int, list[Feature]] = {}
    for feature in features:
        by_clause.setdefault(feature.claims[0].clause, []).append(feature)
    fused: list[Feature] = []
    for group in by_clause.values():
        claims = [c for f in group for c in f.claims]
        zones = {c.value for c in claims if c.slot == "zone" and c.affirmed and not c.good}
        if {"center", "middle", "edge"} <= zones and not any(c.slot in _IDENTITY for c in claims):
            first = next(c for c in claims if c.slot == "zone")
            rest = [c for c in claims if c.slot not in ("zone", "arc", "around")]
            whole = Claim("zone", "full", True, first.hedged, first.start, first.end, first.clause, first.sentence)
            fused.append(Feature([whole, *rest], first.sentence))
        else:
            fused.extend(group)
    return fused


def _cut(words: list[str], current: list[Claim], head: Claim, claim: Claim) -> int | None:
    """Return where a second head noun opens a new feature, as an index into the claims, or None."""
    split, strength = -1, 0
    for at in range(claim.start - 1, max(head.end, claim.start - 10) - 1, -1):
        word = words[at]
        if word not in _SEPARATOR and word not in _JOINERS:
            continue
        following = words[at + 1] if at + 1 < len(words) else ""
        rank = 3 if following in _DETERMINERS else 1 if word == "," else 2
        if rank > strength:
            split, strength = at, rank
    if _same(head, claim) and not (
        split >= 0 and split + 1 < len(words) and words[split + 1] in _DETERMINERS
    ):
        return None
    if split >= 0:
        return sum(c.start < split for c in current)
    # No separator: only the adjectives right before the noun go with it.
    cut, start = len(current), claim.start
    while cut > 0 and current[cut - 1] is not head and current[cut - 1].end == start:
        start = current[cut - 1].start
        cut -= 1
    return cut


_KIND = {"Center": "blob", "Donut": "ring", "Edge-Ring": "ring", "Edge-Loc": "arc", "Loc": "blob", "Scratch": "line",
         "Near-full": "full", "Random": "scatter", "None": "none"}  # fmt: skip


def _same(a: Claim, b: Claim) -> bool:
    """Tell whether two head nouns can name one thing."""
    if a.slot == b.slot == "type":
        return a.value == b.value
    return _kind(a) == _kind(b)


def _kind(claim: Claim) -> str:
    return _KIND.get(str(claim.value), str(claim.value)) if claim.slot == "type" else str(claim.value)


@lru_cache(maxsize=4096)
def read_cached(source: str, lexicon_path: str | None) -> Reading:
    """Read a rubric's text; rubrics repeat, answers do not."""
    from .lexicon import load_lexicon
    from .text import read_text

    return read(read_text(source), load_lexicon(lexicon_path))
