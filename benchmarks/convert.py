"""Rate, stage shares and peak memory of `convert` on the public sets, beside the bare rate of PNG encoding.

python benchmarks/convert.py [--set mixedwm38|wm811k] [--count N] [--workers 2]
"""

from __future__ import annotations

import argparse
import io
import json
import os
import resource
import subprocess
import sys
import tempfile
import threading
import time
from itertools import islice
from pathlib import Path

from PIL import Image

from verl_wafersage.data_prep.readers import read
from verl_wafersage.data_prep.render import COLOURS, encode, scale

DATA = Path(__file__).resolve().parents[2] / "shared/data"
SETS = {"mixedwm38": "MixedWM38_23791.npz", "wm811k": "WM811K_labelled_59113.parquet"}


def tree_memory(root: int) -> int:
    """Proportional set size of a process and its descendants in bytes: shared pages count once."""
    pages = subprocess.run(
        ["ps", "-e", "-o", "pid=,ppid="], capture_output=True, text=True, check=True
    ).stdout
    parents = dict(map(int, line.split()) for line in pages.splitlines())
    total = 0
    for pid in parents:
        at = pid
        while at not in (0, 1, root):
            at = parents.get(at, 0)
        if at != root:
            continue
        try:
            text = Path(f"/proc/{pid}/smaps_rollup").read_text()
        except OSError:
            continue
        total += sum(int(line.split()[1]) for line in text.splitlines() if line.startswith("Pss:")) * 1024
    return total


def processor_seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def convert(source: str, file: Path, count: int | None, workers: int) -> dict[str, float]:
    with tempfile.TemporaryDirectory() as folder:
        command = [
            sys.executable,
            "-c",
            "from verl_wafersage.cli import main; main()",
            "convert",
            source,
            str(file),
            f"{folder}/out",
            "--json",
        ]
        command += ["--workers", str(workers), *(["--count", str(count)] if count else [])]
        start, before = time.perf_counter(), processor_seconds()
        peak = 0
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            done = threading.Event()

            def watch() -> None:
                nonlocal peak
                while not done.wait(0.5):
                    peak = max(peak, tree_memory(process.pid))

            watcher = threading.Thread(target=watch)
            watcher.start()
            output, _ = process.communicate()
            done.set()
            watcher.join()
        wall = time.perf_counter() - start
        manifest = json.loads(output)
        size = sum(entry["bytes"] for entry in manifest["files"].values())
    cpu = processor_seconds() - before
    seconds = manifest["seconds"]
    total = sum(seconds.values())
    print(
        f"\n{source}: {manifest['wafers']:,} maps -> {manifest['rows']:,} questions, {size / 2**20:.0f} MiB"
    )
    print(
        f"  {wall:.0f} s wall, {manifest['wafers'] / wall:.0f} maps/s,"
        f" peak {peak / 2**30:.2f} GiB (PSS of all processes)"
    )
    print(f"  {cpu:.0f} processor seconds, {cpu / workers / 60:.1f} minutes on {workers} idle cores;", end="")
    print(f" machine load at the end {os.getloadavg()[0]:.0f}")
    print(
        f"  of these in workers {total:.0f}: " + ", ".join(f"{k} {v / total:.0%}" for k, v in seconds.items())
    )
    return {"wall": wall, "maps": manifest["wafers"], "png": seconds["png"], "peak": peak, "cpu": cpu}


def bare(file: Path, count: int = 4000) -> tuple[float, float]:
    """Seconds a map of PNG encoding alone: palette as `render` does it, and RGB."""
    pixels = [scale(wafer.grid, 96) for wafer in islice(read("mixedwm38", file), count)]  # type: ignore[union-attr]
    start = time.thread_time()
    for picture in pixels:
        encode(picture)
    palette = time.thread_time() - start
    table = bytes(channel for value in sorted(COLOURS) for channel in COLOURS[value])
    images = []
    for picture in pixels:
        image = Image.frombytes("P", (96, 96), picture.tobytes())
        image.putpalette(table)
        images.append(image.convert("RGB"))
    start = time.thread_time()
    for image in images:
        image.save(io.BytesIO(), "PNG")
    return palette / len(pixels), (time.thread_time() - start) / len(pixels)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--set", choices=SETS, action="append")
    parser.add_argument("--count", type=int)
    parser.add_argument("--workers", type=int, default=2)
    options = parser.parse_args()
    if not DATA.exists():
        sys.exit(f"no data at {DATA}")
    palette, rgb = bare(DATA / SETS["mixedwm38"])
    print(
        f"bare PNG encoding: palette {1 / palette:.0f}/s, RGB {1 / rgb:.0f}/s:"
        f" RGB costs {rgb / palette:.1f} times as much"
    )
    names = options.set or list(SETS)
    results = [convert(name, DATA / SETS[name], options.count, options.workers) for name in names]
    maps, wall = sum(r["maps"] for r in results), sum(r["wall"] for r in results)
    print(
        f"\nall: {maps:,.0f} maps in {wall / 60:.1f} minutes, {maps / wall:.0f} maps/s,"
        f" {options.workers} workers;"
    )
    cpu = sum(r["cpu"] for r in results)
    print(f"{cpu:.0f} processor s: {cpu / options.workers / 60:.1f} minutes on {options.workers} idle cores")
    print(f"one core encoding PNGs and nothing else would need {maps * palette / 60:.1f} minutes")


if __name__ == "__main__":
    main()
