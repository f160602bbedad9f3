"""From a recipe to the numbers an estimate needs, composed the way verl composes it."""

from __future__ import annotations

import importlib.util
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from verl_wafersage.errors import InputError
from verl_wafersage.guard import RECIPE_FOLDER, recipe_names

_BYTES = {"fp32": 4, "float32": 4, "bf16": 2, "bfloat16": 2, "fp16": 2, "float16": 2}


@dataclass(frozen=True)
class Setup:
    """What a recipe says about memory and work.

    Attributes:
        recipe: Its name.
        model: Model folder or name.
        gpus: GPUs of all nodes together.
        supervised: Fine-tuning, no generation.
        weight_bytes: Bytes of a trained weight on the training side.
        shards: GPUs over which weights, gradients and optimizer are spread.
        micro_tokens: Tokens of one forward and backward pass on a GPU.
        checkpointing: Whether activations are computed again in the backward pass.
        fused: Whether logits are never held whole.
        lora_rank: 0 for full fine-tuning.
        lora_vision: Whether the vision tower has adapters.
        reference: Whether a reference model is held for a KL term.
        param_offload: Whether weights move to the host while answers are generated.
        optimizer_offload: Likewise for the optimizer's state.
        reference_offload: Whether the reference model waits on the host.
        engine: Rollout backend.
        engine_bytes: Bytes of a weight in the rollout engine.
        engine_share: Share of the GPU's memory given to the engine (vLLM).
        tensor_parallel: GPUs of one engine.
        sequences: Most sequences an engine works on at once.
        sync_bytes: Buffer of the weight sync.
        prompt_tokens: Longest prompt, its picture included.
        answer_tokens: Longest answer.
        prompts: Prompts a step.
        answers: Answers per prompt.
        mini_batch: Prompts per update.
        epochs: Passes over the data.
        steps: Fixed number of steps; None when the data decide.
        verl: Whether verl's own defaults were at hand.
    """

    recipe: str
    model: str
    gpus: int
    supervised: bool
    weight_bytes: int
    shards: int
    micro_tokens: int
    checkpointing: bool
    fused: bool
    lora_rank: int = 0
    lora_vision: bool = False
    reference: bool = False
    param_offload: bool = False
    optimizer_offload: bool = False
    reference_offload: bool = False
    engine: str = ""
    engine_bytes: int = 2
    engine_share: float = 0.5
    tensor_parallel: int = 1
    sequences: int = 256
    sync_bytes: int = 0
    prompt_tokens: int = 0
    answer_tokens: int = 0
    prompts: int = 1
    answers: int = 1
    mini_batch: int = 1
    epochs: int = 1
    steps: int | None = None
    verl: bool = True


def read_recipe(name: str, overrides: Sequence[str] = (), gpus: int | None = None) -> Setup:
    """Compose a recipe and read its numbers.

    Args:
        name: A recipe of this package.
        overrides: More overrides in Hydra's syntax, as they would be given to verl.
        gpus: GPUs of all nodes together; the recipe's own when None.

    Raises:
        InputError: There is no such recipe, or Hydra refuses an override.
    """
    if name not in recipe_names():
        raise InputError(f"there is no recipe {name!r}", remedy=f"there are: {', '.join(recipe_names())}")
    config, verl = _compose(name, overrides)
    setup = (_supervised if name.endswith("_sft") else _reinforcement)(_Reader(config), name)
    if gpus is not None:
        if gpus < 1:
            raise InputError(f"must be at least 1, is {gpus}", field="--gpus")
        shards = gpus if setup.shards == setup.gpus else min(setup.shards, gpus)
        setup = replace(setup, gpus=gpus, shards=shards)
    if setup.tensor_parallel > setup.gpus:
        raise InputError(
            f"an engine spans {setup.tensor_parallel} GPUs, there are {setup.gpus}",
            field="actor_rollout_ref.rollout.tensor_model_parallel_size",
            remedy="add actor_rollout_ref.rollout.tensor_model_parallel_size=1",
        )
    return replace(setup, verl=verl)


def _compose(name: str, overrides: Sequence[str]) -> tuple[Any, bool]:
    from hydra import compose, initialize_config_dir
    from hydra.core.global_hydra import GlobalHydra
    from hydra.errors import HydraException

    spec = importlib.util.find_spec("verl")  # Finds it without importing it, which takes ten seconds.
    places = list(spec.submodule_search_locations or []) if spec else []
    known = any(override.startswith("wafersage.data_dir=") for override in overrides)
    given = [*overrides] if known else [*overrides, "wafersage.data_dir=DATA"]
    if places:
        tree = Path(places[0]) / "trainer" / "config"
        primary = "sft_trainer_engine" if name.endswith("_sft") else "ppo_trainer"
        given = [f"+recipe={name}", "hydra.searchpath=[pkg://verl_wafersage]", *given]
    else:
        tree, primary = RECIPE_FOLDER.parent, f"recipe/{name}"
    GlobalHydra.instance().clear()
    try:
        with initialize_config_dir(str(tree.resolve() if places else tree), version_base=None):
            return compose(primary, overrides=given), bool(places)
    except HydraException as error:
        raise InputError(f"Hydra refuses it: {' '.join(str(error).split())}", field=name) from error


class _Reader:
    """Looks keys up; without verl its defaults are those of verl 0.9.1."""

    def __init__(self, config: Any) -> None:
        self._config = config

    def __call__(self, key: str, default: Any) -> Any:
        from omegaconf import OmegaConf
        from omegaconf.errors import (
            InterpolationToMissingValueError,
            MissingMandatoryValue,
            OmegaConfBaseException,
        )

        try:
            value = OmegaConf.select(self._config, key, throw_on_missing=True)
        except (MissingMandatoryValue, InterpolationToMissingValueError) as error:
            raise InputError("is not set", field=key, remedy=f"add {_knob(key)}=...") from error
        except OmegaConfBaseException:
            # An interpolation into verl's own tree, which is not there.
            value = None
        return default if value is None else value

    def bytes_of(self, key: str, default: str) -> int:
        """Bytes of the data type that a key names."""
        name = str(self(key, default))
        if name not in _BYTES:
            raise InputError(f"{name!r} is none of {', '.join(_BYTES)}", field=key)
        return _BYTES[name]


def _knob(key: str) -> str:
    return "wafersage.model" if key.endswith("model.path") else key


def _reinforcement(get: _Reader, name: str) -> Setup:
    actor, rollout = "actor_rollout_ref.actor", "actor_rollout_ref.rollout"
    gpus = int(get("trainer.nnodes", 1)) * int(get("trainer.n_gpus_per_node", 8))
    size = int(get(f"{actor}.fsdp_config.fsdp_size", -1))
    prompt, answer = int(get("data.max_prompt_length", 512)), int(get("data.max_response_length", 512))
    dynamic = bool(get(f"{actor}.use_dynamic_bsz", False))
    per_pass = int(get(f"{actor}.ppo_micro_batch_size_per_gpu", 1)) * (prompt + answer)
    rank = int(get("actor_rollout_ref.model.lora_rank", 0))
    kl = bool(get(f"{actor}.use_kl_loss", False)) or bool(get("algorithm.use_kl_in_reward", False))
    return Setup(
        recipe=name,
        model=str(get("actor_rollout_ref.model.path", "")),
        gpus=gpus,
        supervised=False,
        weight_bytes=get.bytes_of(f"{actor}.fsdp_config.model_dtype", "fp32"),
        shards=gpus if size < 1 else size,
        micro_tokens=int(get(f"{actor}.ppo_max_token_len_per_gpu", 16384)) if dynamic else per_pass,
        checkpointing=bool(get("actor_rollout_ref.model.enable_gradient_checkpointing", True)),
        fused=bool(get("actor_rollout_ref.model.use_fused_kernels", False)),
        lora_rank=rank,
        lora_vision=not get("actor_rollout_ref.model.exclude_modules", ""),
        # With adapters the frozen weights are the reference.
        reference=kl and rank == 0,
        param_offload=bool(get(f"{actor}.fsdp_config.param_offload", False)),
        optimizer_offload=bool(get(f"{actor}.fsdp_config.optimizer_offload", False)),
        reference_offload=bool(get("actor_rollout_ref.ref.fsdp_config.param_offload", False)),
        engine=str(get(f"{rollout}.name", "vllm")),
        engine_bytes=get.bytes_of(f"{rollout}.dtype", "bfloat16"),
        engine_share=float(get(f"{rollout}.gpu_memory_utilization", 0.5)),
        tensor_parallel=int(get(f"{rollout}.tensor_model_parallel_size", 2)),
        sequences=int(get(f"{rollout}.max_num_seqs", 256)),
        sync_bytes=int(get(f"{rollout}.checkpoint_engine.update_weights_bucket_megabytes", 2048)) * 2**20,
        prompt_tokens=prompt,
        answer_tokens=answer,
        prompts=int(get("data.train_batch_size", 1024)),
        answers=int(get(f"{rollout}.n", 1)),
        mini_batch=int(get(f"{actor}.ppo_mini_batch_size", 256)),
        epochs=int(get("trainer.total_epochs", 30)),
        steps=get("trainer.total_training_steps", None),
    )


def _supervised(get: _Reader, name: str) -> Setup:
    gpus = int(get("trainer.nnodes", 1)) * int(get("trainer.n_gpus_per_node", 1))
    size = int(get("engine.fsdp_size", -1))
    length = int(get("data.max_length", 1024))
    per_pass = int(get("data.micro_batch_size_per_gpu", 4)) * length
    return Setup(
        recipe=name,
        model=str(get("model.path", "")),
        gpus=gpus,
        supervised=True,
        weight_bytes=get.bytes_of("engine.model_dtype", "fp32"),
        shards=gpus if size < 1 else size,
        micro_tokens=int(get("data.max_token_len_per_gpu", 8192))
        if get("data.use_dynamic_bsz", True)
        else per_pass,
        checkpointing=bool(get("model.enable_gradient_checkpointing", True)),
        fused=bool(get("model.use_fused_kernels", False)),
        lora_rank=int(get("model.lora_rank", 0)),
        lora_vision=not get("model.exclude_modules", ""),
        prompt_tokens=length,
        prompts=int(get("data.train_batch_size", 256)),
        mini_batch=int(get("data.train_batch_size", 256)),
        epochs=int(get("trainer.total_epochs", 4)),
        steps=get("trainer.total_training_steps", None),
    )


def training_rows(folder: Path) -> int:
    """Count the rows of a converted training set.

    Raises:
        InputError: The folder holds no training files.
    """
    import pyarrow.parquet as pq

    files = sorted(folder.glob("train-*.parquet"))
    if not files:
        raise InputError("no train-*.parquet", file=folder, remedy="give the output folder of `convert`")
    return sum(int(pq.read_metadata(file).num_rows) for file in files)
