"""Cost of a curriculum at a million prompts, beside verl's stock random sampler.

    python benchmarks/curriculum.py [--prompts 1000000] [--serve 20000]

Every number is from this run, and ratios are against verl's stock sampler (torchdata's `RandomSampler`,
built by verl's own `create_rl_sampler`) in the same process.
"""

from __future__ import annotations

import argparse
import json
import pickle
import resource
import sys
import time
from collections.abc import Callable

import numpy as np
from omegaconf import OmegaConf
from verl.trainer.ppo.utils import create_rl_sampler

from verl_wafersage.curriculum.catalog import Columns, build_catalog
from verl_wafersage.curriculum.clock import Clock
from verl_wafersage.curriculum.options import STRATEGIES, CurriculumOptions
from verl_wafersage.curriculum.sampler import CurriculumSampler

BATCH = 512


def made(strategy: str, prompts: int) -> CurriculumSampler:
    rng = np.random.default_rng(0)
    options = CurriculumOptions.parse({"strategy": strategy, "seed": 1})
    columns = Columns(
        difficulty=rng.random(prompts).tolist(),
        streams=np.where(rng.random(prompts) < 0.3, "review", "learning").tolist(),
        identity=[str(index) for index in range(prompts)],
    )
    return CurriculumSampler(build_catalog(columns, options), options, Clock(prompts // BATCH, BATCH, True))


def timed(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def feedback(sampler: CurriculumSampler, count: int) -> list[dict[int, list[float]]]:
    """Serve and answer `count` prompts, in batches, so that every structure holds something."""
    rng = np.random.default_rng(1)
    batches = []
    for _ in range(count // BATCH):
        batches.append(
            {sampler.next_index(): (rng.random(8) < 0.5).astype(float).tolist() for _ in range(BATCH)}
        )
    return batches


def measured(strategy: str, prompts: int, serve: int, stock: float) -> tuple[str, ...]:
    sampler = made(strategy, prompts)
    first = timed(sampler.next_index)
    batches = feedback(sampler, serve)
    update = timed(lambda: [sampler.update(batch) for batch in batches]) / serve
    each = timed(lambda: [sampler.next_index() for _ in range(serve)]) / serve
    held: list[str] = []
    save = timed(lambda: held.append(json.dumps(sampler.state_dict())))
    again = made(strategy, prompts)
    load = timed(lambda: again.load_state_dict(json.loads(held[0])))
    if [again.next_index() for _ in range(100)] != [sampler.next_index() for _ in range(100)]:
        raise AssertionError("the resumed order differs")
    numbers = (
        1e3 * first,
        1e6 * each,
        each / stock,
        1e6 * update,
        len(held[0]) / prompts,
        1e3 * save,
        1e3 * load,
    )
    return tuple(f"{number:.2f}" for number in numbers)


def show(*cells: str) -> None:
    print("".join(f"{cell:>16}" for cell in cells))


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--prompts", type=int, default=1_000_000)
    parser.add_argument("--serve", type=int, default=20_480)
    arguments = parser.parse_args()
    prompts, serve = arguments.prompts, arguments.serve

    stock = create_rl_sampler(OmegaConf.create({"shuffle": True, "seed": 1}), range(prompts))
    # The first index pays for the permutation, as ours pays for a deck.
    first = timed(lambda: next(iter(stock)))
    iterator = iter(stock)
    each = timed(lambda: [next(iterator) for _ in range(serve)]) / serve
    saved = iterator.state_dict()
    stock_state = len(pickle.dumps(saved))
    halfway = dict(saved, yielded=prompts // 2)
    back = timed(lambda: iter(stock).load_state_dict(halfway))

    print(f"{prompts:,} prompts, {serve:,} served, batches of {BATCH}")
    show("strategy", "first ms", "next us", "ratio", "update us", "state B/prompt", "save ms", "load ms")
    stock_bytes = f"{stock_state / prompts:.3f}"
    show(
        "verl stock",
        f"{1e3 * first:.1f}",
        f"{1e6 * each:.2f}",
        "1",
        "-",
        stock_bytes,
        "-",
        f"{1e3 * back:.0f}",
    )
    for strategy in STRATEGIES:
        show(strategy, *measured(strategy, prompts, serve, each))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"peak memory {peak:,.0f} MiB, torch and verl included", file=sys.stderr)


if __name__ == "__main__":
    main()
