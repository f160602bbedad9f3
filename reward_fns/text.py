"""From an answer to plain lower-case tokens, each of which knows where it stood."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

MAX_CHARS = 32_768
"""An answer is read up to here, so that the work is bounded whatever a policy writes."""

MAX_WORDS = 4000
"""Tokens read of an answer, for the same reason: several times what a question can need."""

BREAK = "\n"
"""Token between lines and list entries."""

# No possessive quantifiers: Python 3.11 before 3.11.4 reads "1." as one token with them.
_TOKEN = re.compile(r"[a-z]+(?:'[a-z]+)*|[0-9]+(?:\.[0-9]+)?|\n|[^\s\w]|[^\x00-\x7f]")


class _Fold(dict[int, str]):
    """A translation table that works out an unlisted character once: one for each, so spans hold."""

    def __missing__(self, code: int) -> str:
        self[code] = plain = _plain(chr(code))
        return plain


_FOLD = _Fold({
    **dict.fromkeys(map(ord, "\u2018\u2019\u02bc\u2032\u00b4\u02b9\uff07"), "'"),
    **dict.fromkeys(map(ord, "\u201c\u201d\u201e\u00ab\u00bb\u2033"), '"'),
    **dict.fromkeys(map(ord, "\u2010\u2011\u2012\u00ad\u2212\ufe63\uff0d"), "-"),
    **dict.fromkeys(map(ord, "\u2013\u2014\u2015\u2026"), "\u2013"),
    **dict.fromkeys(map(ord, "*`_#"), " "),
    **dict.fromkeys(map(ord, "\u200b\u200c\u200d\ufeff\u2060"), " "),
    **dict.fromkeys(map(ord, "|\u2022\u25aa\u25cf\u00b7\u2192"), "\n"),
    ord("\u00ba"): "\u00b0",
    # Fractions are no plain digits.
    **{code: chr(code) for code in (0xBC, 0xBD, 0xBE, 0x2153, 0x2154)},
    ord("\u02da"): "\u00b0",
    ord("\u0130"): "i",
})  # fmt: skip
# Patterns begin with a literal, which the engine searches fast, and look back from there.
_HYPHEN = re.compile(r"-(?:(?<=[a-z\d]-)(?=[a-z])|(?<=[a-z]-)(?=\d))")
_SPELLING = (("centred", "centered"), ("centre", "center"), ("localis", "localiz"), ("grey", "gray"))


_ODD = re.compile(r"[^\x00-\x22\x24-\x29\x2b-\x5e\x61-\x7b\x7d-\x7f]")
"""What is not ASCII, and the marks * ` _ # |, as one class."""
_SLASH = re.compile(r" / (?<!\br / )(?!r\b)")
_RANGE = re.compile(r"(?:\.\.\.?|->)(?= ?\d)")
_LATIN = re.compile(r"\b(?:i\.e|e\.g)\.")
_SHORT = re.compile(
    r"\.(?:(?<=\b(?:ca|vs|cf)\.)|(?<=\b(?:deg|max|min|est|typ|avg)\.)"
    r"|(?<=\b(?:prob|resp|incl|appr)\.)|(?<=\bapprox\.))"
)


def _fold(match: re.Match[str]) -> str:
    plain = _FOLD[ord(match[0])]
    return plain if isinstance(plain, str) else chr(plain)


@dataclass(frozen=True, slots=True)
class Text:
    """An answer cut into tokens.

    Attributes:
        source: The text the spans refer to.
        words: Tokens in order: lower-case words, numbers, punctuation and `BREAK`.
        folded: `source` with one character for each, from which the tokens were cut.
    """

    source: str
    words: list[str]
    folded: str

    def spans(self) -> list[tuple[int, int]]:
        """Return where each token stands in `source`; only evidence needs it."""
        return [match.span() for match in _TOKEN.finditer(self.folded)]


def read_text(source: str) -> Text:
    """Cut a text into tokens, the same ones whatever its case, spacing, quotes and Markdown."""
    source = source[:MAX_CHARS]
    folded = (source.translate(_FOLD) if source.isascii() else _ODD.sub(_fold, source)).lower()
    if "-" in folded:
        folded = _HYPHEN.sub(" ", folded).replace(" - ", " \u2013 ")
    if " / " in folded:
        folded = _SLASH.sub(" ; ", folded)
    if ".." in folded or "->" in folded:
        # "0.4 ... 0.6", "0.1 R -> 0.3 R"
        folded = _RANGE.sub(lambda match: "\u2013".rjust(len(match[0])), folded)
    if "." in folded:
        # The stop of an abbreviation ends no sentence.
        if "i.e." in folded or "e.g." in folded:
            folded = _LATIN.sub(lambda match: match[0].replace(".", " "), folded)
        folded = _SHORT.sub(" ", folded)
    for british, american in _SPELLING:
        if british in folded:
            folded = folded.replace(british, american)
    return Text(source, _TOKEN.findall(folded)[:MAX_WORDS], folded)


def _plain(char: str) -> str:
    """Map full-width forms and accented letters to one plain character each."""
    if char < "\u0080":
        return char
    plain = unicodedata.normalize("NFKD", char)[:1]
    if plain and plain.isascii():
        return plain
    digit = unicodedata.digit(char, None)
    if digit is not None:
        # A circled or an Ethiopic one: later readers may take a token's first digit for a number.
        return str(digit)
    return char if len(char.lower()) == 1 else "?"
