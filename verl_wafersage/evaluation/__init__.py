"""Benchmark, judge, agreement, calibration, report."""
