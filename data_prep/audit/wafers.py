"""What the audit keeps of each wafer."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ..evidence import find
from ..geometry import Measured, measure
from ..records import DEFECT_TYPES, DieGrid
from ..similarity import Signature, signature
from .findings import Finding

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Wafer:
    """One wafer as it first stands in the data.

    Attributes:
        name: Unique name.
        split: Its split.
        labels: Canonical labels.
        file: File of its first row.
        row: Number of that row.
        id: Name of that row.
        signature: For comparison with other wafers; None for a picture that is no die map.
        features: What its failures look like, whichever way it is turned.
        confidence: How sure geometry is of each of `DEFECT_TYPES`.
    """

    name: str
    split: str
    labels: tuple[str, ...]
    file: str
    row: int
    id: str
    signature: Signature | None
    features: Floats
    confidence: Floats

    def finding(self, check: str, message: str, value: float | None = None) -> Finding:
        """Return a finding about this wafer."""
        return Finding(check, self.file, self.row, self.id, self.name, message, value)


def describe(grid: DieGrid, noise: bool) -> tuple[Signature, Floats, Floats]:
    """Return signature, features and confidences of a die grid.

    Args:
        grid: Dies, shape (rows, cols).
        noise: Whether features and confidences are wanted; else they are empty.
    """
    if not noise:
        return signature(grid), np.zeros(0), np.zeros(0)
    measured = measure(grid)
    found = find(measured)
    return signature(grid), features_of(measured), np.array([found[name].confidence for name in DEFECT_TYPES])


def features_of(measured: Measured) -> Floats:
    """Return numbers that do not change when the wafer is turned by a multiple of 30 degrees or mirrored."""
    around = np.abs(np.fft.rfft(measured.hours))[1:5] / 12
    rim = np.abs(np.fft.rfft(measured.rim))[:4] / max(len(measured.rim), 1)
    blobs = [
        value
        for blob in (*measured.blobs[:2], None, None)[:2]
        for value in ((blob.area, blob.inner, blob.outer, blob.span / 12, blob.fill) if blob else (0.0,) * 5)
    ]
    lines = [measured.lines[0].length, len(measured.lines) / 10] if measured.lines else [0.0, 0.0]
    rest = [measured.share, measured.background, measured.hollow, measured.hollow_radius]
    return np.concatenate([measured.radial, around, rim, blobs, lines, rest]).astype(np.float64)
