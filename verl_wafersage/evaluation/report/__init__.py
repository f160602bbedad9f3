"""The report of a training run: one static HTML file from verl's metrics and dumps."""

from verl_wafersage.errors import MissingExtraError

try:
    import jinja2  # noqa: F401
except ImportError as error:
    raise MissingExtraError("jinja2", "eval") from error

from .page import build_report, write_report

__all__ = ["build_report", "write_report"]
