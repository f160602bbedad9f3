"""XML of fab files, parsed safely: no entities, no external documents."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from xml.etree.ElementTree import Element, ParseError

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import fromstring

from ...errors import InputError
from .fab import bin_key

CODE_WIDTHS = {"ascii": 1, "decimal": 3, "hexadecimal": 2, "integer2": 4}
"""Characters of one bin code by SEMI's BinType, where codes are not set apart by spaces."""


def load(file: Path) -> Element:
    """Return the root of an XML file, its tags stripped of namespaces.

    Raises:
        InputError: When it is no well-formed XML, or declares entities or external references (the means
            of entity attacks; maps need none).
    """
    try:
        root = fromstring(file.read_bytes(), forbid_dtd=False, forbid_entities=True, forbid_external=True)
    except DefusedXmlException as error:
        raise InputError("the XML declares entities or external references, which maps do not need",
                         file=file) from error  # fmt: skip
    except (ParseError, ValueError, LookupError) as error:
        raise InputError(f"not well-formed XML: {error}", file=file) from error
    for element in root.iter():
        if isinstance(element.tag, str):
            element.tag = element.tag.rsplit("}", 1)[-1]
    return root


def find_all(root: Element, tag: str) -> Iterator[Element]:
    """Yield the element itself and its descendants that are called `tag`, in any case."""
    for element in root.iter():
        if isinstance(element.tag, str) and element.tag.lower() == tag.lower():
            yield element


def find(root: Element, tag: str) -> Element | None:
    """Return the first of `find_all`."""
    return next(find_all(root, tag), None)


def attribute(element: Element | None, *names: str) -> str | None:
    """Return the first non-empty attribute out of `names`, in any case."""
    if element is None:
        return None
    values = {name.rsplit("}", 1)[-1].lower(): value.strip() for name, value in element.attrib.items()}
    return next((values[name.lower()] for name in names if values.get(name.lower())), None)


def codes(text: str, bin_type: str) -> list[str]:
    """Split a row of bin codes, normalised by `bin_key`.

    Raises:
        InputError: For an unknown bin type, or a row that is no whole number of codes.
    """
    parts = text.split()
    if len(parts) > 1:
        return [bin_key(part) for part in parts]
    width = CODE_WIDTHS.get(bin_type.lower())
    if width is None:
        raise InputError(f"unknown bin type {bin_type!r}", field="BinType")
    row = "".join(parts)
    if len(row) % width:
        raise InputError(f"a row of {len(row)} characters is no whole number of {bin_type} codes")
    if width == 1:
        return [bin_key(char) for char in text.strip("\r\n")]
    return [bin_key(row[start : start + width]) for start in range(0, len(row), width)]


def bin_sets(
    definitions: list[Element], null: str | None
) -> tuple[frozenset[str], frozenset[str], frozenset[str]]:
    """Return the bins of passing dies, of failing dies, and of places without a tested die.

    Args:
        definitions: Elements with BinCode and BinQuality; a quality of Null or Skip means no tested die,
            any other that is not Pass or Good means a failing one.
        null: The map's NullBin.
    """
    passes: set[str] = set()
    fails: set[str] = set()
    none: set[str] = set() if null is None else {bin_key(null)}
    for definition in definitions:
        code = attribute(definition, "BinCode")
        if code is not None:
            quality = (attribute(definition, "BinQuality") or "").lower()
            group = passes if quality.startswith(("pass", "good")) else fails
            (none if quality.startswith(("null", "skip", "none")) else group).add(bin_key(code))
    return frozenset(passes - none), frozenset(fails - passes - none), frozenset(none)
