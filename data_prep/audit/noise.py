"""Suspects of label noise: labels that geometry contradicts, outliers of their class, odd ones out."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence

import numpy as np
from scipy.cluster.vq import kmeans2
from scipy.spatial import cKDTree

from ..records import DEFECT_TYPES, NORMAL
from .findings import Finding
from .wafers import Floats, Wafer

CLEAR_YES, CLEAR_NO = 0.95, 0.05
"""Confidences from which geometry counts as a contradiction of a label."""
CONFUSABLE = {
    "Center": {"Donut", "Loc"},
    "Donut": {"Center"},
    "Edge-Loc": {"Edge-Ring", "Loc", "Scratch"},
    "Edge-Ring": {"Edge-Loc"},
    "Loc": {"Center", "Edge-Loc", "Scratch"},
    "Near-full": {"Random"},
    "Random": {"Near-full"},
    "Scratch": {"Edge-Loc", "Loc"},
    NORMAL: {"Random"},
}
"""Types that people and geometry draw the line between differently: seeing one for the other says little."""
FAR = 3.5
"""Robust z-score from which a wafer is far from the clusters of its own label (Iglewicz and Hoaglin)."""
_WAFERS_PER_CLUSTER, _MOST_CLUSTERS, _FEWEST = 60, 6, 30
NEIGHBOURS = 10
"""Look-alikes asked about a label."""
_LARGEST_POOL = 60_000


def label_suspects(wafers: Sequence[Wafer]) -> Iterator[Finding]:
    """Yield wafers of which geometry clearly sees another type, and clearly not the one of the label."""
    for wafer in wafers:
        if not wafer.labels or not len(wafer.confidence) or not CONFUSABLE.keys() >= set(wafer.labels):
            continue
        sure = dict(zip(DEFECT_TYPES, wafer.confidence.tolist(), strict=True))
        near = {*wafer.labels, *(name for label in wafer.labels for name in CONFUSABLE[label])}
        other, strongest = max(
            ((name, value) for name, value in sure.items() if name not in near),
            key=lambda pair: pair[1],
            default=("", 0.0),
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
        by_label[_label(wafer)].append(number)
    if not known:
        return
    scaled = _scaled(known)
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


def misplaced(wafers: Sequence[Wafer], seed: int = 0) -> Iterator[Finding]:
    """Yield wafers whose nearest look-alikes all have another label, at least half of them the same one.

    Args:
        wafers: All wafers.
        seed: Seed of the sample that a very large set is compared with.
    """
    known = [wafer for wafer in wafers if wafer.labels and len(wafer.features)]
    if len(known) <= NEIGHBOURS:
        return
    scaled = np.clip(_scaled(known), -3, 3)
    names = np.array([_label(wafer) for wafer in known])
    counts = Counter(names.tolist())
    pool = np.arange(len(known))
    if len(pool) > _LARGEST_POOL:
        pool = np.sort(np.random.default_rng(seed).choice(pool, _LARGEST_POOL, replace=False))
    near = np.asarray(cKDTree(scaled[pool]).query(scaled, NEIGHBOURS + 1)[1])
    for number, wafer in enumerate(known):
        if counts[_label(wafer)] <= NEIGHBOURS:
            continue
        others = [names[place] for place in pool[near[number]] if place != number][:NEIGHBOURS]
        label, votes = Counter(others).most_common(1)[0]
        if _label(wafer) not in others and votes >= NEIGHBOURS / 2:
            share = votes / NEIGHBOURS
            message = f"labelled {_label(wafer)}; {votes} of its {NEIGHBOURS} nearest look-alikes are {label}"
            yield wafer.finding("neighbours", message, -share)


def _label(wafer: Wafer) -> str:
    return "+".join(sorted(wafer.labels))


def _scaled(wafers: Sequence[Wafer]) -> Floats:
    """Return the features, centred and in units of their spread over all wafers."""
    features = np.stack([wafer.features for wafer in wafers])
    spread = np.percentile(features, 90, axis=0) - np.percentile(features, 10, axis=0)
    return np.asarray((features - np.median(features, axis=0)) / np.where(spread > 1e-6, spread, 1.0))


def _centres(points: Floats, seed: int) -> Floats:
    count = max(1, min(_MOST_CLUSTERS, len(points) // _WAFERS_PER_CLUSTER))
    if count == 1:
        return np.asarray(np.median(points, axis=0, keepdims=True))
    centres, members = kmeans2(points, count, minit="++", seed=seed, missing="warn")
    return np.asarray(centres[np.unique(members)])


def _distance(points: Floats, centres: Floats) -> Floats:
    """Return the distance of each point to its nearest centre."""
    return np.asarray(np.linalg.norm(points[:, None, :] - centres[None, :, :], axis=2).min(axis=1))
