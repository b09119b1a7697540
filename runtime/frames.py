"""Whose code is on the stack: the user's lines, or a library's."""

from __future__ import annotations

import sys
import warnings
from types import FrameType

# Frames of these packages are not the user's, except that demos are written as a user would.
LIBRARY = ("chainrule", "numpy", "optree", "functools", "contextlib", "inspect", "threading")
LIKE_A_USER = ("chainrule.frontend.demos",)


def is_library(module: str) -> bool:
    """True for modules whose frames are cut from messages and origins."""
    if module.startswith(LIKE_A_USER):
        return False
    return module.partition(".")[0] in LIBRARY


def running_user_frame() -> FrameType | None:
    """Python's own record of the innermost frame that is not the library's.

    It also knows the expression that is being evaluated.
    """
    frame: FrameType | None = sys._getframe(1)
    while frame is not None and is_library(frame.f_globals.get("__name__", "")):
        frame = frame.f_back
    return frame


def warn(message: str, category: type[Warning]) -> None:
    """Warn at the user's line, however deep in the library the reason was found."""
    frame, level = sys._getframe(1).f_back, 3
    while frame is not None and is_library(frame.f_globals.get("__name__", "")):
        frame, level = frame.f_back, level + 1
    warnings.warn(message, category, stacklevel=level)
