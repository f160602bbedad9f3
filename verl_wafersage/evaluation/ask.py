"""Ask a model about one wafer map, and keep what it saw apart from what it supposes."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import httpx
import numpy as np

from verl_wafersage.data_prep.readers import READERS, read
from verl_wafersage.data_prep.readers.pictures import check_picture, read_grid
from verl_wafersage.data_prep.records import FAIL, ReadOptions, WaferMap
from verl_wafersage.data_prep.render import render
from verl_wafersage.data_prep.wordings import WORDINGS, system_prompt
from verl_wafersage.errors import InputError, MissingExtraError
from verl_wafersage.llm import ChatError, ChatRequest, ChatSettings, ask_all, system, user
from verl_wafersage.reward_fns.final import answer_text
from verl_wafersage.reward_fns.parts import split_parts
from verl_wafersage.reward_fns.text import read_text

NOTE = (
    "Candidates, not a diagnosis: a map does not prove a cause. "
    "Check them against lots, tools and inspection."
)
QUESTION = WORDINGS["full"][0]
"""The three-part question, as the training data ask it."""

_NEXT_MARK = re.compile(r"(?<=[.!?\n])\s*(?:\(?\d{1,2}[.)]|[-*#]+)\s*$")

EVIDENCE = ("spatial", "morphology")
HYPOTHESES = "root_cause"


@dataclass(frozen=True)
class Reading:
    """A model's answer to the three-part question.

    Attributes:
        evidence: What it says it sees, by part; empty when the parts cannot be told apart.
        hypotheses: What it supposes to be the cause; "" likewise.
        answer: The final answer, whole.
        raw: Everything the model wrote.
    """

    evidence: Mapping[str, str]
    hypotheses: str
    answer: str
    raw: str

    def as_dict(self) -> dict[str, Any]:
        """Plain JSON types."""
        return {
            "version": 1,
            "note": NOTE,
            "evidence": dict(self.evidence),
            "hypotheses": self.hypotheses,
            "separated": bool(self.evidence),
            "answer": self.answer,
            "raw": self.raw,
        }


def picture_of(
    path: Path,
    *,
    source: str | None = None,
    wafer: int = 0,
    settings: Mapping[str, str] | None = None,
    side: int = 256,
) -> bytes:
    """Return the picture of a wafer as the model is shown it.

    Args:
        path: A picture, a numpy file of dies (0 no die, 1 pass, 2 fail), or a file of a `convert` source.
        source: Name of that source; None takes pictures and `.npy`.
        wafer: Which wafer of the file, from 0.
        settings: Options of the source's reader.
        side: Side of a map that is drawn, in pixels; a multiple of 32.

    Raises:
        InputError: The file is missing, cannot be read, or has no such wafer.
    """
    if not path.exists():
        raise InputError("no such file", file=path)
    if source is not None:
        if source not in READERS:
            raise InputError(
                f"unknown source {source!r}", field="--source", remedy=f"use one of: {', '.join(READERS)}"
            )
        options = ReadOptions(settings=dict(settings or {}))
        record = next(islice(read(source, path, options), wafer, None), None)
        if record is None:
            raise InputError(f"has no wafer {wafer}", file=path, field="--wafer")
        return render(record.grid, side) if isinstance(record, WaferMap) else record.image
    if path.suffix == ".npy":
        return render(_grid(path), side)
    content = check_picture(path.read_bytes())
    # A map in the colours of the training data is drawn again in the size of the training data.
    grid = read_grid(content)
    return content if grid is None else render(grid, side)


def _grid(path: Path) -> np.ndarray[Any, np.dtype[np.uint8]]:
    try:
        grid = np.load(path, allow_pickle=False)
    except (OSError, ValueError) as error:
        raise InputError(f"cannot be read: {error}", file=path) from error
    if not isinstance(grid, np.ndarray) or grid.ndim != 2 or not grid.size:
        raise InputError("is not a map: expected rows and columns of dies", file=path)
    if not np.isin(grid, range(FAIL + 1)).all():
        raise InputError("has values outside 0 (no die), 1 (pass), 2 (fail)", file=path)
    return grid.astype(np.uint8)


def ask_server(picture: bytes, settings: ChatSettings, answer_style: str = "plain") -> Reading:
    """Ask a model behind an OpenAI-compatible server.

    Raises:
        ChatError: It gave no answer.
    """
    request = ChatRequest((system(system_prompt(answer_style)), user(QUESTION, picture)))
    replies, _ = ask_all(settings, [request])
    if isinstance(replies[0], ChatError):
        raise replies[0]
    return read_answer(replies[0].text)


def served_model(base_url: str, timeout: float = 10.0) -> str:
    """Return the name of the first model that a server offers.

    Raises:
        InputError: The server cannot be reached or names no model.
    """
    try:
        reply = httpx.get(base_url.rstrip("/") + "/models", timeout=timeout, trust_env=False)
        return str(reply.raise_for_status().json()["data"][0]["id"])
    except (httpx.HTTPError, httpx.InvalidURL, ValueError, LookupError, TypeError) as error:
        raise InputError(
            f"the server names no model: {error or type(error).__name__}",
            field="--server",
            remedy="name it with --model",
        ) from error


def ask_local(picture: bytes, folder: Path, answer_style: str = "plain", max_tokens: int = 1024) -> Reading:
    """Ask a Hugging Face folder with transformers, greedily, on the accelerator where there is one.

    Raises:
        InputError: The folder is not a model that reads pictures.
        MissingExtraError: transformers or torch is not installed.
    """
    if not (folder / "config.json").is_file():
        raise InputError("is no Hugging Face folder: no config.json", file=folder)
    if (folder / "adapter_config.json").is_file():
        raise InputError("is an adapter only", file=folder, remedy="merge it first, see docs/serving.md")
    try:
        import torch
        import transformers
    except ImportError as error:
        raise MissingExtraError(str(error.name), "cpu") from error
    from io import BytesIO

    from PIL import Image

    from verl_wafersage.fixes import declare_torchvision_operators

    declare_torchvision_operators()
    device = (
        torch.accelerator.current_accelerator() if torch.accelerator.is_available() else torch.device("cpu")
    )
    try:
        processor = transformers.AutoProcessor.from_pretrained(folder, local_files_only=True)
        model = transformers.AutoModelForImageTextToText.from_pretrained(
            folder, dtype="auto", local_files_only=True
        ).to(device)
    except (OSError, ValueError, KeyError) as error:
        raise InputError(f"cannot be loaded: {' '.join(str(error).split())}", file=folder) from error
    messages = [
        {"role": "system", "content": [{"type": "text", "text": system_prompt(answer_style)}]},
        {"role": "user", "content": [{"type": "image"}, {"type": "text", "text": QUESTION}]},
    ]
    prompt = processor.apply_chat_template(messages, add_generation_prompt=True, tokenize=False)
    with Image.open(BytesIO(picture)) as image:
        inputs = processor(text=[prompt], images=[image.convert("RGB")], return_tensors="pt").to(device)
    with torch.inference_mode():
        tokens = model.generate(**inputs, max_new_tokens=max_tokens, do_sample=False)
    written = tokens[0, inputs["input_ids"].shape[1] :]
    return read_answer(str(processor.decode(written, skip_special_tokens=True)))


def read_answer(raw: str) -> Reading:
    """Cut an answer at its headings into evidence and hypotheses."""
    answer = answer_text(raw).strip()
    text = read_text(answer)
    spans = text.spans()
    parts = {
        name: _without_heading(answer[spans[start][0] : spans[end - 1][1]])
        for name, (start, end) in split_parts(text.words).items()
        if end > start
    }
    evidence = {name: parts[name] for name in EVIDENCE if name in parts}
    if not evidence or HYPOTHESES not in parts:
        return Reading({}, "", answer, raw)
    return Reading(evidence, parts[HYPOTHESES], answer, raw)


def _without_heading(part: str) -> str:
    head, colon, rest = part.partition(":")
    text = rest if colon and len(head) < 40 else part
    # The number or mark of the heading that follows.
    return _NEXT_MARK.sub("", text.strip(" *\n")).strip(" *\n")
