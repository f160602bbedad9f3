"""Rubrics compiled: repaired, their truth built, and settled by their own reference answer."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import lru_cache

from .asked import NOTHING, Asked, read_question
from .lexicon import Lexicon, load_lexicon
from .options import DEFAULT
from .part_score import Compiled, score_part
from .reader import read, take_as_passing
from .repair import repair
from .schema import Criteria, Rubric, load_rubric
from .text import read_text
from .truth import build_truth

MISTAKEN = 0.3
"""A reference answer with more false claims than this is wrong rather than misread; the audit reports it."""
LEAST_FULL = 0.6
"""A reference answer that earns less than this by its own rubric was not read; it sets no scale."""


@lru_cache(maxsize=4096)
def compile_rubric(
    text: str, lexicon_path: str | None = None, question: str = ""
) -> tuple[Rubric, dict[str, Compiled]]:
    """Repair and compile a rubric; cached by content, since every answer of a group asks for the same one."""
    load_rubric(text)
    mended, _ = repair(json.loads(text))
    rubric = load_rubric(mended)
    lexicon = load_lexicon(lexicon_path)
    asked = NOTHING if rubric.dimension == "full" else read_question(question, lexicon_path)
    return rubric, {
        name: _compile(rubric, name, part, lexicon, asked) for name, part in rubric.criteria.items()
    }


def _compile(rubric: Rubric, name: str, part: Criteria, lexicon: Lexicon, asked: Asked) -> Compiled:
    truth, items = build_truth(rubric.labels, rubric.reference_answer, part, lexicon, asked)
    phrases = [
        item
        for item, readings in items
        if not any(r.claims for r in readings) and str(item).strip().lower() not in ("yes", "no")
    ]
    avoided = [(item, [read(read_text(term), lexicon) for term in item.any_of]) for item in part.must_avoid]
    causes = frozenset(
        str(c.value) for _, readings in avoided for r in readings for c in r.claims if c.slot == "cause"
    ) - {cause for cause, source in truth.causes.items() if source == "hit"}
    scorable = bool(part.must_hit or rubric.labels or rubric.reference_answer.strip())
    unknown = [item for item, readings in avoided if not any(r.claims for r in readings)]
    compiled = Compiled(name, truth, items, phrases, unknown, causes, scorable)
    if rubric.reference_answer.strip():
        _settle(compiled, rubric, lexicon, asked)
    return compiled


def _settle(compiled: Compiled, rubric: Rubric, lexicon: Lexicon, asked: Asked) -> None:
    """Let the reference answer settle the rubric: it is right, so what it is charged for was misread.

    Facts that it contradicts are dropped, features that it invents are tolerated, and what it earns is the
    full score: must-hit lists that ask for terms of another question cannot be met by any right answer.
    """
    # What a yes and the number asked for are worth comes on top: who says the same without loses nothing.
    asked, extent, compiled.truth.extent = replace(asked, closed=False), compiled.truth.extent, []
    try:
        _settle_facts(compiled, rubric, lexicon, asked)
    finally:
        compiled.truth.extent = extent


def _settle_facts(compiled: Compiled, rubric: Rubric, lexicon: Lexicon, asked: Asked) -> None:
    reading = read(read_text(rubric.reference_answer), lexicon, size=asked.size, dial=asked.dial.exact())
    if asked.survivors:
        take_as_passing(reading)
    if score_part(reading, compiled, lexicon, asked, DEFAULT).hallucination > MISTAKEN:
        return
    for _ in range(2):
        part = score_part(reading, compiled, lexicon, asked, DEFAULT)
        wrong = [e for e in part.evidence if e.credit < 0]
        if not wrong:
            break
        for e in wrong:
            if e.thing >= 0 and e.slot:
                compiled.truth.things[e.thing].forget(e.slot)
            elif e.verdict == "invented" and e.what not in lexicon.shapes:
                compiled.truth.tolerated.add(e.what)
    compiled.full = max(LEAST_FULL, score_part(reading, compiled, lexicon, asked, DEFAULT).score)
