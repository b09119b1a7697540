"""What the machine can do at best: multiply-adds, copies, meetings, and the smallest call."""

from __future__ import annotations

import ctypes
import os
import threading
import time
from collections.abc import Callable
from functools import partial

import numpy as np

import chainrule as cr
from chainrule.runtime.llvm import compile_module, host

from .arena import Arena
from .results import Ceilings
from .workload import Skip

CHAINS = 12
"""Independent multiply-adds in flight: enough for four cycles of latency, three a cycle."""

STEPS = 100_000
COPIED = 4096 * 1024
MEETINGS = 1000


def measure(arena: Arena) -> Ceilings:
    """The ceilings now, in a process that has the contestants' threads and cores."""
    try:
        return Ceilings(*arena.process("chainrule").ask("call", __name__, "rates", arena.threads))
    except Skip as reason:
        raise RuntimeError(f"the ceilings cannot be measured: {reason}") from None


def rates(threads: int) -> tuple[float, float, float, float, float, float]:
    """FLOP/s of one and of all threads, bytes/s copied likewise, seconds of a call, a meeting."""
    loop = multiply_adds()
    flop = 2 * (host().vector_bits // 32) * CHAINS * STEPS
    target, source = (np.ones(COPIED, np.float32) for _ in range(2))
    copied = 2 * source.nbytes  # read and written
    parts = zip(np.array_split(target, threads), np.array_split(source, threads), strict=True)
    increment, one = cr.compile(lambda x: x + 1), np.ones(1, np.float32)
    return (
        flop / best([loop]),
        threads * flop / best([loop] * threads),
        copied / best([partial(np.copyto, target, source)]),
        copied / best([partial(np.copyto, *pair) for pair in parts]),
        best([lambda: [increment(one) for _ in range(1000)]]) / 1000,
        best(meetings()) / MEETINGS if threads > 1 and several_cores() else 0.0,
    )


def several_cores() -> bool:
    """Whether threads of this process can run at the same time."""
    return len(os.sched_getaffinity(0)) > 1 if hasattr(os, "sched_getaffinity") else True


def best(tasks: list[Callable[[], object]], rounds: int = 60) -> float:
    """Seconds until all tasks are done, each on a thread of its own; the best of many rounds."""
    ready = threading.Barrier(len(tasks))
    spans: list[list[tuple[float, float]]] = [[] for _ in tasks]

    def repeat(task: Callable[[], object], found: list[tuple[float, float]]) -> None:
        for _ in range(rounds):
            ready.wait()
            started = time.perf_counter()
            task()
            found.append((started, time.perf_counter()))

    others = [
        threading.Thread(target=repeat, args=pair)
        for pair in zip(tasks[1:], spans[1:], strict=True)
    ]
    for thread in others:
        thread.start()
    repeat(tasks[0], spans[0])
    for thread in others:
        thread.join()
    return min(
        max(end for _, end in turn) - min(begin for begin, _ in turn)
        for turn in zip(*spans, strict=True)
    )


def multiply_adds() -> Callable[[], object]:
    """A native loop of independent vector multiply-adds in float32."""
    lanes = host().vector_bits // 32
    kind, fma = f"<{lanes} x float>", f"@llvm.fma.v{lanes}f32"
    lines = [
        f"declare {kind} {fma}({kind}, {kind}, {kind})",
        "define void @peak(ptr %memory) {",
        f"start:\n  %w = load {kind}, ptr %memory, align 4\n  br label %loop",
        "loop:\n  %i = phi i64 [ 0, %start ], [ %j, %loop ]",
        *[f"  %x{n} = phi {kind} [ %w, %start ], [ %y{n}, %loop ]" for n in range(CHAINS)],
        *[
            f"  %y{n} = call {kind} {fma}({kind} %x{n}, {kind} %w, {kind} %w)"
            for n in range(CHAINS)
        ],
        f"  %j = add i64 %i, 1\n  %more = icmp ult i64 %j, {STEPS}",
        "  br i1 %more, label %loop, label %end\nend:",
        *[f"  store volatile {kind} %y{n}, ptr %memory, align 4" for n in range(CHAINS)],
        "  ret void\n}",
    ]
    module = compile_module("\n".join(lines))
    function = ctypes.CFUNCTYPE(None, ctypes.c_void_p)(module.address("peak"))

    def run() -> object:
        assert module  # the code lives as long as the module
        memory = np.full(lanes, 0.5, np.float32)
        return function(memory.ctypes.data)

    return run


def meetings() -> list[Callable[[], object]]:
    """Two native loops; a round of one ends when the other has begun the same."""
    module = compile_module(f"""
define void @meet(ptr %mine, ptr %other) {{
start:
  %before = load i64, ptr %mine, align 64
  %last = add i64 %before, {MEETINGS}
  br label %round
round:
  %n = phi i64 [ %before, %start ], [ %here, %met ]
  %here = add i64 %n, 1
  store atomic i64 %here, ptr %mine release, align 64
  br label %wait
wait:
  %there = load atomic i64, ptr %other acquire, align 64
  %alone = icmp ult i64 %there, %here
  br i1 %alone, label %wait, label %met
met:
  %more = icmp ult i64 %here, %last
  br i1 %more, label %round, label %end
end:
  ret void
}}""")
    function = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_void_p)(module.address("meet"))
    memory = np.zeros(48, np.int64)
    start = memory.ctypes.data + -memory.ctypes.data % 64
    one, other = start, start + 128  # on cache lines apart, and on pairs of these

    def meet(mine: int, others: int) -> object:
        assert module  # the code lives as long as the module
        assert memory.size
        return function(mine, others)

    return [partial(meet, one, other), partial(meet, other, one)]
