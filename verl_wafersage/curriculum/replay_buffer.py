"""verl's replay buffer, which also reports: to the curriculum, to the step's log, to files.

`trainer.v1.sampler.custom_sampler: {path: pkg://verl_wafersage.curriculum.replay_buffer,
name: CurriculumReplayBuffer}`
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from typing import Any

import transfer_queue as tq
from verl.trainer.ppo.v1.replay_buffer import ReplayBuffer, ReplayBufferAsync

from verl_wafersage.errors import InputError

from .dataset import POSITION
from .feedback import Rollout, group_metrics, groups_of, rewards_by_position, score_metrics
from .journal import Journal
from .run import open_run, plain

NODE = "trainer.v1.sampler.sampler_kwargs"
_FETCH = 512
_ROW = (
    *("id", "index", "wafer_id", "question", "dimension", "question_type"),
    *("level", "difficulty", "stream", "answer_style"),
)


@dataclass(frozen=True)
class BufferOptions:
    """What a recipe says under `trainer.v1.sampler.sampler_kwargs`; verl passes custom samplers nothing else.

    Attributes:
        run_dir: Folder for `metrics.jsonl` and `rollouts/`; null writes no files.
        filter_groups: Repeat of `algorithm.filter_groups`.
        train_batch_size: Repeat of `data.train_batch_size`.
        sync_refill_failed_groups: Repeat of `trainer.v1.sampler.sync_refill_failed_groups`.
        max_refill_batches: Training batches of prompts that one step may fetch beyond its first before the
            run stops with an error; `filter_groups.max_num_gen_batches` wins where it is positive.
        save_rollouts: Whether to write `rollouts/<step>.jsonl`.
        not_applicable: Value by which the reward marks a sub-score that does not apply to a row; null when
            it marks none.
        poll_interval: Seconds between two looks for finished answers; a step waits half of it on average.
    """

    run_dir: str | None = None
    filter_groups: dict[str, Any] = field(default_factory=dict)
    train_batch_size: int | None = None
    sync_refill_failed_groups: bool = False
    max_refill_batches: int = 10
    save_rollouts: bool = True
    not_applicable: float | None = -1.0
    poll_interval: float = 2.0

    @classmethod
    def parse(cls, node: Any) -> BufferOptions:
        """Options from the configuration node; unknown keys are refused by name."""
        values = dict(plain(node) or {})
        known = {knob.name for knob in fields(cls)}
        for key in values:
            if key not in known:
                raise InputError(
                    "is not an option", field=f"{NODE}.{key}", remedy=f"known are {', '.join(sorted(known))}"
                )
        values["filter_groups"] = dict(values.get("filter_groups") or {})
        options = cls(**values)
        if options.poll_interval <= 0:
            raise InputError("must be positive", field=f"{NODE}.poll_interval", remedy="use 2.0, verl's own")
        if options.filtering and not options.filter_groups.get("metric"):
            raise InputError("is not set", field="algorithm.filter_groups.metric", remedy="set it to acc")
        if (options.filtering or options.sync_refill_failed_groups) and not options.train_batch_size:
            raise InputError(
                "is needed for group filtering and refills",
                field=f"{NODE}.train_batch_size",
                remedy="set it to ${data.train_batch_size}",
            )
        return options

    @property
    def filtering(self) -> bool:
        """Whether groups without signal are filtered."""
        return bool(self.filter_groups.get("enable", False))

    @property
    def refill_batches(self) -> int:
        """Bound of the refill of one step, in training batches."""
        return int(self.filter_groups.get("max_num_gen_batches") or 0) or self.max_refill_batches


class _Reporting(ReplayBuffer):
    """Reads rewards of every finished group, also of those the base class throws away."""

    def __init__(self, *, sampler_kwargs: Any, refill_fn: Callable[[int], int] | None, **kwargs: Any) -> None:
        options = self.options = BufferOptions.parse(sampler_kwargs)
        filtering: dict[str, Any] = {"sync_refill_failed_groups": options.sync_refill_failed_groups}
        if options.filtering:
            filtering["filter_groups_metric"] = str(options.filter_groups["metric"])
            filtering["max_inflight_gen_batches"] = int(
                options.filter_groups.get("max_inflight_gen_batches", 1)
            )
        exact = options.filtering or options.sync_refill_failed_groups
        super().__init__(
            sampler_kwargs=sampler_kwargs,
            refill_fn=None if refill_fn is None else self._refill,
            train_batch_size=options.train_batch_size,
            # verl's loader fetches single prompts whenever refills have to be exact.
            gen_batch_size=1 if exact else options.train_batch_size,
            poll_interval=options.poll_interval,
            **filtering,
            **kwargs,
        )
        self._fetch_prompts = refill_fn
        self._journal = Journal(options.run_dir) if options.run_dir else None
        self._run = open_run()
        self._refilled = 0
        self._discarded: list[Rollout] = []
        self._validated: list[Rollout] = []
        self._validation_step: int | None = None

    def sample(self, global_steps: int, partition_id: str, batch_size: int) -> tuple[Any, dict[str, Any]]:
        """Sample as the base class does; report what was finished since the last call."""
        batch, metrics = super().sample(
            global_steps=global_steps, partition_id=partition_id, batch_size=batch_size
        )
        rollouts = self._read(partition_id, batch.keys)
        if partition_id != "train":
            rollouts = self._validated = [*self._validated_at(global_steps), *rollouts]
        scores = score_metrics(rollouts, self.options.not_applicable)
        numbers = {f"wafersage/{name}": value for name, value in scores.items()}
        if partition_id != "train":
            if self._journal is not None:
                self._journal.metrics(global_steps, "val", numbers)
            return batch, metrics
        learnt = self._learn(global_steps, rollouts)
        numbers |= {f"curriculum/{name}": value for name, value in learnt.items()}
        if self._journal is not None:
            self._journal.metrics(global_steps, "train", numbers)
            if self.options.save_rollouts:
                lines = [_line(global_steps, rollout, trained=True) for rollout in rollouts]
                lines += [_line(global_steps, rollout, trained=False) for rollout in self._discarded]
                self._journal.rollouts(global_steps, lines)
        # Not before sampling: asynchronous trainers evict and refill between samples, too.
        self._refilled, self._discarded = 0, []
        return batch, {**metrics, **numbers}

    def _validated_at(self, step: int) -> list[Rollout]:
        """Answers of earlier batches of the same validation."""
        if step != self._validation_step:
            self._validation_step, self._validated = step, []
        return self._validated

    def _learn(self, step: int, trained: list[Rollout]) -> dict[str, float]:
        """Tell the curriculum about all finished groups, and describe them and it in numbers."""
        finished = [*self._discarded, *trained]
        sampler = self._run.sampler
        key = "acc" if sampler is None else sampler.options.feedback_key
        _check_feedback(finished, key, needed=sampler is not None and sampler.options.strategy == "adaptive")
        numbers = group_metrics(groups_of(finished, key).values())
        numbers["refilled_prompts"] = float(self._refilled)
        if sampler is not None:
            rewards = rewards_by_position(finished, key)
            sampler.update(rewards)
            sampler.report(step)
            numbers |= sampler.composition([r.position for r in trained if r.position is not None])
            numbers |= sampler.success(rewards)
            numbers |= sampler.stats()
        return numbers

    def _clear_groups(self, partition_id: str, uids: set[str]) -> None:
        # Groups that are filtered, stale or surplus are gone after this: solved and hopeless prompts among
        # them are what a curriculum most needs to know.
        if partition_id == "train" and uids:
            keys = [key for key in self.partitions[partition_id] if key.split("_")[0] in uids]
            self._discarded += self._read(partition_id, keys)
        super()._clear_groups(partition_id, uids)

    def _refill(self, count: int) -> int:
        """Fetch more prompts within one step, up to the bound; verl's own loop has none."""
        bound = self.options.refill_batches * (self.options.train_batch_size or count)
        if self._refilled + count > bound:
            metric = self.options.filter_groups.get("metric") if self.options.filtering else None
            numbers = group_metrics(groups_of(self._discarded, metric or "acc").values())
            raise RuntimeError(
                f"{self._refilled} prompts were refilled in one step ({self.options.refill_batches} training "
                f"batches) and there is still no full batch of usable groups: of {len(self._discarded)} "
                f"answers thrown away, groups all right {numbers.get('all_right', 0.0):.0%}, all wrong "
                f"{numbers.get('all_wrong', 0.0):.0%}. Raise actor_rollout_ref.rollout.n, give easier data, "
                f"set algorithm.filter_groups.enable=false, or raise {NODE}.max_refill_batches"
            )
        self._refilled += count
        if self._fetch_prompts is None:
            raise RuntimeError("verl gave this replay buffer no way to fetch prompts")
        return self._fetch_prompts(count)

    def _read(self, partition_id: str, keys: list[str]) -> list[Rollout]:
        """The last output of every session among `keys`, in the order of the keys."""
        final: dict[str, tuple[int, str]] = {}
        for key in keys:
            session, _, output = key.rpartition("_")
            if session not in final or final[session][0] < int(output):
                final[session] = (int(output), key)
        chosen = [key for _, key in final.values()]
        rollouts: list[Rollout] = []
        for start in range(0, len(chosen), _FETCH):
            rollouts += self._fetch(partition_id, chosen[start : start + _FETCH])
        return rollouts

    def _fetch(self, partition_id: str, keys: list[str]) -> list[Rollout]:
        wanted = [
            POSITION,
            "data_source",
            "extra_fields",
            "extra_info",
            "responses",
            "reward_model",
            "rm_scores",
        ]
        data = tq.kv_batch_get(keys=keys, partition_id=partition_id, select_fields=wanted)
        # Fields that no row has are simply absent.
        columns = {name: [_bare(value) for value in data[name]] for name in wanted if name in data}
        decode = self._run.decode
        rollouts = []
        for k, key in enumerate(keys):
            row = {name: values[k] for name, values in columns.items()}
            scores = _numbers((row.get("extra_fields") or {}).get("reward_extra_info") or {})
            if "rm_scores" in row:
                scores.setdefault("score", float(row["rm_scores"].sum()))
            info = row.get("extra_info") or {}
            kept = {name: info[name] for name in _ROW if name in info}
            kept["data_source"] = row.get("data_source")
            # With it the file says by itself why each answer got its score.
            kept |= _truth(row.get("reward_model"))
            text = decode(row["responses"].tolist()) if decode and "responses" in row else None
            position = row.get(POSITION)
            rollouts.append(
                Rollout(key.split("_")[0], None if position is None else int(position), text, scores, kept)
            )
        return rollouts


class _SyncBuffer(_Reporting):
    """For `trainer_mode: sync`."""


class _AsyncBuffer(_Reporting, ReplayBufferAsync):
    """For `colocate_async` and `separate_async`."""


def CurriculumReplayBuffer(*, trainer_mode: str, **kwargs: Any) -> ReplayBuffer:
    """The buffer for a trainer mode; verl calls it as if it were the class."""
    return (_SyncBuffer if trainer_mode == "sync" else _AsyncBuffer)(trainer_mode=trainer_mode, **kwargs)


def _check_feedback(rollouts: list[Rollout], key: str, *, needed: bool) -> None:
    if needed and rollouts and not any(key in rollout.scores for rollout in rollouts):
        returned = ", ".join(sorted(rollouts[0].scores)) or "nothing"
        raise InputError(
            f"the reward returns no {key!r} (it returns {returned})",
            field="data.curriculum.feedback_key",
            remedy="name a number in [0, 1] that the reward function returns",
        )


def _bare(value: Any) -> Any:
    """TransferQueue wraps what is not a tensor; which wrapper depends on its backend."""
    return getattr(value, "data", value) if type(value).__module__.startswith("tensordict") else value


def _truth(reward_model: Any) -> dict[str, str]:
    """The ground truth of a row as text, under the name that readers of answers look for."""
    truth = reward_model.get("ground_truth") if isinstance(reward_model, Mapping) else None
    if truth is None:
        return {}
    return {"ground_truth": truth if isinstance(truth, str) else json.dumps(plain(truth), default=str)}


def _numbers(info: Mapping[str, Any]) -> dict[str, float]:
    """The finite numbers a reward returned; numpy scalars count, strings and the like do not."""
    numbers: dict[str, float] = {}
    for key, value in info.items():
        if isinstance(value, int | float) or (hasattr(value, "item") and getattr(value, "size", 0) == 1):
            number = float(value)
            if math.isfinite(number):
                numbers[str(key)] = number
    return numbers


def _line(step: int, rollout: Rollout, *, trained: bool) -> dict[str, Any]:
    head = {"step": step, "trained": trained, "uid": rollout.uid, "position": rollout.position}
    return {**head, **rollout.row, "text": rollout.text, **rollout.scores}
