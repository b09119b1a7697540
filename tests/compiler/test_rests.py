"""What fills no vector: the last elements of a loop whose bounds come with the call."""

from __future__ import annotations

import dataclasses
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from native import program, run

from chainrule import ops
from chainrule.compiler.dtypes import float32
from chainrule.compiler.native import nests
from chainrule.compiler.native.function import Function
from chainrule.compiler.native.memory_words import MemoryWords
from chainrule.compiler.native.vectors import target
from chainrule.compiler.tolerances import BITS, close
from chainrule.runtime import team

LENGTHS = (*range(1, 20), 31, 33, 63, 65, 100, 501)
AT_A_PAGE = """
import ctypes, mmap, sys
import numpy as np
from native import program

libc = ctypes.CDLL(None, use_errno=True)


def before_a_wall(array):
    "The address of a copy that ends where memory ends, and a view of it."
    pages = mmap.mmap(-1, 2 * mmap.PAGESIZE)
    at = ctypes.addressof(ctypes.c_char.from_buffer(pages))
    assert libc.mprotect(ctypes.c_void_p(at + mmap.PAGESIZE), mmap.PAGESIZE, 0) == 0
    offset = mmap.PAGESIZE - array.nbytes
    view = np.frombuffer(pages, array.dtype, array.size, offset)
    view[:] = array
    return at + offset, view


for dtype in ("int8", "bool", "int32", "float32", "float64"):
    for n in map(int, sys.argv[1:]):
        x = np.arange(1, n + 1).astype(dtype)
        made = program(lambda x: x * x, x)
        (source, _), (result, found) = before_a_wall(x), before_a_wall(np.zeros_like(x))
        table = lambda *words: (ctypes.c_int64 * len(words))(*words)
        kind = ctypes.CFUNCTYPE(ctypes.c_int64, *[ctypes.c_void_p] * 6)
        entry = kind(made._module.address("entry"))
        status = entry(table(source), table(x.itemsize), table(result), None, None, table(0, 0))
        assert status == 0
        np.testing.assert_array_equal(found, x * x)
print("whole")
"""


@pytest.mark.skipif(not team.supported(), reason="mprotect is called as Linux has it")
def test_memory_outside_is_not_touched() -> None:
    """Arrays end where a protected page begins: one element too far ends the process."""
    here = Path(__file__).parent.parent
    done = subprocess.run(
        [sys.executable, "-c", AT_A_PAGE, *map(str, LENGTHS)],
        capture_output=True,
        text=True,
        timeout=300,
        env={"PYTHONPATH": f"{here / 'support'}:{here.parent}"},
    )
    assert (done.returncode, done.stdout) == (0, "whole\n"), done.stderr


def test_the_rest_is_one_vector_where_the_cpu_has_masks(monkeypatch: pytest.MonkeyPatch) -> None:
    x = np.ones(100, np.float32)
    wide = dataclasses.replace(target(), vector_bits=512)
    for cpu in (wide, dataclasses.replace(target(), vector_bits=128)):
        monkeypatch.setattr(nests, "target", lambda cpu=cpu: cpu)
        text = program(lambda x: ops.tanh(x), x).llvm()
        assert ("call void @llvm.masked.store" in text) is (cpu is wide)


def test_masked_words_are_written_as_old_versions_of_llvm_read_them() -> None:
    """LLVM 22 has the alignment at the pointer, and turns the older form into that by itself."""
    function = Function()
    words = MemoryWords(function, 8, "%mask")
    words.store("%to", "0", float32, words.load("%from", "0", float32, 4), 4)
    words.gather("%from", "%places", float32, 4)
    masked = [line for line in function.lines if "@llvm.masked." in line]
    assert len(masked) == 3
    assert all(", i32 4, <8 x i1> " in line for line in masked)


@pytest.mark.parametrize("dtype", ["int8", "bool", "int64", "float32", "float64"])
def test_elements_have_the_same_bits_wherever_they_are(dtype: str) -> None:
    """A body of many instructions: a lane of a full vector, of a masked one, one element alone."""
    x = (np.random.default_rng(5).normal(size=1001) * 3).astype(dtype)

    def body(x: Any) -> Any:
        return ops.tanh(ops.cast(x, dtype="float32")) * 3 - ops.cast(x, dtype="float32") / 7

    whole = run(body, x)
    for n in LENGTHS:
        assert close(run(body, x[:n]), whole[:n], BITS)
        assert close(run(body, x[-n:]), whole[-n:], BITS)


def test_lanes_without_an_element_divide_nothing() -> None:
    """They hold zeros: of integers, a division by which would end the process."""
    for dtype in ("int8", "int32", "int64", "uint16"):
        for n in LENGTHS:
            x, y = np.arange(n).astype(dtype), np.full(n, 3, dtype)
            np.testing.assert_array_equal(run(ops.floor_divide, x, y), x // y)
            np.testing.assert_array_equal(run(ops.mod, x, y), x % y)


def test_a_round_alone_contracts_as_vectors_do() -> None:
    """Equal elements of a row are equal, also where the last one fills no vector."""
    a = np.float32(1 + 2**-12)
    x, s = np.full((3, 17), a), np.full((3, 1), a)
    found = run(lambda x, s: x * s - np.float32(1 + 2**-11), x, s)  # 2**-24 if rounded once, else 0
    np.testing.assert_array_equal(found, np.full((3, 17), found[0, 0]))
