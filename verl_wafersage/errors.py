"""Errors that a user can mend; the command line prints them as one line and exits with status 2."""

from __future__ import annotations

from pathlib import Path


class WaferSageError(Exception):
    """Base of every error this package raises on purpose."""


class InputError(WaferSageError):
    """Something the user gave us cannot be used.

    Args:
        problem: What is wrong, in one clause.
        file: The file it is wrong in.
        row: Zero-based row (or line, wafer, record) inside the file.
        field: Column, key or option.
        remedy: What to do about it, in one clause.
    """

    def __init__(
        self,
        problem: str,
        *,
        file: str | Path | None = None,
        row: int | str | None = None,
        field: str | None = None,
        remedy: str | None = None,
    ) -> None:
        self.problem = problem
        self.file = None if file is None else str(file)
        self.row = row
        self.field = field
        self.remedy = remedy
        super().__init__(self._line())

    def _line(self) -> str:
        where = [
            self.file,
            None if self.row is None else f"row {self.row}",
            None if self.field is None else f"field {self.field}",
        ]
        head = ", ".join(part for part in where if part)
        line = f"{head}: {self.problem}" if head else self.problem
        return f"{line}; {self.remedy}" if self.remedy else line

    def __reduce__(self) -> tuple[object, ...]:
        # Keyword-only arguments do not survive the default pickling, and Ray pickles exceptions.
        return (_rebuild, (type(self), self.problem, self.file, self.row, self.field, self.remedy))


def _rebuild(
    cls: type[InputError],
    problem: str,
    file: str | None,
    row: int | str | None,
    field: str | None,
    remedy: str | None,
) -> InputError:
    return cls(problem, file=file, row=row, field=field, remedy=remedy)


class RubricError(InputError):
    """A rubric that is malformed, of an unknown version, or has nothing left to score."""


class MissingExtraError(WaferSageError):
    """An optional dependency is needed that is not installed."""

    def __init__(self, package: str, extra: str) -> None:
        super().__init__(f"{package} is not installed; run: pip install 'verl-wafersage[{extra}]'")
        self.package, self.extra = package, extra

    def __reduce__(self) -> tuple[object, ...]:
        return (MissingExtraError, (self.package, self.extra))
