"""Tokens per second of the transformers rollout: a whole step's requests together, and one by one.

    OMP_NUM_THREADS=2 python benchmarks/generation.py

Both generate the same answers (the noise belongs to the request, not to the batch) with a tiny Qwen3-VL.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path
from typing import Any

import torch
from PIL import Image

from verl_wafersage.cpu.generation import Generator, Request
from verl_wafersage.cpu.sampling import SamplingParams
from verl_wafersage.cpu.tiny_model import SIZES, make_tiny_model
from verl_wafersage.fixes import declare_torchvision_operators


def requests(processor: Any, prompts: int, group: int, tokens: int) -> list[Request]:
    made = []
    for number in range(prompts):
        image = Image.new("RGB", (96, 96), (number * 7 % 256, 120, 30))
        question = [{"type": "image"}, {"type": "text", "text": f"Where do the failing dies lie? ({number})"}]
        text = processor.apply_chat_template(
            [{"role": "user", "content": question}], add_generation_prompt=True, tokenize=False
        )
        ids = tuple(processor(text=[text], images=[image])["input_ids"][0])
        params = SamplingParams(max_tokens=tokens, ignore_eos=True)
        made += [Request(ids, params, (image,), draw) for draw in range(group)]
    return made


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size", default="small", choices=list(SIZES))
    parser.add_argument("--prompts", type=int, default=8)
    parser.add_argument("--group", type=int, default=8)
    parser.add_argument("--tokens", type=int, default=32)
    options = parser.parse_args()
    declare_torchvision_operators()
    from transformers import AutoModelForImageTextToText, AutoProcessor
    from transformers.utils import logging

    logging.disable_progress_bar()
    with tempfile.TemporaryDirectory() as folder:
        model_dir = Path(folder) / "tiny"
        make_tiny_model(model_dir, ["Where do the failing dies lie?"] * 10, SIZES[options.size])
        model = AutoModelForImageTextToText.from_pretrained(model_dir, dtype=torch.float32)
        processor = AutoProcessor.from_pretrained(model_dir)
    generator = Generator(model, processor.tokenizer, processor)
    step = requests(processor, options.prompts, options.group, options.tokens)
    generator.generate(step[:2])
    seconds = {}
    answers = {}
    start = time.perf_counter()
    answers["together"] = generator.generate(step)
    seconds["together"] = time.perf_counter() - start
    start = time.perf_counter()
    answers["one by one"] = [generator.generate([request])[0] for request in step]
    seconds["one by one"] = time.perf_counter() - start
    total = sum(len(answer.token_ids) for answer in answers["together"])
    same = sum(a.token_ids == b.token_ids for a, b in zip(*answers.values(), strict=True))
    print(f"{len(step)} requests, {total} tokens, {torch.get_num_threads()} threads, {options.size} model")
    for name, taken in seconds.items():
        print(f"{name:>12}  {total / taken:8.0f} tokens/s")
    print(f"{'ratio':>12}  {seconds['one by one'] / seconds['together']:8.1f}")
    print(f"{same} of {len(step)} answers are the same in both")


if __name__ == "__main__":
    main()
