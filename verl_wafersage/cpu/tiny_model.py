"""A tiny Qwen3-VL of the real class, randomly initialised, saved as an ordinary Hugging Face folder.

It has its own small byte-level BPE tokenizer with Qwen's special tokens and the processor that goes with
it, so that everything downstream (verl, the rollout, a server) treats it like the 4B model. Sizes are
those that learned wafer maps on two CPU cores; `initializer_range` 0.06 matters: at the usual 0.02 the
small model learns far slower.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..errors import InputError
from ..fixes import declare_torchvision_operators

END_OF_TEXT, TURN_START, TURN_END = "<|endoftext|>", "<|im_start|>", "<|im_end|>"
VISION_START, VISION_END, IMAGE_PAD, VIDEO_PAD = (
    "<|vision_start|>",
    "<|vision_end|>",
    "<|image_pad|>",
    "<|video_pad|>",
)
SPECIAL_TOKENS = (END_OF_TEXT, TURN_START, TURN_END, VISION_START, VISION_END, IMAGE_PAD, VIDEO_PAD)

PATCH, MERGE = 16, 2

# Qwen's chat format: turns between <|im_start|> and <|im_end|>, an image as three vision tokens.
CHAT_TEMPLATE = (
    "{%- for message in messages -%}"
    "{{- '<|im_start|>' + message.role + '\n' -}}"
    "{%- if message.content is string -%}{{- message.content -}}"
    "{%- else -%}{%- for part in message.content -%}"
    "{%- if part.type == 'image' or 'image' in part -%}"
    "{{- '<|vision_start|><|image_pad|><|vision_end|>' -}}"
    "{%- elif part.type == 'video' or 'video' in part -%}"
    "{{- '<|vision_start|><|video_pad|><|vision_end|>' -}}"
    "{%- elif 'text' in part -%}{{- part.text -}}{%- endif -%}"
    "{%- endfor -%}{%- endif -%}"
    "{{- '<|im_end|>\n' -}}"
    "{%- endfor -%}"
    "{%- if add_generation_prompt -%}{{- '<|im_start|>assistant\n' -}}{%- endif -%}"
)


@dataclass(frozen=True)
class TinySize:
    """Shape of the tiny model.

    Attributes:
        image_size: Side of the (square) images in pixels, a multiple of 32.
        vision_layers: Blocks of the vision tower.
        text_layers: Blocks of the language model.
        width: Hidden size of both, a multiple of 32.
        vocabulary: Size of the BPE vocabulary, special tokens and 256 bytes included.
        context: Longest sequence in tokens.
    """

    image_size: int = 96
    vision_layers: int = 4
    text_layers: int = 3
    width: int = 128
    vocabulary: int = 1024
    context: int = 2048


SIZES = {"small": TinySize(vision_layers=3, text_layers=2, width=96), "base": TinySize()}
"""Named sizes: about one and two million parameters."""


def make_tiny_model(
    out: Path, corpus: Iterable[str], size: TinySize | None = None, *, seed: int = 0
) -> dict[str, int]:
    """Write a tiny Qwen3-VL with tokenizer and processor to `out`, atomically.

    Args:
        out: Folder to create; must not exist yet or be empty.
        corpus: Texts the tokenizer learns its merges from (questions and answers).
        size: Shape of the model; `TinySize()` by default.
        seed: Seed of the weights. The same seed, corpus and size give the same files.

    Returns:
        `{"parameters": ..., "vocabulary": ...}`.

    Raises:
        InputError: When `out` is not empty or the size cannot work.
    """
    declare_torchvision_operators()
    import torch
    from transformers import Qwen3VLForConditionalGeneration

    size = size or TinySize()
    _check(out, size)
    tokenizer = _train_tokenizer(corpus, size)
    processor = _processor(tokenizer, size)
    torch.manual_seed(seed)
    model = Qwen3VLForConditionalGeneration(_config(tokenizer, size))
    model.generation_config.eos_token_id = [
        tokenizer.convert_tokens_to_ids(TURN_END),
        tokenizer.convert_tokens_to_ids(END_OF_TEXT),
    ]
    model.generation_config.pad_token_id = tokenizer.convert_tokens_to_ids(END_OF_TEXT)
    partial = out.with_name(f".{out.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    model.save_pretrained(partial)
    processor.save_pretrained(partial)
    if out.exists():
        out.rmdir()
    os.replace(partial, out)
    return {"parameters": sum(p.numel() for p in model.parameters()), "vocabulary": len(tokenizer)}


def _check(out: Path, size: TinySize) -> None:
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise InputError(
            "already exists and is not an empty folder", file=out, remedy="choose another folder"
        )
    if size.image_size % (PATCH * MERGE):
        raise InputError(
            f"{size.image_size} is not a multiple of {PATCH * MERGE}",
            field="image_size",
            remedy="use 64, 96, 128, ...",
        )
    if size.width % 32:
        raise InputError(f"{size.width} is not a multiple of 32", field="width", remedy="use 96, 128, ...")
    if size.vocabulary < 256 + len(SPECIAL_TOKENS):
        raise InputError(
            f"{size.vocabulary} does not hold 256 bytes and the special tokens",
            field="vocabulary",
            remedy="use 384 or more",
        )


def _train_tokenizer(corpus: Iterable[str], size: TinySize) -> Any:
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import Qwen2TokenizerFast

    bpe = Tokenizer(models.BPE())
    bpe.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    bpe.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=size.vocabulary,
        special_tokens=list(SPECIAL_TOKENS),
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    bpe.train_from_iterator(corpus, trainer)
    return Qwen2TokenizerFast(
        tokenizer_object=bpe,
        eos_token=TURN_END,
        pad_token=END_OF_TEXT,
        unk_token=None,
        additional_special_tokens=[TURN_START, VISION_START, VISION_END, IMAGE_PAD, VIDEO_PAD],
        model_max_length=size.context,
        chat_template=CHAT_TEMPLATE,
    )


def _processor(tokenizer: Any, size: TinySize) -> Any:
    from transformers import Qwen2VLImageProcessor, Qwen3VLProcessor, Qwen3VLVideoProcessor

    pixels = size.image_size**2
    patches = {"patch_size": PATCH, "merge_size": MERGE, "temporal_patch_size": 2}
    colours = {"image_mean": [0.5] * 3, "image_std": [0.5] * 3}
    # One size only: the renderer's pixels reach the model as they are.
    bounds = {"size": {"shortest_edge": pixels, "longest_edge": pixels}}
    return Qwen3VLProcessor(
        image_processor=Qwen2VLImageProcessor(**patches, **colours, **bounds),
        tokenizer=tokenizer,
        video_processor=Qwen3VLVideoProcessor(**patches, **colours, **bounds),
        chat_template=CHAT_TEMPLATE,
    )


def _config(tokenizer: Any, size: TinySize) -> Any:
    from transformers import Qwen3VLConfig

    heads, initializer_range = size.width // 32, 0.06
    token = tokenizer.convert_tokens_to_ids
    return Qwen3VLConfig(
        text_config={
            "vocab_size": len(tokenizer),
            "hidden_size": size.width,
            "intermediate_size": 2 * size.width,
            "num_hidden_layers": size.text_layers,
            "num_attention_heads": heads,
            "num_key_value_heads": heads,
            "head_dim": 32,
            "max_position_embeddings": size.context,
            "rope_parameters": {
                "rope_type": "default",
                "rope_theta": 1e4,
                "mrope_section": [6, 5, 5],
                "mrope_interleaved": True,
            },
            "initializer_range": initializer_range,
            "tie_word_embeddings": False,
            "eos_token_id": token(TURN_END),
            "pad_token_id": token(END_OF_TEXT),
        },
        vision_config={
            "depth": size.vision_layers,
            "hidden_size": size.width,
            "intermediate_size": 2 * size.width,
            "num_heads": heads,
            "out_hidden_size": size.width,
            "patch_size": PATCH,
            "spatial_merge_size": MERGE,
            "temporal_patch_size": 2,
            "num_position_embeddings": (size.image_size // PATCH) ** 2,
            "deepstack_visual_indexes": [0],
            "initializer_range": initializer_range,
        },
        image_token_id=token(IMAGE_PAD),
        video_token_id=token(VIDEO_PAD),
        vision_start_token_id=token(VISION_START),
        vision_end_token_id=token(VISION_END),
        tie_word_embeddings=False,
        initializer_range=initializer_range,
    )
