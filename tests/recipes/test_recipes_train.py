"""Two real steps of each further recipe on CPU, with a tiny model: `pytest -m matrix tests/recipes`.

Only model, devices, engine and sizes are overridden. About two minutes each, most of it start-up.
"""

from __future__ import annotations

import json
import math
import os
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("verl")

from verl_wafersage.data_prep.convert import ConvertOptions, convert
from verl_wafersage.data_prep.questions import AskOptions
from verl_wafersage.demo.launch import CPU_ENVIRONMENT, train

pytestmark = pytest.mark.matrix

SIZES = [
    "trainer.total_training_steps=2",
    "trainer.val_before_train=false",
    "trainer.test_freq=2",
    "trainer.save_freq=2",
    "data.train_batch_size=4",
    "data.max_response_length=16",
    "actor_rollout_ref.actor.ppo_mini_batch_size=4",
    "actor_rollout_ref.rollout.n=4",
]
# Recipe -> overrides beyond the common ones.
RECIPES: dict[str, list[str]] = {
    "wafersage_lora": [],
    "wafersage_grpo": [],
    "wafersage_dr_grpo": [],
    # A random model is never right, so `acc` would filter every group.
    "wafersage_dapo": ["algorithm.filter_groups.metric=score"],
    "wafersage_async": [],
    "wafersage_paper": [],
}


# Every Python process of a run notes whom it looks up or connects to, itself excepted.
WITNESS = """
import ipaddress, os, socket, sys

OWN = {"", "0.0.0.0", "::", "localhost", socket.gethostname(), socket.getfqdn()}
OWN |= {found[4][0] for found in socket.getaddrinfo(socket.gethostname(), None)}
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
    try:
        probe.connect(("192.0.2.1", 9))  # Sends nothing; tells which address this machine would use.
        OWN.add(probe.getsockname()[0])
    except OSError:
        pass
# Ray asks at every start whether it runs in a cloud, whatever its usage statistics say; the name is only
# known inside one, and nothing is sent.
OWN.add("metadata.google.internal")

def local(host):
    if host is None or str(host) in OWN:
        return True
    try:
        address = ipaddress.ip_address(str(host))
    except ValueError:
        return False
    # Ray finds its own address by a datagram socket that sends nothing.
    return address.is_loopback or address.is_link_local or str(host) in ("8.8.8.8", "2001:4860:4860::8888")

def hook(event, arguments):
    if event == "socket.connect" and isinstance(arguments[1], tuple):
        host = arguments[1][0]
    elif event == "socket.getaddrinfo":
        host = arguments[0]
    else:
        return
    if isinstance(host, bytes):
        host = host.decode()
    if not local(host):
        with open(os.environ["WITNESS_FILE"], "a") as file:
            file.write(f"{event} {host} {sys.argv[:1]}\\n")

sys.addaudithook(hook)
"""


@pytest.fixture
def witness(tmp_path: Path) -> dict[str, str]:
    """Variables that make every Python process of a run write down its connections."""
    folder = tmp_path / "witness"
    folder.mkdir()
    (folder / "sitecustomize.py").write_text(WITNESS)
    return {"PYTHONPATH": str(folder), "WITNESS_FILE": str(folder / "seen.txt")}


def connections(witness: dict[str, str]) -> list[str]:
    file = Path(witness["WITNESS_FILE"])
    return file.read_text().splitlines() if file.exists() else []


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("data")
    convert("synthetic", None, out, ConvertOptions(count=40, image_size=64, ask=AskOptions(concise=True)))
    return out


@pytest.mark.parametrize("recipe", RECIPES)
def test_two_steps(
    recipe: str, data: Path, tiny_model: Path, tmp_path: Path, witness: dict[str, str]
) -> None:
    run = tmp_path / "run"
    chain = f"+recipe=[{recipe},parts/transformers,parts/cpu]"
    places = [f"wafersage.model={tiny_model}", f"wafersage.data_dir={data}", f"wafersage.run_dir={run}"]
    log = run / "verl.jsonl"
    train(
        [chain, *places, *SIZES, "trainer.logger=[console,file]", *RECIPES[recipe]],
        run,
        environment={"VERL_FILE_LOGGER_PATH": str(log), **witness},
    )
    steps = {line["step"]: line["data"] for line in map(json.loads, log.read_text().splitlines())}
    assert {1, 2} <= steps.keys()
    for step in (1, 2):
        assert math.isfinite(steps[step]["actor/pg_loss"]), steps[step]
        assert "wafersage/score/mean" in steps[step]
    assert (run / "checkpoints" / "global_step_2" / "actor").is_dir()
    assert (run / "validation" / "2.jsonl").stat().st_size
    assert connections(witness) == []


def test_two_steps_of_fine_tuning(
    data: Path, tiny_model: Path, tmp_path: Path, witness: dict[str, str]
) -> None:
    run = tmp_path / "run"
    overrides = [
        "+recipe=wafersage_sft",
        f"wafersage.model={tiny_model}",
        f"wafersage.data_dir={data}",
        f"wafersage.run_dir={run}",
        "trainer.total_training_steps=2",
        "trainer.save_freq=2",
        "trainer.test_freq=2",
        "trainer.logger=[console,file]",
        "trainer.device=cpu",
        "trainer.n_gpus_per_node=1",
        "data.train_batch_size=8",
        "data.num_workers=0",
        "model.use_remove_padding=false",
        "model.override_config.attn_implementation=sdpa",
        "engine.use_torch_compile=false",
        "engine.dtype=float32",
    ]
    log = tmp_path / "sft.jsonl"
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "torch.distributed.run", "--nproc_per_node=1", f"--master_port={port}"]
    environment = {**os.environ, **CPU_ENVIRONMENT, "VERL_FILE_LOGGER_PATH": str(log), **witness}
    done = subprocess.run(
        [*command, "-m", "verl.trainer.sft_trainer", *overrides],
        env=environment,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        timeout=900,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    logged: list[dict[str, Any]] = [line["data"] for line in map(json.loads, log.read_text().splitlines())]
    assert any(math.isfinite(line.get("train/loss", math.nan)) for line in logged)
    # What reinforcement learning starts from.
    folder = run / "checkpoints" / "global_step_2" / "huggingface"
    assert (folder / "model.safetensors").exists() and (folder / "processor_config.json").exists()
    assert connections(witness) == []


def test_the_witness_sees(tmp_path: Path, witness: dict[str, str]) -> None:
    code = "import socket; s = socket.socket(); s.settimeout(0.2); s.connect_ex(('192.0.2.1', 9))"
    subprocess.run([sys.executable, "-c", code], env={**os.environ, **witness}, check=True, timeout=60)
    assert any("192.0.2.1" in line for line in connections(witness))
