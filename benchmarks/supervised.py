"""Where the time of a supervised step of the tiny model goes, on wafers made here.

    OMP_NUM_THREADS=2 python benchmarks/supervised.py [--size base] [--steps 10]

Prints seconds a step and the share of each kind of operation in the processor time of torch.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections import Counter
from pathlib import Path

from torch.profiler import ProfilerActivity, profile

from verl_wafersage.cpu import supervised
from verl_wafersage.demo.prepare import DemoFolder, DemoOptions, make_data, make_model

MATRIX = ("mm", "addmm", "bmm", "linear", "conv", "attention")


def kind(name: str) -> str:
    """Name an operation's kind."""
    return "matrix products, convolution and attention" if any(word in name for word in MATRIX) else "other"


def main() -> None:
    """Profile a few steps."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size", default="base")
    parser.add_argument("--steps", type=int, default=10)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = DemoFolder(Path(temporary))
        options = DemoOptions(wafers=100, size=arguments.size)
        make_data(folder, options)
        make_model(folder, options)
        files = sorted((folder.data / "sft").glob("train-*.parquet"))
        start = supervised.StartOptions(steps=arguments.steps)
        ends = [time.perf_counter()]
        supervised.supervised_start(
            folder.untrained,
            files,
            folder.start,
            start,
            on_step=lambda step, loss: ends.append(time.perf_counter()),
        )
        with profile(activities=[ProfilerActivity.CPU]) as profiler:
            supervised.supervised_start(folder.untrained, files, folder.start, start)
    # The first step also loads and encodes.
    seconds = (ends[-1] - ends[1]) / (arguments.steps - 1)
    shares: Counter[str] = Counter()
    for event in profiler.key_averages():
        shares[kind(event.key)] += event.self_cpu_time_total
    print(f"{seconds:.3f} s a step of {start.batch_size} rows")
    for name, share in shares.most_common():
        print(f"{share / shares.total():6.1%}  {name}")


if __name__ == "__main__":
    main()
