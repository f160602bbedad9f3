"""Each mend is still needed, and mends."""

from __future__ import annotations

import importlib
import pickle
from collections.abc import Sequence
from typing import Any

import pytest

torch = pytest.importorskip("torch")
tensordict_utils = pytest.importorskip("verl.utils.tensordict_utils")

from verl_wafersage.fixes import repair_position_ids  # noqa: E402


def batch(lengths: Sequence[int]) -> tuple[Any, list[Any]]:
    """Samples of M-RoPE position ids, packed as TransferQueue packs them."""
    samples = [torch.arange(4 * n).reshape(4, n) + 1000 * i for i, n in enumerate(lengths)]
    packed = torch.nested.as_nested_tensor(samples, layout=torch.jagged)
    return tensordict_utils.TensorDict({"position_ids": packed}, batch_size=[len(samples)]), samples


LENGTHS = [(6, 6, 6, 6), (4, 4), (16, 16, 16, 16), (5, 6, 7, 8), (4,), (9,), (3, 4, 4, 3)]


@pytest.mark.parametrize("sent", [False, True], ids=["local", "sent"])
@pytest.mark.parametrize("lengths", LENGTHS)
def test_samples_survive_splitting_and_selecting(lengths: tuple[int, ...], sent: bool) -> None:
    data, samples = batch(lengths)
    if sent:
        data = pickle.loads(pickle.dumps(data.consolidate()))
    repair_position_ids(data)
    chunks = tensordict_utils.chunk_tensordict(data, len(samples))
    for chunk, sample in zip(chunks, samples, strict=True):
        assert torch.equal(chunk["position_ids"].unbind(0)[0], sample)
    reversed_order = list(range(len(samples)))[::-1]
    selected = tensordict_utils.index_select_tensor_dict(data, reversed_order)
    for found, index in zip(selected["position_ids"].unbind(0), reversed_order, strict=True):
        assert torch.equal(found, samples[index])


@pytest.mark.parametrize("lengths", [lengths for lengths in LENGTHS if len(lengths) > 1])
def test_packed_values_are_what_the_engine_reads(lengths: tuple[int, ...]) -> None:
    data, samples = batch(lengths)
    repair_position_ids(data)
    assert torch.equal(data["position_ids"].values(), torch.cat(samples, dim=1))


def test_verl_still_has_the_fault() -> None:
    """When this fails, verl has mended itself and the replacement can go."""
    fresh = importlib.util.module_from_spec(importlib.util.find_spec("verl.utils.tensordict_utils"))
    fresh.__spec__.loader.exec_module(fresh)
    data, _ = batch((6, 6, 6, 6))
    fresh.maybe_fix_3d_position_ids(data)
    with pytest.raises(RuntimeError):
        fresh.chunk_tensordict(data, 2)


def test_verl_uses_the_repair() -> None:
    importlib.import_module("verl_wafersage.plugin")
    assert tensordict_utils.maybe_fix_3d_position_ids is repair_position_ids


def test_other_batches_are_left_alone() -> None:
    data = tensordict_utils.TensorDict({"input_ids": torch.zeros(2, 3)}, batch_size=[2])
    repair_position_ids(data)
    assert list(data.keys()) == ["input_ids"]


def test_torchvision_imports_beside_a_torch_of_another_build() -> None:
    """In a fresh interpreter; with a matching build nothing is declared and the real operators are used."""
    import subprocess
    import sys

    code = "from verl_wafersage import fixes; fixes.declare_torchvision_operators(); import torchvision;"
    code += "from transformers import AutoProcessor; print(torchvision.ops.nms.__name__)"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert result.stdout.strip() == "nms", result.stderr
