"""What the audit keeps of each wafer, and what it looks for among all of them: leaks and label noise."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.cluster.vq import kmeans2

from ..evidence import find
from ..geometry import Measured, measure
from ..records import DEFECT_TYPES, NORMAL, DieGrid
from ..similarity import Signature, groups, signature
from .findings import Finding

Floats = npt.NDArray[np.float64]

CLEAR_YES, CLEAR_NO = 0.95, 0.05
"""Confidences from which geometry counts as a contradiction of a label."""
FAR = 3.5
"""Robust z-score from which a wafer is far from the clusters of its own label (Iglewicz and Hoaglin)."""
_WAFERS_PER_CLUSTER, _MOST_CLUSTERS, _FEWEST = 60, 6, 30


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


def leaks(wafers: Sequence[Wafer]) -> Iterator[tuple[Wafer, Finding]]:
    """Yield wafers that stand in more than one split, also turned, mirrored or slightly changed.

    The test split keeps its wafer, or else validation: taking the wafers yielded out cures the leak.
    """
    drawn = [(wafer.signature, wafer) for wafer in wafers if wafer.signature is not None]
    together: dict[str, list[Wafer]] = defaultdict(list)
    for number, (_, wafer) in zip(groups([sign for sign, _ in drawn]), drawn, strict=True):
        together[f"group {number}"].append(wafer)
    for wafer in wafers:
        if wafer.signature is None:
            together[f"name {wafer.name}"].append(wafer)
    for group in together.values():
        yield from _leaks_of(group)


def _leaks_of(group: list[Wafer]) -> Iterator[tuple[Wafer, Finding]]:
    splits = sorted({wafer.split for wafer in group}, key=lambda split: {"test": 0, "val": 1}.get(split, 2))
    kept = [wafer for wafer in group if wafer.split == splits[0]]
    for wafer in group:
        if wafer.split != splits[0]:
            same = [other for other in kept if _equal(wafer, other)]
            other = (same or kept)[0]
            check, like = ("leak", "the same as") if same else ("lookalike", "nearly the same as")
            yield wafer, wafer.finding(check, f"{wafer.split}: {like} {other.name} in {other.split}")


def _equal(one: Wafer, other: Wafer) -> bool:
    if one.signature is None or other.signature is None:
        return one.name == other.name
    return one.signature.digest == other.signature.digest


def label_suspects(wafers: Sequence[Wafer]) -> Iterator[Finding]:
    """Yield wafers of which geometry clearly sees another type, and clearly not the one of the label."""
    for wafer in wafers:
        if not wafer.labels or not len(wafer.confidence):
            continue
        sure = dict(zip(DEFECT_TYPES, wafer.confidence.tolist(), strict=True))
        other, strongest = max(
            ((name, value) for name, value in sure.items() if name not in wafer.labels),
            key=lambda pair: pair[1],
        )
        unseen = [name for name in wafer.labels if name != NORMAL and sure[name] <= CLEAR_NO]
        if strongest >= CLEAR_YES and (unseen or wafer.labels == (NORMAL,)):
            label = "+".join(wafer.labels)
            message = f"labelled {label}; geometry sees {other} ({strongest:.2f})"
            yield wafer.finding("label", message + (f" and no {unseen[0]}" if unseen else ""), -strongest)


def outliers(wafers: Sequence[Wafer], seed: int = 0) -> Iterator[Finding]:
    """Yield wafers far from the clusters of their own label and nearer to those of another.

    Within each label, features are clustered by k-means; a wafer is far when its distance to the nearest
    centre of its label has a robust z-score above `FAR`.

    Args:
        wafers: All wafers.
        seed: Seed of the clustering.
    """
    known = [wafer for wafer in wafers if wafer.labels and len(wafer.features)]
    by_label: dict[str, list[int]] = defaultdict(list)
    for number, wafer in enumerate(known):
        by_label["+".join(sorted(wafer.labels))].append(number)
    if not known:
        return
    features = np.stack([wafer.features for wafer in known])
    spread = np.percentile(features, 90, axis=0) - np.percentile(features, 10, axis=0)
    scaled = (features - np.median(features, axis=0)) / np.where(spread > 1e-6, spread, 1.0)
    centres = {
        label: _centres(scaled[members], seed)
        for label, members in by_label.items()
        if len(members) >= _FEWEST
    }
    for label, own in centres.items():
        members = np.array(by_label[label])
        near = _distance(scaled[members], own)
        middle = float(np.median(near))
        scale = 1.4826 * float(np.median(np.abs(near - middle)))
        if scale <= 0:
            continue
        others = {name: _distance(scaled[members], found) for name, found in centres.items() if name != label}
        for place in np.flatnonzero((near - middle) / scale > FAR):
            nearest = min(others, key=lambda name: others[name][place], default=None)
            if nearest is not None and others[nearest][place] < near[place]:
                score = (near[place] - middle) / scale
                message = f"labelled {label}; {score:.1f} times the usual spread away, nearer to {nearest}"
                yield known[members[place]].finding("outlier", message, -float(score))


def _centres(points: Floats, seed: int) -> Floats:
    count = max(1, min(_MOST_CLUSTERS, len(points) // _WAFERS_PER_CLUSTER))
    if count == 1:
        return np.asarray(np.median(points, axis=0, keepdims=True))
    centres, members = kmeans2(points, count, minit="++", seed=seed, missing="warn")
    return np.asarray(centres[np.unique(members)])


def _distance(points: Floats, centres: Floats) -> Floats:
    """Return the distance of each point to its nearest centre."""
    return np.asarray(np.linalg.norm(points[:, None, :] - centres[None, :, :], axis=2).min(axis=1))
