"""The thread team: every item is done once, stages are parted, and nobody waits for ever."""

from __future__ import annotations

import ctypes
import multiprocessing
import os
import signal
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

# frame: claim, finish, await, run, number of rounds, threads; then two rows of 64 numbers, and for
# each round one word of claims and one that counts what is done.
WORK = """
; In each round every number becomes the sum of itself, its left neighbour and one: from one row
; to the other. Without the wait some thread reads a number of another round; an item that is left
; out or done twice is seen at the end.
define void @waves(ptr %frame, i64 %thread, i64 %threads) {
start:
  %claim = load ptr, ptr %frame
  %finish.at = getelementptr i64, ptr %frame, i64 1
  %finish = load ptr, ptr %finish.at
  %await.at = getelementptr i64, ptr %frame, i64 2
  %await = load ptr, ptr %await.at
  %count.at = getelementptr i64, ptr %frame, i64 4
  %count = load i64, ptr %count.at
  %leads = icmp eq i64 %thread, 0
  br i1 %leads, label %note, label %round
note:
  %threads.at = getelementptr i64, ptr %frame, i64 5
  store i64 %threads, ptr %threads.at
  br label %round
round:
  %n = phi i64 [ 0, %start ], [ 0, %note ], [ %next, %over ]
  %even = and i64 %n, 1
  %row = mul i64 %even, 64
  %from = add i64 %row, 6
  %to = sub i64 70, %row
  %words = mul i64 %n, 2
  %place = add i64 %words, 134
  %claims = getelementptr i64, ptr %frame, i64 %place
  %done = getelementptr i64, ptr %claims, i64 1
  br label %turn
turn:
  %d = phi i64 [ 0, %round ], [ %d.next, %turned ]
  %own = icmp eq i64 %d, 0
  %sum = add i64 %thread, %d
  %item = urem i64 %sum, %threads
  %mine = call i1 %claim(ptr %claims, i64 %item, i1 %own)
  br i1 %mine, label %do, label %turned
do:
  %here = add i64 %from, %item
  %before = add i64 %item, %threads
  %left = sub i64 %before, 1
  %neighbour = urem i64 %left, %threads
  %other = add i64 %from, %neighbour
  %here.at = getelementptr i64, ptr %frame, i64 %here
  %other.at = getelementptr i64, ptr %frame, i64 %other
  %a = load i64, ptr %here.at
  %b = load i64, ptr %other.at
  %both = add i64 %a, %b
  %value = add i64 %both, 1
  %there = add i64 %to, %item
  %there.at = getelementptr i64, ptr %frame, i64 %there
  store i64 %value, ptr %there.at
  call void %finish(ptr %done, i64 %threads)
  br label %turned
turned:
  %d.next = add i64 %d, 1
  %more = icmp ult i64 %d.next, %threads
  br i1 %more, label %turn, label %over
over:
  call void %await(ptr %done, i64 %threads)
  %next = add i64 %n, 1
  %again = icmp ult i64 %next, %count
  br i1 %again, label %round, label %end
end:
  ret void
}

; Runs @waves from inside a run.
define void @nested(ptr %frame, i64 %thread, i64 %threads) {
  %at = getelementptr ptr, ptr %frame, i64 3
  %run = load ptr, ptr %at
  %leads = icmp eq i64 %thread, 0
  br i1 %leads, label %inner, label %done
inner:
  call void %run(ptr @waves, ptr %frame, i64 2)
  br label %done
done:
  ret void
}
"""


@pytest.fixture(scope="module")
def work() -> NativeModule:
    return compile_module(WORK)


def call(module: NativeModule, wanted: int, rounds: int = 1, name: str = "waves") -> list[int]:
    """The numbers that the threads leave behind, one for each thread that might come."""
    addresses = team_addresses()
    given = [addresses[each] for each in ("claim", "finish", "await", "run")]
    frame = (ctypes.c_int64 * (134 + 2 * rounds))(*given, rounds)
    RUN(addresses["run"])(module.address(name), ctypes.addressof(frame), wanted)
    row = 6 + 64 * (rounds % 2)
    return list(frame[row : row + frame[5]])


def waves(count: int, rounds: int) -> list[int]:
    """What `@waves` comes to, mod 2**64 as signed numbers."""
    state = np.zeros(count, np.int64)
    with np.errstate(over="ignore"):
        for _ in range(rounds):
            state = state + np.roll(state, 1) + 1
    return state.tolist()


@pytest.mark.parametrize(
    ("wanted", "rounds"), [(1, 10), (2, 20_000), (3, 2_000), (7, 300), (64, 20), (1000, 3)]
)
def test_every_item_is_done_once_and_in_its_round(
    work: NativeModule, wanted: int, rounds: int
) -> None:
    assert call(work, wanted, rounds) == waves(min(wanted, 64), rounds)


def test_many_short_runs(work: NativeModule) -> None:
    """Workers that wake when a run is over already do not take part in the next by mistake."""
    for n in range(2_000):
        wanted = 1 + n % 3
        assert call(work, wanted) == [1] * wanted


def test_several_callers_at_once(work: NativeModule) -> None:
    """One of them has the team, the others work alone; alone or not, all is done."""

    def caller(seed: int) -> bool:
        found = [call(work, 2, 2) for _ in range(300)]
        return all(each in ([3, 3], [3]) for each in found)

    with ThreadPoolExecutor(4) as pool:
        assert all(pool.map(caller, range(8)))


def test_a_run_inside_a_run_is_done_alone(work: NativeModule) -> None:
    assert call(work, 2, name="nested") == [1]


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_nobody_waits_for_threads_that_do_not_come(work: NativeModule) -> None:
    """After C's own fork the team counts workers that the child does not have."""
    assert call(work, 3, 100) == waves(3, 100)
    child = ctypes.PyDLL(None).fork()
    if child == 0:
        signal.alarm(60)
        os._exit(int(call(work, 3, 100) != waves(3, 100)))
    assert os.waitpid(child, 0)[1] == 0


def _in_child(work_text: str, queue: multiprocessing.Queue[list[int]]) -> None:
    queue.put(call(compile_module(work_text), 2, 500))


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
@pytest.mark.filterwarnings("ignore:os.fork:RuntimeWarning")  # of libraries with threads
def test_a_child_has_a_team_of_its_own(work: NativeModule) -> None:
    assert call(work, 2) == [1, 1]
    context = multiprocessing.get_context("fork")
    queue = context.Queue()
    child = context.Process(target=_in_child, args=(WORK, queue))
    child.start()
    assert queue.get(timeout=60) == waves(2, 500)
    child.join(60)
    assert child.exitcode == 0
    assert call(work, 2, 500) == waves(2, 500)


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
