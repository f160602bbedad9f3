"""docs/serving.md: a sharded verl checkpoint becomes a Hugging Face folder that `ask` can use."""

from __future__ import annotations

import json
import runpy
import shutil
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

from verl_wafersage.cli import app

pytest.importorskip("verl")

RANKS = 2


def save_shards(weights: dict[str, Any], actor: Path) -> None:
    """Save weights as verl saves a model that FSDP2 has split over two ranks."""
    import torch
    import torch.distributed as dist
    from torch.distributed.device_mesh import init_device_mesh
    from torch.distributed.tensor import DTensor, Shard
    from torch.testing._internal.distributed.fake_pg import FakeStore

    for rank in range(RANKS):
        # One process plays both ranks: nothing is communicated, the chunks are those of FSDP2.
        dist.init_process_group("fake", store=FakeStore(), rank=rank, world_size=RANKS)
        mesh = init_device_mesh("cpu", (RANKS,), mesh_dim_names=("fsdp",))
        shards = {}
        for name, value in weights.items():
            chunks = torch.chunk(value, RANKS)
            mine = (chunks[rank] if rank < len(chunks) else value[:0]).clone()
            shards[name] = DTensor.from_local(
                mine, mesh, [Shard(0)], run_check=False, shape=value.shape, stride=value.stride()
            )
        torch.save(shards, actor / f"model_world_size_{RANKS}_rank_{rank}.pt")
        dist.destroy_process_group()
    (actor / "fsdp_config.json").write_text(json.dumps({"FSDP_version": 2, "world_size": RANKS}))


def test_a_sharded_checkpoint_is_merged_and_answers(
    tiny_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from safetensors.torch import load_file

    actor, merged = tmp_path / "actor", tmp_path / "merged"
    shutil.copytree(tiny_model, actor / "huggingface", ignore=shutil.ignore_patterns("*.safetensors"))
    wanted = load_file(tiny_model / "model.safetensors")
    save_shards(wanted, actor)
    given = ["merge", "--backend", "fsdp", "--local_dir", str(actor), "--target_dir", str(merged)]
    monkeypatch.setattr(sys, "argv", ["verl.model_merger", *given])
    runpy.run_module("verl.model_merger", run_name="__main__")
    found = load_file(merged / "model.safetensors")
    assert found.keys() == wanted.keys()
    for name, value in wanted.items():
        # The merger writes bfloat16.
        np.testing.assert_allclose(found[name].float(), value, rtol=2**-8, atol=1e-6)
    grid = tmp_path / "wafer.npy"
    np.save(grid, np.ones((20, 20), np.uint8))
    options = ["--model", str(merged), "--size", "64", "--max-tokens", "4"]
    result = CliRunner().invoke(app, ["ask", str(grid), *options])
    assert result.exit_code == 0, result.exception
    assert "not a diagnosis" in result.stdout
