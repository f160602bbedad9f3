"""verl's real trainer on CPU: the demo, a run killed and resumed, and answers of one length.

Each run costs about two minutes, most of it start-up, so each is rich and shared by several tests.
"""

from __future__ import annotations

import json
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("verl")
psutil = pytest.importorskip("psutil")

import pyarrow.compute as pc  # noqa: E402
import pyarrow.parquet as pq  # noqa: E402

from verl_wafersage.demo.launch import train  # noqa: E402

pytestmark = pytest.mark.training

STEPS = 6
COMMAND = [str(Path(sys.executable).with_name("verl-wafersage")), "demo"]
OPTIONS = [
    *("--steps", str(STEPS), "--wafers", "60", "--start-steps", "40"),
    *("--set", "trainer.save_freq=2", "--set", "trainer.test_freq=3", "--set", "data.train_batch_size=8"),
    *("--set", "data.curriculum.strategy=staged"),
    # The demo spares itself the trainer's own probabilities, which a test compares.
    *("--set", "algorithm.rollout_correction.bypass_mode=false"),
]
SUB_SCORES = ("score", "acc", "hit", "faithful", "hallucination", "format", "scorable")


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def metrics(folder: Path, split: str) -> dict[int, dict[str, Any]]:
    return {m["step"]: m for m in lines(folder / "run" / "metrics.jsonl") if m["split"] == split}


def order(folder: Path, step: int) -> list[str]:
    """Ids of the prompts of a step."""
    return sorted({line["id"] for line in lines(folder / "run" / "rollouts" / f"{step}.jsonl")})


def demo(folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*COMMAND, str(folder), *OPTIONS, "--json"], capture_output=True, text=True, timeout=1200, check=False
    )


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, subprocess.CompletedProcess[str]]:
    """A demo that ran from start to end."""
    folder = tmp_path_factory.mktemp("whole") / "demo"
    return folder, demo(folder)


@pytest.fixture(scope="module")
def resumed(whole: Any, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[str]]:
    """The same demo, killed after step 5 and started again; with the metrics written before the kill."""
    folder = tmp_path_factory.mktemp("resumed") / "demo"
    folder.mkdir()
    for part in ("data", "model-untrained", "model-start"):
        shutil.copytree(whole[0] / part, folder / part)
    shutil.copy(whole[0] / "demo.json", folder)
    process = subprocess.Popen([*COMMAND, str(folder), *OPTIONS], stderr=subprocess.PIPE, text=True)
    path = folder / "run" / "metrics.jsonl"
    deadline = time.monotonic() + 900
    while not (path.exists() and 5 in metrics(folder, "train")):
        assert process.poll() is None, process.communicate()[1]
        assert time.monotonic() < deadline
        time.sleep(0.2)
    family = psutil.Process(process.pid).children(recursive=True)
    for member in [psutil.Process(process.pid), *family]:
        if member.is_running():
            member.send_signal(signal.SIGKILL)
    psutil.wait_procs(family, timeout=30)
    before = path.read_text().splitlines()
    result = demo(folder)
    assert result.returncode == 0, result.stderr
    return folder, before


def test_the_demo_ends_well_and_says_where_things_lie(whole: Any) -> None:
    _, result = whole
    assert result.returncode == 0, result.stderr
    made = json.loads(result.stdout)
    for name, path in made.items():
        assert Path(path).exists(), name
        assert path in result.stderr.replace("\n", "")
    for name in ("plot", "picture"):
        assert Path(made[name]).read_bytes().startswith(b"\x89PNG")
    assert f"global_step_{STEPS}" in made["checkpoint"]


def test_every_step_logs_every_sub_score(whole: Any) -> None:
    folder, _ = whole
    training, validation = metrics(folder, "train"), metrics(folder, "val")
    assert sorted(training) == list(range(1, STEPS + 1))
    assert sorted(validation) == [0, 3, 6]
    for line in (*training.values(), *validation.values()):
        for name in SUB_SCORES:
            assert 0 <= line[f"wafersage/{name}/mean"] <= 1
            assert line[f"wafersage/{name}/std"] >= 0
    log = (folder / "run" / "train.log").read_text()
    for step in range(1, STEPS + 1):
        [printed] = re.findall(rf"step:{step} - (.*)", log)
        assert "wafersage/score/mean" in printed
        assert "actor/grad_norm" in printed


def test_rollout_and_trainer_agree_on_probabilities(whole: Any) -> None:
    """The placeholders the rollout never samples keep a little mass in the trainer until it is unlearnt."""
    log = (whole[0] / "run" / "train.log").read_text()
    correlations = [float(x) for x in re.findall(r"rollout_actor_probs_pearson_corr:([\d.]+)", log)]
    differences = [float(x) for x in re.findall(r"rollout_probs_diff_mean:([\d.e-]+)", log)]
    assert len(correlations) == len(differences) == STEPS
    assert min(correlations) > 0.999
    assert max(differences) < 2e-3


def test_each_step_trains_whole_groups_in_order_of_difficulty(whole: Any) -> None:
    folder, _ = whole
    served = [lines(folder / "run" / "rollouts" / f"{step}.jsonl") for step in range(1, STEPS + 1)]
    for step in served:
        groups: dict[str, int] = {}
        for line in step:
            groups[line["uid"]] = groups.get(line["uid"], 0) + 1
        assert list(groups.values()) == [8] * 8
    first = [line["difficulty"] for line in served[0]]
    assert max(first) <= 0.5, "a staged curriculum does not begin with hard prompts"


def test_the_checkpoint_is_a_hugging_face_folder(whole: Any) -> None:
    import torch
    from transformers import AutoModelForImageTextToText, AutoProcessor

    made = json.loads(whole[1].stdout)
    trained = AutoModelForImageTextToText.from_pretrained(made["model"]).state_dict()
    AutoProcessor.from_pretrained(made["model"])
    start = AutoModelForImageTextToText.from_pretrained(whole[0] / "model-start").state_dict()
    moved = [name for name in start if not torch.equal(start[name], trained[name].to(start[name].dtype))]
    assert len(moved) > len(start) // 2, "training changed the weights"


def test_no_process_is_left_behind(whole: Any) -> None:
    running = [p.info["cmdline"] or [] for p in psutil.process_iter(["cmdline"])]
    assert not [c for c in running if str(whole[0]) in " ".join(c)]


def test_a_killed_run_goes_on_in_the_order_of_an_uninterrupted_one(whole: Any, resumed: Any) -> None:
    for step in range(1, STEPS + 1):
        assert order(resumed[0], step) == order(whole[0], step), f"step {step}"


def test_metrics_from_before_the_kill_are_kept(resumed: Any) -> None:
    folder, before = resumed
    kept = [json.loads(line) for line in before if json.loads(line)["step"] <= 4]
    now = lines(folder / "run" / "metrics.jsonl")
    for line in kept:
        assert line in now
    steps = [m["step"] for m in now if m["split"] == "train"]
    assert sorted(set(steps)) == list(range(1, STEPS + 1))


def test_the_weights_of_the_checkpoint_were_restored(resumed: Any) -> None:
    log = (resumed[0] / "run" / "train.log").read_text()
    assert "global_step_4" in log
    assert "step:6 - " in log


@pytest.fixture(scope="module")
def equal_lengths(whole: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two steps in which every prompt has one length and every answer has one length."""
    run, data = tmp_path_factory.mktemp("equal") / "run", tmp_path_factory.mktemp("equal-data")
    for split in ("train", "val"):
        [file] = (whole[0] / "data").glob(f"{split}-*.parquet")
        table = pq.read_table(file)
        questions = pc.struct_field(table["extra_info"], "question")
        commonest = max(pc.value_counts(questions).to_pylist(), key=lambda count: count["counts"])["values"]
        kept = table.filter(pc.equal(questions, commonest))
        pq.write_table(kept.slice(0, 8), data / f"{split}-00000-of-00001.parquet")
    overrides = [
        "+recipe=wafersage_cpu",
        f"wafersage.model={whole[0] / 'model-start'}",
        f"wafersage.data_dir={data}",
        f"wafersage.run_dir={run}",
        *("trainer.total_training_steps=2", "trainer.total_epochs=2", "trainer.save_freq=-1"),
        *("trainer.test_freq=-1", "trainer.val_before_train=false", "data.max_response_length=12"),
        "data.train_batch_size=4",
        "actor_rollout_ref.rollout.ignore_eos=true",
    ]
    train(overrides, run)
    return run


def test_equal_lengths_train(equal_lengths: Path) -> None:
    log = (equal_lengths / "train.log").read_text()
    assert "step:2 - " in log
    for name in ("response_length/min", "response_length/max"):
        assert re.findall(rf"{name}:([\d.]+)", log) == ["12.0", "12.0"]
    shortest, longest = (re.findall(rf"prompt_length/{name}:([\d.]+)", log) for name in ("min", "max"))
    assert shortest == longest
