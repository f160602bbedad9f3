"""Sizes of Qwen3-VL models: from a local `config.json`, else from a table of the published ones."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from verl_wafersage.errors import InputError


@dataclass(frozen=True)
class Vision:
    """The vision tower of a Qwen3-VL model, in the names of its `config.json`."""

    depth: int
    hidden_size: int
    intermediate_size: int
    out_hidden_size: int
    deepstack: int
    patch_size: int = 16
    temporal_patch_size: int = 2
    spatial_merge_size: int = 2
    num_position_embeddings: int = 2304
    in_channels: int = 3

    @property
    def parameters(self) -> int:
        """Number of weights."""
        hidden, inner = self.hidden_size, self.intermediate_size
        pixels = self.in_channels * self.temporal_patch_size * self.patch_size**2
        embeddings = pixels * hidden + hidden + self.num_position_embeddings * hidden
        attention = hidden * 3 * hidden + 3 * hidden + hidden * hidden + hidden
        block = 4 * hidden + attention + 2 * hidden * inner + inner + hidden
        merged = hidden * self.spatial_merge_size**2
        projection = merged * merged + merged + merged * self.out_hidden_size + self.out_hidden_size
        mergers = projection + 2 * hidden + self.deepstack * (projection + 2 * merged)
        return embeddings + self.depth * block + mergers

    @property
    def block_parameters(self) -> int:
        """Number of weights of one block."""
        hidden, inner = self.hidden_size, self.intermediate_size
        return 4 * hidden * hidden + 8 * hidden + 2 * hidden * inner + inner + hidden


@dataclass(frozen=True)
class Sizes:
    """A Qwen3-VL model, in the names of its `config.json`."""

    name: str
    num_hidden_layers: int
    hidden_size: int
    intermediate_size: int
    num_attention_heads: int
    num_key_value_heads: int
    head_dim: int
    vocab_size: int
    tied: bool
    vision: Vision

    @property
    def layer_parameters(self) -> int:
        """Number of weights of one layer of the language model."""
        attention = (
            self.hidden_size * self.head_dim * 2 * (self.num_attention_heads + self.num_key_value_heads)
        )
        return (
            attention
            + 2 * self.head_dim
            + 3 * self.hidden_size * self.intermediate_size
            + 2 * self.hidden_size
        )

    @property
    def embedding_parameters(self) -> int:
        """Number of weights of the token embedding."""
        return self.vocab_size * self.hidden_size

    @property
    def language_parameters(self) -> int:
        """Number of weights of the language model, the head included."""
        embeddings = self.embedding_parameters * (1 if self.tied else 2)
        return self.num_hidden_layers * self.layer_parameters + embeddings + self.hidden_size

    @property
    def parameters(self) -> int:
        """Number of weights."""
        return self.language_parameters + self.vision.parameters

    def adapter_parameters(self, rank: int, vision: bool) -> int:
        """Number of weights of LoRA adapters on every linear layer.

        Args:
            rank: Rank of the adapters.
            vision: Whether the vision tower has adapters too.
        """
        heads = (self.num_attention_heads + 2 * self.num_key_value_heads) * self.head_dim
        attention = 4 * self.hidden_size + heads + self.num_attention_heads * self.head_dim
        inner = 3 * (self.hidden_size + self.intermediate_size)
        total = self.num_hidden_layers * rank * (attention + inner)
        if vision:
            tower = self.vision
            block = (
                4 * tower.hidden_size
                + 2 * tower.hidden_size
                + 2 * (tower.hidden_size + tower.intermediate_size)
            )
            merged = tower.hidden_size * tower.spatial_merge_size**2
            merger = 3 * merged + tower.out_hidden_size
            total += rank * (tower.depth * block + (1 + tower.deepstack) * merger)
        return total


def _qwen(name: str, layers: int, hidden: int, inner: int, heads: int, tied: bool, tower: Vision) -> Sizes:
    return Sizes(name, layers, hidden, inner, heads, 8, 128, 151_936, tied, tower)


# As in the config.json of Qwen/Qwen3-VL-{2B,4B,8B,32B}-Instruct.
TABLE = {
    "2b": _qwen("Qwen3-VL-2B", 28, 2048, 6144, 16, True, Vision(24, 1024, 4096, 2048, 3)),
    "4b": _qwen("Qwen3-VL-4B", 36, 2560, 9728, 32, True, Vision(24, 1024, 4096, 2560, 3)),
    "8b": _qwen("Qwen3-VL-8B", 36, 4096, 12288, 32, False, Vision(27, 1152, 4304, 4096, 3)),
    "32b": _qwen("Qwen3-VL-32B", 64, 5120, 25600, 64, False, Vision(27, 1152, 4304, 5120, 3)),
}
# Names that follow no pattern.
_KNOWN = {"niraya666/qwen3-4b-wmvlm-260204": "4b", "niraya666/qwen3-vl-4b-instruct-wmvlm-rl-0213": "4b"}


def sizes_of(model: str) -> Sizes:
    """Return the sizes of a model.

    Args:
        model: A local Hugging Face folder, or the name of a published Qwen3-VL model.

    Raises:
        InputError: The folder holds no Qwen3-VL configuration, or the name is not in the table.
    """
    folder = Path(model).expanduser()
    if folder.is_dir():
        return _read(folder / "config.json")
    name = model.lower()
    for size, sizes in TABLE.items():
        if _KNOWN.get(name) == size or f"qwen3-vl-{size}" in name:
            return sizes
    raise InputError(
        f"the sizes of {model!r} are not known",
        field="wafersage.model",
        remedy=f"give a local folder with config.json, or a Qwen3-VL of {', '.join(TABLE)}",
    )


def _read(file: Path) -> Sizes:
    try:
        config = json.loads(file.read_text("utf-8"))
        return _parse(config, file.parent.name)
    except (OSError, ValueError) as error:
        raise InputError(f"cannot be read: {error}", file=file) from error
    except (KeyError, TypeError) as error:
        raise InputError(f"is not the configuration of a Qwen3-VL model: {error}", file=file) from error


def _parse(config: Mapping[str, Any], name: str) -> Sizes:
    text, vision = config["text_config"], config["vision_config"]
    heads = text["num_attention_heads"]
    return Sizes(
        name=name,
        num_hidden_layers=text["num_hidden_layers"],
        hidden_size=text["hidden_size"],
        intermediate_size=text["intermediate_size"],
        num_attention_heads=heads,
        num_key_value_heads=text["num_key_value_heads"],
        head_dim=text.get("head_dim") or text["hidden_size"] // heads,
        vocab_size=text["vocab_size"],
        tied=bool(config.get("tie_word_embeddings", text.get("tie_word_embeddings", False))),
        vision=Vision(
            depth=vision["depth"],
            hidden_size=vision["hidden_size"],
            intermediate_size=vision["intermediate_size"],
            out_hidden_size=vision["out_hidden_size"],
            deepstack=len(vision.get("deepstack_visual_indexes") or []),
            patch_size=vision["patch_size"],
            temporal_patch_size=vision["temporal_patch_size"],
            spatial_merge_size=vision["spatial_merge_size"],
            num_position_embeddings=vision["num_position_embeddings"],
            in_channels=vision.get("in_channels", 3),
        ),
    )
