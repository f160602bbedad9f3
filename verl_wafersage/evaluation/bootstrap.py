"""Confidence intervals by the cluster bootstrap: answers about one wafer are not independent."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Indices = npt.NDArray[np.intp]
Statistic = Callable[[Indices], float]

RESAMPLES = 1000


@dataclass(frozen=True)
class Interval:
    """An estimate with its confidence interval.

    Attributes:
        value: The statistic on the whole sample; NaN where it is undefined.
        low: Lower end; NaN with fewer than two clusters or too many undefined resamples.
        high: Upper end, likewise.
        n: Number of rows.
        clusters: Number of clusters, the real sample size.
    """

    value: float
    low: float
    high: float
    n: int
    clusters: int

    def as_dict(self) -> dict[str, float | int | None]:
        """Plain JSON types; undefined numbers become None, since JSON has no NaN."""
        return {
            "value": _json_number(self.value),
            "low": _json_number(self.low),
            "high": _json_number(self.high),
            "n": self.n,
            "clusters": self.clusters,
        }


def cluster_rows(clusters: Sequence[Hashable]) -> list[Indices]:
    """Row numbers of each cluster, in order of first appearance."""
    rows: dict[Hashable, list[int]] = {}
    for row, cluster in enumerate(clusters):
        rows.setdefault(cluster, []).append(row)
    return [np.asarray(members, dtype=np.intp) for members in rows.values()]


def resamples(clusters: Sequence[Hashable], *, n: int = RESAMPLES, seed: int = 0) -> list[Indices]:
    """Draw whole clusters with replacement, `n` times.

    Args:
        clusters: Cluster of each row.
        n: Number of resamples.
        seed: The same seed gives the same draws, so that two methods can be compared pairwise.

    Returns:
        Row numbers of each resample; their lengths differ when clusters differ in size.
    """
    members = cluster_rows(clusters)
    rng = np.random.default_rng(seed)
    draws = rng.integers(0, len(members), size=(n, len(members)))
    return [np.concatenate([members[cluster] for cluster in draw]) for draw in draws]


def interval(
    statistic: Statistic,
    clusters: Sequence[Hashable],
    *,
    confidence: float = 0.95,
    n: int = RESAMPLES,
    seed: int = 0,
) -> Interval:
    """Percentile interval of any statistic of rows, resampling clusters.

    Args:
        statistic: From row numbers (with repeats) to a number; NaN where undefined.
        clusters: Cluster of each row, for instance its wafer.
        confidence: Coverage, in (0, 1).
        n: Number of resamples.
        seed: Seed of the draws.

    Returns:
        The estimate. With one cluster nothing can be said about its spread: the ends are NaN.
    """
    count = len(set(clusters))
    everything = np.arange(len(clusters), dtype=np.intp)
    value = float(statistic(everything)) if len(clusters) else float("nan")
    if count < 2:
        return Interval(value, float("nan"), float("nan"), len(clusters), count)
    draws = np.asarray([statistic(rows) for rows in resamples(clusters, n=n, seed=seed)], dtype=float)
    low, high = _percentiles(draws, confidence)
    return Interval(value, low, high, len(clusters), count)


def mean_interval(
    values: Sequence[float],
    clusters: Sequence[Hashable],
    *,
    confidence: float = 0.95,
    n: int = RESAMPLES,
    seed: int = 0,
) -> Interval:
    """`interval` of the mean, without a Python call per resample."""
    members = cluster_rows(clusters)
    if not members:
        return Interval(float("nan"), float("nan"), float("nan"), 0, 0)
    array = np.asarray(values, dtype=float)
    if len(members) < 2:
        return Interval(float(array.mean()), float("nan"), float("nan"), len(array), 1)
    sums = np.asarray([array[rows].sum() for rows in members])
    sizes = np.asarray([len(rows) for rows in members], dtype=float)
    draws = np.random.default_rng(seed).integers(0, len(members), size=(n, len(members)))
    low, high = _percentiles(sums[draws].sum(axis=1) / sizes[draws].sum(axis=1), confidence)
    return Interval(float(array.mean()), low, high, len(array), len(members))


def _percentiles(draws: npt.NDArray[np.float64], confidence: float) -> tuple[float, float]:
    defined = draws[np.isfinite(draws)]
    # A statistic that is undefined in most resamples has no trustworthy spread.
    if 2 * len(defined) < len(draws):
        return float("nan"), float("nan")
    tail = (1.0 - confidence) / 2.0
    low, high = np.quantile(defined, [tail, 1.0 - tail])
    return float(low), float(high)


def _json_number(number: float) -> float | None:
    return float(number) if np.isfinite(number) else None
