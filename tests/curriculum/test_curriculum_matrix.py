"""The curriculum through verl's real trainer on CPU, in the modes the suite has no time for.

    pytest -m matrix tests/curriculum

Each run takes about three minutes. `WAFERSAGE_DEMO=FOLDER` takes data and model from a folder of
`verl-wafersage demo` instead of making them.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("verl")

from curriculum_helpers import expected_order

from verl_wafersage.demo.launch import CPU_ENVIRONMENT, TrainingError, stop, train
from verl_wafersage.demo.prepare import DemoFolder, DemoOptions, make_data, make_model, make_start

pytestmark = pytest.mark.matrix

STEPS, BATCH, GROUP = 4, 4, 4


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> DemoFolder:
    """Data, and a model that is right sometimes."""
    given = os.environ.get("WAFERSAGE_DEMO")
    folder = DemoFolder(Path(given) if given else tmp_path_factory.mktemp("matrix"))
    options = DemoOptions(wafers=120, start_steps=180)
    make_data(folder, options)
    make_model(folder, options)
    make_start(folder, options, lambda step, note: None)
    return folder


def overrides(made: DemoFolder, run_dir: Path, *own: str) -> list[str]:
    return [
        "+recipe=wafersage_cpu",
        f"wafersage.model={made.start}",
        f"wafersage.data_dir={made.data}",
        f"wafersage.run_dir={run_dir}",
        f"trainer.total_training_steps={STEPS}",
        "trainer.total_epochs=100",
        "trainer.save_freq=2",
        "trainer.test_freq=-1",
        "data.val_max_samples=4",
        f"data.train_batch_size={BATCH}",
        f"actor_rollout_ref.actor.ppo_mini_batch_size={BATCH}",
        f"actor_rollout_ref.rollout.n={GROUP}",
        *own,
    ]


def lines(file: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in file.read_text().splitlines()]


def training(run_dir: Path) -> list[dict[str, Any]]:
    return [line for line in lines(run_dir / "metrics.jsonl") if line["split"] == "train"]


def served(run_dir: Path, step: int) -> list[str]:
    """Ids of a step, sorted, one per group."""
    groups = {line["uid"]: line["id"] for line in lines(run_dir / "rollouts" / f"{step}.jsonl")}
    return sorted(groups.values())


def kill_after(arguments: Sequence[str], run_dir: Path, marker: Path, content: str) -> None:
    """Run the trainer until `marker` has `content`, then SIGKILL its whole session."""
    run_dir.mkdir(parents=True, exist_ok=True)
    with (run_dir / "killed.log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "verl.trainer.main_ppo", *arguments],
            stdout=log,
            stderr=log,
            env={**os.environ, **CPU_ENVIRONMENT},
            start_new_session=True,
        )
    deadline = time.monotonic() + 900
    while not (marker.exists() and marker.read_text() == content):
        assert process.poll() is None, (run_dir / "killed.log").read_text()[-3000:]
        assert time.monotonic() < deadline
        time.sleep(0.2)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    stop(process.pid)


def test_interleaved_order_survives_sigkill_and_other_data_are_refused(
    made: DemoFolder, tmp_path: Path
) -> None:
    own = ["data.curriculum.strategy=interleaved", "data.curriculum.review_ratio=0.5", "data.seed=5"]
    arguments = overrides(made, tmp_path, *own)
    latest = tmp_path / "checkpoints" / "latest_checkpointed_iteration.txt"
    kill_after(arguments, tmp_path, latest, "2")
    train(arguments, tmp_path)
    expected = expected_order(
        [str(made.data / "train-*.parquet")],
        STEPS,
        BATCH,
        strategy="interleaved",
        review_ratio=0.5,
        seed=5,
    )
    assert [served(tmp_path, step) for step in range(1, STEPS + 1)] == [sorted(ids) for ids in expected]
    assert [line["step"] for line in training(tmp_path)] == list(range(1, STEPS + 1))
    other = [argument.replace(f"data.seed={5}", "data.seed=6") for argument in arguments]
    with pytest.raises(TrainingError):
        train(other, tmp_path)
    log = (tmp_path / "train.log").read_text()
    assert "data.curriculum.seed: changed since the checkpoint was written" in log
    assert log.count("all initialize finished") == 1, "refused before the model was loaded"


LENIENT = """
from verl_wafersage.reward_fns import rubric


def compute_score(*args, **kwargs):
    scores = rubric.compute_score(*args, **kwargs)
    return scores | {"acc": float(scores["score"] > 0.5)}
"""
"""A reward by which a tiny model, trained for minutes, is right sometimes."""


@pytest.mark.parametrize("mode", ["sync", "colocate_async"])
def test_adaptive_with_group_filtering(made: DemoFolder, tmp_path: Path, mode: str) -> None:
    (tmp_path / "lenient.py").write_text(LENIENT)
    train(
        overrides(
            made,
            tmp_path,
            f"reward.custom_reward_function.path={tmp_path / 'lenient.py'}",
            "data.curriculum.strategy=adaptive",
            "algorithm.filter_groups.enable=true",
            f"trainer.v1.trainer_mode={mode}",
            "trainer.val_before_train=false",
        ),
        tmp_path,
    )
    steps = training(tmp_path)
    assert [line["step"] for line in steps] == list(range(1, STEPS + 1))
    for line in steps:
        answers = lines(tmp_path / "rollouts" / f"{line['step']}.jsonl")
        groups: dict[str, list[dict[str, Any]]] = {}
        for answer in answers:
            groups.setdefault(answer["uid"], []).append(answer)
        trained = [group for group in groups.values() if group[0]["trained"]]
        assert len(trained) == BATCH
        for group in trained:
            assert len({answer["acc"] for answer in group}) > 1, "no group without signal is trained on"
        assert line["curriculum/groups"] == len(groups)
        flat = sum(len({answer["acc"] for answer in group}) == 1 for group in groups.values())
        assert line["curriculum/zero_spread"] == pytest.approx(flat / len(groups))
    assert steps[-1]["curriculum/prompts_seen"] >= STEPS * BATCH
    assert steps[-1]["curriculum/progress"] <= 1
    assert any(line["curriculum/zero_spread"] > 0 for line in steps), "nothing was filtered: no proof"
    assert steps[-1]["curriculum/prompts_retired"] + steps[-1]["curriculum/prompts_postponed"] > 0


def test_async_run_goes_on_with_its_curriculum(made: DemoFolder, tmp_path: Path) -> None:
    arguments = overrides(made, tmp_path, "trainer.v1.trainer_mode=colocate_async")
    train([*arguments, "trainer.total_training_steps=2"], tmp_path)
    train(arguments, tmp_path)
    assert [line["step"] for line in training(tmp_path)] == list(range(1, STEPS + 1))
    counts = [line["curriculum/prompts_served"] for line in training(tmp_path)]
    assert counts == sorted(counts) and counts[-1] >= STEPS * BATCH
    assert [len(served(tmp_path, step)) for step in range(1, STEPS + 1)] == [BATCH] * STEPS
