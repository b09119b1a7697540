"""Direct calls: they do what the call in Python does, or leave it to it, and leak nothing."""

import gc
import sys
import threading
import warnings
import weakref
from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chainrule.runtime.blocks import ALIGNMENT, Blocks
from chainrule.runtime.buffers import donation_faults, empty_aligned
from chainrule.runtime.direct import MOST_WORDS, Direct
from chainrule.runtime.executable import Executable
from chainrule.runtime.llvm import compile_module
from chainrule.runtime.specs import ArraySpec, ResultSpec

F64 = np.dtype(np.float64)
HEAD = "define i64 @entry(ptr %args, ptr %strides, ptr %results, ptr %arena, ptr %imports, ptr %s)"
NOTHING = HEAD + "{ ret i64 0 }"

# Every result is the sum of the elements (0, 0) and (1, 1) of argument 0, at its first element;
# the arena is written. Fails with unit 3 and code 4 if the sum is negative.
SUM = (
    HEAD
    + """ {
  %p = load ptr, ptr %args
  %s1.at = getelementptr i64, ptr %strides, i64 1
  %s0 = load i64, ptr %strides
  %s1 = load i64, ptr %s1.at
  %o = add i64 %s0, %s1
  %q = getelementptr i8, ptr %p, i64 %o
  %a = load double, ptr %p, align 1
  %b = load double, ptr %q, align 1
  %sum = fadd double %a, %b
  store double %sum, ptr %arena, align 64
  %out = load ptr, ptr %results
  store double %sum, ptr %out, align 1
  %bad = fcmp olt double %sum, 0.0
  br i1 %bad, label %fail, label %good
fail:
  store i64 3, ptr %s
  %at = getelementptr i64, ptr %s, i64 1
  store i64 4, ptr %at
  ret i64 1
good:
  ret i64 0
}
"""
)


class UnitError(Exception):
    """What the tests' programs raise."""


@cache
def _module(text: str) -> Any:
    return compile_module(text)


def executable(
    text: str, arguments: list[ArraySpec], results: list[ResultSpec], arena_bytes: int = 0
) -> Executable:
    module = _module(text)
    return Executable(
        module.address("entry"),
        tuple(arguments),
        tuple(results),
        arena_bytes=arena_bytes,
        keepalive=(module,),
        on_status=lambda unit, code: UnitError(unit, code),
    )


def direct_of(program: Executable) -> Direct:
    assert program.direct is not None, "this interpreter has no direct calls"
    return program.direct


def summing(donor: int | None = None) -> Executable:
    shape = (2, 3)
    result = ResultSpec(shape if donor is not None else (2,), F64, donor)
    return executable(SUM, [ArraySpec(shape, F64, "x")], [result], arena_bytes=8)


class Subclass(np.ndarray):  # type: ignore[type-arg]
    """Any array type of somebody else."""


def frozen() -> np.ndarray:
    array = np.arange(6.0).reshape(2, 3).copy()
    array.flags.writeable = False
    return array


USUAL: dict[str, Callable[[], np.ndarray]] = {
    "own": lambda: np.arange(6.0).reshape(2, 3).copy(),
    "aligned": lambda: empty_aligned((2, 3), F64),
    "view": lambda: np.arange(12.0).reshape(4, 3)[1:3],
    "steps": lambda: np.arange(24.0).reshape(4, 6)[::2, ::2],
    "negative": lambda: np.arange(6.0).reshape(2, 3)[::-1, ::-1],
    "fortran": lambda: np.asfortranarray(np.arange(6.0).reshape(2, 3)),
    "broadcast": lambda: np.broadcast_to(np.arange(3.0), (2, 3)),
    "read-only": frozen,
    "misaligned": lambda: np.frombuffer(b"." + bytes(range(48)), F64, offset=1).reshape(2, 3),
    "foreign": lambda: np.frombuffer(bytearray(48), F64).reshape(2, 3),
}
UNUSUAL: dict[str, Callable[[], Any]] = {
    "subclass": lambda: np.arange(6.0).reshape(2, 3).view(Subclass),
    "float32": lambda: np.ones((2, 3), np.float32),
    "swapped": lambda: np.ones((2, 3), ">f8"),
    "longer": lambda: np.ones((2, 4)),
    "rank": lambda: np.ones(6),
    "scalar": lambda: np.float64(1),
    "number": lambda: 1.0,
    "list": lambda: [[1.0, 2.0, 3.0]] * 2,
    "none": lambda: None,
}


def outcome(function: Callable[[list[Any]], Any], leaves: list[Any]) -> Any:
    """What a caller sees: results and whether they are the arguments, warnings, or the error."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            outputs = function(leaves)
        except Exception as error:
            return type(error), str(error)
    told = [str(warning.message) for warning in caught]
    same = [[out is leaf for leaf in leaves] for out in outputs]
    first = [float(out.flat[0]) for out in outputs]
    return same, first, [(out.shape, out.dtype, out.flags.writeable) for out in outputs], told


@pytest.mark.parametrize("donor", [None, 0])
@pytest.mark.parametrize("kind", [*USUAL, *UNUSUAL])
def test_a_direct_call_does_what_the_call_in_python_does(kind: str, donor: int | None) -> None:
    make, program = {**USUAL, **UNUSUAL}[kind], summing(donor)
    mine, other = make(), make()
    if kind == "aligned":
        mine[...] = other[...] = 2.0
    before = np.array(mine)
    in_python = outcome(program._in_python, [other])
    assert outcome(program, [mine]) == in_python
    if kind in UNUSUAL:
        assert direct_of(program)([mine]) is None
        np.testing.assert_array_equal(mine, before)
    elif donor is None:
        assert outcome(direct_of(program), [mine]) == in_python


@pytest.mark.parametrize("leaves", [(), (np.ones((2, 3)),), np.ones((2, 3)), None, {}])
def test_only_a_list_of_the_right_length_is_taken(leaves: Any) -> None:
    direct: Any = direct_of(summing())
    assert direct(leaves) is None
    assert direct([]) is None
    assert direct([np.ones((2, 3))] * 2) is None


def views(owner: np.ndarray) -> list[np.ndarray]:
    """Arrays of shape (2,) that show parts of an owner of eight elements."""
    return [
        owner[:2],
        owner[6:],
        owner[::-4],
        np.frombuffer(memoryview(owner)[4:6], F64),
        np.frombuffer(memoryview(owner)[:2], F64)[::-1],
        owner[2:2].reshape(0)[:0],
    ]


@pytest.mark.parametrize("make", [lambda: np.zeros(8), lambda: empty_aligned((8,), F64)])
@pytest.mark.parametrize("number", range(5))
def test_a_view_of_a_donated_array_is_seen(make: Callable[[], np.ndarray], number: int) -> None:
    shown, apart = make(), make()
    view = views(shown)[number]
    program = executable(
        NOTHING, [ArraySpec((2,), F64, "v"), ArraySpec((8,), F64, "w")], [ResultSpec((8,), F64, 1)]
    )
    assert direct_of(program)([view, shown]) is None
    outputs = direct_of(program)([view, apart])
    assert outputs is not None
    assert outputs[0] is apart


@given(st.data())
@settings(max_examples=300, deadline=None)
def test_donation_is_direct_exactly_where_it_has_no_fault(data: st.DataObject) -> None:
    owners = [np.zeros(8) if data.draw(st.booleans()) else empty_aligned((8,), F64) for _ in "abc"]
    choices = [*owners, *(view for owner in owners for view in views(owner)), np.zeros(0)]
    read_only = np.zeros(8)
    read_only.flags.writeable = False
    choices.append(read_only)
    arrays = data.draw(st.lists(st.sampled_from(choices), min_size=1, max_size=5))
    donors = data.draw(st.lists(st.integers(0, len(arrays) - 1), min_size=1, unique=True))
    program = executable(
        NOTHING,
        [ArraySpec(array.shape, F64, "x") for array in arrays],
        [ResultSpec(arrays[donor].shape, F64, donor) for donor in donors],
    )
    outputs = direct_of(program)(arrays)
    assert (outputs is None) == bool(donation_faults(arrays, donors))
    if outputs is not None:
        assert all(out is arrays[donor] for out, donor in zip(outputs, donors, strict=True))


@pytest.mark.parametrize("shape", [(), (0,), (1,), (3, 5), (2, 0, 4)])
@pytest.mark.parametrize("dtype", [np.bool_, np.int64, np.float32])
def test_results_are_arrays_like_any_other(shape: tuple[int, ...], dtype: type) -> None:
    program = executable(NOTHING, [], [ResultSpec(shape, np.dtype(dtype))])
    (out,), (python,) = direct_of(program)([]) or (), program._in_python([])
    assert type(out) is np.ndarray
    assert (out.shape, out.dtype, out.strides) == (shape, dtype, python.strides)
    assert out.ctypes.data % ALIGNMENT == 0
    assert str(out.flags) == str(python.flags)
    assert donation_faults([out], [0]) == []


def references(things: list[Any]) -> list[int]:
    return [sys.getrefcount(thing) for thing in things]


@pytest.mark.parametrize("value", [1.0, -1.0], ids=["returns", "fails"])
def test_calls_leave_no_reference_behind(value: float) -> None:
    program = executable(
        SUM,
        [ArraySpec((2, 3), F64, "x"), ArraySpec((2, 3), F64, "w")],
        [ResultSpec((4,), F64), ResultSpec((2, 3), F64, 1)],
        arena_bytes=8,
    )
    leaves = [np.full((2, 3), value), np.zeros((2, 3))]
    watched = [*leaves, leaves, F64, None, np.ndarray, program.direct, program._fail]

    def call() -> None:
        try:
            direct_of(program)(leaves)
        except UnitError:
            assert value < 0

    call()
    before = references(watched)
    for _ in range(1000):
        call()
    after = references(watched)
    # None is everywhere: the interpreter's own use of it moves by a few.
    assert [abs(a - b) < 100 for a, b in zip(after, before, strict=True)] == [True] * len(watched)
    assert after[:4] == before[:4]
    for pool in (program._arenas, program._blocks[0]):
        assert pool is not None
        assert len(pool) == 1


def test_a_hundred_thousand_calls_keep_no_memory() -> None:
    program, leaves = summing(), [np.ones((2, 3))]
    wrong, failing = [np.ones(6)], [-np.ones((2, 3))]
    direct = direct_of(program)

    def calls(count: int) -> None:
        for _ in range(count):
            direct(leaves)
            direct(wrong)
        for _ in range(count // 10):
            with pytest.raises(UnitError):
                direct(failing)

    calls(100)
    gc.collect()
    before = sys.getallocatedblocks()
    calls(50_000)
    gc.collect()
    assert sys.getallocatedblocks() - before < 200


@pytest.mark.parametrize("refused", ["results", "arena"])
def test_an_exception_while_memory_is_made_comes_out(
    refused: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    program, leaves = summing(), [np.ones((2, 3))]
    if refused == "arena":
        held = direct_of(program)(leaves)
        assert program._arenas is not None
        program._arenas.clear()
        del held

    def refuse(blocks: Blocks) -> None:
        raise MemoryError("no more")

    before = references(leaves)
    with monkeypatch.context() as patch:
        patch.setattr(Blocks, "__call__", refuse)
        for _ in range(3):
            with pytest.raises(MemoryError, match="no more"):
                direct_of(program)(leaves)
    assert references(leaves) == before
    assert program(leaves)[0][0] == 2.0


def test_the_function_outlives_its_executable() -> None:
    direct = direct_of(summing())
    gc.collect()
    outputs = direct([np.ones((2, 3))])
    assert outputs is not None
    assert outputs[0][0] == 2.0


def test_an_executable_that_nothing_refers_to_goes() -> None:
    program = summing()
    program([np.ones((2, 3))])
    assert program._arenas is not None
    arena = weakref.ref(program._arenas)
    del program
    gc.collect()
    assert arena() is None


def test_many_threads_at_once() -> None:
    program = summing()
    wrong: list[Any] = []

    def work(number: int) -> None:
        leaves = [np.full((2, 3), float(number))]
        for _ in range(3000):
            (out,) = program(leaves)
            if out[0] != 2.0 * number:
                wrong.append((number, out))

    threads = [threading.Thread(target=work, args=(number,)) for number in range(1, 5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_a_program_with_too_many_arrays_is_called_in_python() -> None:
    count = MOST_WORDS // 2 + 1
    program = executable(NOTHING, [ArraySpec((), F64, "x")] * count, [])
    assert program.direct is None
    assert program([np.zeros(())] * count) == []


def test_a_pool_lends_a_block_to_one_at_a_time() -> None:
    pool = Blocks(16)
    first = pool.borrow()
    second = pool.borrow()
    assert first is not second
    address = first.ctypes.data
    del first
    assert pool.borrow().ctypes.data == address
    assert len(pool) == 2
