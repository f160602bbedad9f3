"""The estimate: its parameter counts are exact, its sums are sums, and it refuses what does not fit."""

from __future__ import annotations

import importlib.util
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from verl_wafersage.cli import app
from verl_wafersage.errors import InputError
from verl_wafersage.evaluation.plan import Setup, estimate, read_recipe, sizes_of
from verl_wafersage.evaluation.plan.sizes import TABLE
from verl_wafersage.fixes import declare_torchvision_operators
from verl_wafersage.guard import recipe_names

SETUP = Setup(
    recipe="wafersage",
    model="Qwen/Qwen3-VL-4B-Instruct",
    gpus=8,
    supervised=False,
    weight_bytes=4,
    shards=8,
    micro_tokens=16384,
    checkpointing=True,
    fused=False,
    engine="vllm",
    engine_share=0.6,
    prompt_tokens=1024,
    answer_tokens=1024,
    prompts=128,
    answers=8,
    mini_batch=64,
)


def run(*arguments: str) -> Any:
    return CliRunner().invoke(app, ["plan", *arguments])


@pytest.mark.parametrize("size", ["2b", "4b", "8b"])
def test_counted_weights_are_those_of_transformers(size: str) -> None:
    torch = pytest.importorskip("torch")
    transformers = pytest.importorskip("transformers")
    declare_torchvision_operators()
    sizes = TABLE[size]
    names = (
        "num_hidden_layers",
        "hidden_size",
        "intermediate_size",
        "num_attention_heads",
        "num_key_value_heads",
        "head_dim",
        "vocab_size",
    )
    tower = sizes.vision
    config = transformers.Qwen3VLConfig(
        text_config={name: getattr(sizes, name) for name in names} | {"tie_word_embeddings": sizes.tied},
        vision_config={
            "depth": tower.depth,
            "hidden_size": tower.hidden_size,
            "intermediate_size": tower.intermediate_size,
            "out_hidden_size": tower.out_hidden_size,
            "num_heads": 16,
            "deepstack_visual_indexes": list(range(tower.deepstack)),
        },
        tie_word_embeddings=sizes.tied,
    )
    with torch.device("meta"):
        model = transformers.Qwen3VLForConditionalGeneration(config)
    assert sizes.vision.parameters == sum(p.numel() for p in model.model.visual.parameters())
    assert sizes.parameters == sum(p.numel() for p in model.parameters())


def test_a_local_folder_is_read(tiny_model: Path) -> None:
    transformers = pytest.importorskip("transformers")
    sizes = sizes_of(str(tiny_model))
    model = transformers.Qwen3VLForConditionalGeneration.from_pretrained(tiny_model)
    assert sizes.parameters == sum(p.numel() for p in model.parameters())
    assert sizes.name == tiny_model.name


def test_adapters_are_counted_as_peft_makes_them(tiny_model: Path) -> None:
    peft = pytest.importorskip("peft")
    transformers = pytest.importorskip("transformers")
    for vision, excluded in ((True, None), (False, ".*visual.*")):
        model = transformers.Qwen3VLForConditionalGeneration.from_pretrained(tiny_model)
        config = peft.LoraConfig(r=4, target_modules="all-linear", exclude_modules=excluded)
        trained = peft.get_peft_model(model, config).get_nb_trainable_parameters()[0]
        assert sizes_of(str(tiny_model)).adapter_parameters(4, vision) == trained


@pytest.mark.parametrize(
    ("name", "size"),
    [
        ("Qwen/Qwen3-VL-8B-Instruct", "8b"),
        ("Niraya666/Qwen3-4B-wmvlm-260204", "4b"),
        ("unsloth/Qwen3-VL-2B-Thinking", "2b"),
    ],
)
def test_published_names(name: str, size: str) -> None:
    assert sizes_of(name) is TABLE[size]


def test_unknown_models_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="not known"):
        sizes_of("some/other-model")
    with pytest.raises(InputError, match="cannot be read"):
        sizes_of(str(tmp_path))
    (tmp_path / "config.json").write_text('{"model_type": "llama"}')
    with pytest.raises(InputError, match="not the configuration of a Qwen3-VL"):
        sizes_of(str(tmp_path))


@given(
    st.sampled_from(sorted(TABLE)),
    st.integers(1, 64),
    st.sampled_from([0, 8, 64]),
    st.booleans(),
    st.floats(8, 200),
)
@settings(deadline=None, max_examples=60)
def test_more_gpus_never_need_more_each(
    size: str, gpus: int, rank: int, offload: bool, memory: float
) -> None:
    setup = replace(SETUP, lora_rank=rank, optimizer_offload=offload)
    few = estimate(replace(setup, gpus=gpus, shards=gpus), TABLE[size], memory)
    many = estimate(replace(setup, gpus=2 * gpus, shards=2 * gpus), TABLE[size], memory)
    states = ("weights", "gradients", "optimizer (Adam)", "resident weights", "resident optimizer")
    for name in states:
        one, two = (sum(item.size for item in result.items if item.name == name) for result in (few, many))
        assert two <= one
    for result in (few, many):
        assert all(item.size >= 0 for item in result.items)
        assert result.fits == (not [w for w in result.warnings if "8 %" not in w])
        if result.fits:
            assert max(result.total("training"), result.total("generation")) <= result.capacity


def test_known_case() -> None:
    # 4.44e9 weights of 4 bytes over 8 GPUs; Adam holds twice that.
    result = estimate(SETUP, TABLE["4b"], 80.0, rows=50_000, tflops=200.0)
    sizes = {(item.phase, item.name): item.size / 2**30 for item in result.items}
    assert sizes["training", "weights"] == pytest.approx(2.07, abs=0.01)
    assert sizes["training", "optimizer (Adam)"] == pytest.approx(4.13, abs=0.01)
    assert sizes["training", "logits"] == pytest.approx(8 * 16384 * 151_936 / 2**30)
    engine = ("engine's weights", "KV cache", "engine's overhead")
    assert sum(sizes["generation", name] for name in engine) == pytest.approx(0.6 * 80)
    assert result.work["steps"] == 390
    assert result.work["answers a step"] == 1024
    assert result.work["hours (at that speed, at most)"] > 0
    assert result.fits


@pytest.mark.parametrize("name", recipe_names())
def test_every_recipe_can_be_planned(name: str, tiny_model: Path) -> None:
    overrides = [f"wafersage.model={tiny_model}"] if name == "wafersage_cpu" else []
    setup = read_recipe(name, overrides)
    result = estimate(setup, sizes_of(setup.model), 80.0)
    assert result.fits, (name, result.warnings)


def test_the_command(tmp_path: Path) -> None:
    fits = run("wafersage_lora", "--gpus", "1", "--gpu-memory", "80", "--json")
    assert fits.exit_code == 0
    told = json.loads(fits.stdout)
    assert told["fits"] and told["gpus"] == 1
    assert told["totals"]["training"] == pytest.approx(
        sum(item["bytes"] for item in told["memory"] if item["phase"] == "training")
    )
    tight = run("wafersage", "--gpus", "1", "--gpu-memory", "24")
    assert tight.exit_code == 1
    assert "needs" in tight.stderr and "An estimate" in tight.stdout


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["wafersage_nothing"], "there is no recipe 'wafersage_nothing'"),
        (["wafersage", "wafersage.model=???"], "wafersage.model"),
        (["wafersage", "no.such.key=1"], "Hydra refuses it"),
        (["wafersage", "wafersage.model=some/thing"], "not known"),
        (["wafersage", "--gpus", "0"], "must be at least 1"),
        (["wafersage_8b", "--gpus", "1"], "an engine spans 2 GPUs"),
        (["wafersage", "--data", "absent-folder"], "no train-"),
    ],
)
def test_bad_input_is_named(arguments: list[str], said: str) -> None:
    result = run(*arguments)
    assert isinstance(result.exception, InputError)
    assert said in str(result.exception)


def test_without_verl_its_defaults_are_assumed(monkeypatch: pytest.MonkeyPatch) -> None:
    with_verl = read_recipe("wafersage")
    real = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name, *rest: None if name == "verl" else real(name, *rest)
    )
    without = read_recipe("wafersage")
    assert with_verl.verl and not without.verl
    assert replace(without, verl=True) == with_verl
