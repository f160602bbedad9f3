"""The defect types an answer asserts."""

from __future__ import annotations

import re

from verl_wafersage.reward_fns.final import answer_text

_WORDS = {
    "Center": r"cent(?:er|re|ral)(?! of| is| remains)",
    "Donut": r"do(?:ugh)?nut|annul(?:ar|us)",
    "Edge-Loc": r"edge[- ]loc(?:al(?:i[sz]ed)?)?|edge arc",
    "Edge-Ring": r"edge[- ]ring",
    "Loc": r"(?<!edge)(?<!edge[- ])(?:loc|locali[sz]ed|local cluster)",
    "Near-full": r"near[- ]full",
    "Random": r"(?<!non-)random(?:ly)?",
    "Scratch": r"scratch(?:es)?",
    "None": r"none|normal|no (?:systematic |defect )?(?:pattern|defects?)",
}
_PATTERNS = {name: re.compile(rf"\b(?:{words})\b", re.IGNORECASE) for name, words in _WORDS.items()}
_DENIED = re.compile(
    r"\b(?:no|not|without|neither|nor|never|absence of|rather than|unlike|free of)\b[^.;,]{0,40}$"
)


def named_types(text: str) -> set[str]:
    """Read the types that the final answer asserts; a denied mention does not count."""
    final = answer_text(text)[:32_768]
    found = set()
    for name, pattern in _PATTERNS.items():
        for match in pattern.finditer(final):
            if name == "None" or not _DENIED.search(
                final[max(0, match.start() - 60) : match.start()].lower()
            ):
                found.add(name)
                break
    # "No pattern beside the scratch" is a wafer with a scratch.
    return found - {"None"} or found
