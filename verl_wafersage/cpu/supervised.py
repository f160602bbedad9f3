"""Supervised start of the tiny model: a plain loop for two CPU cores.

verl's `sft_trainer` (recipe `wafersage_sft`) is for GPUs and for models worth distributing; the tiny model
spends less time in its matrix products than that trainer in its own machinery. Same rows, same loss: the
mean over the tokens of the answer.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from ..errors import InputError
from ..fixes import declare_torchvision_operators

IGNORED = -100
"""Label of tokens that are not learned."""


@dataclass(frozen=True)
class StartOptions:
    """How to train; the defaults are known to work for models of one or two million parameters.

    Attributes:
        steps: Optimizer steps.
        batch_size: Rows a step.
        learning_rate: Peak of a cosine schedule that ends at 2 % of it.
        warmup: Share of the steps spent rising to the peak, in [0, 1).
        weight_decay: On matrices only, not on norms, biases and embeddings.
        seed: Order of the rows.
    """

    steps: int = 1000
    batch_size: int = 32
    learning_rate: float = 2e-3
    warmup: float = 0.06
    weight_decay: float = 0.05
    seed: int = 0


@dataclass(frozen=True)
class Example:
    """One encoded row: token ids, labels of the same length, and which picture it shows."""

    ids: tuple[int, ...]
    labels: tuple[int, ...]
    picture: int


def supervised_start(
    model_dir: Path,
    files: Sequence[Path],
    out: Path,
    options: StartOptions | None = None,
    *,
    on_step: Callable[[int, float], None] = lambda step, loss: None,
) -> list[float]:
    """Fine-tune the model at `model_dir` on rows with `messages` and `images`; save it to `out`, atomically.

    Args:
        model_dir: Folder of a Qwen3-VL with its processor.
        files: Parquet files of the supervised view (`OUT/sft/train-*.parquet`).
        out: Folder to write; replaced if it exists.
        options: How to train.
        on_step: Called after each step with its number (from 1) and loss.

    Returns:
        The loss of each step.

    Raises:
        InputError: When there are no rows.
    """
    declare_torchvision_operators()
    from transformers import AutoModelForImageTextToText, AutoProcessor

    options = options or StartOptions()
    processor = AutoProcessor.from_pretrained(model_dir)
    model = AutoModelForImageTextToText.from_pretrained(
        model_dir, dtype=torch.float32, attn_implementation="sdpa"
    )
    examples, pictures = encode(files, processor)
    optimizer = torch.optim.AdamW(
        _parameter_groups(model, options.weight_decay),
        lr=options.learning_rate,
        betas=(0.9, 0.98),
        fused=True,
    )
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: _cosine(step, options))
    model.train()
    losses = []
    for step, batch in enumerate(_batches(examples, options), start=1):
        loss = _loss(model, batch, pictures, processor)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        schedule.step()
        losses.append(loss.item())
        on_step(step, losses[-1])
    _save(model.eval(), processor, out)
    return losses


def encode(files: Sequence[Path], processor: Any) -> tuple[list[Example], list[dict[str, Tensor]]]:
    """Tokenise the rows; each distinct picture is processed once.

    Returns:
        Examples, and per picture its `pixel_values` (patches, features) and `image_grid_thw` (1, 3).
    """
    import io

    import pyarrow.parquet as pq
    from PIL import Image

    numbers: dict[bytes, int] = {}
    pictures: list[dict[str, Tensor]] = []
    examples = []
    for file in files:
        for row in pq.read_table(file, columns=["messages", "images"]).to_pylist():
            data = row["images"][0]["bytes"]
            if data not in numbers:
                numbers[data] = len(pictures)
                image = Image.open(io.BytesIO(data)).convert("RGB")
                pictures.append(dict(processor.image_processor(images=[image], return_tensors="pt")))
            grid = pictures[numbers[data]]["image_grid_thw"]
            examples.append(_example(row["messages"], int(grid.prod()), numbers[data], processor))
    if not examples:
        raise InputError("no rows to learn from", file=files[0] if files else None)
    return examples, pictures


def _example(messages: list[dict[str, str]], patches: int, picture: int, processor: Any) -> Example:
    tokens = patches // processor.image_processor.merge_size**2
    chat = [{"role": m["role"], "content": chat_parts(m["content"])} for m in messages]
    template = processor.apply_chat_template
    whole = template(chat, tokenize=False)
    prompt = template(chat[:-1], tokenize=False, add_generation_prompt=True)
    image = processor.image_token
    answer_ids = processor.tokenizer(whole[len(prompt) :].rstrip("\n"))["input_ids"]
    prompt_ids = processor.tokenizer(prompt.replace(image, image * tokens))["input_ids"]
    labels = [IGNORED] * len(prompt_ids) + answer_ids
    return Example((*prompt_ids, *answer_ids), tuple(labels), picture)


def chat_parts(content: str) -> list[dict[str, str]]:
    """A message's content as parts for the chat template: its text around one `<image>`."""
    head, found, tail = content.partition("<image>")
    image = [{"type": "image"}] if found else []
    return [*([{"type": "text", "text": head}] if head else []), *image, {"type": "text", "text": tail}]


def _batches(examples: Sequence[Example], options: StartOptions) -> Iterator[list[Example]]:
    """Endless shuffled passes, cut into `options.steps` batches."""
    generator = torch.Generator().manual_seed(options.seed)
    order: list[int] = []
    for _ in range(options.steps):
        while len(order) < options.batch_size:
            order += torch.randperm(len(examples), generator=generator).tolist()
        yield [examples[index] for index in order[: options.batch_size]]
        order = order[options.batch_size :]


def _loss(
    model: Any, batch: Sequence[Example], pictures: Sequence[dict[str, Tensor]], processor: Any
) -> Tensor:
    longest = max(len(example.ids) for example in batch)
    pad = processor.tokenizer.pad_token_id
    ids = torch.tensor([[*e.ids, *[pad] * (longest - len(e.ids))] for e in batch])
    labels = torch.tensor([[*e.labels, *[IGNORED] * (longest - len(e.ids))] for e in batch])
    mask = torch.tensor([[1] * len(e.ids) + [0] * (longest - len(e.ids)) for e in batch])
    model.model.rope_deltas = None
    output = model(
        input_ids=ids,
        attention_mask=mask,
        mm_token_type_ids=(ids == processor.image_token_id).int(),
        pixel_values=torch.cat([pictures[e.picture]["pixel_values"] for e in batch]),
        image_grid_thw=torch.cat([pictures[e.picture]["image_grid_thw"] for e in batch]),
    )
    # Only positions before an answer token predict something.
    logits, targets = output.logits[:, :-1], labels[:, 1:]
    learned = targets != IGNORED
    return torch.nn.functional.cross_entropy(logits[learned].float(), targets[learned])


def _parameter_groups(model: Any, weight_decay: float) -> list[dict[str, Any]]:
    decayed: list[Any] = []
    plain: list[Any] = []
    for name, parameter in model.named_parameters():
        matrix = parameter.ndim >= 2 and "embed" not in name
        (decayed if matrix else plain).append(parameter)
    return [{"params": decayed, "weight_decay": weight_decay}, {"params": plain, "weight_decay": 0.0}]


def _cosine(step: int, options: StartOptions) -> float:
    import math

    warmup = max(1, int(options.warmup * options.steps))
    if step < warmup:
        return (step + 1) / warmup
    progress = (step - warmup) / max(1, options.steps - warmup)
    return 0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * min(1.0, progress)))


def _save(model: Any, processor: Any, out: Path) -> None:
    partial = out.with_name(f".{out.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    model.save_pretrained(partial)
    processor.save_pretrained(partial)
    shutil.rmtree(out, ignore_errors=True)
    os.replace(partial, out)
