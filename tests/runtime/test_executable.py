"""The binary interface, seen by entries written by hand."""

import ctypes
import threading
import warnings
from functools import cache
from typing import Any

import numpy as np
import pytest

from chainrule.runtime import executable as executable_module
from chainrule.runtime.blocks import ALIGNMENT
from chainrule.runtime.errors import (
    ChainruleError,
    ChainruleWarning,
    DonationWarning,
    MismatchError,
)
from chainrule.runtime.executable import Executable, Status
from chainrule.runtime.llvm import NativeModule, compile_module
from chainrule.runtime.specs import ArraySpec, ResultSpec

F64 = np.dtype(np.float64)
I64 = np.dtype(np.int64)
ENTRY = "define i64 @entry(ptr %args, ptr %strides, ptr %results, ptr %arena, ptr %imports, ptr %s)"

# results[0] = 2 * arguments[0], matrices, by way of the arena; the input may have any strides.
DOUBLE = """
ENTRY {
entry:
  %p = load ptr, ptr %args
  %out = load ptr, ptr %results
  %s0 = load i64, ptr %strides
  %s1.at = getelementptr i64, ptr %strides, i64 1
  %s1 = load i64, ptr %s1.at
  br label %rows
rows:
  %i = phi i64 [0, %entry], [%i.next, %rows.end]
  %more = icmp slt i64 %i, ROWS
  br i1 %more, label %columns, label %copy
columns:
  %j = phi i64 [0, %rows], [%j.next, %column]
  %inside = icmp slt i64 %j, COLUMNS
  br i1 %inside, label %column, label %rows.end
column:
  %o0 = mul i64 %i, %s0
  %o1 = mul i64 %j, %s1
  %o = add i64 %o0, %o1
  %at = getelementptr i8, ptr %p, i64 %o
  %v = load double, ptr %at, align 1
  %w = fmul double %v, 2.0
  %k0 = mul i64 %i, COLUMNS
  %k = add i64 %k0, %j
  %to = getelementptr double, ptr %arena, i64 %k
  store double %w, ptr %to
  %j.next = add i64 %j, 1
  br label %columns
rows.end:
  %i.next = add i64 %i, 1
  br label %rows
copy:
  %bytes = mul i64 8, SIZE
  call void @llvm.memcpy.p0.p0.i64(ptr %out, ptr %arena, i64 %bytes, i1 0)
  ret i64 0
}
declare void @llvm.memcpy.p0.p0.i64(ptr, ptr, i64, i1)
"""

# results[0] += 1 in the memory of arguments[0].
INCREMENT = """
ENTRY {
  %p = load ptr, ptr %results
  %v = load double, ptr %p, align 1
  %w = fadd double %v, 1.0
  store double %w, ptr %p, align 1
  ret i64 0
}
"""

# Fails with unit 7 and the code in arguments[0], unless that is 0.
FAIL = """
ENTRY {
  %p = load ptr, ptr %args
  %code = load i64, ptr %p
  store i64 7, ptr %s
  %at = getelementptr i64, ptr %s, i64 1
  store i64 %code, ptr %at
  ret i64 %code
}
"""

# Calls imports[1] with the arena and returns what it says; results[0] is arguments[0].
IMPORT = """
ENTRY {
  %f.at = getelementptr ptr, ptr %imports, i64 1
  %f = load ptr, ptr %f.at
  %p = load ptr, ptr %args
  %v = load i64, ptr %p
  store i64 %v, ptr %arena
  %failed = call i64 %f(ptr %arena)
  %w = load i64, ptr %arena
  %out = load ptr, ptr %results
  store i64 %w, ptr %out
  ret i64 %failed
}
"""

# results[0] = *status.interrupt
INTERRUPT = """
ENTRY {
  %at = getelementptr i64, ptr %s, i64 2
  %flag = load ptr, ptr %at
  %v = load i32, ptr %flag
  %w = sext i32 %v to i64
  %out = load ptr, ptr %results
  store i64 %w, ptr %out
  ret i64 0
}
"""


# results[0] = 1, then wait until somebody writes 2 there; gives up after some seconds.
SPIN = """
ENTRY {
entry:
  %p = load ptr, ptr %results
  store atomic volatile i64 1, ptr %p seq_cst, align 8
  br label %wait
wait:
  %i = phi i64 [0, %entry], [%next, %again]
  %v = load atomic volatile i64, ptr %p seq_cst, align 8
  %seen = icmp eq i64 %v, 2
  br i1 %seen, label %done, label %again
again:
  %next = add i64 %i, 1
  %late = icmp eq i64 %next, 10000000000
  br i1 %late, label %fail, label %wait
done:
  ret i64 0
fail:
  ret i64 1
}
"""


@pytest.fixture(params=["direct", "python"], autouse=True)
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Each test runs twice: with the direct call, and as where there is none."""
    if request.param == "python":
        monkeypatch.setattr(executable_module, "direct_call", lambda *_: None)
    return str(request.param)


@cache
def module(text: str) -> NativeModule:
    return compile_module(text.replace("ENTRY", ENTRY))


class UnitError(ChainruleError):
    """What the tests' programs raise."""


def executable(
    text: str, arguments: list[ArraySpec], results: list[ResultSpec], **options: Any
) -> Executable:
    native = module(text)
    return Executable(
        native.address("entry"),
        tuple(arguments),
        tuple(results),
        on_status=lambda unit, code: UnitError(f"unit {unit}, code {code}"),
        keepalive=(native,),
        **options,
    )


def doubling(rows: int, columns: int) -> Executable:
    text = DOUBLE.replace("ROWS", str(rows)).replace("COLUMNS", str(columns))
    shape, size = (rows, columns), rows * columns
    return executable(
        text.replace("SIZE", str(size)),
        [ArraySpec(shape, F64, "x")],
        [ResultSpec(shape, F64)],
        arena_bytes=8 * size,
    )


def incrementing(shape: tuple[int, ...] = (1,)) -> Executable:
    return executable(INCREMENT, [ArraySpec(shape, F64, "w")], [ResultSpec(shape, F64, donor=0)])


BASE = np.arange(48.0).reshape(6, 8)
MISALIGNED = np.frombuffer(b"." + BASE[:3, :4].tobytes(), F64, offset=1).reshape(3, 4)


@pytest.mark.parametrize(
    "array",
    [
        BASE[:3, :4].copy(),
        BASE[:3, :4],
        BASE[::2, ::2],
        BASE[2::-1, 3::-1],
        BASE[:4, :3].T,
        np.broadcast_to(BASE[0, :4], (3, 4)),
        MISALIGNED,
    ],
    ids=["contiguous", "rows", "steps", "negative", "transposed", "broadcast", "misaligned"],
)
def test_arguments_of_any_layout(array: np.ndarray) -> None:
    before = array.copy()
    (out,) = doubling(3, 4)([array])
    np.testing.assert_array_equal(out, 2 * before)
    np.testing.assert_array_equal(array, before)


@pytest.mark.parametrize("shape", [(0, 4), (4, 0), (0, 0), (1, 1), (1, 5)])
def test_small_and_empty_arrays(shape: tuple[int, int]) -> None:
    (out,) = doubling(*shape)([np.ones(shape)])
    np.testing.assert_array_equal(out, np.full(shape, 2.0))


def test_scalars() -> None:
    scalar = np.array(5.0)
    (out,) = incrementing(())([scalar])
    assert out is scalar
    assert out.shape == ()
    assert out == 6.0


def test_no_arguments_and_no_results() -> None:
    nothing = executable("ENTRY { ret i64 0 }", [], [])
    assert nothing([]) == []


def test_results_are_aligned_contiguous_and_stay_valid() -> None:
    program = doubling(2, 3)
    outputs = [program([np.full((2, 3), float(i))])[0] for i in range(20)]
    for i, out in enumerate(outputs):
        assert out.ctypes.data % ALIGNMENT == 0
        assert out.flags.c_contiguous
        np.testing.assert_array_equal(out, np.full((2, 3), 2.0 * i))


def test_a_donated_array_is_the_result() -> None:
    weights = np.array([1.0])
    (out,) = incrementing()([weights])
    assert out is weights
    assert weights == [2.0]


def test_a_result_can_be_donated() -> None:
    (out,) = doubling(1, 1)([np.ones((1, 1))])
    (again,) = incrementing((1, 1))([out])
    assert again is out
    assert out == [[3.0]]


def read_only() -> np.ndarray:
    array = np.ones(1)
    array.flags.writeable = False
    return array


@pytest.mark.parametrize(
    ("array", "reason"),
    [(read_only(), "is read-only"), (np.ones(3)[:1], "is a view")],
)
def test_what_cannot_be_donated_is_copied(array: np.ndarray, reason: str) -> None:
    with pytest.warns(DonationWarning, match=f"argument `w` {reason}") as caught:
        (out,) = incrementing()([array])
    assert issubclass(caught[0].category, ChainruleWarning)
    assert caught[0].filename == __file__
    assert out == [2.0]
    assert array == [1.0]


def test_an_array_donated_twice_is_copied_twice() -> None:
    array = np.ones(1)
    specs = [ArraySpec((1,), F64, "v"), ArraySpec((1,), F64, "w")]
    program = executable(INCREMENT, specs, [ResultSpec((1,), F64, 0), ResultSpec((1,), F64, 1)])
    with pytest.warns(DonationWarning, match="is passed twice"):
        first, second = program([array, array])
    assert (array, first, second) == ([1.0], [2.0], [1.0])


@pytest.mark.parametrize(
    ("results", "message"),
    [
        ([ResultSpec((2,), F64, 0)], "differs in type from its donor `w`"),
        ([ResultSpec((1,), I64, 0)], "differs in type from its donor `w`"),
        ([ResultSpec((1,), F64, 0)] * 2, "Two results take the memory of argument `w`"),
    ],
)
def test_wrong_donations_are_refused(results: list[ResultSpec], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        executable(INCREMENT, [ArraySpec((1,), F64, "w")], results)


def test_a_status_becomes_an_exception() -> None:
    program = executable(FAIL, [ArraySpec((), I64, "code")], [])
    with pytest.raises(UnitError, match="unit 7, code 3"):
        program([np.array(3)])
    with pytest.raises(UnitError, match="unit 7, code -1"):
        program([np.array(-1)])
    assert program([np.array(0)]) == []


def test_the_status_has_the_documented_layout() -> None:
    fields = {name: getattr(Status, name).offset for name in ("unit", "code", "interrupt")}
    assert fields == {"unit": 0, "code": 8, "interrupt": 16}


def test_the_interrupt_word_is_there_and_zero() -> None:
    (out,) = executable(INTERRUPT, [], [ResultSpec((), I64)])([])
    assert out == 0


CALLBACK = ctypes.CFUNCTYPE(ctypes.c_int64, ctypes.POINTER(ctypes.c_int64))


def importing(function: Any) -> Executable:
    """A program that lets a callback work on its arena."""
    callback = CALLBACK(function)
    address = ctypes.cast(callback, ctypes.c_void_p).value or 0
    native = module(IMPORT)
    return Executable(
        native.address("entry"),
        (ArraySpec((), I64, "x"),),
        (ResultSpec((), I64),),
        arena_bytes=8,
        imports=(0, address),
        keepalive=(native, callback),
        on_status=lambda unit, code: UnitError(f"unit {unit}, code {code}"),
    )


def test_imports_are_called_through_the_table() -> None:
    def add_ten(cell: Any) -> int:
        cell[0] += 10
        return 0

    (out,) = importing(add_ten)([np.array(5)])
    assert out == 15


def test_the_arena_is_aligned() -> None:
    def address(cell: Any) -> int:
        cell[0] = ctypes.addressof(cell.contents)
        return 0

    (out,) = importing(address)([np.array(5)])
    assert out % ALIGNMENT == 0


def test_a_program_may_call_itself() -> None:
    def factorial(cell: Any) -> int:
        n = cell[0]
        if n > 1:
            (smaller,) = program([np.array(n - 1)])
            cell[0] = n * int(smaller)
        return 0

    program = importing(factorial)
    (out,) = program([np.array(6)])
    assert out == 720


def test_concurrent_calls_have_arenas_of_their_own() -> None:
    count = 4
    meeting = threading.Barrier(count, timeout=60)

    def wait(cell: Any) -> int:
        before = cell[0]
        meeting.wait()
        return int(cell[0] != before)

    program = importing(wait)
    results: dict[int, int] = {}

    def work(number: int) -> None:
        for _ in range(20):
            (out,) = program([np.array(number)])
            results[number] = int(out)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == {number: number for number in range(count)}


def test_python_runs_while_an_entry_runs() -> None:
    word = np.zeros((), np.int64)
    program = executable(SPIN, [ArraySpec((), I64, "word")], [ResultSpec((), I64, donor=0)])
    outputs: list[np.ndarray] = []
    thread = threading.Thread(target=lambda: outputs.extend(program([word])))
    thread.start()
    while word != 1 and thread.is_alive():
        pass
    word[...] = 2
    thread.join()
    assert outputs == [word]  # empty if the entry gave up


def test_calls_without_a_fault_do_not_warn() -> None:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        incrementing()([np.ones(1)])
    assert caught == []


def test_numpy_scalars_are_arrays_without_axes() -> None:
    (out,) = incrementing(())([np.float64(2.5)])
    assert out == 3.5


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ([], "The program takes 1 arrays, and 0 were given"),
        ([np.ones(1), np.ones(1)], "takes 1 arrays, and 2 were given"),
        ([1.0], r"`w` is a float, and the program was compiled for float64\[1\]"),
        ([None], "`w` is a NoneType"),
        ([np.ones(2)], r"`w` is float64\[2\], and the program was compiled for float64\[1\]"),
        ([np.ones(1, np.float32)], r"`w` is float32\[1\]"),
        ([np.ones(1, ">f8")], r"`w` is >f8\[1\]"),
        ([np.float64(1)], r"`w` is float64\[\]"),
    ],
)
def test_what_a_program_was_not_compiled_for_ends_in_a_sentence(
    arrays: list[Any], message: str
) -> None:
    with pytest.raises(MismatchError, match=message):
        incrementing()(arrays)


def test_memory_of_a_dead_result_is_used_again() -> None:
    program, ones = doubling(2, 3), np.ones((2, 3))
    addresses = set()
    for _ in range(20):
        (out,) = program([ones])
        addresses.add(out.ctypes.data)
        del out
    assert len(addresses) == 1


@pytest.mark.parametrize(
    "show", [lambda out: out[0], lambda out: out.T[::-1], memoryview, lambda out: out.base]
)
def test_memory_that_anything_shows_is_not_used_again(show: Any) -> None:
    program = doubling(2, 3)
    views = [show(program([np.full((2, 3), float(i))])[0]) for i in range(10)]
    shown = [np.asarray(view).ctypes.data for view in views]
    assert len(set(shown)) == 10


def test_a_long_lived_result_is_not_kept_by_the_program() -> None:
    program = doubling(2, 3)
    outputs = [program([np.ones((2, 3))]) for _ in range(10)]
    assert len(outputs) == 10
    (blocks,) = program._blocks
    assert blocks is not None
    assert len(blocks) == executable_module.RESULTS_KEPT
