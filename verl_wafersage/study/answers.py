"""A model's answers to held-out questions, each with what both rewards and the truth say of it."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from ..curriculum.journal import write_atomically
from ..errors import InputError
from ..fixes import declare_torchvision_operators
from . import truth

BATCH = 256
MAX_TOKENS = 48
Row = dict[str, Any]


def held_out(data: Path, count: int | None = None) -> list[Row]:
    """Test questions of `data`, of the first `count` wafers in the order of their ids' hashes.

    Raises:
        InputError: When there are none.
    """
    rows: list[Row] = []
    for file in sorted(data.glob("test-*.parquet")):
        rows += pq.read_table(file, columns=["prompt", "images", "reward_model", "extra_info"]).to_pylist()
    if not rows:
        raise InputError("holds no test questions", file=data, remedy="convert with a share for --test")
    # Groups are hashes, so their order is as good as a shuffle.
    wafers = sorted({(row["extra_info"]["group"], row["extra_info"]["wafer_id"]) for row in rows})
    kept = {wafer for _, wafer in wafers[:count]}
    return [row for row in rows if row["extra_info"]["wafer_id"] in kept]


def measure(model_dir: Path, rows: Sequence[Row], out: Path, *, temperature: float = 0.0) -> list[Row]:
    """Answer the questions, score the answers, and write one line each to `out`.

    Args:
        model_dir: Folder of a model with its processor.
        rows: Questions as `convert` wrote them.
        out: JSON Lines; when it exists it is read instead.
        temperature: 0 for the likeliest answer.

    Returns:
        Per answer `id`, `wafer`, `kind`, `answer`, `reference`, `labels`, `ours` and `published` (all
        sub-scores of both rewards) and the truth: `exact` (type questions), `hours` (clock questions),
        `invents`.
    """
    if not out.exists():
        lines = (json.dumps(line, ensure_ascii=False) for line in _measured(model_dir, rows, temperature))
        write_atomically(out, "".join(f"{line}\n" for line in lines))
    return [json.loads(line) for line in out.read_text(encoding="utf-8").splitlines()]


def _measured(model_dir: Path, rows: Sequence[Row], temperature: float) -> Iterator[Row]:
    from verl_wafersage.reward_fns.rubric import compute_score

    for row, answer in zip(rows, _answers(model_dir, rows, temperature), strict=True):
        info = row["extra_info"]
        rubric = row["reward_model"]["ground_truth"]
        kind = info["id"].rsplit("/", 1)[-1]
        scores = {
            name: compute_score("study", answer, rubric, info, preset=preset)
            for name, preset in (("ours", "wafersage"), ("published", "paper"))
        }
        reference, labels = info["reference_answer"], info["labels"]
        yield {
            "id": info["id"],
            "wafer": info["wafer_id"],
            "kind": kind,
            "question": info["question"],
            "answer": answer,
            "reference": reference,
            "labels": labels,
            **scores,
            "exact": truth.exact_set(answer, labels) if kind == "type" else None,
            "hours": truth.clock_error(answer, reference) if kind == "clock" else None,
            "invents": truth.invents(answer, labels),
        }


def _answers(model_dir: Path, rows: Sequence[Row], temperature: float) -> Iterator[str]:
    declare_torchvision_operators()
    import torch
    from PIL import Image
    from transformers import AutoModelForImageTextToText, AutoProcessor

    from ..cpu.generation import Generator, Request
    from ..cpu.sampling import SamplingParams

    processor: Any = AutoProcessor.from_pretrained(model_dir)
    model: Any = AutoModelForImageTextToText.from_pretrained(model_dir, dtype=torch.float32)
    vision = [processor.image_token_id, processor.video_token_id]
    generator = Generator(model, processor.tokenizer, processor, banned=vision)
    params = SamplingParams(temperature=temperature, max_tokens=MAX_TOKENS)
    for first in range(0, len(rows), BATCH):
        requests = []
        for row in rows[first : first + BATCH]:
            images = [Image.open(io.BytesIO(image["bytes"])).convert("RGB") for image in row["images"]]
            requests.append(Request(_prompt_ids(row["prompt"], images, processor), params, tuple(images)))
        for answer in generator.generate(requests):
            yield processor.tokenizer.decode(answer.token_ids, skip_special_tokens=True)


def _prompt_ids(messages: Sequence[Row], images: Sequence[Any], processor: Any) -> tuple[int, ...]:
    from ..cpu.supervised import chat_parts

    chat = [{"role": message["role"], "content": chat_parts(message["content"])} for message in messages]
    text = processor.apply_chat_template(chat, tokenize=False, add_generation_prompt=True)
    encoded = processor(text=[text], images=list(images), return_tensors="pt")
    return tuple(encoded["input_ids"][0].tolist())
