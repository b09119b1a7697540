"""The conformance suite: every registered op, built from its own samples, through every check."""

from .backends import BACKENDS, Backend
from .report import Finding, Report
from .suite import CHECKS, check, run

__all__ = ["BACKENDS", "CHECKS", "Backend", "Finding", "Report", "check", "run"]
