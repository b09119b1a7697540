"""Generated matrix products as functions of arrays, and arrays that show when they are overrun."""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from chainrule.compiler.native.function import METADATA
from chainrule.compiler.native.gemm import emit_product
from chainrule.compiler.native.product_schedule import Shape, plan
from chainrule.compiler.native.vectors import Target
from chainrule.runtime.buffers import empty_aligned
from chainrule.runtime.llvm import compile_module

GUARD = 64
"""Elements around an array that nothing may write."""

Multiply = Callable[[Any, Any, Any], None]
"""Takes A and B as they lie in memory, and C, which it fills; all with any leading dimension."""


def products(shapes: Sequence[Shape], target: Target) -> list[Multiply]:
    """One module with a function for each shape."""
    emitted = [emit_product(plan(shape, target)) for shape in shapes]
    parts = {name: text for each in emitted for name, text in each.parts.items()}
    declarations = {line for each in emitted for line in each.declarations}
    texts = [each.text.replace("define internal", "define", 1) for each in emitted]
    module = compile_module("\n".join([*parts.values(), *texts, *sorted(declarations), METADATA]))

    def multiply(name: str, scratch_bytes: int) -> Multiply:
        kinds = [ctypes.c_void_p, ctypes.c_int64] * 3 + [ctypes.c_void_p]
        function = ctypes.CFUNCTYPE(None, *kinds)(module.address(name))

        def run(a: Any, b: Any, c: Any) -> None:
            assert module
            scratch = empty_aligned((scratch_bytes + GUARD,), np.dtype(np.uint8))
            scratch[:] = 0xFF  # NaN, read as either float
            arrays = [item for m in (a, b, c) for item in (m.ctypes.data, _leading(m))]
            function(*arrays, scratch.ctypes.data, True)
            assert (scratch[scratch_bytes:] == 0xFF).all(), "written past the scratch"

        return run

    return [multiply(each.name, each.scratch_bytes) for each in emitted]


def _leading(matrix: Any) -> int:
    return int(matrix.strides[0] // matrix.itemsize)


def guarded(shape: tuple[int, int], dtype: Any, gap: int) -> tuple[Any, Any]:
    """NaN memory, and in it a matrix with a gap after each row and guards before and after."""
    leading = shape[1] + gap
    memory = np.full(2 * GUARD + shape[0] * leading, np.nan, dtype)
    inside = memory[GUARD : GUARD + shape[0] * leading]
    return memory, inside.reshape(shape[0], leading)[:, : shape[1]]
