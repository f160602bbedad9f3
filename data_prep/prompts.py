"""How long a prompt is in tokens: counted by a tokenizer when given one, else estimated from above."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeAlias

from PIL import Image, UnidentifiedImageError

from ..errors import InputError, MissingExtraError
from .render import image_tokens

Counter: TypeAlias = Callable[[str], int]
TURN_TOKENS = 5
"""Tokens of the chat template around each message."""


def estimate(text: str) -> int:
    """Tokens of a text, rarely too few: words and punctuation times 1.4, or a third of the characters."""
    return max(round(len(text.split()) * 1.4), len(text) // 3) + 1


def counter(tokenizer: Path | None) -> Counter:
    """Token counter: from a `tokenizer.json` (or the folder of a model that has one), else `estimate`."""
    if tokenizer is None:
        return estimate
    try:
        import tokenizers
    except ImportError as error:
        raise MissingExtraError("tokenizers", "train") from error
    file = tokenizer / "tokenizer.json" if tokenizer.is_dir() else tokenizer
    if not file.exists():
        raise InputError("no such tokenizer", file=file, field="tokenizer")
    try:
        loaded: Any = tokenizers.Tokenizer.from_file(str(file))
    except Exception as error:  # the library raises bare Exception
        raise InputError(f"not a tokenizer ({error})", file=file, field="tokenizer") from error
    return lambda text: len(loaded.encode(text, add_special_tokens=False).ids)


def prompt_tokens(messages: list[dict[str, str]], image: tuple[int, int], count: Counter) -> int:
    """Tokens of a prompt with one image of (width, height) pixels, the generation prompt included."""
    words = sum(count(message["content"].replace("<image>", "")) + TURN_TOKENS for message in messages)
    return words + image_tokens(*image) + TURN_TOKENS


def image_size(image: bytes) -> tuple[int, int]:
    """Width and height of an encoded picture.

    Raises:
        InputError: It is not a picture.
    """
    try:
        with Image.open(io.BytesIO(image)) as picture:
            size = picture.size
            picture.verify()
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise InputError(f"not a readable picture ({error})", field="image") from error
    return size
