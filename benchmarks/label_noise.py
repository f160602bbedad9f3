"""How many planted wrong labels the audit suspects, beside how many labels it suspects untouched.

    python benchmarks/label_noise.py mixedwm38 ../shared/data/MixedWM38_23791.npz --per-label 300

Of a balanced sample, 5 % of the labels are replaced by others at random. `caught` is the share of those
among the suspects; `untouched` the share of the other wafers that are suspected too, some of them rightly:
the public labels are noisy themselves.
"""

from __future__ import annotations

import argparse
import time
from collections import defaultdict
from dataclasses import replace
from pathlib import Path

import numpy as np

from verl_wafersage.data_prep.audit.noise import label_suspects, misplaced, outliers
from verl_wafersage.data_prep.audit.wafers import Wafer, describe
from verl_wafersage.data_prep.readers import read
from verl_wafersage.data_prep.records import WaferMap


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("source")
    parser.add_argument("path", type=Path)
    parser.add_argument("--per-label", type=int, default=300)
    parser.add_argument("--mixed", action="store_true", help="wafers of several types too")
    parser.add_argument("--share", type=float, default=0.05, help="labels to replace")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    rng = np.random.default_rng(options.seed)
    maps: dict[tuple[str, ...], list[WaferMap]] = defaultdict(list)
    for record in read(options.source, options.path):
        if isinstance(record, WaferMap) and (options.mixed or len(record.labels) == 1):
            maps[record.labels].append(record)
    start, wafers = time.process_time(), []
    for found in maps.values():
        for place in rng.permutation(len(found))[: options.per_label]:
            record = found[place]
            features = describe(record.grid, True)
            wafers.append(Wafer(record.wafer_id, "train", record.labels, "", 0, record.wafer_id, *features))
    spent = time.process_time() - start
    labels = list(maps)
    planted = set()
    for number, wafer in enumerate(wafers):
        if rng.random() < options.share:
            wrong = labels[rng.integers(len(labels))]
            if wrong != wafer.labels:
                planted.add(wafer.name)
                wafers[number] = replace(wafer, labels=wrong)
    print(f"{len(wafers)} wafers of {len(labels)} labels, {len(planted)} labels replaced, "
          f"{1000 * spent / len(wafers):.1f} ms of CPU each for features")  # fmt: skip
    print(f"{'check':<12}{'caught':>8}{'untouched':>11}{'CPU s':>8}")
    everything: set[str] = set()
    for name, check in (("label", label_suspects), ("outlier", outliers), ("neighbours", misplaced)):
        start = time.process_time()
        suspects = {finding.wafer for finding in check(wafers)}
        everything |= suspects
        report(name, suspects, planted, len(wafers), time.process_time() - start)
    report("any", everything, planted, len(wafers), 0.0)


def report(name: str, suspects: set[str], planted: set[str], total: int, seconds: float) -> None:
    caught = len(suspects & planted) / max(len(planted), 1)
    untouched = len(suspects - planted) / max(total - len(planted), 1)
    print(f"{name:<12}{caught:>8.2f}{untouched:>11.3f}{seconds:>8.2f}")


if __name__ == "__main__":
    main()
