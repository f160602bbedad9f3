"""The launcher leaves no process behind and follows metrics that a resume rewrites."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path

import pytest

psutil = pytest.importorskip("psutil")

from verl_wafersage.demo import launch  # noqa: E402

SLEEP = "import time; time.sleep(99)"
STUBBORN = (
    "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print(flush=True); time.sleep(99)"
)


@pytest.mark.parametrize(
    ("child", "detach"),
    [(SLEEP, ""), (SLEEP, ", preexec_fn=os.setpgrp"), (STUBBORN, ", start_new_session=True")],
    ids=["plain", "own group", "own session, deaf to SIGTERM"],
)
def test_stop_ends_the_whole_family(child: str, detach: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(launch, "PATIENCE_SECONDS", 2.0)
    code = (
        f"import os, subprocess, sys, time; subprocess.Popen([sys.executable, '-c', {child!r}]{detach}); "
        "time.sleep(99)"
    )
    parent = subprocess.Popen([sys.executable, "-c", code], start_new_session=True, stdout=subprocess.PIPE)
    children: list[psutil.Process] = []
    while not children:
        time.sleep(0.05)
        children = psutil.Process(parent.pid).children(recursive=True)
    if child == STUBBORN:
        assert parent.stdout is not None
        parent.stdout.readline()
    launch.stop(parent.pid)
    parent.wait(timeout=5)
    assert not any(c.is_running() and c.status() != psutil.STATUS_ZOMBIE for c in children)


def test_new_lines_are_told_once_and_again_when_redone(tmp_path: Path) -> None:
    metrics, told = tmp_path / "metrics.jsonl", []

    def write(*steps: tuple[int, float], torn: str = "") -> None:
        lines = [json.dumps({"step": step, "split": "train", "x": x}) + "\n" for step, x in steps]
        metrics.write_text("".join(lines) + torn)

    write((1, 0.1), (2, 0.2), torn='{"step": 3, "spl')
    seen = launch._tell_new(metrics, {}, told.append)
    seen = launch._tell_new(metrics, seen, told.append)
    write((1, 0.1))
    seen = launch._tell_new(metrics, seen, told.append)
    write((1, 0.1), (2, 0.25))
    launch._tell_new(metrics, seen, told.append)
    assert [(line["step"], line["x"]) for line in told] == [(1, 0.1), (2, 0.2), (2, 0.25)]


def test_a_failed_run_names_its_log_and_last_words(tmp_path: Path) -> None:
    with pytest.raises(launch.TrainingError, match=r"did you mean 'wafersage'.*train\.log"):
        launch.train(["+recipe=wafersages"], tmp_path / "run")
