"""The replay buffer on a real TransferQueue: metrics, files, feedback, filtering, failures."""

from __future__ import annotations

import itertools
import json
import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("verl")
pytest.importorskip("transfer_queue")

import ray
import torch
import transfer_queue as tq
from curriculum_helpers import make_sampler
from omegaconf import OmegaConf
from verl.trainer.ppo.v1.replay_buffer import ReplayBuffer, ReplayBufferAsync
from verl.utils.import_utils import load_extern_type
from verl.utils.tensordict_utils import list_of_dict_to_tensordict

from verl_wafersage.curriculum.dataset import POSITION
from verl_wafersage.errors import InputError
from verl_wafersage.reward_fns.rubric import compute_score
from verl_wafersage.reward_fns.scoring import Show, score_file

RUBRIC = {
    "version": 1,
    "dimension": "spatial",
    "labels": ["Edge-Loc"],
    "must_hit": ["edge"],
    "must_avoid": ["center"],
    "reference_answer": "The failing dies lie at the edge.",
}

CLASS = load_extern_type("pkg://verl_wafersage.curriculum.replay_buffer", "CurriculumReplayBuffer")


@pytest.fixture(scope="module", autouse=True)
def queue() -> Iterator[None]:
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    # The queue asks for a core each for its controller and its storage; logical ones do.
    ray.init(num_cpus=4, include_dashboard=False, log_to_driver=False)
    tq.init(
        OmegaConf.create(
            {"backend": {"SimpleStorage": {"total_storage_size": 1000, "num_data_storage_units": 1}}}
        )
    )
    yield
    tq.close()
    ray.shutdown()


@pytest.fixture(autouse=True)
def empty_queue() -> Iterator[None]:
    yield
    for partition, keys in (tq.kv_list() or {}).items():
        if keys:
            tq.kv_clear(keys=list(keys), partition_id=partition)


names = itertools.count()


def put_group(
    position: int | None,
    accs: Sequence[float],
    *,
    status: str = "finished",
    partition: str = "train",
    step: int = 1,
    scores: dict[str, float] | None = None,
    outputs: int = 1,
    truth: object = None,
) -> str:
    """One prompt with its answers, as verl's agent loops leave it in the queue."""
    uid = f"prompt{next(names)}"
    keys, fields, tags = [], [], []
    for session, acc in enumerate(accs):
        for output in range(outputs):
            length = 2 + session
            rewards = torch.zeros(length)
            rewards[-1] = acc / 2
            row: dict[str, Any] = {
                "responses": torch.arange(length),
                "rm_scores": rewards,
                "data_source": "wafersage/test/spatial",
                "extra_info": {"id": f"row-{position}", "index": position, "question": "where?"},
                "extra_fields": {
                    "reward_extra_info": {"acc": acc, "score": acc / 2, "spatial": -1.0, **(scores or {})}
                },
            }
            if truth is not None:
                row["reward_model"] = {"style": "rubric", "ground_truth": truth}
            if position is not None:
                row[POSITION] = position
            keys.append(f"{uid}_{session}_{output}")
            fields.append(row)
            tags.append({"status": "success", "global_steps": step, "seq_len": length})
    if keys:
        tq.kv_batch_put(
            keys=keys, partition_id=partition, fields=list_of_dict_to_tensordict(fields), tags=tags
        )
    tag = {"is_prompt": True, "status": status, "global_steps": step}
    tq.kv_batch_put(keys=[uid], partition_id=partition, tags=[tag])
    return uid


def buffer(mode: str = "sync", refill: Callable[[int], int] | None = None, **options: Any) -> Any:
    """As verl's trainer builds it."""
    return CLASS(
        trainer_mode=mode,
        trainer_config=OmegaConf.create({}),
        max_off_policy_threshold=8,
        max_off_policy_strategy="drop",
        sampler_kwargs=OmegaConf.create({"poll_interval": 0.02, **options}),
        refill_fn=refill or (lambda count: count),
    )


def with_sampler(made: Any, strategy: str = "adaptive") -> Any:
    """Join a curriculum to the buffer's run, as the training data set does."""
    made._run.sampler = make_sampler(strategy, prompts=60, by_steps=True)
    made._run.decode = lambda ids: " ".join(map(str, ids))
    return made._run.sampler


def read(file: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in file.read_text().splitlines()]


def test_one_path_serves_both_bases() -> None:
    assert isinstance(buffer(), ReplayBuffer) and not isinstance(buffer(), ReplayBufferAsync)
    assert isinstance(buffer("colocate_async"), ReplayBufferAsync)


@pytest.mark.parametrize("mode", ["sync", "colocate_async"])
def test_scores_reach_the_log_and_the_files(tmp_path: Path, mode: str) -> None:
    made = buffer(mode, run_dir=str(tmp_path))
    sampler = with_sampler(made)
    put_group(3, [1.0, 0.0])
    put_group(8, [0.0, 0.0], scores={"spatial": 0.5, "odd": float("nan")})
    batch, metrics = made.sample(global_steps=1, partition_id="train", batch_size=2)
    assert len(batch.keys) == 4
    assert metrics["wafersage/acc/mean"] == 0.25 and metrics["wafersage/score/mean"] == 0.125
    assert metrics["wafersage/spatial/mean"] == 0.5 and metrics["wafersage/spatial/std"] == 0.0
    assert metrics["curriculum/zero_spread"] == 0.5 and metrics["curriculum/groups"] == 2
    assert metrics["curriculum/prompts_postponed"] == 1 and sampler.clock.step == 1
    assert {key for key in metrics if key.startswith("curriculum/success/level/")}
    (line,) = read(tmp_path / "metrics.jsonl")
    assert line == {"step": 1, "split": "train", **metrics}
    lines = read(tmp_path / "rollouts" / "1.jsonl")
    assert len(lines) == 4
    first = next(line for line in lines if line["position"] == 3 and line["acc"] == 1.0)
    expected = {"step": 1, "trained": True, "id": "row-3", "index": 3, "question": "where?", "text": "0 1"}
    assert expected.items() <= first.items() and first["spatial"] == -1.0


@pytest.mark.parametrize("truth", [json.dumps(RUBRIC), RUBRIC])
def test_a_file_of_rollouts_can_be_scored_by_itself(tmp_path: Path, truth: object) -> None:
    made = buffer(run_dir=str(tmp_path))
    with_sampler(made)
    made._run.decode = lambda _: "It lies at the edge."
    put_group(3, [1.0, 0.0], truth=truth)
    made.sample(global_steps=1, partition_id="train", batch_size=1)
    file = tmp_path / "rollouts" / "1.jsonl"
    assert [json.loads(line["ground_truth"]) for line in read(file)] == [RUBRIC, RUBRIC]
    expected = compute_score("", "It lies at the edge.", RUBRIC, {"question": "where?"})
    assert score_file(file, show=Show.NOTHING)["score"] == expected["score"] > 0.5


def test_validation_is_recorded_and_teaches_nothing(tmp_path: Path) -> None:
    made = buffer(run_dir=str(tmp_path))
    sampler = with_sampler(made)
    before = sampler.state_dict()
    put_group(None, [1.0], partition="val")
    _, metrics = made.sample(global_steps=5, partition_id="val", batch_size=1)
    assert metrics == {} and sampler.state_dict() == before
    (line,) = read(tmp_path / "metrics.jsonl")
    assert (line["step"], line["split"], line["wafersage/acc/mean"]) == (5, "val", 1.0)
    assert not list((tmp_path / "rollouts").iterdir())


def test_a_validation_of_several_batches_is_one_line_about_all_of_them(tmp_path: Path) -> None:
    made = buffer(run_dir=str(tmp_path))
    for step, reward in ((5, 1.0), (5, 0.0), (5, 0.5), (6, 1.0)):
        put_group(None, [reward], partition="val")
        made.sample(global_steps=step, partition_id="val", batch_size=1)
    lines = [(line["step"], line["wafersage/acc/mean"]) for line in read(tmp_path / "metrics.jsonl")]
    assert lines == [(5, 0.5), (6, 1.0)]


@pytest.mark.parametrize("mode", ["sync", "colocate_async"])
def test_filtered_groups_are_learnt_of_and_replaced(tmp_path: Path, mode: str) -> None:
    fetched: list[int] = []

    def refill(count: int) -> int:
        for _ in range(count):
            put_group(40 + len(fetched), [1.0, 0.0])
            fetched.append(count)
        return count

    made = buffer(
        mode,
        refill,
        run_dir=str(tmp_path),
        filter_groups={"enable": True, "metric": "acc", "max_inflight_gen_batches": 1},
        train_batch_size=2,
    )
    sampler = with_sampler(made)
    solved, hopeless = sampler.next_index(), sampler.next_index()
    put_group(solved, [1.0, 1.0]), put_group(hopeless, [0.0, 0.0]), put_group(20, [1.0, 0.0])
    batch, metrics = made.sample(global_steps=1, partition_id="train", batch_size=2)
    trained = [line for line in read(tmp_path / "rollouts" / "1.jsonl") if line["trained"]]
    assert len(batch.keys) == len(trained) == 4 and {line["acc"] for line in trained} == {0.0, 1.0}
    assert metrics["training/filter_groups/evicted_samples"] == 2
    assert metrics["wafersage/acc/mean"] == 0.5, "the log of sub-scores is of what is trained on"
    assert metrics["curriculum/all_right"] > 0 and metrics["curriculum/all_wrong"] > 0
    assert metrics["curriculum/prompts_retired"] == 1 and metrics["curriculum/prompts_postponed"] == 1
    assert metrics["curriculum/refilled_prompts"] == len(fetched) > 0


@pytest.mark.parametrize("mode", ["sync", "colocate_async"])
def test_refills_are_bounded(mode: str) -> None:
    fetched: list[int] = []

    def refill(count: int) -> int:
        for _ in range(count):
            put_group(1, [0.0, 0.0])
        fetched.append(count)
        return count

    made = buffer(
        mode,
        refill,
        filter_groups={"enable": True, "metric": "acc"},
        train_batch_size=2,
        max_refill_batches=3,
    )
    put_group(1, [0.0, 0.0]), put_group(2, [0.0, 0.0])
    with pytest.raises(
        RuntimeError, match=r"3 training batches.*all wrong 100%.*filter_groups\.enable=false"
    ):
        made.sample(global_steps=1, partition_id="train", batch_size=2)
    assert sum(fetched) <= 6
    wins = buffer(
        mode,
        refill,
        filter_groups={"enable": True, "metric": "acc", "max_num_gen_batches": 1},
        train_batch_size=2,
    )
    assert wins.options.refill_batches == 1


def test_filtering_on_a_metric_that_is_missing_says_so() -> None:
    made = buffer(filter_groups={"enable": True, "metric": "exact"}, train_batch_size=1)
    put_group(1, [0.0, 1.0])
    with pytest.raises(RuntimeError, match="exact"):
        made.sample(global_steps=1, partition_id="train", batch_size=1)


def test_failed_and_silent_prompts_are_tolerated() -> None:
    made = buffer()
    sampler = with_sampler(made)
    served = [sampler.next_index() for _ in range(3)]
    put_group(served[0], [1.0, 0.0])
    put_group(served[1], [1.0], status="failure")  # one of two answers was lost
    put_group(served[2], [], status="failure")  # none came back
    batch, metrics = made.sample(global_steps=1, partition_id="train", batch_size=3)
    assert len(batch.keys) == 3 and metrics["curriculum/groups"] == 2
    assert served[2] not in {sampler.next_index() for _ in range(20)}, "it rests like any other"


def test_failed_groups_are_refilled_when_asked() -> None:
    def refill(count: int) -> int:
        for _ in range(count):
            put_group(5, [1.0, 0.0])
        return count

    made = buffer("sync", refill, sync_refill_failed_groups=True, train_batch_size=1)
    put_group(4, [], status="failure")
    batch, metrics = made.sample(global_steps=1, partition_id="train", batch_size=1)
    assert len(batch.keys) == 2 and metrics["curriculum/refilled_prompts"] == 1


def test_only_the_last_output_of_a_conversation_counts() -> None:
    made = buffer()
    put_group(1, [1.0, 0.0], outputs=3)
    batch, metrics = made.sample(global_steps=1, partition_id="train", batch_size=1)
    assert len(batch.keys) == 6 and metrics["wafersage/acc/mean"] == 0.5


def test_stock_data_sets_are_logged_too(tmp_path: Path) -> None:
    made = buffer(run_dir=str(tmp_path))
    put_group(None, [1.0, 0.0])
    _, metrics = made.sample(global_steps=1, partition_id="train", batch_size=1)
    assert metrics["wafersage/acc/mean"] == 0.5 and metrics["curriculum/groups"] == 1
    assert read(tmp_path / "rollouts" / "1.jsonl")[0]["text"] is None


def test_resumed_steps_stand_once(tmp_path: Path) -> None:
    for steps in ([1, 2, 3], [2, 3, 4]):
        made = buffer(run_dir=str(tmp_path))
        for step in steps:
            put_group(step, [1.0, 0.0])
            made.sample(global_steps=step, partition_id="train", batch_size=1)
    assert [line["step"] for line in read(tmp_path / "metrics.jsonl")] == [1, 2, 3, 4]
    assert sorted(int(file.stem) for file in (tmp_path / "rollouts").iterdir()) == [1, 2, 3, 4]


def test_a_reward_without_the_feedback_key_stops_an_adaptive_run() -> None:
    made = buffer()
    with_sampler(made)
    made._run.sampler = make_sampler("adaptive", feedback_key="right")
    put_group(1, [1.0])
    with pytest.raises(InputError, match=r"feedback_key.*no 'right' \(it returns acc, score, spatial\)"):
        made.sample(global_steps=1, partition_id="train", batch_size=1)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"rundir": "x"}, r"sampler_kwargs\.rundir.*known are"),
        ({"filter_groups": {"enable": True}}, r"algorithm\.filter_groups\.metric.*acc"),
        ({"filter_groups": {"enable": True, "metric": "acc"}}, r"sampler_kwargs\.train_batch_size"),
        ({"poll_interval": 0}, r"sampler_kwargs\.poll_interval.*positive"),
    ],
)
def test_bad_options_stop_before_the_model_loads(options: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        buffer(**options)
