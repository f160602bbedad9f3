"""Memory per GPU, tokens and steps of a recipe: an estimate, with its formulas.

The model of memory is that of verl's hybrid engine with FSDP: one GPU holds a shard of weights, gradients
and optimizer while it trains, and the rollout engine beside what stays resident while it generates.
P weights, p trained ones, N shards, w bytes a weight, T tokens a pass, h hidden size, L layers, V vocabulary.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from .recipe import Setup
from .sizes import Sizes

GIB = 2**30
PHASES = ("training", "generation")
OVERHEAD = 2 * GIB
"""CUDA context, NCCL buffers, the allocator's fragmentation: a round figure, not measured here."""

ENGINE_OVERHEAD = 1.5 * GIB
"""CUDA graphs and workspace of a rollout engine: a round figure, not measured here."""


@dataclass(frozen=True)
class Item:
    """One contribution.

    Attributes:
        phase: `training` or `generation`.
        name: What it is.
        size: Bytes on one GPU.
        formula: How it was computed.
    """

    phase: str
    name: str
    size: float
    formula: str


@dataclass(frozen=True)
class Estimate:
    """What a recipe will need.

    Attributes:
        setup: The recipe's numbers.
        sizes: The model's sizes.
        capacity: Memory of a GPU in bytes.
        items: Contributions to memory, by phase.
        work: Named counts: tokens, updates, steps, operations.
        warnings: Why it will not fit, or only just.
        fits: Whether both phases fit.
    """

    setup: Setup
    sizes: Sizes
    capacity: float
    items: Sequence[Item]
    work: dict[str, float]
    warnings: Sequence[str]
    fits: bool

    def total(self, phase: str) -> float:
        """Bytes of one phase."""
        return sum(item.size for item in self.items if item.phase == phase)


def estimate(
    setup: Setup, sizes: Sizes, gpu_memory: float, rows: int | None = None, tflops: float | None = None
) -> Estimate:
    """Estimate a recipe.

    Args:
        setup: The recipe's numbers.
        sizes: The model's sizes.
        gpu_memory: Memory of one GPU in GiB.
        rows: Rows of the training set; without it only one step is described.
        tflops: Sustained speed of one GPU in 1e12 operations a second, for a duration.
    """
    capacity = gpu_memory * GIB
    items = _training(setup, sizes)
    warnings = []
    if not setup.supervised:
        generation, problems = _generation(setup, sizes, capacity)
        items += generation
        warnings += problems
    totals = {phase: sum(item.size for item in items if item.phase == phase) for phase in PHASES}
    for phase, total in totals.items():
        if total > capacity:
            short = (total - capacity) / GIB
            warnings.append(f"{phase} needs {short:.1f} GB more than a GPU has: {_advice(setup, phase)}")
    fits = not warnings
    for phase, total in totals.items():
        if fits and total > 0.92 * capacity:
            warnings.append(f"{phase} leaves less than 8 % free; an estimate is not that exact")
    return Estimate(setup, sizes, capacity, items, _work(setup, sizes, rows, tflops), warnings, fits)


def _training(setup: Setup, sizes: Sizes) -> list[Item]:
    weights = sizes.parameters
    adapters = sizes.adapter_parameters(setup.lora_rank, setup.lora_vision) if setup.lora_rank else 0
    trained = adapters or weights
    n, w, t = setup.shards, setup.weight_bytes, setup.micro_tokens
    layer = max(sizes.layer_parameters, sizes.vision.block_parameters)
    heads = (sizes.num_attention_heads + 2 * sizes.num_key_value_heads) * sizes.head_dim
    inside = 2 * t * (8 * sizes.hidden_size + 2 * heads + 3 * sizes.intermediate_size)
    saved = 2 * t * sizes.hidden_size * sizes.num_hidden_layers
    checkpointed = setup.checkpointing
    items = [
        Item(
            "training",
            "weights",
            (weights + adapters) * w / n,
            "(P + p_lora) w / N" if adapters else "P w / N",
        ),
        Item("training", "gradients", trained * w / n, "p w / N"),
        Item("training", "optimizer (Adam)", 2 * trained * w / n, "2 p w / N"),
        Item(
            "training",
            "gathered layers",
            # Two layers in flight and one layer's gradients; the embedding and its gradients.
            2 * (3 * layer + 2 * sizes.embedding_parameters)
            if n > 1
            else 2 * (layer + sizes.embedding_parameters),
            "2 (3 P_layer + 2 V h), bf16",
        ),
        Item(
            "training",
            "activations",
            saved + inside if checkpointed else sizes.num_hidden_layers * inside,
            "2 T h L + one layer" if checkpointed else "L layers",
        ),
        Item(
            "training",
            "logits",
            0 if setup.fused else 8 * t * sizes.vocab_size,
            "none: fused kernels" if setup.fused else "(2 + 2 + 4) T V: logits, gradient, one fp32 copy",
        ),
        Item("training", "overhead", OVERHEAD, "context, NCCL, fragmentation"),
    ]
    if setup.reference:
        size = 0.0 if setup.reference_offload else weights * w / n
        items.append(
            Item("training", "reference model", size, "0 (host)" if setup.reference_offload else "P w / N")
        )
    return items


def _generation(setup: Setup, sizes: Sizes, capacity: float) -> tuple[list[Item], list[str]]:
    weights = sizes.parameters
    adapters = sizes.adapter_parameters(setup.lora_rank, setup.lora_vision) if setup.lora_rank else 0
    trained = adapters or weights
    n, w, tp = setup.shards, setup.weight_bytes, setup.tensor_parallel
    resident = 0.0 if setup.param_offload else (weights + adapters) * w / n
    optimizer = 0.0 if setup.optimizer_offload else 2 * trained * w / n
    items = [
        Item("generation", "resident weights", resident, "0 (host)" if setup.param_offload else "P w / N"),
        Item(
            "generation",
            "resident optimizer",
            optimizer,
            "0 (host)" if setup.optimizer_offload else "2 p w / N",
        ),
    ]
    if setup.reference and not setup.reference_offload:
        items.append(Item("generation", "reference model", weights * w / n, "P w / N"))
    engine = weights * setup.engine_bytes / tp
    per_token = cache_per_token(setup, sizes)
    longest = setup.prompt_tokens + setup.answer_tokens
    warnings: list[str] = []
    if setup.engine in ("vllm", "sglang"):
        cache = setup.engine_share * capacity - engine - ENGINE_OVERHEAD
        share = f"{setup.engine_share:g} of the GPU"
        if cache < per_token * longest:
            warnings.append(
                f"the engine's share holds its weights and {max(cache, 0) / GIB:.1f} GB of cache, less than "
                f"one sequence of {longest} tokens: raise actor_rollout_ref.rollout.gpu_memory_utilization"
            )
    else:
        running = min(setup.sequences, max(1, setup.prompts * setup.answers * tp // setup.gpus))
        cache = running * longest * per_token
        share = f"{running} sequences"
    items += [
        Item("generation", "engine's weights", engine, "2 P / TP" if setup.engine_bytes == 2 else "4 P / TP"),
        Item("generation", "KV cache", max(cache, 0.0), f"what is left of {share}; 4 L kv d / TP a token"),
        Item("generation", "engine's overhead", ENGINE_OVERHEAD, "graphs, workspace"),
        Item("generation", "weight sync", setup.sync_bytes, "update_weights_bucket_megabytes"),
        Item("generation", "overhead", OVERHEAD / 2, "context, NCCL"),
    ]
    return items, warnings


def cache_per_token(setup: Setup, sizes: Sizes) -> float:
    """Bytes of keys and values of one token on one GPU of an engine."""
    heads = max(1.0, sizes.num_key_value_heads / setup.tensor_parallel)
    return 2 * setup.engine_bytes * sizes.num_hidden_layers * heads * sizes.head_dim


def _work(setup: Setup, sizes: Sizes, rows: int | None, tflops: float | None) -> dict[str, float]:
    answers = setup.prompts * setup.answers
    seen = answers * (setup.prompt_tokens + setup.answer_tokens)
    # Forward costs 2 operations per weight and token, backward 4, and checkpointing one more forward.
    update = 8 if setup.checkpointing else 6
    passes = update if setup.supervised else update + 2 + 2 + (2 if setup.reference else 0)
    operations = passes * (sizes.parameters - sizes.embedding_parameters * (not sizes.tied)) * seen
    work: dict[str, float] = {
        "prompts a step": setup.prompts,
        "answers a step": answers,
        "updates a step": max(1, setup.prompts // setup.mini_batch),
        "tokens read and written a step (at most)": seen,
        "operations a step (1e15, at most)": operations / 1e15,
    }
    if setup.supervised:
        del work["answers a step"]
    else:
        work["tokens written a step (at most)"] = answers * setup.answer_tokens
    steps = setup.steps if setup.steps else (rows // setup.prompts * setup.epochs if rows else None)
    if steps is not None:
        work["steps"] = steps
        work["tokens of the run (1e6, at most)"] = steps * seen / 1e6
        if tflops:
            work["hours (at that speed, at most)"] = steps * operations / (setup.gpus * tflops * 1e12) / 3600
    return work


def _advice(setup: Setup, phase: str) -> str:
    if phase == "generation":
        return (
            "lower actor_rollout_ref.rollout.gpu_memory_utilization, or set "
            "actor_rollout_ref.actor.fsdp_config.optimizer_offload=true"
        )
    tokens = (
        "data.max_token_len_per_gpu"
        if setup.supervised
        else "actor_rollout_ref.actor.ppo_max_token_len_per_gpu"
    )
    more = "" if setup.lora_rank else ", take more GPUs, or train adapters (wafersage_lora)"
    return f"lower {tokens} ({setup.micro_tokens}){more}"
