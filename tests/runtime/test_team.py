"""The thread team: all parts run, barriers part them, and nobody waits for ever."""

from __future__ import annotations

import ctypes
import multiprocessing
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from chainrule.runtime import team
from chainrule.runtime.llvm import NativeModule, compile_module
from chainrule.runtime.team import ThreadsError, limited_to, set_threads, team_addresses, threads

pytestmark = pytest.mark.skipif(not team.supported(), reason="the team is for Linux")

RUN = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int64)

# frame: barrier, run, number of rounds, then one word for each of 64 threads.
WORK = """
define void @mark(ptr %frame, i64 %thread, i64 %threads) {
  %at = add i64 %thread, 3
  %word = getelementptr i64, ptr %frame, i64 %at
  store i64 %threads, ptr %word
  ret void
}

; In each round every thread adds its left neighbour's last number to its own, and one: without
; both barriers some thread reads a number of another round.
define void @waves(ptr %frame, i64 %thread, i64 %threads) {
start:
  %barrier = load ptr, ptr %frame
  %count.at = getelementptr i64, ptr %frame, i64 2
  %count = load i64, ptr %count.at
  %own = add i64 %thread, 3
  %own.at = getelementptr i64, ptr %frame, i64 %own
  %before = add i64 %thread, %threads
  %left = sub i64 %before, 1
  %neighbour = urem i64 %left, %threads
  %other = add i64 %neighbour, 3
  %other.at = getelementptr i64, ptr %frame, i64 %other
  br label %round
round:
  %n = phi i64 [ 0, %start ], [ %next, %round ]
  %a = load i64, ptr %own.at
  %b = load i64, ptr %other.at
  call void %barrier(i64 %threads)
  %sum = add i64 %a, %b
  %new = add i64 %sum, 1
  store i64 %new, ptr %own.at
  call void %barrier(i64 %threads)
  %next = add i64 %n, 1
  %more = icmp ult i64 %next, %count
  br i1 %more, label %round, label %end
end:
  ret void
}

; Runs @mark from inside a run.
define void @nested(ptr %frame, i64 %thread, i64 %threads) {
  %at = getelementptr ptr, ptr %frame, i64 1
  %run = load ptr, ptr %at
  %leads = icmp eq i64 %thread, 0
  br i1 %leads, label %inner, label %done
inner:
  call void %run(ptr @mark, ptr %frame, i64 2)
  br label %done
done:
  ret void
}
"""


@pytest.fixture(scope="module")
def work() -> NativeModule:
    return compile_module(WORK)


def call(module: NativeModule, name: str, wanted: int, rounds: int = 0) -> list[int]:
    """The words that the threads leave behind."""
    addresses = team_addresses()
    frame = (ctypes.c_int64 * 67)(addresses["barrier"], addresses["run"], rounds)
    RUN(addresses["run"])(module.address(name), ctypes.addressof(frame), wanted)
    return list(frame[3:])


def waves(count: int, rounds: int) -> list[int]:
    """What `@waves` comes to, mod 2**64 as signed numbers."""
    state = np.zeros(count, np.int64)
    with np.errstate(over="ignore"):
        for _ in range(rounds):
            state = state + np.roll(state, 1) + 1
    return state.tolist()


@pytest.mark.parametrize("wanted", [1, 2, 3, 7, 64, 1000])
def test_every_thread_takes_part_once(work: NativeModule, wanted: int) -> None:
    count = min(wanted, 64)
    assert call(work, "mark", wanted) == [count] * count + [0] * (64 - count)


@pytest.mark.parametrize(("wanted", "rounds"), [(1, 10), (2, 20_000), (3, 2_000), (7, 300)])
def test_barriers_part_the_rounds(work: NativeModule, wanted: int, rounds: int) -> None:
    assert call(work, "waves", wanted, rounds)[:wanted] == waves(wanted, rounds)


def test_many_short_runs(work: NativeModule) -> None:
    for n in range(2_000):
        wanted = 1 + n % 3
        assert call(work, "mark", wanted)[:4] == [wanted] * wanted + [0] * (4 - wanted)


def test_several_callers_at_once(work: NativeModule) -> None:
    """One of them has the team, the others work alone; alone or not, all is done."""

    def caller(seed: int) -> bool:
        marks = [call(work, "mark", 2)[:2] for _ in range(300)]
        return all(mark in ([2, 2], [1, 0]) for mark in marks)

    with ThreadPoolExecutor(4) as pool:
        assert all(pool.map(caller, range(8)))


def test_a_run_inside_a_run_is_done_alone(work: NativeModule) -> None:
    assert call(work, "nested", 2)[:2] == [1, 0]


def _in_child(work_text: str, queue: multiprocessing.Queue[list[int]]) -> None:
    queue.put(call(compile_module(work_text), "waves", 2, 500)[:2])


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
@pytest.mark.filterwarnings("ignore:os.fork:RuntimeWarning")  # of libraries with threads
def test_a_child_has_a_team_of_its_own(work: NativeModule) -> None:
    assert call(work, "mark", 2)[:2] == [2, 2]
    context = multiprocessing.get_context("fork")
    queue = context.Queue()
    child = context.Process(target=_in_child, args=(WORK, queue))
    child.start()
    assert queue.get(timeout=60) == waves(2, 500)
    child.join(60)
    assert child.exitcode == 0
    assert call(work, "waves", 2, 500)[:2] == waves(2, 500)


def test_a_process_with_a_team_ends() -> None:
    script = (
        "import numpy as np, chainrule as cr\n"
        "x = np.ones((2000, 500), np.float32)\n"
        "print(float(cr.compile(np.tanh)(x)[0, 0]))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, timeout=120, check=True
    )
    np.testing.assert_allclose(float(done.stdout), np.tanh(np.float32(1)), rtol=1e-6)


def test_how_many_threads_there_are(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CHAINRULE_THREADS", "3")
    assert threads() == 3
    with limited_to(5):
        assert threads() == 5
    assert threads() == 3


@pytest.mark.parametrize(
    "bad", [lambda: set_threads(0), lambda: set_threads(65), lambda: set_threads(True)]
)
def test_a_number_of_threads_that_cannot_be(bad: Callable[[], None]) -> None:
    with pytest.raises(ThreadsError, match="wanted a whole number from 1 to 64"):
        bad()


@pytest.mark.parametrize("bad", ["", "two", "-1", "0", "1.5"])
def test_the_environment_is_checked(bad: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CHAINRULE_THREADS", bad)
    with pytest.raises(ThreadsError, match="CHAINRULE_THREADS is"):
        threads()
