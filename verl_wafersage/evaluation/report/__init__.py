"""The report of a training run: one static HTML file from verl's metrics and dumps."""

from .page import build_report, write_report

__all__ = ["build_report", "write_report"]
