"""Tables say the same in every form and cannot be broken by what stands in them."""

from __future__ import annotations

import io
import json
from html.parser import HTMLParser
from math import nan

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.console import Console

from verl_wafersage.evaluation.bootstrap import Interval
from verl_wafersage.evaluation.tables import Table, as_html, as_markdown, as_rich

ENDS = Interval(6.493, 6.2, 6.75, 20, 8)


class Cells(HTMLParser):
    """Texts of all cells, and the names of all tags."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.cells: list[str] = []
        self.tags: set[str] = set()
        self._open = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self._open = tag in ("td", "th")
        if self._open:
            self.cells.append("")

    def handle_endtag(self, tag: str) -> None:
        self._open = False

    def handle_data(self, data: str) -> None:
        if self._open:
            self.cells[-1] += data


@pytest.mark.parametrize(
    ("cell", "shown"),
    [
        (ENDS, "6.49 [6.20, 6.75]"),
        (Interval(0.5, nan, nan, 3, 1), "0.50"),
        (Interval(nan, nan, nan, 0, 0), "-"),
        (0.126, "0.13"),
        (nan, "-"),
        (None, "-"),
        (12, "12"),
        ("text", "text"),
    ],
)
def test_cells_are_shown(cell: object, shown: str) -> None:
    table = Table("T", ["a", "b"], [["row", cell]])  # type: ignore[list-item]
    assert table.text(cell) == shown  # type: ignore[arg-type]
    assert f"| row | {shown} |" in as_markdown([table])
    parser = Cells()
    parser.feed(as_html([table], "page"))
    assert parser.cells == ["a", "b", "row", shown]
    assert "NaN" not in json.dumps(table.as_dict())


@given(st.text(max_size=30), st.text(max_size=30))
@settings(deadline=None, max_examples=60)
def test_no_text_breaks_a_page_or_a_markdown_row(name: str, note: str) -> None:
    table = Table(name, ["a", name], [[name, "<script>alert(1)</script>|"]], note)
    page = as_html([table], name)
    parser = Cells()
    parser.feed(page)
    assert "script" not in parser.tags
    assert len(parser.cells) == 4
    row = [line for line in as_markdown([table]).splitlines() if "<script>" in line][-1]
    assert row.replace("\\|", "").count("|") >= 3


@pytest.mark.parametrize("columns", [2, 9])
def test_a_wide_table_fits_a_terminal(columns: int) -> None:
    names = [f"column {number}" for number in range(columns)]
    table = Table("T", names, [["model", *[ENDS] * (columns - 1)]])
    output = io.StringIO()
    Console(file=output, width=80).print(as_rich(table))
    text = output.getvalue()
    assert text.count("6.49 [6.20, 6.75]") == columns - 1
    assert all(name in text for name in names)


def test_rows_must_fit_the_columns() -> None:
    with pytest.raises(ValueError, match="3 cells under 2 columns"):
        Table("T", ["a", "b"], [["x", 1, 2]])
