"""Build the package: pure Python, or with `WAFERSAGE_COMPILE=1` the reader of the reward compiled by mypyc.

Everything else is in `pyproject.toml`. How and why: `docs/reward.md`.
"""

from __future__ import annotations

import os
import shutil
import sysconfig

from setuptools import Extension, setup
from setuptools.command.build_ext import build_ext
from setuptools.errors import BaseError, CCompilerError

READER = (
    "angles", "bearings", "binding", "choices", "claims", "clause_state", "clauses", "clear_places",
    "clock", "compass", "cue_words", "degrees", "denials", "dial", "directions", "doubts", "evidence",
    "exchange", "features", "fluency", "inventions", "lengths", "matching", "mentions", "part_score",
    "phrases", "placing", "points", "radii", "reader", "refine", "relations", "relevance", "scan",
    "sides", "slots", "spans", "spread", "things", "words",
)  # fmt: skip
"""Modules from the words of an answer to its score; one group, so that they call each other directly."""


class Build(build_ext):
    """Compile, or say in one line why not."""

    def run(self) -> None:
        """Run the compiler."""
        try:
            super().run()
        except (BaseError, CCompilerError, OSError):
            raise SystemExit("WAFERSAGE_COMPILE=1: the C compiler failed; its message is above") from None


def extensions() -> list[Extension]:
    """Return the modules to compile: none unless asked for."""
    if os.environ.get("WAFERSAGE_COMPILE") != "1":
        return []
    try:
        from mypyc.build import mypycify
    except ImportError:
        raise SystemExit(
            "WAFERSAGE_COMPILE=1 needs mypy: pip install mypy, then pip install --no-build-isolation ."
        ) from None
    compiler = str(os.environ.get("CC") or sysconfig.get_config_var("CC") or "cc").split()[0]
    if shutil.which(compiler) is None:
        raise SystemExit(f"WAFERSAGE_COMPILE=1 needs a C compiler: there is no {compiler}")
    lenient = ["--ignore-missing-imports", "--follow-imports=silent", "--no-warn-unused-ignores"]
    files = [f"verl_wafersage/reward_fns/{name}.py" for name in READER]
    found: list[Extension] = mypycify([*lenient, *files], opt_level="3", group_name="verl_wafersage")
    return found


setup(ext_modules=extensions(), cmdclass={"build_ext": Build})
