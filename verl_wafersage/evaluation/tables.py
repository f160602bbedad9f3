"""Tables of results for a terminal, for Markdown, for a browser and for programs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from math import isfinite
from typing import Any, TypeAlias

from rich.table import Table as RichTable
from rich.text import Text

from .bootstrap import Interval

Cell: TypeAlias = str | int | float | Interval | None

MISSING = "-"


@dataclass(frozen=True)
class Table:
    """A titled table.

    Attributes:
        title: One line above it.
        columns: Headings; the first column names the rows.
        rows: Cells; an `Interval` shows its estimate and its ends, None and NaN show a dash.
        note: What one must know to read it.
        digits: Decimals of numbers.
    """

    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[Cell]]
    note: str = ""
    digits: int = 2

    def __post_init__(self) -> None:
        for row in self.rows:
            if len(row) != len(self.columns):
                raise ValueError(f"{len(row)} cells under {len(self.columns)} columns in {self.title!r}")

    def text(self, cell: Cell) -> str:
        """One cell as text."""
        if isinstance(cell, Interval):
            ends = (cell.low, cell.high)
            spread = f" [{', '.join(map(self._number, ends))}]" if all(map(isfinite, ends)) else ""
            return self._number(cell.value) + spread
        if cell is None or isinstance(cell, str):
            return cell or MISSING
        return str(cell) if isinstance(cell, int) else self._number(cell)

    def _number(self, number: float) -> str:
        return f"{number:.{self.digits}f}" if isfinite(number) else MISSING

    def as_dict(self) -> dict[str, Any]:
        """Plain JSON types: each row as an object by heading."""
        rows = [dict(zip(self.columns, map(_plain, row), strict=True)) for row in self.rows]
        return {"title": self.title, "rows": rows, "note": self.note}


def as_rich(table: Table) -> RichTable:
    """For a terminal: turned on its side when that makes it narrower."""
    lines = [list(table.columns), *([table.text(cell) for cell in row] for row in table.rows)]
    turned = [list(column) for column in zip(*lines, strict=True)]
    if _width(turned) < _width(lines):
        lines = turned
    shown = RichTable(title=Text(table.title), caption=Text(table.note) if table.note else None)
    for number, column in enumerate(lines[0]):
        shown.add_column(Text(column), justify="left" if number == 0 else "right")
    for line in lines[1:]:
        shown.add_row(*map(Text, line))
    return shown


def _width(lines: Sequence[Sequence[str]]) -> int:
    return sum(max(map(len, column)) + 3 for column in zip(*lines, strict=True))


def as_markdown(tables: Sequence[Table]) -> str:
    """For a README or a model card; a pipe inside a cell is escaped."""
    blocks = []
    for table in tables:
        lines = [_markdown_row(table.columns), "|" + "---|" * len(table.columns)]
        lines += [_markdown_row([table.text(cell) for cell in row]) for row in table.rows]
        note = f"\n\n{table.note}" if table.note else ""
        blocks.append(f"### {table.title}\n\n" + "\n".join(lines) + note)
    return "\n\n".join(blocks) + "\n"


def as_html(tables: Sequence[Table], title: str) -> str:
    """A whole page without scripts or anything from the network."""
    body = "\n".join(_html_table(table) for table in tables)
    return _PAGE.format(title=escape(title), body=body)


def _plain(cell: Cell) -> object:
    if isinstance(cell, Interval):
        return cell.as_dict()
    return None if isinstance(cell, float) and not isfinite(cell) else cell


def _markdown_row(cells: Sequence[str]) -> str:
    return "| " + " | ".join(" ".join(cell.replace("|", "\\|").split()) for cell in cells) + " |"


def _html_table(table: Table) -> str:
    head = "".join(f"<th scope=col>{escape(column)}</th>" for column in table.columns)
    rows = "\n".join("<tr>" + "".join(_html_cells(table, row)) + "</tr>" for row in table.rows)
    note = f"<p>{escape(table.note)}</p>" if table.note else ""
    heading = f"<h2>{escape(table.title)}</h2>"
    return f"{heading}\n<table><thead><tr>{head}</tr></thead>\n<tbody>\n{rows}\n</tbody></table>\n{note}"


def _html_cells(table: Table, row: Sequence[Cell]) -> list[str]:
    name, *cells = (escape(table.text(cell)) for cell in row)
    return [f"<th scope=row>{name}</th>", *(f"<td>{cell}</td>" for cell in cells)]


_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>{title}</title>
<style>
body {{ font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 75rem; padding: 0 1rem; }}
table {{ border-collapse: collapse; font-variant-numeric: tabular-nums; }}
th, td {{ padding: .25rem .7rem; border-bottom: 1px solid #bbb; text-align: right; white-space: nowrap; }}
th:first-child {{ text-align: left; }}
p {{ color: #555; }}
@media (prefers-color-scheme: dark) {{ body {{ background: #111; color: #ddd; }} p {{ color: #aaa; }} }}
</style></head>
<body><h1>{title}</h1>
{body}
</body></html>
"""
