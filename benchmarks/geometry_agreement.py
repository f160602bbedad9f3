"""How often geometry, which sees no labels, agrees with the human labels: per class, on real maps.

python benchmarks/geometry_agreement.py [--per-class 400]

`found` is the share of maps with the label on which geometry is sure of that pattern; `also` the share of
maps without the label on which it is sure of it all the same. The last columns check clock positions where
the truth is known: median and 95th percentile of the error in hours on synthetic maps.
"""

from __future__ import annotations

import argparse
import sys
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from verl_wafersage.data_prep import synthetic
from verl_wafersage.data_prep.discs import hour_distance
from verl_wafersage.data_prep.evidence import SURE, facts_from, find
from verl_wafersage.data_prep.geometry import measure
from verl_wafersage.data_prep.readers import read
from verl_wafersage.data_prep.records import DEFECT_TYPES, NORMAL, WaferMap
from verl_wafersage.data_prep.splits import draw

DATA = Path(__file__).resolve().parents[2] / "shared/data"
SETS = {"wm811k": "WM811K_labelled_59113.parquet", "mixedwm38": "MixedWM38_23791.npz"}


def sample(source: str, per_class: int) -> list[WaferMap]:
    """Up to `per_class` maps of every combination of labels, chosen by hash."""
    kept: dict[tuple[str, ...], list[tuple[float, WaferMap]]] = defaultdict(list)
    for wafer in read(source, DATA / SETS[source]):
        assert isinstance(wafer, WaferMap)
        kept[wafer.labels].append((draw(wafer.wafer_id, "agreement"), wafer))
    chosen = (sorted(group, key=lambda pair: pair[0])[:per_class] for group in kept.values())
    return [wafer for group in chosen for _, wafer in group]


def agreement(wafers: list[WaferMap]) -> dict[str, dict[str, float]]:
    """Found and also-found shares per type, and for `None` the share of maps without any sure pattern."""
    found: dict[str, list[bool]] = defaultdict(list)
    also: dict[str, list[bool]] = defaultdict(list)
    for wafer in wafers:
        sure = {name for name, hit in find(measure(wafer.grid)).items() if hit.confidence >= SURE}
        for name in DEFECT_TYPES:
            (found if name in wafer.labels else also)[name].append(name in sure)
        (found if wafer.labels == (NORMAL,) else also)[NORMAL].append(not sure)
    names = (*DEFECT_TYPES, NORMAL)
    return {
        name: {
            "maps": len(found[name]),
            "found": float(np.mean(found[name])),
            "also": float(np.mean(also[name])),
        }
        for name in names
        if found[name]
    }


def clock_errors(count: int = 1500) -> Iterator[tuple[str, np.ndarray]]:
    """Errors of the clock position in hours on synthetic maps, where geometry is sure."""
    errors: dict[str, list[float]] = defaultdict(list)
    for wafer in synthetic.generate(count, seed=99, mixed=0.0):
        if set(wafer.labels) & {"Loc", "Edge-Loc", "Scratch"}:
            (true,) = synthetic.facts_of(wafer.truth, wafer.grid).patterns
            (told,) = facts_from(wafer.grid, wafer.labels).patterns
            if true.arc and told.arc:
                errors[true.type].append(hour_distance(true.arc.middle, told.arc.middle))
    for name, values in errors.items():
        yield name, np.array(values)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--per-class", type=int, default=400, help="maps of each combination of labels")
    options = parser.parse_args()
    if not DATA.exists():
        sys.exit(f"no data at {DATA}")
    columns = {}
    for source in SETS:
        wafers = sample(source, options.per_class)
        single = [wafer for wafer in wafers if len(wafer.labels) == 1]
        columns[f"{source}, one pattern"] = agreement(single)
        if len(single) < len(wafers):
            columns[f"{source}, mixed"] = agreement([wafer for wafer in wafers if len(wafer.labels) > 1])
    print("| class | " + " | ".join(f"{name}: maps | found | also" for name in columns) + " |")
    print("|---|" + "---|---|---|" * len(columns))
    for name in (*DEFECT_TYPES, NORMAL):
        cells = []
        for table in columns.values():
            entry = table.get(name)
            cells.append(
                f"{entry['maps']:.0f} | {entry['found']:.2f} | {entry['also']:.2f}" if entry else "- | - | -"
            )
        print(f"| {name} | " + " | ".join(cells) + " |")
    print("\n| class | clock error, median h | 95 % |\n|---|---|---|")
    for name, values in clock_errors():
        print(f"| {name} ({len(values)}) | {np.median(values):.2f} | {np.percentile(values, 95):.2f} |")


if __name__ == "__main__":
    main()
