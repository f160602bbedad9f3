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


def expected_order(files: list[str], steps: int, batch_size: int, **options: Any) -> list[list[str]]:
    """Ids of the prompts of each step that a run over `files` must serve, from the pure sampler alone.

    Args:
        files: Training files, in the order verl reads them.
        steps: Training steps of the whole run.
        batch_size: `data.train_batch_size`.
        options: What stands under `data.curriculum`, `seed` included.
    """
    import datasets

    from verl_wafersage.curriculum.columns import read_columns

    data = datasets.load_dataset("parquet", data_files=files)["train"]
    chosen = CurriculumOptions.parse(options)
    catalog = build_catalog(read_columns(data, chosen), chosen)
    sampler = CurriculumSampler(catalog, chosen, Clock(steps, batch_size, by_steps=True))
    ids = [row["id"] for row in data.select_columns(["extra_info"])["extra_info"]]
    order: list[list[str]] = []
    for step in range(1, steps + 1):
        order.append([ids[sampler.next_index()] for _ in range(batch_size)])
        sampler.report(step)
    return order
