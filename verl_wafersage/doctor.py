"""Checks that a run would find everything it needs; each finding says how to mend it."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, entry_points, version
from pathlib import Path

from rich.console import Console
from rich.table import Table

from . import guard

SUPPORTED_VERL = "0.9."
VERSIONS_RUN = {"verl": "0.9.1", "torch": "2.13.0", "transformers": "5.9.0", "ray": "2.60.0"}
"""Versions the test suite has been run with."""


@dataclass(frozen=True)
class Finding:
    """One check.

    Attributes:
        check: What was looked at.
        status: `ok`, `warn` or `fail`.
        detail: What was found.
        remedy: What to do; empty when nothing is to be done.
    """

    check: str
    status: str
    detail: str
    remedy: str = ""

    def as_dict(self) -> dict[str, str]:
        """The finding as plain JSON types."""
        return asdict(self)


def examine(recipe: str = "wafersage", model: Path | None = None) -> list[Finding]:
    """Run every check.

    Args:
        recipe: Name of the recipe that is to run.
        model: Folder of the model that is to be trained, or None to skip its checks.
    """
    findings = [*_versions(), _entry_point(), _plugins_allowed(), _recipes(recipe), _reward()]
    if importlib.util.find_spec("verl") is not None:
        findings += [_composition(recipe), _device(recipe), _vision_stack()]
    if model is not None:
        findings += _model(model)
    return findings


def show(findings: Iterable[Finding], console: Console) -> None:
    """Print the findings as a table, failures with their remedy."""
    colours = {"ok": "green", "warn": "yellow", "fail": "red"}
    table = Table(show_lines=False)
    for column in ("check", "status", "found", "remedy"):
        table.add_column(column, overflow="fold")
    for finding in findings:
        status = f"[{colours[finding.status]}]{finding.status}[/]"
        table.add_row(finding.check, status, finding.detail, finding.remedy)
    console.print(table)


def _versions() -> list[Finding]:
    findings = []
    for package, known in VERSIONS_RUN.items():
        try:
            found = version(package)
        except PackageNotFoundError:
            extra = "pip install 'verl-wafersage[cpu]' without a GPU, 'verl-wafersage[vllm]' with one"
            findings.append(Finding(package, "fail", "not installed", extra))
            continue
        if package == "verl" and not found.startswith(SUPPORTED_VERL):
            findings.append(Finding(package, "fail", found, "pip install 'verl[verl-core]>=0.9.1,<0.10'"))
        elif found.split("+")[0] != known:
            findings.append(Finding(package, "warn", f"{found}; run by us: {known}"))
        else:
            findings.append(Finding(package, "ok", found))
    if importlib.util.find_spec("transfer_queue") is None:
        remedy = "pip install 'verl[verl-core]'; plain `verl` cannot run main_ppo"
        findings.append(Finding("TransferQueue", "fail", "not installed", remedy))
    return findings


def _entry_point() -> Finding:
    found = [entry.value for entry in entry_points(group="verl.plugins") if entry.name == "wafersage"]
    if found:
        return Finding("entry point", "ok", found[0])
    return Finding("entry point", "fail", "not registered", "reinstall: pip install verl-wafersage")


def _plugins_allowed() -> Finding:
    policy = os.environ.get("VERL_USE_EXTERNAL_PLUGINS", "auto").strip().lower()
    if policy == "auto" or "wafersage" in policy.split(","):
        return Finding("VERL_USE_EXTERNAL_PLUGINS", "ok", policy)
    return Finding("VERL_USE_EXTERNAL_PLUGINS", "fail", policy, "unset it: verl would not load the plugin")


def _recipes(recipe: str) -> Finding:
    names = guard.recipe_names()
    if recipe in names:
        return Finding("recipes", "ok", ", ".join(names))
    return Finding("recipes", "fail", f"no {recipe!r}", f"there are: {', '.join(names) or 'none; reinstall'}")


def _reward() -> Finding:
    from verl_wafersage.reward_fns.rubric import compute_score

    rubric = {"version": 1, "dimension": "defect_type", "labels": ["Donut"], "must_hit": ["Donut"]}
    truth = json.dumps({**rubric, "must_avoid": ["Scratch"], "reference_answer": "A donut."})
    right = compute_score("doctor", "The defect is a donut.", truth)["score"]
    wrong = compute_score("doctor", "The defect is a scratch.", truth)["score"]
    if right > wrong:
        return Finding("reward", "ok", f"right answer {right:.2f}, wrong answer {wrong:.2f}")
    return Finding("reward", "fail", f"right answer {right:.2f}, wrong answer {wrong:.2f}", "reinstall")


def _composition(recipe: str) -> Finding:
    """Compose the recipe in a fresh interpreter, through verl's own loading of plugins."""
    entry = "verl.trainer.sft_trainer" if recipe.endswith("_sft") else "verl.trainer.main_ppo"
    command = [sys.executable, "-m", entry, f"+recipe={recipe}", "--cfg", "job"]
    platform = {guard.PLATFORM_VARIABLE: "cpu"} if recipe.endswith("_cpu") else {}
    try:
        result = subprocess.run(
            command, capture_output=True, text=True, env={**os.environ, **platform}, timeout=300, check=False
        )
    except subprocess.TimeoutExpired:
        remedy = "is the machine very busy? run: " + " ".join(command[1:])
        return Finding("composition", "fail", "did not end within 300 s", remedy)
    if result.returncode == 0 and f"recipe: {recipe}\n" in result.stdout:
        return Finding("composition", "ok", f"+recipe={recipe} takes effect in {entry}")
    said = (result.stderr.strip() or result.stdout.strip() or "nothing").splitlines()[-1]
    return Finding("composition", "fail", said, "see the other findings; then: " + " ".join(command[1:]))


def _device(recipe: str) -> Finding:
    import torch

    wanted = os.environ.get(guard.PLATFORM_VARIABLE, "").lower()
    if torch.cuda.is_available():
        return Finding("device", "ok", f"{torch.cuda.device_count()} x {torch.cuda.get_device_name(0)}")
    if recipe.endswith("_cpu"):
        if wanted == "cpu":
            return Finding("device", "ok", f"CPU mode, {os.cpu_count()} cores")
        remedy = f"launch with {guard.PLATFORM_VARIABLE}=cpu, or use `verl-wafersage demo`"
        return Finding("device", "warn", f"{os.cpu_count()} CPU cores, CPU platform not chosen", remedy)
    return Finding(
        "device", "warn", "no accelerator visible", "run this recipe on a GPU machine, or use wafersage_cpu"
    )


def _vision_stack() -> Finding:
    """Without a working processor verl goes on and trains the vision-language model on text alone."""
    import verl  # noqa: F401  (its plugins declare torchvision's operators where they are missing)

    def load() -> str:
        import qwen_vl_utils  # noqa: F401
        import torchvision
        from transformers import Qwen3VLProcessor, Qwen3VLVideoProcessor

        names = Qwen3VLProcessor.__name__, Qwen3VLVideoProcessor.__name__
        return f"torchvision {torchvision.__version__}, {', '.join(names)}"

    return _attempt("vision stack", load, "install torchvision of the release that belongs to your torch")


def _model(model: Path) -> list[Finding]:
    if not model.is_dir():
        remedy = "give a local Hugging Face folder; models are not fetched while training offline"
        return [Finding("model", "fail", f"{model} is not a folder", remedy)]
    if (model / "adapter_config.json").exists() and not (model / "config.json").exists():
        remedy = "merge it into its base model first (peft: merge_and_unload), or set lora_adapter_path"
        return [Finding("model", "fail", f"{model} is only a LoRA adapter", remedy)]
    if not (model / "config.json").exists():
        return [Finding("model", "fail", f"{model} has no config.json", "give a Hugging Face model folder")]
    kind = json.loads((model / "config.json").read_text()).get("model_type", "unknown")
    findings = [Finding("model", "ok" if "vl" in kind else "warn", f"model type {kind}")]
    if not list(model.glob("*.safetensors")) and not list(model.glob("*.bin")):
        findings.append(Finding("weights", "fail", "no weights in it", "download the model completely"))

    def processor() -> str:
        from verl.utils import hf_processor

        found = hf_processor(str(model))
        if found is None:
            raise ValueError("verl finds no processor and would train on text alone")
        return type(found).__name__

    if importlib.util.find_spec("verl") is not None:
        findings.append(
            _attempt("processor", processor, "copy preprocessor files beside the model; see `vision stack`")
        )
    return findings


def _attempt(check: str, load: Callable[[], str], remedy: str) -> Finding:
    try:
        return Finding(check, "ok", load())
    except (ImportError, RuntimeError, OSError, ValueError) as error:
        return Finding(check, "fail", f"{type(error).__name__}: {error}".splitlines()[0], remedy)
