"""Good answers on disk."""

from __future__ import annotations

import json
import os
import random
from pathlib import Path
from typing import Any


class ReplyCache:
    """Good answers on disk, one small JSON file each, named by the content of the request.

    Files are written beside and moved into place, so readers in other processes never see half of one; a
    file that is damaged all the same counts as absent.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def path(self, key: str) -> Path:
        """Return the file of `key` (256 folders keep directories small)."""
        return self.folder / key[:2] / f"{key}.json"

    def get(self, key: str) -> dict[str, Any] | None:
        """Return the stored answer or None."""
        try:
            stored = json.loads(self.path(key).read_text(encoding="utf-8"))
        except (FileNotFoundError, json.JSONDecodeError, UnicodeDecodeError):
            return None
        return stored if isinstance(stored, dict) and "choice" in stored else None

    def put(self, key: str, stored: dict[str, Any]) -> None:
        """Store an answer."""
        path = self.path(key)
        path.parent.mkdir(parents=True, exist_ok=True)
        beside = path.with_name(f".{path.name}.{os.getpid()}.{random.getrandbits(32):08x}")
        beside.write_text(json.dumps(stored, ensure_ascii=False), encoding="utf-8")
        os.replace(beside, path)
