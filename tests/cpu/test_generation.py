"""The generator against slow references: the library's own `generate`, and a forward pass per token."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

torch = pytest.importorskip("torch")
Image = pytest.importorskip("PIL.Image")

from verl_wafersage.cpu.generation import Generator, Request  # noqa: E402
from verl_wafersage.cpu.sampling import SamplingParams, choose, noise_for, processed_log_probs  # noqa: E402
from verl_wafersage.errors import InputError  # noqa: E402

QUESTIONS = ("Where?", "Where do the failing dies lie, and near which hour?", "Is there a ring?")
COLOURS = ((255, 0, 0), (0, 255, 0), (10, 20, 200))


@pytest.fixture(scope="module")
def parts(tiny_model: Path) -> tuple[Any, Any]:
    from transformers import AutoModelForImageTextToText, AutoProcessor

    from verl_wafersage.fixes import declare_torchvision_operators

    declare_torchvision_operators()
    torch.set_num_threads(1)
    model = AutoModelForImageTextToText.from_pretrained(tiny_model, dtype=torch.float32)
    return model.eval(), AutoProcessor.from_pretrained(tiny_model)


@pytest.fixture(scope="module")
def generator(parts: tuple[Any, Any]) -> Generator:
    model, processor = parts
    banned = [processor.image_token_id, processor.video_token_id]
    return Generator(model, processor.tokenizer, processor, banned=banned, seed=7)


def ask(processor: Any, question: str, colour: tuple[int, int, int] | None, **params: Any) -> Request:
    image = None if colour is None else Image.new("RGB", (64, 64), colour)
    content = [{"type": "image"}] * (image is not None) + [{"type": "text", "text": question}]
    text = processor.apply_chat_template([{"role": "user", "content": content}], add_generation_prompt=True)
    ids = processor(text=[text], images=[image] if image else None)["input_ids"][0]
    return Request(tuple(ids), SamplingParams(**{"max_tokens": 12, **params}), (image,) if image else ())


def reference_log_probs(model: Any, processor: Any, request: Request, tokens: list[int]) -> Any:
    """Logits of each answer token by one uncached forward pass over prompt and answer."""
    ids = torch.tensor([[*request.prompt_ids, *tokens]])
    kinds = (ids == processor.image_token_id).int()
    vision = {}
    if request.images:
        vision = dict(processor.image_processor(images=list(request.images), return_tensors="pt"))
    model.model.rope_deltas = None
    with torch.no_grad():
        logits = model(input_ids=ids, mm_token_type_ids=kinds, **vision).logits[0]
    return logits[len(request.prompt_ids) - 1 : -1]


@pytest.mark.parametrize("colour", [None, COLOURS[0]])
def test_greedy_answers_are_those_of_the_library(parts: Any, generator: Generator, colour: Any) -> None:
    model, processor = parts
    request = ask(processor, QUESTIONS[1], colour, temperature=0.0)
    [answer] = generator.generate([request])
    ids = torch.tensor([request.prompt_ids])
    vision = (
        dict(processor.image_processor(images=list(request.images), return_tensors="pt")) if colour else {}
    )
    model.model.rope_deltas = None
    expected = model.generate(
        input_ids=ids,
        attention_mask=torch.ones_like(ids),
        mm_token_type_ids=(ids == processor.image_token_id).int(),
        do_sample=False,
        max_new_tokens=12,
        suppress_tokens=generator.banned.tolist(),
        **vision,
    )
    assert answer.token_ids == expected[0, ids.shape[1] :].tolist()


def test_batched_log_probs_equal_a_plain_forward_pass(parts: Any, generator: Generator) -> None:
    model, processor = parts
    settings = [{"temperature": 1.0}, {"temperature": 0.7, "top_k": 20}, {"temperature": 1.3, "top_p": 0.8}]
    requests = [
        replace(ask(processor, question, colour, **setting), draw=draw)
        for question, colour, setting in zip(QUESTIONS, (*COLOURS[:2], None), settings, strict=True)
        for draw in range(2)
    ]
    for request, answer in zip(requests, generator.generate(requests), strict=True):
        logits = reference_log_probs(model, processor, request, answer.token_ids)
        full = processed_log_probs(logits, [request.params] * len(logits), generator.banned)
        expected = full[torch.arange(len(logits)), answer.token_ids]
        assert torch.tensor(answer.log_probs) == pytest.approx(expected, abs=1e-4)


def test_an_answer_does_not_depend_on_its_batch(parts: Any, generator: Generator) -> None:
    _, processor = parts
    requests = [ask(processor, q, c) for q in QUESTIONS for c in COLOURS]
    together = generator.generate(requests)
    alone = [generator.generate([request])[0] for request in requests]
    assert [a.token_ids for a in together] == [a.token_ids for a in alone]
    again = generator.generate(requests, version=1)
    assert [a.token_ids for a in again] != [a.token_ids for a in together], "each version draws anew"


def test_a_group_gets_different_answers(parts: Any, generator: Generator) -> None:
    _, processor = parts
    request = ask(processor, QUESTIONS[0], COLOURS[0], temperature=1.0)
    answers = generator.generate([replace(request, draw=draw) for draw in range(4)])
    assert len({tuple(answer.token_ids) for answer in answers}) == 4


def test_banned_tokens_never_appear(parts: Any, generator: Generator) -> None:
    _, processor = parts
    requests = [
        replace(ask(processor, QUESTIONS[0], COLOURS[0], temperature=50.0), draw=d) for d in range(64)
    ]
    seen = {token for answer in generator.generate(requests) for token in answer.token_ids}
    assert len(seen) > 100
    assert not seen & set(generator.banned.tolist())


def test_stop_conditions(parts: Any, generator: Generator) -> None:
    _, processor = parts
    base = ask(processor, QUESTIONS[1], COLOURS[1], temperature=0.0)
    [free] = generator.generate([base])
    third = free.token_ids[2]
    first_time = free.token_ids.index(third)
    by_id = replace(base, params=replace(base.params, stop_token_ids=(third,)))
    text = processor.tokenizer.decode(free.token_ids[:4])
    by_text = replace(base, params=replace(base.params, stop=(text[-1:],)))
    short = replace(base, params=replace(base.params, max_tokens=2))
    stopped_id, stopped_text, cut = generator.generate([by_id, by_text, short])
    assert stopped_id.token_ids == free.token_ids[: first_time + 1]
    assert stopped_id.finish_reason == "stop"
    assert text[-1:] in processor.tokenizer.decode(stopped_text.token_ids)
    assert text[-1:] not in processor.tokenizer.decode(stopped_text.token_ids[:-1])
    assert (cut.token_ids, cut.finish_reason) == (free.token_ids[:2], "length")


def test_interrupted_answers_keep_what_they_have(parts: Any, generator: Generator) -> None:
    _, processor = parts
    asked = iter([False, False, False, True])
    request = ask(processor, QUESTIONS[0], COLOURS[0], temperature=0.0, ignore_eos=True)
    [answer] = generator.generate([request], interrupted=lambda: next(asked))
    [whole] = generator.generate([request])
    assert answer.finish_reason == "aborted"
    assert answer.token_ids == whole.token_ids[:3]


def test_images_must_match_their_placeholders(parts: Any, generator: Generator) -> None:
    _, processor = parts
    request = ask(processor, QUESTIONS[0], COLOURS[0])
    with pytest.raises(InputError, match="image tokens"):
        generator.generate([replace(request, images=request.images * 2)])


@pytest.mark.parametrize("params", [{"max_tokens": 0}, {"temperature": -1.0}, {"top_p": 0.0}, {"top_p": 1.5}])
def test_impossible_sampling_is_refused(params: dict[str, Any]) -> None:
    with pytest.raises(InputError):
        SamplingParams(**{"max_tokens": 1, **params})


def slow_distribution(logits: list[float], params: SamplingParams) -> list[float]:
    """The textbook definition of temperature, top-k and top-p, one token at a time."""
    import math

    scaled = [x / (params.temperature or 1.0) for x in logits]
    order = sorted(range(len(scaled)), key=lambda i: -scaled[i])
    kept = order[: params.top_k] if params.top_k > 0 else order
    total = sum(math.exp(scaled[i]) for i in kept)
    mass, final = 0.0, []
    for i in kept:
        if params.top_p < 1 and mass >= params.top_p:
            break
        final.append(i)
        mass += math.exp(scaled[i]) / total
    total = sum(math.exp(scaled[i]) for i in final)
    return [math.exp(scaled[i]) / total if i in final else 0.0 for i in range(len(scaled))]


@pytest.mark.parametrize("top_p", [1.0, 0.9, 0.35])
@pytest.mark.parametrize("top_k", [0, 1, 3])
@pytest.mark.parametrize("temperature", [0.3, 1.0, 2.5])
def test_distribution_against_the_definition(temperature: float, top_k: int, top_p: float) -> None:
    params = SamplingParams(1, temperature, top_k, top_p)
    logits = torch.randn(4, 9, generator=torch.Generator().manual_seed(3))
    found = processed_log_probs(logits, [params] * 4, None).exp()
    for row, expected in zip(found, logits.tolist(), strict=True):
        assert row.tolist() == pytest.approx(slow_distribution(expected, params), abs=1e-5)


def test_draws_follow_the_distribution() -> None:
    params = SamplingParams(1)
    log_probs = torch.log_softmax(torch.tensor([[2.0, 1.0, 0.0, -1.0, -torch.inf]]), -1)
    noise = torch.from_numpy(noise_for(0, b"key", 0, 20_000))
    tokens, chosen = choose(log_probs.expand(20_000, -1), [params] * 20_000, noise)
    frequency = torch.bincount(tokens, minlength=5) / 20_000
    assert frequency.tolist() == pytest.approx(log_probs.exp()[0].tolist(), abs=0.015)
    assert torch.equal(chosen, log_probs[0, tokens])
