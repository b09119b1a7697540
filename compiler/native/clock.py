"""Times of kernels: what a program that is built with a clock notes of each run.

The entry reads the CPU's counter before and after each part of each call, and stores both beside
the number of the thread. The table's address is written into the code: such a program is made when
somebody asks for a profile, and never kept.
"""

from __future__ import annotations

import ctypes
import platform
from collections.abc import Sequence
from functools import cache

import numpy as np

from ...runtime.llvm import NativeModule, compile_module
from .calls import Lines

_COUNTERS = {"x86_64": "readcyclecounter", "AMD64": "readcyclecounter"}
COUNTER = f"@llvm.{_COUNTERS.get(platform.machine(), 'readsteadycounter')}"
"""A counter of constant rate that programs may read: the time stamp on x86, the timer on ARM."""

DECLARATION = f"declare i64 {COUNTER}()"

FIELDS = 4
"""Words of a row: begin, end, thread, and one that makes rows of half a cache line."""


class Clock:
    """A table with a row for each part of each call.

    Parameters
    ----------
    owners : sequence of int
        The number of the kernel that each call belongs to.
    threads : int
        The most parts of a call.
    """

    def __init__(self, owners: Sequence[int], threads: int) -> None:
        self.owners = tuple(owners)
        self.table = np.zeros((len(owners), threads, FIELDS), np.int64)

    def take(self) -> np.ndarray:
        """The table of the last run, which begins anew."""
        found = self.table.copy()
        self.table[:] = 0
        return found

    def begin(self, lines: Lines, number: int, part: str) -> None:
        """Note that a part of a call begins; once in the text for each call."""
        lines.do(f"%clock{number}.part", f"mul i64 {part}, {8 * FIELDS}")
        address = self.table.ctypes.data + self.table.strides[0] * number
        lines.do(f"%clock{number}.at", f"add i64 %clock{number}.part, {address}")
        lines.do(f"%clock{number}.row", f"inttoptr i64 %clock{number}.at to ptr")
        lines.do(f"%clock{number}.begin", f"call i64 {COUNTER}()")

    def end(self, lines: Lines, number: int, thread: str) -> None:
        """Note that it has ended."""
        row = f"%clock{number}.row"
        lines.do(f"%clock{number}.end", f"call i64 {COUNTER}()")
        for field, value in enumerate((f"%clock{number}.begin", f"%clock{number}.end", thread)):
            place = f"%clock{number}.field{field}"
            lines.do(place, f"getelementptr inbounds i64, ptr {row}, i64 {field}")
            lines.act(f"store i64 {value}, ptr {place}")


def ticks() -> int:
    """What the counter says now."""
    found: int = ctypes.CFUNCTYPE(ctypes.c_int64)(_module().address("ticks"))()
    return found


@cache
def _module() -> NativeModule:
    text = f"define i64 @ticks() {{\n  %now = call i64 {COUNTER}()\n  ret i64 %now\n}}"
    return compile_module(f"{text}\n{DECLARATION}")
