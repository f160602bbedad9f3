"""Points of the compass on the wafer: north is the top of the picture."""

from __future__ import annotations

from .angles import Arc, hour_of
from .clock import between, word_before

POINTS = {
    "n": 12.0,
    "nne": 0.75,
    "ne": 1.5,
    "ene": 2.25,
    "e": 3.0,
    "ese": 3.75,
    "se": 4.5,
    "sse": 5.25,
    "s": 6.0,
    "ssw": 6.75,
    "sw": 7.5,
    "wsw": 8.25,
    "w": 9.0,
    "wnw": 9.75,
    "nw": 10.5,
    "nnw": 11.25,
}
COMPASS = {
    "north": "n",
    "northern": "n",
    "east": "e",
    "eastern": "e",
    "south": "s",
    "southern": "s",
    "west": "w",
    "western": "w",
    "northeast": "ne",
    "northwest": "nw",
    "southeast": "se",
    "southwest": "sw",
    "northeastern": "ne",
    "northwestern": "nw",
    "southeastern": "se",
    "southwestern": "sw",
    "northerly": "n",
    "southerly": "s",
    "easterly": "e",
    "westerly": "w",
    "northward": "n",
    "southward": "s",
    "eastward": "e",
    "westward": "w",
}


def read_compass(words: list[str], start: int, anywhere: bool = False) -> tuple[Arc, int] | None:
    """Read "NNE", "south - west", "from WSW to NNW": the arc and the index after it."""
    index, parts = start, ""
    while index < len(words) and index - start < 5:
        word = words[index]
        if word in COMPASS:
            parts += COMPASS[word]
        elif word in POINTS and (len(word) > 1 or index == start):
            parts += word
        elif word == "-" and index + 1 < len(words) and words[index + 1] in COMPASS:
            pass
        else:
            break
        index += 1
    if (
        len(words[start]) == 1
        and words[start].isalpha()
        and not anywhere
        and word_before(words, start) not in ("due", "towards", "toward", "to")
    ):
        return None
    if parts not in POINTS:
        return None
    # From one point to another: "from WSW to NNW".
    if index + 1 < len(words) and words[index] in ("to", "through", "\u2013", "-"):
        other = words[index + 1]
        other = COMPASS.get(other, other)
        if other in POINTS and word_before(words, start) in ("from", "between", "about", "roughly"):
            return between(POINTS[parts], POINTS[other]), index + 2
    if index < len(words) and words[index] == "pole":
        index += 1
    width = (
        1.0
        if start and words[start - 1] == "due"
        else 3.0
        if len(parts) == 1
        else 2.0
        if len(parts) == 2
        else 1.0
    )
    middle = POINTS[parts]
    return Arc(hour_of(middle - width / 2), width, True), index
