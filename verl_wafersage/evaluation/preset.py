"""Presets: calibrated options of a rule in a file that a recipe can name."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..data_prep.writer import write_text
from ..errors import InputError
from .calibrate import Calibration

VERSION = 1


def write_preset(found: Calibration, file: Path) -> None:
    """Write the options of a calibration, with where they come from and what they are worth.

    Raises:
        InputError: The calibration has objections.
    """
    if found.objections:
        raise InputError("this fit is not blessed: " + "; ".join(found.objections), file=file)
    how = found.settings
    content = {
        "version": VERSION,
        "scorer": how.scorer,
        "options": dict(found.options),
        "fitted": {
            "way": found.chosen,
            "objective": how.objective,
            "seed": how.seed,
            "answers": found.answers,
            "wafers": found.groups,
            "held_out": found.selected.agreement.as_dict()[how.objective],
            "gain": found.selected.gain.as_dict(),
        },
    }
    write_text(json.dumps(content, indent=1) + "\n", file)


def read_preset(file: Path) -> Mapping[str, Any]:
    """Options of the reward in a preset.

    Raises:
        InputError: The file is missing, no preset, of an unknown version, or of another rule.
    """
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise InputError(f"cannot be read ({error})", file=file) from error
    options = content.get("options") if isinstance(content, dict) else None
    if not isinstance(options, dict):
        raise InputError("no preset", file=file, field="options", remedy="write one with `calibrate`")
    if content.get("version") != VERSION:
        raise InputError(f"unknown version {content.get('version')!r}", file=file, field="version")
    if content.get("scorer") != "wafersage":
        raise InputError(f"a preset of the rule {content.get('scorer')!r}", file=file, field="scorer")
    return options
