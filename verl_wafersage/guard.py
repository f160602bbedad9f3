"""Refuses command lines that Hydra would accept and that would then train something else.

Hydra takes `+recipes=wafersage` for a plain new key: the run starts with verl's stock settings and no word
of warning. A recipe for fine-tuning given to the RL entry point, or the CPU
recipe without the CPU platform, fail late and obscurely. All this can be read off the command line.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from difflib import get_close_matches
from pathlib import Path

PLATFORM_VARIABLE = "VERL_PLATFORM"
RECIPE_FOLDER = Path(__file__).parent / "recipe"

_ENTRIES = {"main_ppo": "verl.trainer.main_ppo", "sft_trainer": "verl.trainer.sft_trainer"}
_OVERRIDE = re.compile(r"^(?P<prefix>\+{0,2})(?P<key>recipes?(?:@[^=]*)?)=(?P<value>.+)$")


def recipe_names(folder: Path = RECIPE_FOLDER) -> list[str]:
    """Names of the installed recipes, sorted."""
    return sorted(path.stem for path in folder.glob("*.yaml"))


def check_command_line(argv: Sequence[str], environ: Mapping[str, str]) -> None:
    """Stop the process when a recipe of ours is asked for in a way that cannot work.

    Args:
        argv: The interpreter's full command line (`sys.orig_argv`).
        environ: The process's environment.

    Raises:
        SystemExit: With a message; `Exception`s would be swallowed by verl's plugin loader.
    """
    if problem := find_problem(argv, environ):
        raise SystemExit(f"verl-wafersage: {problem}")


def find_problem(argv: Sequence[str], environ: Mapping[str, str]) -> str | None:
    """Say what is wrong with the command line, or None."""
    entry = _entry(argv)
    for prefix, key, name in _requested(argv):
        if name.endswith(("wafersage_cpu", "parts/cpu")) and prefix == "+":
            if environ.get(PLATFORM_VARIABLE, "").strip().lower() != "cpu":
                return f"recipe {name!r} needs the CPU platform; run: {PLATFORM_VARIABLE}=cpu {_shown(argv)}"
            continue
        if not name.startswith("wafersage"):
            continue
        if prefix != "+" or key != "recipe":
            return f"`{prefix}{key}={name}` does not load the recipe; write `+recipe={name}`"
        if name not in recipe_names():
            # A user may have recipes of their own with such a name; Hydra refuses those that do not exist.
            if meant := get_close_matches(name, recipe_names(), n=1, cutoff=0.88):
                return f"there is no recipe {name!r}; did you mean {meant[0]!r}?"
            continue
        wanted = "sft_trainer" if name.endswith("_sft") else "main_ppo"
        if entry and entry != wanted:
            return f"recipe {name!r} belongs to `python -m {_ENTRIES[wanted]}`, not to {_ENTRIES[entry]}"
    return None


def _entry(argv: Sequence[str]) -> str | None:
    for argument in argv:
        for entry, module in _ENTRIES.items():
            if argument == module or argument.endswith((f"trainer/{entry}.py", f"trainer\\{entry}.py")):
                return entry
    return None


def _requested(argv: Sequence[str]) -> Iterator[tuple[str, str, str]]:
    """Yield (prefix, key, recipe) for each recipe override; `+recipe=[a,b]` names several."""
    for argument in argv:
        if match := _OVERRIDE.match(argument.strip("'\"")):
            for name in match["value"].strip("[]'\"").split(","):
                yield match["prefix"], match["key"], name.strip(" '\"")


def _shown(argv: Sequence[str]) -> str:
    return " ".join(["python", *argv[1:]])
