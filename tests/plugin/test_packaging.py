"""A wheel built from the committed tree carries everything, under one import root."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """Names in the wheel."""
    if not (REPOSITORY / ".git").exists():
        pytest.skip("not a git checkout")
    source, out = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("wheel")
    archive = subprocess.run(["git", "archive", "HEAD"], cwd=REPOSITORY, capture_output=True, check=True)
    subprocess.run(["tar", "-x", "-C", str(source)], input=archive.stdout, check=True)
    build = [sys.executable, "-m", "pip", "wheel", "--no-deps", "--no-build-isolation", "--quiet"]
    subprocess.run([*build, "--wheel-dir", str(out), str(source)], check=True)
    [path] = out.glob("*.whl")
    return zipfile.ZipFile(path).namelist()


def test_one_import_root(wheel: list[str]) -> None:
    roots = {name.split("/")[0] for name in wheel}
    assert {root for root in roots if not root.endswith(".dist-info")} == {"verl_wafersage"}


@pytest.mark.parametrize("folder", ["recipes", "reward_fns", "data_prep", "verl_wafersage"])
def test_every_committed_file_is_in_it(folder: str, wheel: list[str]) -> None:
    linked = {"recipes": "verl_wafersage/recipe"}.get(folder, f"verl_wafersage/{folder}")
    target = "verl_wafersage" if folder == "verl_wafersage" else linked
    listed = subprocess.run(
        ["git", "ls-tree", "-r", "--name-only", "HEAD", folder],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=True,
    )
    links = {"verl_wafersage/recipe", "verl_wafersage/reward_fns", "verl_wafersage/data_prep"}
    expected = {target + name.removeprefix(folder) for name in listed.stdout.split() if name not in links}
    assert len(expected) > 3
    assert expected <= set(wheel), sorted(expected - set(wheel))


def test_the_entry_points(wheel: list[str]) -> None:
    from importlib.metadata import entry_points

    assert any(name.endswith("entry_points.txt") for name in wheel)
    [plugin] = [entry for entry in entry_points(group="verl.plugins") if entry.name == "wafersage"]
    assert plugin.value == "verl_wafersage.plugin"
