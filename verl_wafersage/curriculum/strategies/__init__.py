"""Strategies: each a small pure class that decides which prompt comes next."""

from __future__ import annotations

from ..catalog import Catalog
from ..options import CurriculumOptions
from .adaptive import Adaptive
from .base import Strategy
from .interleaved import Interleaved
from .shuffled import Shuffled
from .staged import Staged


def make_strategy(options: CurriculumOptions, catalog: Catalog) -> Strategy:
    """The strategy that `data.curriculum.strategy` names."""
    match options.strategy:
        case "shuffled":
            return Shuffled(catalog, options.seed)
        case "staged":
            return Staged(catalog, options.overlap, options.seed)
        case "interleaved":
            return Interleaved(catalog, options.review_ratio, options.overlap, options.seed)
        case "adaptive":
            return Adaptive(catalog, options.adaptive, options.seed)
        case _:
            raise AssertionError(f"options let {options.strategy} pass")


__all__ = ["Strategy", "make_strategy"]
