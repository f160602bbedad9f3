"""A picture of some wafers with their labels, to see at a glance that a conversion is sane."""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from PIL import Image, ImageDraw

from .records import Question, Record
from .render import render

COLUMNS = 8
TILE, GAP, TEXT = 128, 8, 16
PER_CLASS, MOST = 4, 64


@dataclass
class Sampler:
    """Keeps the first few records of every class as they stream past.

    Attributes:
        chosen: What was kept: title and encoded picture.
    """

    chosen: list[tuple[str, bytes]] = field(default_factory=list)
    _seen: Counter[tuple[str, ...]] = field(default_factory=Counter)

    def watch(self, records: Iterable[Record]) -> Iterable[Record]:
        """Pass records through, keeping some."""
        for record in records:
            self._offer(record)
            yield record

    def _offer(self, record: Record) -> None:
        if len(self.chosen) >= MOST or self._seen[record.labels] >= PER_CLASS:
            return
        picture = record.image if isinstance(record, Question) else render(record.grid, TILE)
        title = "+".join(record.labels) or record.wafer_id
        self._seen[record.labels] += 1
        self.chosen.append((title, picture))


def draw(chosen: list[tuple[str, bytes]]) -> bytes:
    """PNG of the chosen wafers, by class."""
    tiles = sorted(chosen, key=lambda tile: tile[0])
    rows = max(-(-len(tiles) // COLUMNS), 1)
    sheet = Image.new("RGB", (COLUMNS * (TILE + GAP) + GAP, rows * (TILE + TEXT + GAP) + GAP), "white")
    pen = ImageDraw.Draw(sheet)
    for place, (title, picture) in enumerate(tiles):
        left = GAP + place % COLUMNS * (TILE + GAP)
        top = GAP + place // COLUMNS * (TILE + TEXT + GAP)
        with Image.open(io.BytesIO(picture)) as tile:
            sheet.paste(tile.convert("RGB").resize((TILE, TILE), Image.Resampling.NEAREST), (left, top))
        pen.text((left, top + TILE + 2), title if len(title) <= 22 else title[:21] + "…", fill="black")
    buffer = io.BytesIO()
    sheet.save(buffer, "PNG", optimize=True)
    return buffer.getvalue()
