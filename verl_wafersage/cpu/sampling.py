"""Sampling with exact log-probabilities: pure functions on logits, no model and no verl."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from ..errors import InputError


@dataclass(frozen=True)
class SamplingParams:
    """How one answer is sampled.

    Attributes:
        max_tokens: Most new tokens, at least 1.
        temperature: 0 is greedy.
        top_k: Keep the k likeliest tokens; 0 or less keeps all.
        top_p: Keep the smallest set of tokens whose probability reaches p, in (0, 1].
        stop: Strings that end the answer; the token that completes one is kept.
        stop_token_ids: Token ids that end the answer, besides the model's own.
        ignore_eos: Go on after the model's end-of-sequence tokens.
    """

    max_tokens: int
    temperature: float = 1.0
    top_k: int = 0
    top_p: float = 1.0
    stop: tuple[str, ...] = ()
    stop_token_ids: tuple[int, ...] = ()
    ignore_eos: bool = False

    def __post_init__(self) -> None:
        if self.max_tokens < 1:
            raise InputError(f"{self.max_tokens} is not positive", field="max_tokens")
        if self.temperature < 0:
            raise InputError(f"{self.temperature} is negative", field="temperature")
        if not 0 < self.top_p <= 1:
            raise InputError(f"{self.top_p} is not in (0, 1]", field="top_p")


def processed_log_probs(logits: Tensor, params: Sequence[SamplingParams], banned: Tensor | None) -> Tensor:
    """Log-probabilities of the distribution that is sampled from.

    Temperature, then top-k, then top-p, as in vLLM. A greedy row keeps the model's own distribution, so
    that its log-probabilities mean something.

    Args:
        logits: Shape (rows, vocabulary).
        params: One per row.
        banned: Token ids that must never be sampled, or None.

    Returns:
        Shape (rows, vocabulary), float32; `-inf` for excluded tokens, each row's exponentials sum to 1.
    """
    logits = logits.float()
    if banned is not None and len(banned):
        logits = logits.index_fill(1, banned, -torch.inf)
    temperatures = logits.new_tensor([p.temperature or 1.0 for p in params])
    logits = logits / temperatures[:, None]
    if all(p.top_k <= 0 and p.top_p >= 1 for p in params):
        return logits.log_softmax(-1)
    return _truncated(logits, params).log_softmax(-1)


def _truncated(logits: Tensor, params: Sequence[SamplingParams]) -> Tensor:
    vocabulary = logits.shape[1]
    ordered, order = logits.sort(-1, descending=True)
    top_k = torch.tensor([p.top_k if p.top_k > 0 else vocabulary for p in params], device=logits.device)
    top_p = logits.new_tensor([p.top_p for p in params])
    ordered = ordered.masked_fill(
        torch.arange(vocabulary, device=logits.device)[None] >= top_k[:, None], -torch.inf
    )
    probabilities = ordered.softmax(-1)
    # A token stays while the mass before it has not reached p; the first one always does.
    before = probabilities.cumsum(-1) - probabilities
    ordered = ordered.masked_fill((before >= top_p[:, None]) & (top_p[:, None] < 1), -torch.inf)
    return torch.full_like(logits, -torch.inf).scatter(1, order, ordered)


def choose(log_probs: Tensor, params: Sequence[SamplingParams], noise: Tensor) -> tuple[Tensor, Tensor]:
    """Pick one token per row by the inverse of the cumulative distribution; greedy rows take the maximum.

    Args:
        log_probs: From `processed_log_probs`, shape (rows, vocabulary).
        params: One per row.
        noise: Uniform numbers in [0, 1), shape (rows,).

    Returns:
        Token ids and their log-probabilities, each of shape (rows,).
    """
    cumulative = log_probs.double().exp().cumsum(-1)
    # Scaled by the last value, rounding can never leave the noise beyond every token.
    drawn = (cumulative <= noise.double()[:, None] * cumulative[:, -1:]).sum(-1)
    greedy = torch.tensor([p.temperature == 0 for p in params], device=log_probs.device)
    tokens = torch.where(greedy, log_probs.argmax(-1), drawn.clamp(max=log_probs.shape[1] - 1))
    return tokens, log_probs.gather(1, tokens[:, None])[:, 0]


def noise_for(seed: int, key: bytes, draw: int, count: int) -> npt.NDArray[np.float64]:
    """Uniform numbers that depend on the request alone, not on the batch it happens to share.

    Args:
        seed: Seed of the run.
        key: What identifies the request (model version, prompt, images).
        draw: Which of several answers to the same request.
        count: How many numbers.

    Returns:
        Shape (count,), in [0, 1).
    """
    digest = hashlib.blake2b(key + seed.to_bytes(8, "little", signed=True) + draw.to_bytes(8, "little"))
    words = np.frombuffer(digest.digest()[:32], dtype=np.uint32)
    return np.random.default_rng(words).random(count)
