"""What the verbs that read a source have in common: `SOURCE [IN] OUT` and `--option NAME=VALUE`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from verl_wafersage.errors import InputError


def check_paths(verb: str, source: str, paths: Sequence[Path]) -> None:
    """Refuse a call that does not name `IN OUT`, or `OUT` alone for the source `synthetic`."""
    wanted = 1 if source == "synthetic" else 2
    if len(paths) != wanted:
        usage = "synthetic OUT" if wanted == 1 else f"{source} IN OUT"
        raise InputError(f"expected: {verb} {usage}", field="IN, OUT")


def named_values(entries: Sequence[str]) -> dict[str, str]:
    """Values by name from `NAME=VALUE` entries."""
    settings = {}
    for entry in entries:
        name, found, value = entry.partition("=")
        if not found:
            raise InputError(f"{entry!r} is not NAME=VALUE", field="option")
        settings[name.strip()] = value.strip()
    return settings
