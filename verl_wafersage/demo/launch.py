"""Runs verl's `main_ppo` as a child process, follows its metrics, and leaves no Ray process behind."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

import psutil

from ..errors import WaferSageError

CPU_ENVIRONMENT = {
    "VERL_PLATFORM": "cpu",
    # Everything is local: no look-ups, no usage statistics.
    "HF_HUB_OFFLINE": "1",
    "RAY_USAGE_STATS_ENABLED": "0",
    "TOKENIZERS_PARALLELISM": "false",
    # A dozen processes share the cores.
    "OMP_NUM_THREADS": "1",
}
PATIENCE_SECONDS = 15.0
"""How long a process may take to end by itself after each signal."""


class TrainingError(WaferSageError):
    """The training process ended with an error."""


def run_overrides(
    model: Path, data: Path, validation: Path, run_dir: Path, *, steps: int, seed: int
) -> list[str]:
    """Hydra overrides of a short run of `wafersage_cpu`.

    Args:
        model: Folder of the model to start from.
        data: Folder of the training rows.
        validation: Folder with the `val-*.parquet` to validate on.
        run_dir: The run's folder.
        steps: Steps in all.
        seed: Seed of the order of the prompts.
    """
    return [
        "+recipe=wafersage_cpu",
        f"wafersage.model={model}",
        f"wafersage.data_dir={data}",
        f"wafersage.run_dir={run_dir}",
        f"data.val_files={validation}/val-*.parquet",
        f"data.seed={seed}",
        f"trainer.total_training_steps={steps}",
        # Enough passes that the number of steps decides.
        "trainer.total_epochs=100",
        # Rollout and trainer agree to 1e-5 on CPU: the trainer need not compute the probabilities again.
        "algorithm.rollout_correction.bypass_mode=true",
    ]


def train(
    overrides: Sequence[str],
    run_dir: Path,
    *,
    environment: Mapping[str, str] | None = None,
    on_metrics: Callable[[dict[str, Any]], None] = lambda metrics: None,
) -> None:
    """Run `python -m verl.trainer.main_ppo` until it ends.

    Args:
        overrides: Hydra overrides, `+recipe=...` among them.
        run_dir: The run's folder; the output goes to `train.log` in it.
        environment: Variables besides `CPU_ENVIRONMENT` and this process's own.
        on_metrics: Called with each new line of `metrics.jsonl`.

    Raises:
        TrainingError: When it fails; names the log and its last words.
        KeyboardInterrupt: Passed on after the processes have ended.
    """
    run_dir.mkdir(parents=True, exist_ok=True)
    metrics = run_dir / "metrics.jsonl"
    seen = _read(metrics)
    log = run_dir / "train.log"
    command = [sys.executable, "-m", "verl.trainer.main_ppo", *overrides]
    tensorboard = {"TENSORBOARD_DIR": str(run_dir / "tensorboard")}
    with _interrupted_by_signals(), log.open("ab") as output:
        process = subprocess.Popen(
            command,
            stdout=output,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            env={**os.environ, **CPU_ENVIRONMENT, **tensorboard, **(environment or {})},
            start_new_session=True,
        )
        try:
            while process.poll() is None:
                time.sleep(0.5)
                seen = _tell_new(metrics, seen, on_metrics)
        finally:
            with _deaf():
                stop(process.pid)
    _tell_new(metrics, seen, on_metrics)
    if process.returncode:
        raise TrainingError(f"training failed ({process.returncode}): {last_words(log)}; the log is {log}")


def _interrupt(_signal: int, _frame: Any) -> None:
    raise KeyboardInterrupt


@contextmanager
def _handling(signals: Sequence[signal.Signals], handler: Any) -> Iterator[None]:
    """Handle signals in another way for a while; outside the main thread Python allows none."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    previous = {number: signal.signal(number, handler) for number in signals}
    try:
        yield
    finally:
        for number, old in previous.items():
            signal.signal(number, old)


def _interrupted_by_signals() -> AbstractContextManager[None]:
    """A closed terminal or a `kill` ends the run as Ctrl-C does."""
    return _handling((signal.SIGTERM, signal.SIGHUP), _interrupt)


def _deaf() -> AbstractContextManager[None]:
    """A second Ctrl-C must not cut the cleaning up short."""
    return _handling((signal.SIGINT, signal.SIGTERM, signal.SIGHUP), signal.SIG_IGN)


def _read(metrics: Path) -> dict[tuple[int, str], str]:
    """Lines of the file by step and split; a line that is still being written is left for later.

    A resumed run rewrites the file without the steps after its checkpoint, so offsets do not last.
    """
    text = metrics.read_text() if metrics.exists() else ""
    lines = {}
    for line in text[: text.rfind("\n") + 1].splitlines():
        content = json.loads(line)
        lines[content["step"], content["split"]] = line
    return lines


def _tell_new(
    metrics: Path, seen: dict[tuple[int, str], str], on_metrics: Callable[[dict[str, Any]], None]
) -> dict[tuple[int, str], str]:
    found = _read(metrics)
    for key, line in found.items():
        if seen.get(key) != line:
            on_metrics(json.loads(line))
    return {**seen, **found}


def stop(pid: int) -> None:
    """End a process and all it started, Ray's daemons included: politely first, then for good."""
    alive: list[psutil.Process] = []
    for send in (psutil.Process.terminate, psutil.Process.kill):
        # Survivors of the first round may have lost every tie to the process by now.
        alive = list({*alive, *_family(pid)})
        for process in alive:
            try:
                send(process)
            except psutil.NoSuchProcess:
                continue
        _, alive = psutil.wait_procs(alive, timeout=PATIENCE_SECONDS)
        if not alive:
            return


def _family(pid: int) -> Iterator[psutil.Process]:
    """The process, its descendants, and those of its session that Ray has detached from it."""
    found: dict[int, psutil.Process] = {}
    try:
        root = psutil.Process(pid)
        found = {process.pid: process for process in (root, *root.children(recursive=True))}
    except psutil.NoSuchProcess:
        found = {}
    for process in psutil.process_iter():
        try:
            if os.getsid(process.pid) == pid:
                found.setdefault(process.pid, process)
        except (ProcessLookupError, PermissionError):
            continue
    return iter(found.values())


def last_words(log: Path) -> str:
    """The line of the log that most likely says what went wrong."""
    lines = [line.strip() for line in log.read_text(errors="replace").splitlines()[-400:] if line.strip()]
    telling = [line for line in lines if "Error" in line or line.startswith("verl-wafersage:")]
    return (telling or lines or ["no output"])[-1]
