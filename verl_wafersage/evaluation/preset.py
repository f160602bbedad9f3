"""Presets: calibrated options of the rule as a piece of configuration that a launch command names.

A preset is YAML for Hydra. As `my/preset/fab12.yaml` it is added to any recipe:

    python -m verl.trainer.main_ppo --config-dir my +recipe=wafersage +preset=fab12
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from ..data_prep.writer import write_text
from ..errors import InputError
from ..reward_fns.options import read_options
from .bootstrap import Interval
from .calibrate import Calibration

PACKAGE = "# @package reward.custom_reward_function.reward_kwargs"


def write_preset(found: Calibration, file: Path) -> None:
    """Write the options of a calibration, with where they come from and what they are worth.

    Raises:
        InputError: The calibration has objections, or is of another rule than training uses.
    """
    how, selected = found.settings, found.selected
    if found.objections:
        raise InputError("this fit is not blessed: " + "; ".join(found.objections), file=file)
    if how.scorer != "wafersage":
        raise InputError(f"no preset is made of the rule {how.scorer!r}", file=file)
    held = getattr(selected.agreement, how.objective)
    lines = [
        PACKAGE,
        f"# Written by `verl-wafersage calibrate`: {found.chosen}, seed {how.seed},",
        f"# {found.answers} graded answers on {found.groups} wafers.",
        f"# On wafers left out of the fit: {how.objective} {_ends(held)}, gain {_ends(selected.gain)}.",
        yaml.safe_dump(dict(found.options), sort_keys=False),
    ]
    write_text("\n".join(lines), file)


def read_preset(file: Path) -> Mapping[str, Any]:
    """Options of the reward in a preset.

    Raises:
        InputError: The file is missing or no preset, or an option is unknown.
    """
    try:
        options = yaml.safe_load(file.read_text(encoding="utf-8"))
    except (OSError, ValueError, yaml.YAMLError) as error:
        problem = " ".join(str(error).split())
        raise InputError(f"cannot be read ({problem})", file=file) from error
    if not isinstance(options, dict) or not all(isinstance(name, str) for name in options):
        raise InputError("no preset", file=file, remedy="write one with `calibrate`")
    try:
        read_options(options)
    except InputError as error:
        raise InputError(error.problem, file=file, field=error.field, remedy=error.remedy) from error
    return options


def _ends(ends: Interval) -> str:
    return f"{ends.value:.3f} [{ends.low:.3f}, {ends.high:.3f}]"
