"""What a yes-or-no question asks."""

from __future__ import annotations

from collections.abc import Sequence

from .claims import Claim
from .words import word_set

_PLAIN = word_set("is are was were does do did has have can will")
AUXILIARIES = word_set(
    "is are was were could can would will do does did should has have may might must shall"
    " isn't aren't couldn't can't wouldn't don't doesn't didn't shouldn't"
)
QUESTION_WORDS = word_set("what which where how who why when whose name list give suggest assign propose")
STOPS = frozenset((".", "?", "!", ",", ":", ";", "\n", "(", "\u2013"))
_APART = word_set("from rather by in at only two both several")
_CHOOSING = word_set("more rather either better")
_OPEN = word_set(
    "or only just all every each both same equally more less closer nearer better worse confined limited "
    "restricted entirely completely complete fully than what where which how who any else most mainly mostly"
)
"""Words with which a place that is named and the answer no longer say the same."""
_WH = word_set("where what which how who why when describe if")


def is_polar(words: Sequence[str]) -> bool:
    """Tell whether it asks for yes or no: "Would a worn ring explain it?", "They blame it. Do you agree?"."""
    opens = [n for n, word in enumerate(words) if word in AUXILIARIES and (not n or words[n - 1] in STOPS)]
    if not opens or any(w in QUESTION_WORDS for n, w in enumerate(words) if not n or words[n - 1] in STOPS):
        return False
    after = {words[n + 1] for n, word in enumerate(words[:-1]) if word == "or" and n > opens[0]}
    return not after or (after.isdisjoint(AUXILIARIES | _APART) and _CHOOSING.isdisjoint(words))


def is_closed(words: Sequence[str]) -> bool:
    """Tell whether a question asks for yes or no, and for nothing more."""
    ends = words.index("?") if "?" in words else len(words)
    return _question_word(words) in _PLAIN and ends >= len(words) - 1 and _WH.isdisjoint(words[1:])


def _question_word(words: Sequence[str]) -> str:
    start = words.index(",") + 1 if "," in words[:8] else 0
    first = words[0] if words else ""
    return first if first in _PLAIN or start >= len(words) else words[start]


def asked_place(words: Sequence[str], claims: Sequence[Claim]) -> str:
    """Return the zone whose state a yes-or-no question asks for, or ""."""
    if not is_closed(words) or not _OPEN.isdisjoint(words):
        return ""
    zones = {c.value for c in claims if c.slot == "zone" and c.value not in ("full", "between")}
    value = next(iter(zones)) if len(zones) == 1 else ""
    return value if isinstance(value, str) else ""
