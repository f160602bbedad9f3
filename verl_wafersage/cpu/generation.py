"""Batched generation with a transformers model: text or images in, tokens and log-probabilities out.

One batch is prefilled once per distinct prompt (a GRPO group asks the same question n times), decoded row
by row with a shared key-value cache, and shrunk as rows finish. It can be interrupted between two tokens.
Nothing here knows verl or Ray, and nothing is tied to a device.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor

from ..errors import InputError
from .sampling import SamplingParams, choose, noise_for, processed_log_probs


@dataclass(frozen=True)
class Request:
    """One answer to generate.

    Attributes:
        prompt_ids: Token ids, image placeholders already expanded to one per image token.
        params: How to sample.
        images: PIL images, in the order of their placeholders.
        draw: Which of several answers to the same prompt this is; seeds its noise.
    """

    prompt_ids: tuple[int, ...]
    params: SamplingParams
    images: tuple[Any, ...] = ()
    draw: int = 0

    def key(self) -> bytes:
        """Digest of prompt and images; equal for requests that can share a prefill."""
        digest = hashlib.blake2b(repr(self.prompt_ids).encode(), digest_size=16)
        for image in self.images:
            digest.update(repr((image.size, image.mode)).encode())
            digest.update(image.tobytes())
        return digest.digest()


@dataclass
class Answer:
    """A generated answer.

    Attributes:
        token_ids: New tokens, the one that ended the answer included.
        log_probs: Their log-probabilities under the sampled distribution.
        finish_reason: `stop`, `length` or `aborted`.
    """

    token_ids: list[int] = field(default_factory=list)
    log_probs: list[float] = field(default_factory=list)
    finish_reason: str = "aborted"


def never() -> bool:
    """Never interrupt."""
    return False


class Generator:
    """Generates with one model; not thread-safe, one call at a time.

    Args:
        model: A transformers model with a language-modelling head.
        tokenizer: For stop strings.
        processor: The multi-modal processor, or None for a text model.
        banned: Token ids never to sample.
        seed: Seed of the sampling noise.
    """

    def __init__(
        self, model: Any, tokenizer: Any, processor: Any = None, banned: Sequence[int] = (), seed: int = 0
    ) -> None:
        self.model = model.eval()
        self.tokenizer, self.processor, self.seed = tokenizer, processor, seed
        self.device = next(model.parameters()).device
        self.banned = torch.tensor(sorted(set(banned)), dtype=torch.long, device=self.device)
        self.eos_ids = _eos_ids(model, tokenizer)
        pad = tokenizer.pad_token_id
        self.pad_id = pad if pad is not None else min(self.eos_ids, default=0)

    @torch.inference_mode()
    def generate(
        self,
        requests: Sequence[Request],
        *,
        version: int = 0,
        interrupted: Callable[[], bool] = never,
    ) -> list[Answer]:
        """Answer all requests in one batch.

        Args:
            requests: At least one.
            version: Version of the weights; part of the noise's seed.
            interrupted: Asked between tokens; once true, unfinished answers come back as `aborted`.

        Returns:
            One answer per request, in order.
        """
        keys = [request.key() for request in requests]
        answers = [Answer() for _ in requests]
        noise = self._noise(requests, keys, version)
        state = self._prefill(requests, keys)
        rows = list(range(len(requests)))
        for step in range(noise.shape[1]):
            if interrupted():
                return answers
            params = [requests[row].params for row in rows]
            log_probs = processed_log_probs(state.logits, params, self.banned)
            tokens, chosen = choose(log_probs, params, noise[rows, step])
            alive = self._append(requests, answers, rows, tokens.tolist(), chosen.tolist())
            if not alive:
                break
            rows = [rows[position] for position in alive]
            state = self._advance(state, tokens, alive)
        return answers

    def _noise(self, requests: Sequence[Request], keys: Sequence[bytes], version: int) -> Tensor:
        longest = max(request.params.max_tokens for request in requests)
        prefix = version.to_bytes(8, "little", signed=True)
        rows = [
            torch.from_numpy(noise_for(self.seed, prefix + key, request.draw, longest))
            for request, key in zip(requests, keys, strict=True)
        ]
        return torch.stack(rows).to(self.device)

    def _append(
        self,
        requests: Sequence[Request],
        answers: Sequence[Answer],
        rows: Sequence[int],
        tokens: Sequence[int],
        log_probs: Sequence[float],
    ) -> list[int]:
        """Add a token to each row's answer; return the positions (in `rows`) that go on."""
        alive = []
        for position, (row, token, log_prob) in enumerate(zip(rows, tokens, log_probs, strict=True)):
            answer, params = answers[row], requests[row].params
            answer.token_ids.append(token)
            answer.log_probs.append(log_prob)
            if self._stops(answer, params, token):
                answer.finish_reason = "stop"
            elif len(answer.token_ids) >= params.max_tokens:
                answer.finish_reason = "length"
            else:
                alive.append(position)
        return alive

    def _stops(self, answer: Answer, params: SamplingParams, token: int) -> bool:
        if token in params.stop_token_ids or (token in self.eos_ids and not params.ignore_eos):
            return True
        if not params.stop:
            return False
        # Every token is at least one byte; the string may begin inside one more.
        tail = max(len(stop.encode()) for stop in params.stop) + 1
        text = self.tokenizer.decode(answer.token_ids[-tail:])
        return any(stop in text for stop in params.stop)

    def _prefill(self, requests: Sequence[Request], keys: Sequence[bytes]) -> _State:
        by_key = dict(zip(keys, requests, strict=True))
        distinct, prompts = list(by_key), list(by_key.values())
        longest = max(len(prompt.prompt_ids) for prompt in prompts)
        ids = torch.full((len(prompts), longest), self.pad_id, dtype=torch.long)
        mask = torch.zeros_like(ids)
        for row, prompt in enumerate(prompts):
            ids[row, longest - len(prompt.prompt_ids) :] = torch.tensor(prompt.prompt_ids)
            mask[row, longest - len(prompt.prompt_ids) :] = 1
        ids, mask = ids.to(self.device), mask.to(self.device)
        vision = self._vision_inputs(prompts)
        positions = self._positions(ids, mask, vision)
        output = self.model(
            input_ids=ids,
            attention_mask=mask,
            position_ids=positions,
            use_cache=True,
            logits_to_keep=1,
            **vision,
        )
        rows = torch.tensor([distinct.index(key) for key in keys], device=self.device)
        cache = output.past_key_values
        cache.batch_select_indices(rows)
        next_position = positions.amax(-1).reshape(-1, len(prompts)).amax(0) + 1
        return _State(output.logits[rows, -1], cache, mask[rows], next_position[rows])

    def _vision_inputs(self, prompts: Sequence[Request]) -> dict[str, Any]:
        images = [image for prompt in prompts for image in prompt.images]
        if not images:
            return {}
        if self.processor is None:
            raise InputError(
                "the model takes no images", field="images", remedy="use a vision-language model"
            )
        merge = self.processor.image_processor.merge_size**2
        features = self.processor.image_processor(images=images, return_tensors="pt")
        grids = features["image_grid_thw"]
        wanted = int(grids.prod(-1).sum()) // merge
        found = sum(prompt.prompt_ids.count(self.processor.image_token_id) for prompt in prompts)
        if wanted != found:
            raise InputError(
                f"{found} image tokens in the prompts for {wanted} of the images", field="prompt"
            )
        return {
            "pixel_values": features["pixel_values"].to(self.device, self.model.dtype),
            "image_grid_thw": grids.to(self.device),
        }

    def _positions(self, ids: Tensor, mask: Tensor, vision: dict[str, Any]) -> Tensor:
        """Position ids: (3, rows, length) for models with M-RoPE, (rows, length) for text models."""
        rope_index = getattr(getattr(self.model, "model", None), "get_rope_index", None)
        if rope_index is None:
            return (mask.cumsum(-1) - 1).clamp(min=0)
        kinds = (ids == self.model.config.image_token_id).int()
        positions, _ = rope_index(
            ids, kinds, image_grid_thw=vision.get("image_grid_thw"), attention_mask=mask
        )
        assert isinstance(positions, Tensor)
        return positions

    def _advance(self, state: _State, tokens: Tensor, alive: Sequence[int]) -> _State:
        if len(alive) < len(tokens):
            keep = torch.tensor(alive, device=self.device)
            state.cache.batch_select_indices(keep)
            tokens, state.mask = tokens[keep], state.mask[keep]
            state.next_position = state.next_position[keep]
        mask = torch.cat([state.mask, torch.ones_like(state.mask[:, :1])], dim=1)
        positions = state.next_position[:, None]
        if hasattr(getattr(self.model, "model", None), "get_rope_index"):
            positions = positions[None].expand(3, -1, -1)
        output = self.model(
            input_ids=tokens[:, None],
            attention_mask=mask,
            position_ids=positions,
            past_key_values=state.cache,
            use_cache=True,
        )
        return _State(output.logits[:, -1], output.past_key_values, mask, state.next_position + 1)


@dataclass
class _State:
    """What a batch carries from one token to the next; rows are the unfinished requests."""

    logits: Tensor
    cache: Any
    mask: Tensor
    next_position: Tensor


def _eos_ids(model: Any, tokenizer: Any) -> frozenset[int]:
    configured = getattr(model.generation_config, "eos_token_id", None)
    ids = configured if isinstance(configured, (list, tuple)) else [configured]
    return frozenset(token for token in (*ids, tokenizer.eos_token_id) if token is not None)
