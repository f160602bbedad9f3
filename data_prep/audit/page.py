"""The audit as one HTML file without scripts or outside resources, with the wafers' pictures."""

from __future__ import annotations

import base64
from collections import defaultdict
from html import escape
from pathlib import Path

import pyarrow.parquet as pq

from .findings import CHECKS, FAIL, Finding, Report
from .rows import files_of

_CSS = """
:root { color-scheme: light dark; --line: #8884; --bad: #c62828; --warn: #b26a00; --good: #2e7d32; }
body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 72rem; padding: 0 1rem; }
h1 { font-size: 1.5rem } h2 { font-size: 1.1rem; margin-top: 2rem; border-top: 1px solid var(--line);
padding-top: 1rem }
table { border-collapse: collapse; width: 100% } th, td { text-align: left; padding: .3rem .6rem;
border-bottom: 1px solid var(--line); vertical-align: top; overflow-wrap: anywhere }
td.n, th.n { text-align: right; white-space: nowrap; font-variant-numeric: tabular-nums }
.bad { color: var(--bad); font-weight: 600 } .warn { color: var(--warn); font-weight: 600 }
.good { color: var(--good); font-weight: 600 }
ul.wafers { display: grid; grid-template-columns: repeat(auto-fill, minmax(11rem, 1fr)); gap: 1rem;
padding: 0; list-style: none } ul.wafers img { width: 100%; image-rendering: pixelated; border-radius: .3rem }
ul.wafers p { margin: .3rem 0; font-size: .8rem; overflow-wrap: anywhere }
.bars { display: flex; gap: 3px; align-items: flex-end; height: 8rem; max-width: 40rem }
.bars div { flex: 1; display: flex; flex-direction: column; justify-content: flex-end; height: 100%;
font-size: .75rem; text-align: center } .bars span { display: block; background: #4a7fb5; min-height: 1px }
"""
_PICTURED = ("leak", "lookalike", "label", "outlier", "neighbours")
_MOST_PICTURES = 60


def page(report: Report, path: Path) -> str:
    """Return the report as HTML.

    Args:
        report: The outcome.
        path: The audited data, from which the pictures of the shown wafers are taken.
    """
    pictures = _pictures(report, path)
    verdict = '<span class="good">passed</span>' if report.passed else '<span class="bad">failed</span>'
    splits = ", ".join(f"{name} {count:,}" for name, count in sorted(report.splits.items()))
    parts = [
        f"<h1>Audit of {escape(report.path)}: {verdict}</h1>",
        f"<p>{report.rows:,} rows about {report.wafers:,} wafers ({escape(splits)}).</p>",
        *(f"<p>{escape(note)}</p>" for note in report.notes),
        _summary(report),
        _histogram(report),
        *(_section(check, report, pictures) for check in CHECKS if report.counts[check]),
    ]
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>Audit of {escape(report.path)}</title><style>{_CSS}</style></head><body>"
        + "\n".join(parts)
        + "</body></html>\n"
    )


def _summary(report: Report) -> str:
    rows = []
    for check, (level, meaning) in CHECKS.items():
        count = report.counts[check]
        mark = "good" if not count else "bad" if level == FAIL else "warn"
        name = f'<a href="#{check}">{check}</a>' if count else check
        rows.append(f'<tr><td>{name}</td><td class="n {mark}">{count:,}</td><td>{escape(meaning)}</td></tr>')
    head = '<tr><th>check</th><th class="n">found</th><th>meaning</th></tr>'
    return f"<table><thead>{head}</thead><tbody>{''.join(rows)}</tbody></table>"


def _histogram(report: Report) -> str:
    bins = [*report.reference_scores[:9], report.reference_scores[9] + report.reference_scores[10]]
    most = max(bins, default=0)
    if not most:
        return ""
    bars = "".join(
        f'<div title="{count:,} rows"><span style="height:{90 * count / most:.1f}%"></span>'
        f"{number / 10:.1f}</div>"
        for number, count in enumerate(bins)
    )
    title = "<h2>Score of the reference answers under their own rubrics</h2>"
    return f'{title}<div class="bars" role="img" aria-label="histogram of scores">{bars}</div>'


def _section(check: str, report: Report, pictures: dict[tuple[str, int], bytes]) -> str:
    shown = report.shown.get(check, [])
    meaning = escape(CHECKS[check][1])
    more = f"<p>{len(shown)} of {report.counts[check]:,} shown; all are in findings.jsonl.</p>"
    body = _gallery(shown, pictures) if check in _PICTURED else _table(shown)
    return f'<h2 id="{check}">{check}: {meaning}</h2>{more}{body}'


def _table(shown: list[Finding]) -> str:
    rows = "".join(
        f'<tr><td>{escape(found.id)}</td><td>{escape(found.file)}</td><td class="n">{found.row}</td>'
        f"<td>{escape(found.message)}</td></tr>"
        for found in shown
    )
    head = '<tr><th>row</th><th>file</th><th class="n">number</th><th>what</th></tr>'
    return f"<table><thead>{head}</thead><tbody>{rows}</tbody></table>"


def _gallery(shown: list[Finding], pictures: dict[tuple[str, int], bytes]) -> str:
    items = []
    for found in shown:
        content = pictures.get((found.file, found.row))
        data = "" if content is None else base64.b64encode(content).decode("ascii")
        image = f'<img src="data:image/png;base64,{data}" alt="wafer {escape(found.wafer)}">' if data else ""
        items.append(f"<li>{image}<p><b>{escape(found.wafer)}</b></p><p>{escape(found.message)}</p></li>")
    return f'<ul class="wafers">{"".join(items)}</ul>'


def _pictures(report: Report, path: Path) -> dict[tuple[str, int], bytes]:
    """Return the first picture of each shown wafer, by file name and row."""
    wanted: dict[str, set[int]] = defaultdict(set)
    for check in _PICTURED:
        for found in report.shown.get(check, [])[:_MOST_PICTURES]:
            wanted[found.file].add(found.row)
    pictures = {}
    for file in files_of(path):
        number = 0
        if not wanted[file.name]:
            continue
        for batch in pq.ParquetFile(file).iter_batches(256, columns=["images"]):
            for offset in range(batch.num_rows):
                if number + offset in wanted[file.name]:
                    images = batch.column(0)[offset].as_py()
                    if images and images[0].get("bytes"):
                        pictures[file.name, number + offset] = images[0]["bytes"]
            number += batch.num_rows
    return pictures
