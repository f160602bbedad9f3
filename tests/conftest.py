"""Fixtures shared by all areas: a tiny model and, where it lies beside the repository, real data."""

from __future__ import annotations

from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[1]
SHARED = REPOSITORY.parent / "shared"


@pytest.fixture(scope="session")
def tiny_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of a tiny Qwen3-VL with random weights."""
    pytest.importorskip("transformers")
    from verl_wafersage.cpu.tiny_model import TinySize, make_tiny_model

    out = tmp_path_factory.mktemp("model") / "tiny"
    size = TinySize(image_size=64, vision_layers=2, text_layers=2, width=64, vocabulary=320)
    make_tiny_model(out, ["Where do the failing dies lie?", "A ring at the edge, near 3 o'clock."] * 20, size)
    return out


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Folder with real wafer maps, which are not part of the repository."""
    folder = SHARED / "data"
    if not folder.is_dir():
        pytest.skip("the folder shared/data with real wafer maps is not beside the repository")
    return folder
