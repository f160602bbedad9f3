"""Data rows behind answers: pictures, wafers and levels that a dump does not carry."""

from __future__ import annotations

import base64
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
from PIL import Image

from verl_wafersage.errors import InputError

from .run import Answer, Run

_SIDE = 192
_FIELDS = [f"extra_info.{name}" for name in ("id", "wafer_id", "question", "dimension", "level")]
_FIELDS.append("reward_model.ground_truth")
_MAX_PIXELS = 4096 * 4096


@dataclass
class Rows:
    """What the data set knows about the answers of a run.

    Attributes:
        pictures: Answer key -> PNG as a data URL.
        ambiguous: Questions whose rubric several wafers share, in dumps without row ids.
    """

    pictures: dict[str, str]
    ambiguous: int = 0


def find_data(run_dir: Path) -> Path | None:
    """Return the data folder beside or inside a run folder, where `verl-wafersage demo` puts it."""
    for folder in (run_dir / "data", run_dir.parent / "data"):
        if any(folder.glob("*.parquet")):
            return folder
    return None


def attach_rows(run: Run, data_dir: Path, shown: Sequence[Answer]) -> Rows:
    """Complete the run's answers from the data set, in place, and collect pictures of the shown ones.

    Rows are found by id; verl's own dumps have none, there question and rubric identify the row unless
    several wafers share both.

    Raises:
        InputError: The folder has no parquet file, or one cannot be read.
    """
    files = sorted(data_dir.glob("*.parquet"))
    if not files:
        raise InputError("no parquet file", file=data_dir, remedy="give the output folder of `convert`")
    wanted = {answer.key for answer in run.answers}
    pictured = {answer.key for answer in shown}
    found: dict[str, dict[str, Any]] = {}
    images: dict[str, bytes] = {}
    ambiguous: set[str] = set()
    for file in files:
        for key, info, image in _matches(file, wanted, pictured):
            if key in found and found[key].get("wafer_id") != info.get("wafer_id"):
                ambiguous.add(key)
            found[key] = info
            if image is not None:
                images[key] = image
    run.answers[:] = [
        _completed(answer, found[answer.key])
        if answer.key in found and answer.key not in ambiguous
        else answer
        for answer in run.answers
    ]
    pictures = {
        key: url
        for key, data in images.items()
        if key not in ambiguous and (url := picture_url(data, run)) is not None
    }
    return Rows(pictures, len(ambiguous & pictured))


def _matches(
    file: Path, wanted: set[str], pictured: set[str]
) -> Iterator[tuple[str, dict[str, Any], bytes | None]]:
    try:
        table = pq.ParquetFile(file)
        has_images = "images" in table.schema_arrow.names
        for group in range(table.num_row_groups):
            rows = table.read_row_group(group, columns=_FIELDS).to_pylist()
            keyed = [(i, key, _info(row)) for i, row in enumerate(rows) for key in _keys(row) & wanted]
            images = None
            if has_images and any(key in pictured for _, key, _ in keyed):
                images = table.read_row_group(group, columns=["images"]).column("images")
            for i, key, info in keyed:
                cell = images[i].as_py() if images is not None and key in pictured else None
                yield key, info, _image_bytes(cell)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(f"cannot be read as a data set of this project: {error}", file=file) from error


def _info(row: Mapping[str, Any]) -> dict[str, Any]:
    return {**(row.get("extra_info") or {}), "rubric": (row.get("reward_model") or {}).get("ground_truth")}


def _keys(row: Mapping[str, Any]) -> set[str]:
    """Both names a row can go by; see `Answer.key`."""
    info = row.get("extra_info") or {}
    truth = (row.get("reward_model") or {}).get("ground_truth") or ""
    return {str(info.get("id") or ""), f"{info.get('question') or ''}\0{truth}"}


def _image_bytes(cell: Any) -> bytes | None:
    first = cell[0] if isinstance(cell, list) and cell else None
    data = first.get("bytes") if isinstance(first, dict) else None
    return data if isinstance(data, bytes) else None


def _completed(answer: Answer, info: Mapping[str, Any]) -> Answer:
    return replace(
        answer,
        question=answer.question or str(info.get("question") or ""),
        dimension=answer.dimension or str(info.get("dimension") or ""),
        level=answer.level or str(info.get("level") or ""),
        wafer_id=answer.wafer_id or str(info.get("wafer_id") or ""),
        rubric=answer.rubric or str(info.get("rubric") or ""),
    )


def picture_url(data: bytes, run: Run) -> str | None:
    """Re-encode a picture as a small PNG data URL, so that nothing but pixels reaches the page."""
    try:
        with Image.open(io.BytesIO(data)) as image:
            if image.width * image.height > _MAX_PIXELS:
                raise ValueError(f"{image.width} x {image.height} pixels")
            small = image.convert("RGB")
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        run.problems.append(f"A wafer picture could not be decoded: {error}")
        return None
    scale = _SIDE / max(small.size)
    if scale < 1:
        size = (max(1, round(small.width * scale)), max(1, round(small.height * scale)))
        small = small.resize(size, Image.Resampling.NEAREST)
    buffer = io.BytesIO()
    # Wafer maps have a handful of colours; a palette keeps the page small.
    small.quantize(16, dither=Image.Dither.NONE).save(buffer, "PNG", optimize=True)
    return "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode("ascii")
