"""The folder for verl-recipe works wherever it is copied, and trains what our own recipe trains."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("verl")

from composing import composed
from omegaconf import OmegaConf

FOLDER = Path(__file__).parents[2] / "contrib" / "verl-recipe" / "wafersage"


def test_its_script_composes_our_recipe_from_any_place(tmp_path: Path) -> None:
    copy = shutil.copytree(FOLDER, tmp_path / "wafersage")
    # The script calls python3: this interpreter's, not the system's.
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    result = subprocess.run(
        ["bash", str(copy / "run_wafersage.sh"), "--cfg", "job"],
        env={**os.environ, "PATH": path, "DATA": "/data", "MODEL": "some/model"},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    ours = composed("wafersage", "wafersage.data_dir=/data", "wafersage.model=some/model")
    assert OmegaConf.create(result.stdout) == OmegaConf.create(OmegaConf.to_yaml(ours))


def test_nothing_in_it_points_outside() -> None:
    targets = re.findall(r"\]\(([^)]+)\)", (FOLDER / "README.md").read_text())
    outside = [target for target in targets if "://" not in target and not (FOLDER / target).exists()]
    assert outside == [] and not any(".." in target for target in targets)


def test_its_code_carries_the_licence() -> None:
    code = [path for path in FOLDER.rglob("*") if path.suffix in (".py", ".sh")]
    assert code
    for path in code:
        assert "Licensed under the Apache License, Version 2.0" in path.read_text()[:400], path.name
