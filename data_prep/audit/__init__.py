"""Audit of a converted data set: can its rubrics, pictures, labels and splits be trusted?"""

from .run import AuditOptions, audit

__all__ = ["AuditOptions", "audit"]
