"""The rollout server: one process per replica that holds the model and answers requests in batches.

verl's agent loops send one request per answer. The server waits until they stop arriving for a moment
and generates all of them together. Weights are exchanged only between batches.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import defaultdict
from typing import Any

import torch
from verl.utils import normalize_token_ids
from verl.utils.config import omega_conf_to_dataclass
from verl.workers.config import HFModelConfig, RolloutConfig
from verl.workers.rollout.replica import TokenOutput
from verl.workers.rollout.utils import get_vision_placeholder_token_ids

from ..errors import InputError, WaferSageError
from .generation import Answer, Generator, Request
from .sampling import SamplingParams

logger = logging.getLogger(__name__)

QUIET_SECONDS = 0.03
"""A batch starts when no request has arrived for this long ..."""

LONGEST_WAIT_SECONDS = 0.5
"""... or when the oldest one has waited this long."""


class TransformersServer:
    """Generates with transformers on behalf of verl's `LLMServerClient`; runs as an async Ray actor.

    Args:
        config: verl's rollout configuration.
        model_config: verl's model configuration.
        replica_rank: Which replica this is; shifts the seed.
        device: Torch device to generate on.
    """

    def __init__(self, config: Any, model_config: Any, replica_rank: int, device: str) -> None:
        self.config: RolloutConfig = omega_conf_to_dataclass(config)
        self.model_config: HFModelConfig = omega_conf_to_dataclass(model_config, dataclass_type=HFModelConfig)
        self.replica_rank = replica_rank
        self.generator = Generator(
            load_model(self.model_config, self.config, device),
            self.model_config.tokenizer,
            self.model_config.processor,
            banned=_never_sampled(self.model_config),
            seed=int(self.config.seed) + replica_rank,
        )
        self.global_steps: int | None = None
        self._received: set[str] = set()
        self._pending: list[tuple[Request, asyncio.Future[Answer]]] = []
        self._arrived = asyncio.Event()
        self._admitting = asyncio.Event()
        self._admitting.set()
        self._rejecting = False
        self._busy = asyncio.Lock()
        self._abort = False
        self._draws: dict[bytes, int] = defaultdict(int)
        self._loop_task: asyncio.Task[None] | None = None

    async def launch(self) -> None:
        """Start answering."""
        self._loop_task = asyncio.create_task(self._serve())

    async def generate(
        self,
        prompt_ids: list[int],
        sampling_params: dict[str, Any],
        request_id: str,
        image_data: list[Any] | None = None,
        video_data: list[Any] | None = None,
        **unsupported: Any,
    ) -> TokenOutput:
        """Answer one request; the signature and the answer are verl's.

        Raises:
            InputError: For videos, audio, or a prompt that leaves no room to answer.
        """
        if video_data or unsupported.get("audio_data"):
            raise InputError("the transformers rollout takes images only", field="video_data")
        while not self._admitting.is_set():
            if self._rejecting:
                return self._output(Answer())
            await self._admitting.wait()
        prompt = tuple(normalize_token_ids(prompt_ids))
        request = Request(prompt, self._params(dict(sampling_params), len(prompt)), tuple(image_data or ()))
        key = request.key()
        request = Request(request.prompt_ids, request.params, request.images, self._draws[key])
        self._draws[key] += 1
        future: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self._pending.append((request, future))
        self._arrived.set()
        return self._output(await future)

    def _params(self, given: dict[str, Any], prompt_length: int) -> SamplingParams:
        room = self.config.prompt_length + self.config.response_length - prompt_length
        if self.config.max_model_len:
            room = min(room, self.config.max_model_len - prompt_length)
        if room < 1:
            raise InputError(
                f"{prompt_length} tokens leave no room for an answer",
                field="prompt",
                remedy="raise data.max_prompt_length or shorten the prompt",
            )
        if float(given.get("repetition_penalty", 1.0)) != 1.0:
            raise InputError("is not supported", field="repetition_penalty", remedy="leave it at 1.0")
        wanted = given.get("max_tokens", given.get("max_new_tokens", self.config.response_length))
        stop = given.get("stop") or ()
        return SamplingParams(
            max_tokens=max(1, min(int(wanted), room)),
            temperature=float(given.get("temperature", 1.0)),
            top_k=int(given.get("top_k", 0) or 0),
            top_p=float(given.get("top_p", 1.0)),
            stop=(stop,) if isinstance(stop, str) else tuple(stop),
            stop_token_ids=tuple(given.get("stop_token_ids") or ()),
            ignore_eos=bool(given.get("ignore_eos", self.config.ignore_eos)),
        )

    def _output(self, answer: Answer) -> TokenOutput:
        return TokenOutput(
            token_ids=answer.token_ids,
            log_probs=answer.log_probs,
            stop_reason="aborted" if answer.finish_reason == "aborted" else "completed",
            num_preempted=0,
            extra_fields={"global_steps": self.global_steps},
        )

    async def _serve(self) -> None:
        while True:
            await self._arrived.wait()
            await self._gather()
            async with self._busy:
                limit = self.config.max_num_seqs
                batch, self._pending = self._pending[:limit], self._pending[limit:]
                if not self._pending:
                    self._arrived.clear()
                if batch:
                    await self._answer(batch)

    async def _gather(self) -> None:
        started, count = time.monotonic(), -1
        while count != len(self._pending) and time.monotonic() - started < LONGEST_WAIT_SECONDS:
            count = len(self._pending)
            await asyncio.sleep(QUIET_SECONDS)

    async def _answer(self, batch: list[tuple[Request, asyncio.Future[Answer]]]) -> None:
        requests = [request for request, _ in batch]
        try:
            answers = await asyncio.to_thread(
                self.generator.generate,
                requests,
                version=self.global_steps or 0,
                interrupted=lambda: self._abort,
            )
        except Exception as error:  # the callers get it; the server lives on for the next batch
            logger.exception("a batch of %d requests failed", len(batch))
            for _, future in batch:
                if not future.done():
                    future.set_exception(error)
            return
        for (_, future), answer in zip(batch, answers, strict=True):
            if not future.done():
                future.set_result(answer)

    async def update_weights(self, weights: dict[str, torch.Tensor], final: bool) -> None:
        """Load some of the trainer's weights; the last call checks that none is missing.

        Args:
            weights: Tensors by their name in the Hugging Face state dict.
            final: Whether this was the last part.

        Raises:
            WaferSageError: When names are unknown to the model or missing from it.
        """
        async with self._busy:
            state = self.generator.model.state_dict()
            if unknown := sorted(set(weights) - set(state)):
                raise WaferSageError(f"the trainer sent weights the rollout model lacks: {unknown[:5]}")
            for name, tensor in weights.items():
                state[name].copy_(tensor)
            self._received |= set(weights)
            if not final:
                return
            tied = set(getattr(self.generator.model, "all_tied_weights_keys", None) or ())
            missing, self._received = sorted(set(state) - self._received - tied), set()
            if missing:
                raise WaferSageError(f"the trainer did not send these weights: {missing[:5]}")

    async def set_global_steps(self, global_steps: int) -> None:
        """Note the version of the weights."""
        self.global_steps = global_steps
        self._draws.clear()

    async def abort_all_requests(self, reject_request: bool = False, **_: Any) -> dict[str, Any]:
        """Stop the running batch between two tokens and admit nothing until `resume_generation`.

        Args:
            reject_request: Answer later arrivals with `aborted` instead of holding them.
        """
        self._admitting.clear()
        self._rejecting = reject_request
        self._abort = True
        waiting, self._pending = self._pending, []
        self._arrived.clear()
        for _request, future in waiting:
            if not future.done():
                future.set_result(Answer())
        async with self._busy:  # the running batch has returned
            self._abort = False
        return {"aborted_count": len(waiting), "request_ids": []}

    async def resume_generation(self) -> None:
        """Admit requests again."""
        self._rejecting = False
        self._admitting.set()

    async def wait_for_requests_to_drain(self) -> None:
        """Return once nothing is pending or running."""
        while self._pending or self._busy.locked():
            await asyncio.sleep(QUIET_SECONDS)

    async def wake_up(self, tags: list[str] | None = None) -> None:
        """Nothing sleeps: the weights stay in memory."""

    async def sleep(self) -> None:
        """Finish what is running, so that the trainer has the machine to itself."""
        await self.wait_for_requests_to_drain()

    async def clear_kv_cache(self) -> None:
        """No cache outlives a batch."""

    async def release_kv_cache(self) -> None:
        """No cache outlives a batch."""

    async def resume_kv_cache(self) -> None:
        """No cache outlives a batch."""

    async def start_profile(self, **_: Any) -> None:
        """No profiler."""

    async def stop_profile(self) -> None:
        """No profiler."""


def load_model(model_config: Any, config: Any, device: str) -> Any:
    """Build the model the trainer trains, with weights from disk until the trainer sends its own.

    Args:
        model_config: verl's `HFModelConfig`.
        config: verl's `RolloutConfig`; its `dtype` is the model's.
        device: Torch device.

    Returns:
        A transformers model on `device`.
    """
    from transformers import AutoModelForCausalLM, AutoModelForImageTextToText

    has_vision = hasattr(model_config.hf_config, "vision_config")
    family = AutoModelForImageTextToText if has_vision else AutoModelForCausalLM
    model = family.from_pretrained(
        model_config.local_path,
        dtype=getattr(torch, str(config.dtype)),
        # Whatever the trainer uses: padded batches need no packed kernel.
        attn_implementation="sdpa",
        trust_remote_code=model_config.trust_remote_code,
    )
    return model.to(device)


def _never_sampled(model_config: Any) -> list[int]:
    """Ids of vision placeholders: an image token the policy invented has no image behind it."""
    banned = list(get_vision_placeholder_token_ids(model_config.processor))
    for name in ("vision_start_token_id", "vision_end_token_id"):
        token = getattr(model_config.hf_config, name, None)
        if banned and token is not None:
            banned.append(token)
    return banned
