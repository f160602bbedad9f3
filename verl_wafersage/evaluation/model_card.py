"""A model card that says where a model comes from, how it was measured, and what it must not be used for."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from verl_wafersage import __version__, reward_fns
from verl_wafersage.data_prep.writer import write_text
from verl_wafersage.errors import InputError

from .ask import NOTE
from .report.alarm import Alarm, check
from .report.judgements import attach_judgements
from .report.panels import train_curve, validation_curve
from .report.rows import attach_rows, find_data
from .report.run import Run, read_run

_CITATION = """@misc{xu2026wafersage,
  title         = {WaferSAGE},
  author        = {Xu, Ke and Lian, Zhongyuan},
  year          = {2026},
  eprint        = {2604.27629},
  archivePrefix = {arXiv},
  primaryClass  = {cs.AI}
}"""

_LIMITS = (
    f"**{NOTE}** Root causes are hypotheses that fit the picture; the map alone cannot tell them apart.",
    "Not for disposition of product. It has seen bin maps only: no lots, tools, history or inspection.",
    "Clock positions are those of the picture as shown. A map with another notch position is read wrongly.",
    "The reward is a rule on words. A rise of its score is progress only where a judge or a person agrees.",
    "Labels of public wafer sets are noisy, and reference answers were written by programs or models.",
    "Types beyond the trained ones are forced into them; rare ones (Near-full, Donut) rest on few wafers.",
)


@dataclass(frozen=True)
class Provenance:
    """What a run folder does not know about itself.

    Attributes:
        name: Name of the model.
        base: The model that training started from.
        recipe: Recipe and overrides, as they were launched.
        license: SPDX name of the weights' license; the base model decides it.
    """

    name: str
    base: str = "not stated"
    recipe: str = "not stated"
    license: str = "other"


def build_model_card(
    run_dir: Path,
    provenance: Provenance,
    *,
    data_dir: Path | None = None,
    judgements: Iterable[Path] = (),
) -> str:
    """Write the card of a trained model as Markdown with a YAML head.

    Args:
        run_dir: The run's folder.
        provenance: Names the folder does not hold.
        data_dir: Output folder of `convert`, for what the model was trained on; looked for beside the run.
        judgements: Output folders of `verl-wafersage judge`; their tables are the evaluation.

    Raises:
        InputError: The folder holds nothing of a run, or a named one cannot be read.
    """
    sources = list(judgements)
    run = read_run(run_dir)
    attach_judgements(run, sources)
    folder = data_dir or find_data(run_dir)
    if folder is not None:
        attach_rows(run, folder, ())
    alarm = check(run.of("validation"))
    parts = [
        _head(provenance),
        f"# {provenance.name}",
        "A vision-language model that reads semiconductor wafer maps: where failing dies lie, what pattern "
        "they form, and which causes are worth checking.",
        f"> {NOTE}",
        "## Training",
        _training(run, provenance),
        "## Data",
        _data(folder),
        "## Reward",
        f"`verl-wafersage` {__version__}, rule version `{reward_version()}` (hash of the scorer, its lexicon "
        "and its schema). The rule reads what an answer claims and compares it with a rubric.",
        "## Evaluation",
        _evaluation(run, alarm, sources),
        "## Limitations",
        "\n".join(f"- {line}" for line in _LIMITS),
        "## Citation",
        f"The method follows WaferSAGE:\n\n```bibtex\n{_CITATION}\n```",
    ]
    return "\n\n".join(parts) + "\n"


def write_model_card(run_dir: Path, out: Path, provenance: Provenance, **options: Any) -> Path:
    """Write the card into a file, atomically; see `build_model_card` for the options."""
    text = build_model_card(run_dir, provenance, **options)
    try:
        write_text(text, out)
    except OSError as error:
        raise InputError(f"cannot be written: {error.strerror or error}", file=out) from error
    return out


def reward_version() -> str:
    """Hash of everything that decides a score; equal hashes give equal scores."""
    folder = Path(str(reward_fns.__file__)).parent
    digest = hashlib.sha256()
    for file in sorted(folder.iterdir()):
        if file.suffix in (".py", ".yaml", ".json", ".txt"):
            digest.update(file.name.encode() + b"\0" + file.read_bytes())
    return digest.hexdigest()[:12]


def _head(provenance: Provenance) -> str:
    head: dict[str, Any] = {
        "license": provenance.license,
        "library_name": "transformers",
        "pipeline_tag": "image-text-to-text",
        "language": ["en"],
        "tags": ["wafer-map", "semiconductor", "reinforcement-learning", "rubric-reward", "verl"],
    }
    if provenance.base != "not stated":
        head["base_model"] = provenance.base
    return f"---\n{yaml.safe_dump(head, sort_keys=False)}---"


def _training(run: Run, provenance: Provenance) -> str:
    reward = train_curve(run, "score")
    lines = [f"- Base model: {provenance.base}", f"- Recipe: `{provenance.recipe}`"]
    if reward:
        start, end = reward[0], reward[-1]
        lines.append(
            f"- Steps: {start[0]:.0f} to {end[0]:.0f}; training reward {start[1]:.3f} to {end[1]:.3f}"
        )
    return "\n".join(lines)


def _data(folder: Path | None) -> str:
    if folder is None:
        return "Not stated: name the data folder to have it described."
    file = folder / "manifest.json"
    try:
        manifest = json.loads(file.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise InputError(f"cannot be read: {error}", file=file) from error
    lines = [f"- {manifest.get('rows', '?')} questions about {manifest.get('wafers', '?')} wafers"]
    for name, counts in (manifest.get("counts") or {}).items():
        if isinstance(counts, Mapping) and counts:
            largest = sorted(counts.items(), key=lambda item: -item[1])[:12]
            more = f", and {len(counts) - 12} more" if len(counts) > 12 else ""
            lines.append(f"- by {name}: " + ", ".join(f"{key} {count}" for key, count in largest) + more)
    if manifest.get("command"):
        lines.append(f"- made by `{manifest['command']}`")
    return "\n".join(lines)


def _evaluation(run: Run, alarm: Alarm, sources: list[Path]) -> str:
    parts = []
    for source in sources:
        file = (source if source.is_dir() else source.parent) / "summary.md"
        if file.is_file():
            parts.append(_demoted(file.read_text("utf-8").strip()))
    rows = [
        f"| {name} | {points[0][1]:.3f} | {points[-1][1]:.3f} |"
        for name in ("score", "acc", "hit", "faithful", "spatial", "morphology", "root_cause", "defect_type")
        if (points := validation_curve(run, name))
    ]
    if rows:
        head = "| rule on the validation set | first step | last step |\n|---|---|---|"
        parts.append("\n".join([head, *rows]))
    parts.append(f"Rule against judge: {alarm.sentence}")
    return "\n\n".join(parts)


def _demoted(markdown: str) -> str:
    """Put headings of an included document below the card's own."""
    return "\n".join("##" + line if line.startswith("#") else line for line in markdown.splitlines())
