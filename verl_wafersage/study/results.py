"""Write the study's tables and pictures, from the measured answers alone."""

from __future__ import annotations

import json
from dataclasses import asdict

from ..curriculum.journal import write_atomically
from .figures import plot_curves
from .markdown import classes_markdown, examples_markdown, markdown, steps_markdown
from .measured import Measured, Table, curves, gains, means, rivals
from .prepare import StudyFolder, StudyOptions

COLUMNS = {
    "truth": ("exact", "hours", "near", "invents"),
    "rewards": ("score", "acc", "hit", "hallucination", "published"),
    "sub-scores of our reward": ("defect_type", "spatial", "morphology", "root_cause"),
}


def write_results(folder: StudyFolder, options: StudyOptions) -> dict[str, str]:
    """Write the tables as JSON and Markdown, and the curves as a picture; return where they lie."""
    names = {"results": "results.json", "table": "results.md", "plot": "curves.png"}
    made = {name: folder.root / file for name, file in names.items()}
    both = {
        how: Measured(folder, options, sampled) for how, sampled in (("sampled", True), ("likeliest", False))
    }
    tables: dict[str, Table] = {}
    for how, measured in both.items():
        tables |= {
            f"{how} answers": means(measured),
            f"{how} answers, gain over the start": gains(measured),
            f"{how} answers, one arm against another": rivals(measured),
        }
    plain = {
        title: {arm: {name: asdict(found) for name, found in row.items()} for arm, row in table.items()}
        for title, table in tables.items()
    }
    write_atomically(made["results"], json.dumps(plain, indent=2) + "\n")
    parts = [
        f"## {title[0].upper()}{title[1:]}: {group}\n\n{markdown(table, columns)}"
        for title, table in tables.items()
        if table
        for group, columns in COLUMNS.items()
    ]
    over_steps = curves(both["sampled"])
    parts += [classes_markdown(both["likeliest"]), steps_markdown(over_steps)]
    parts.append(examples_markdown(both["likeliest"]))
    write_atomically(made["table"], "\n".join(parts))
    plot_curves(over_steps, made["plot"])
    return {name: str(path) for name, path in made.items()}
