"""docs/serving.md: a sharded verl checkpoint becomes a Hugging Face folder that `ask` can use."""

from __future__ import annotations

import json
import os
import runpy
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from verl_wafersage.cli import app

pytest.importorskip("verl")

# Two processes shard the model by FSDP2 and save it in the layout of verl's checkpoint manager.
SHARD = """
import sys, torch
import torch.distributed as dist, torch.multiprocessing as mp
from torch.distributed.device_mesh import init_device_mesh
from torch.distributed.fsdp import fully_shard
from verl_wafersage.fixes import declare_torchvision_operators

def work(rank, model, out, store):
    declare_torchvision_operators()
    from transformers import AutoModelForImageTextToText
    dist.init_process_group("gloo", init_method=f"file://{store}", rank=rank, world_size=2)
    net = AutoModelForImageTextToText.from_pretrained(model)
    fully_shard(net, mesh=init_device_mesh("cpu", (2,), mesh_dim_names=("fsdp",)))
    torch.save(net.state_dict(), f"{out}/model_world_size_2_rank_{rank}.pt")
    dist.destroy_process_group()

if __name__ == "__main__":
    mp.spawn(work, args=tuple(sys.argv[1:]), nprocs=2)
"""


@pytest.mark.training
def test_a_sharded_checkpoint_is_merged_and_answers(
    tiny_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from safetensors.numpy import load_file as load_numpy
    from safetensors.torch import load_file

    actor, merged, script = tmp_path / "actor", tmp_path / "merged", tmp_path / "shard.py"
    shutil.copytree(tiny_model, actor / "huggingface", ignore=shutil.ignore_patterns("*.safetensors"))
    (actor / "fsdp_config.json").write_text(json.dumps({"FSDP_version": 2, "world_size": 2}))
    script.write_text(SHARD)
    environment = {**os.environ, "HF_HUB_OFFLINE": "1", "OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        [sys.executable, str(script), str(tiny_model), str(actor), str(tmp_path / "store")],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    given = ["merge", "--backend", "fsdp", "--local_dir", str(actor), "--target_dir", str(merged)]
    monkeypatch.setattr(sys, "argv", ["verl.model_merger", *given])
    runpy.run_module("verl.model_merger", run_name="__main__")
    # The merger writes bfloat16.
    found = {name: value.float().numpy() for name, value in load_file(merged / "model.safetensors").items()}
    wanted = load_numpy(tiny_model / "model.safetensors")
    assert found.keys() == wanted.keys()
    for name, value in wanted.items():
        np.testing.assert_allclose(found[name], value, rtol=2**-8, atol=1e-6)
    grid = tmp_path / "wafer.npy"
    np.save(grid, np.ones((20, 20), np.uint8))
    result = CliRunner().invoke(
        app, ["ask", str(grid), "--model", str(merged), "--size", "64", "--max-tokens", "4"]
    )
    assert result.exit_code == 0, result.exception
    assert "not a diagnosis" in result.stdout
