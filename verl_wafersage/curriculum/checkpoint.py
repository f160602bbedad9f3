"""Look at the checkpoint a run will resume from, before the model is loaded."""

from __future__ import annotations

import pickle
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from verl_wafersage.errors import InputError

# Where torchdata keeps the state of a map-style data set inside a loader's state.
_DATASET_STATE = "dataset_state"


def saved_curriculum(checkpoint: Mapping[str, Any]) -> dict[str, Any] | None:
    """The curriculum state that verl is going to resume from, or None when it will start afresh.

    verl restores the loader lazily, at the first training batch: minutes after the model was loaded, and
    after the first validation. Reading `data.pt` here lets a changed data set be refused at once.

    Args:
        checkpoint: `dir` (`trainer.default_local_dir`), `mode` (`trainer.resume_mode`) and `path`
            (`trainer.resume_from_path`); empty when unknown.
    """
    folder = _folder(checkpoint)
    if folder is None or not (folder / "data.pt").is_file():
        return None
    import torch

    try:
        state = torch.load(folder / "data.pt", weights_only=True, map_location="cpu")
    except (pickle.UnpicklingError, RuntimeError, EOFError) as error:
        remedy = "delete this checkpoint's folder, or set trainer.resume_mode=disable"
        raise InputError(f"cannot be read ({error})", file=folder / "data.pt", remedy=remedy) from error
    saved = state.get(_DATASET_STATE)
    return saved if isinstance(saved, dict) and saved else None


def _folder(checkpoint: Mapping[str, Any]) -> Path | None:
    mode = checkpoint.get("mode") or "disable"
    if mode == "resume_path":
        path = checkpoint.get("path")
        return Path(path) if path else None
    root = checkpoint.get("dir")
    if mode != "auto" or not root:
        return None
    latest = Path(root) / "latest_checkpointed_iteration.txt"
    return Path(root) / f"global_step_{latest.read_text().strip()}" if latest.is_file() else None
