"""What may be imported without what: proved in fresh interpreters."""

from __future__ import annotations

import subprocess
import sys

import pytest

HEAVY = ("torch", "verl", "ray", "transformers", "vllm")


@pytest.mark.parametrize(
    ("module", "absent"),
    [
        ("verl_wafersage", HEAVY),
        ("verl_wafersage.reward_fns.rubric", (*HEAVY, "datasets")),
        ("verl_wafersage.reward_fns.paper", HEAVY),
        ("verl_wafersage.data_prep.convert", HEAVY),
        ("verl_wafersage.curriculum.sampler", HEAVY),
        ("verl_wafersage.cli", (*HEAVY, "numpy", "pyarrow")),
    ],
)
def test_import_stays_light(module: str, absent: tuple[str, ...]) -> None:
    code = f"import sys, {module}; print(sorted(set(sys.modules) & set({absent!r})))"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "[]"
