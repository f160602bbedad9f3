"""The compiled reader scores as the plain one; built only when asked for with `WAFERSAGE_COMPILE=1`."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[2]
ASKED = os.environ.get("WAFERSAGE_COMPILE") == "1"
SCORES = """
import json, sys
from pathlib import Path
from verl_wafersage.reward_fns import clauses
from verl_wafersage.reward_fns.rubric import explain

print(Path(clauses.__file__).suffix)
for file in sorted(Path(sys.argv[1]).glob("*.jsonl")):
    for question in map(json.loads, file.read_text(encoding="utf-8").splitlines()):
        rubric = {"version": 1, "dimension": question["dimension"], "labels": question["label"]}
        rubric |= {key: question[key] for key in ("must_hit", "must_avoid", "criteria") if key in question}
        rubric["reference_answer"] = question["reference_answer"]
        for candidate in question["candidates"]:
            extra = {"question": question["question"]}
            print(json.dumps(explain("", candidate["text"], json.dumps(rubric), extra)))
"""


def _source(folder: Path) -> Path:
    for name in ("pyproject.toml", "setup.py", "README.md", "LICENSE"):
        shutil.copy(REPOSITORY / name, folder / name)
    ignored = shutil.ignore_patterns("__pycache__", "*.so")
    shutil.copytree(REPOSITORY / "verl_wafersage", folder / "verl_wafersage", ignore=ignored)
    return folder


def _scores(root: Path) -> list[str]:
    command = [sys.executable, "-c", SCORES, str(Path(__file__).parent / "graded")]
    environment = {**os.environ, "PYTHONPATH": str(root)}
    return subprocess.run(
        command, cwd=root, env=environment, check=True, capture_output=True, text=True
    ).stdout.splitlines()


@pytest.mark.skipif(not ASKED, reason="builds with a C compiler; asked for with WAFERSAGE_COMPILE=1")
def test_compiled_scores_and_evidence_equal_the_plain_ones(tmp_path: Path) -> None:
    source, site = tmp_path / "source", tmp_path / "site"
    source.mkdir()
    build = [sys.executable, "-m", "pip", "install", "--no-build-isolation", "--no-deps", "--quiet"]
    subprocess.run([*build, "--target", str(site), str(_source(source))], check=True)
    plain, compiled = _scores(REPOSITORY), _scores(site)
    assert (plain[0], compiled[0]) == (".py", ".so")
    assert len(plain) > 1600
    assert plain[1:] == compiled[1:]


@pytest.mark.parametrize(
    ("broken", "said"),
    [
        ({"PYTHONPATH": "hidden"}, "WAFERSAGE_COMPILE=1 needs mypy"),
        ({"CC": "no-such-compiler"}, "WAFERSAGE_COMPILE=1 needs a C compiler: there is no no-such-compiler"),
        ({"CC": "false"}, "WAFERSAGE_COMPILE=1: the C compiler failed"),
    ],
)
@pytest.mark.skipif(not ASKED, reason="builds with a C compiler; asked for with WAFERSAGE_COMPILE=1")
def test_what_is_missing_is_named_in_one_line(broken: dict[str, str], said: str, tmp_path: Path) -> None:
    source = _source(tmp_path)
    hidden = tmp_path / "hidden" / "mypyc"
    hidden.mkdir(parents=True)
    (hidden / "__init__.py").write_text("")
    command = [sys.executable, "setup.py", "-q", "build_ext"]
    found = subprocess.run(
        command, cwd=source, env={**os.environ, **broken}, check=False, capture_output=True, text=True
    )
    assert found.returncode != 0
    assert said in found.stderr.splitlines()[-1]
