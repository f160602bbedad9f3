from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from verl_wafersage.curriculum.catalog import Columns, build_catalog
from verl_wafersage.curriculum.clock import Clock
from verl_wafersage.curriculum.options import CurriculumOptions
from verl_wafersage.curriculum.sampler import CurriculumSampler

Maker = Callable[..., CurriculumSampler]


def make_sampler(
    strategy: str = "staged",
    prompts: int = 60,
    batch_size: int = 4,
    steps: int = 30,
    *,
    by_steps: bool = False,
    difficulty: Sequence[float | str] | None = None,
    identity: Sequence[str] | None = None,
    classes: Sequence[Any] | None = None,
    dimensions: Sequence[str] | None = None,
    **options: Any,
) -> CurriculumSampler:
    """A sampler over made-up prompts; every third prompt is for review."""
    rng = np.random.default_rng(prompts)
    chosen = CurriculumOptions.parse({"strategy": strategy, **options})
    columns = Columns(
        difficulty=rng.random(prompts).tolist() if difficulty is None else difficulty,
        streams=[("review", "learning", "learning")[k % 3] for k in range(prompts)],
        dimensions=dimensions,
        classes=classes,
        identity=[str(k) for k in range(prompts)] if identity is None else identity,
    )
    return CurriculumSampler(build_catalog(columns, chosen), chosen, Clock(steps, batch_size, by_steps))
