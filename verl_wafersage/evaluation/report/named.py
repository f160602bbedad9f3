"""The defect types an answer asserts."""

from __future__ import annotations

from verl_wafersage.reward_fns.final import answer_text
from verl_wafersage.reward_fns.lexicon import load_lexicon
from verl_wafersage.reward_fns.reader import read
from verl_wafersage.reward_fns.text import read_text


def named_types(text: str) -> set[str]:
    """Read the types that the final answer asserts, as the reward reads them; `None` for a normal wafer."""
    reading = read(read_text(answer_text(text)), load_lexicon())
    found = {
        str(claim.value)
        for claim in reading.claims
        if claim.slot == "type" and claim.affirmed and not claim.good
    }
    # "No pattern beside the scratch" is a wafer with a scratch.
    return found - {"None"} or found
