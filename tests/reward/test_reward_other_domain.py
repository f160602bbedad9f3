"""The examples of docs/reward.md, run: rubrics that have nothing to do with wafers."""

from __future__ import annotations

import json
import re
from pathlib import Path

from verl_wafersage.reward_fns.rubric import compute_score

DOC = (Path(__file__).parents[2] / "docs/reward.md").read_text(encoding="utf-8")


def _block(language: str, start: str) -> str:
    blocks = re.findall(rf"```{language}\n(.*?)```", DOC, re.DOTALL)
    return next(block for block in blocks if block.startswith(start))


def test_plain_phrases_example() -> None:
    exec(_block("python", "import json"), {})


def test_another_lexicon(tmp_path: Path) -> None:
    file = tmp_path / "leaves.yaml"
    file.write_text(_block("yaml", "version: 1\nname: leaves"))
    rubric = json.dumps({
        "version": 1, "dimension": "defect_type", "labels": ["Oak"], "must_hit": ["oak"],
        "must_avoid": ["willow"], "reference_answer": "An oak leaf with a wavy margin.",
    })  # fmt: skip

    def paid(answer: str) -> float:
        return compute_score("leaves", answer, rubric, lexicon=str(file))["score"]

    assert paid("A lobed oak leaf.") > 0.8
    assert paid("A willow leaf.") < 0.2
    assert paid("It is not an oak leaf.") < 0.2
    assert paid("An oak leaf, toothed.") < paid("An oak leaf, wavy.")


def test_phrases_are_denied_and_misspelt() -> None:
    rubric = json.dumps({"version": 1, "dimension": "morphology", "must_hit": ["left ventricle", "enlarged"]})

    def paid(answer: str) -> float:
        return compute_score("clinic", answer, rubric, lexicon="none")["score"]

    assert paid("The left ventricle is enlarged.") == 1.0
    assert paid("The left ventricel is enlarged.") == 1.0
    assert paid("The right ventricle is enlarged.") < 0.6
    assert paid("The left ventricle is not enlarged.") < 0.6
