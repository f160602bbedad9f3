"""Show which words earned and cost what: in a terminal, as JSON, as one HTML page."""

from __future__ import annotations

import html
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from rich.table import Table
from rich.text import Text

STYLES = {
    "met": "bold green",
    "near": "yellow",
    "missing": "dim",
    "false": "bold red",
    "denied": "bold red",
    "invented": "bold magenta",
}
_ORDER = ("invented", "denied", "false", "near", "met", "missing")

_CSS = """
body { font: 15px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
section { border-top: 1px solid #8886; padding: 1rem 0; }
h2 { font-size: 1rem; margin: 0; } .q { opacity: .75; }
p.answer { white-space: pre-wrap; } mark { border-radius: 3px; padding: 0 2px; color: inherit; }
.met { background: #7bd88f66; } .near { background: #ffd86677; } .missing { opacity: .6; }
.false, .denied { background: #ff667766; } .invented { background: #c678dd66; }
table { border-collapse: collapse; } td, th { padding: .1rem .8rem .1rem 0; text-align: left; }
td.n { text-align: right; font-variant-numeric: tabular-nums; }
"""


def spans(explanation: Mapping[str, Any]) -> list[tuple[int, int, str]]:
    """Return the stretches of the answer that count, without overlaps: the costliest verdict wins."""
    found = [
        (entry["start"], entry["end"], entry["verdict"])
        for entry in explanation["evidence"]
        if 0 <= entry["start"] < entry["end"]
    ]
    found.sort(key=lambda span: (_ORDER.index(span[2]), span[0] - span[1]))
    kept: list[tuple[int, int, str]] = []
    for start, end, verdict in found:
        if all(end <= other or start >= stop for other, stop, _ in kept):
            kept.append((start, end, verdict))
    return sorted(kept)


def to_text(explanation: Mapping[str, Any]) -> Text:
    """Return the answer with its counting words coloured."""
    text = Text(explanation["text"])
    for start, end, verdict in spans(explanation):
        text.stylize(STYLES[verdict], start, end)
    return text


def to_table(explanation: Mapping[str, Any]) -> Table:
    """Return the evidence as a table, what weighs most first."""
    table = Table(box=None, pad_edge=False)
    for column in ("verdict", "what", "words", "credit", "weight", "why"):
        table.add_column(column, justify="right" if column in ("credit", "weight") else "left")
    for entry in _sorted(explanation["evidence"]):
        table.add_row(
            Text(entry["verdict"], style=STYLES[entry["verdict"]]),
            Text(entry["what"]),
            Text(entry["words"]),
            f"{entry['credit']:+.2f}",
            f"{entry['weight']:.2f}",
            Text(entry["why"]),
        )
    return table


def _sorted(evidence: Iterable[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    return sorted(evidence, key=lambda entry: -abs(entry["weight"]))


def to_html(rows: Sequence[Mapping[str, Any]], title: str = "Rewards") -> str:
    """Return one self-contained page.

    Args:
        rows: For each answer `name`, `question` and its `explanation`.
        title: Title of the page.
    """
    body = "\n".join(_section(row) for row in rows)
    name = html.escape(title)
    return (
        f'<!doctype html>\n<html lang="en"><meta charset="utf-8"><title>{name}</title><style>{_CSS}</style>'
        f"<h1>{name}</h1>\n{body}\n</html>\n"
    )


def _section(row: Mapping[str, Any]) -> str:
    explanation = row["explanation"]
    text, position, pieces = explanation["text"], 0, []
    for start, end, verdict in spans(explanation):
        pieces.append(html.escape(text[position:start]))
        pieces.append(f'<mark class="{verdict}" title="{verdict}">{html.escape(text[start:end])}</mark>')
        position = end
    pieces.append(html.escape(text[position:]))
    lines = "".join(
        f'<tr><td><span class="{e["verdict"]}">{e["verdict"]}</span></td><td>{html.escape(e["what"])}</td>'
        f'<td>{html.escape(e["words"])}</td><td class="n">{e["credit"]:+.2f}</td>'
        f'<td class="n">{e["weight"]:.2f}</td><td>{html.escape(e["why"])}</td></tr>'
        for e in _sorted(explanation["evidence"])
    )
    return (
        f"<section><h2>{html.escape(row['name'])}: {explanation['scores']['score']:.3f}</h2>"
        f'<p class="q">{html.escape(row["question"])}</p><p class="answer">{"".join(pieces)}</p>'
        "<details><summary>evidence</summary><table><tr><th>verdict<th>what<th>words<th>credit<th>weight<th>wh"
        "y"
        f"</tr>{lines}</table></details></section>"
    )
