"""What a conversion produced, how it was asked for, and how to check that it is whole."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

from ..errors import InputError
from .writer import sha256, write_text

FILE = "manifest.json"


@dataclass(frozen=True)
class Manifest:
    """Contents of `manifest.json`.

    Attributes:
        source: Name of the source.
        rows: Rows for reinforcement learning.
        wafers: Wafers (or ready-made questions) read.
        groups: Groups of wafers that stay in one split.
        files: Path relative to the output folder -> rows, bytes, sha256.
        counts: Rows by view (rl, sft), and those of rl by split, dimension, level, stream and label;
            `skipped` counts wafers by reason.
        bad: Rows refused and listed in `quarantine.jsonl`.
        options: The options of the conversion.
        command: The command line.
        version: Version of this package.
        fingerprint: Hash of input and options; the same fingerprint means the same output.
        seconds: Processor seconds by stage, over all workers.
    """

    source: str
    rows: int
    wafers: int
    groups: int
    files: dict[str, dict[str, Any]]
    counts: dict[str, dict[str, int]]
    bad: int = 0
    options: dict[str, Any] = field(default_factory=dict)
    command: str = ""
    version: str = ""
    fingerprint: str = ""
    seconds: dict[str, float] = field(default_factory=dict)

    def write(self, folder: Path) -> None:
        """Write to `folder`, atomically."""
        write_text(json.dumps(asdict(self), indent=1, ensure_ascii=False) + "\n", folder / FILE)

    def check(self, folder: Path) -> None:
        """Check every file's size and sha256.

        Raises:
            InputError: A file is missing or differs; names it.
        """
        for name, told in self.files.items():
            file = folder / name
            if not file.exists():
                raise InputError("listed in the manifest but missing", file=file)
            if file.stat().st_size != told["bytes"] or sha256(file) != told["sha256"]:
                raise InputError("differs from the manifest", file=file)


def load(folder: Path) -> Manifest | None:
    """The manifest of a converted folder; None where there is none.

    Raises:
        InputError: It is there but not readable.
    """
    file = folder / FILE
    if not file.exists():
        return None
    try:
        made: Mapping[str, Any] = json.loads(file.read_text())
        known = {entry.name for entry in fields(Manifest)}
        return Manifest(**{name: value for name, value in made.items() if name in known})
    except (ValueError, TypeError, AttributeError) as error:
        raise InputError(
            f"not a manifest ({error})", file=file, remedy="convert into another folder"
        ) from error
