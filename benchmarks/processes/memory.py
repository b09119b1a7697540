"""The most memory that training steps hold at once, beyond a process that has trained before.

A process trains, forgets, and gives free memory back to the system: what libraries and programs
hold for good is then there. It trains again, and the highest resident memory from the second step
on counts, less what was there before. Programs come from a disk cache that an earlier process
filled, so that compilation leaves little behind. `need` is what parameters, velocities, examples
and the saved activations take; for attention, inputs and weights with their gradients, and what
the heads read and write: nothing that grows with the square of the length.
"""

from __future__ import annotations

import ctypes
import gc
import itertools
import re
import tempfile
from collections.abc import Iterator
from pathlib import Path

from ..runner import contestants
from ..runner.arena import Arena
from ..runner.results import Figure, Row
from ..runner.worker import find
from ..runner.workload import Goal, Sizes, Skip, Workload
from ..workloads import attention, mlp
from .turns import in_turns

STATUS, RESET = Path("/proc/self/status"), Path("/proc/self/clear_refs")
STEPS = 4
LARGE_BATCH = 4096
LENGTHS = (2048, 4096)
GOALS = (Goal(1.0), Goal(1.3, to="need"))


def rows(arena: Arena) -> Iterator[Row]:
    """The step as it is, with a batch whose activations outweigh the parameters; long attention."""
    workload = mlp.mnist.resized(arena.sizes)
    (sizes,) = workload.cases.values()
    goals = GOALS if workload is mlp.mnist else ()
    yield _row(arena, mlp.mnist, "batch", sizes, goals)
    yield _row(arena, mlp.mnist, "batch", {**sizes, "batch": LARGE_BATCH}, ())
    (sizes,) = attention.attention.resized(arena.sizes).cases.values()
    for length in LENGTHS:
        yield _row(
            arena, attention.attention, "length", {**sizes, "batch": 1, "length": length}, ()
        )


def need(workload: Workload, sizes: Sizes) -> int:
    """Bytes of what a step cannot do without, in float32."""
    return 4 * (_of_attention(**sizes) if workload is attention.attention else _of_mlp(**sizes))


def _of_attention(batch: int, length: int, width: int, heads: int) -> int:
    """Inputs, cotangents, gradients; queries, keys, values, what heads give; weights twice."""
    return 7 * batch * length * width + 2 * 4 * width * width


def _of_mlp(batch: int, widths: tuple[int, ...]) -> int:
    """Parameters, their velocities, examples and activations."""
    params = sum((n + 1) * m for n, m in itertools.pairwise(widths))
    return 2 * params + batch * sum(widths)


def _row(arena: Arena, workload: Workload, axis: str, sizes: Sizes, goals: tuple[Goal, ...]) -> Row:
    place = workload.module, workload.name

    def measure(name: str) -> float:
        with tempfile.TemporaryDirectory() as folder:
            variables = contestants.cache_in(name, folder)
            for _ in ("fills the cache", "counts"):
                with arena.fresh(name, variables) as process:
                    found = process.ask("call", __name__, "peak", name, *place, sizes)
            return float(found)

    names = arena.taking_part(workload.contestants)
    peaks, skipped = in_turns(names, arena.rounds, measure)
    figures = {name: Figure.of(taken) for name, taken in peaks.items()}
    figures["need"] = Figure.of([float(need(workload, sizes))])
    case = f"{workload.name} {axis} {sizes[axis]}"
    return Row("memory", case, "B", figures, goals, skipped=skipped)


def peak(contestant: str, module: str, workload: str, sizes: Sizes) -> int:
    """Bytes at most in use during some steps, in this process."""
    if not RESET.exists():
        raise Skip("peaks of memory are read as Linux shows them")
    found = find(module, workload)
    _train(found, contestant, sizes)
    _give_back()
    before = _status("VmRSS")
    return _train(found, contestant, sizes) - before


def _train(workload: Workload, contestant: str, sizes: Sizes) -> int:
    """Do some steps; the most memory that was in use after the first."""
    step = workload.make_step(contestant, sizes)
    step()
    _give_back()
    RESET.write_text("5", encoding="ascii")  # the highest value starts again from now
    for _ in range(STEPS):
        step()
    return _status("VmHWM")


def _give_back() -> None:
    """Return what is free to the system."""
    gc.collect()
    ctypes.CDLL(None).malloc_trim(0)


def _status(name: str) -> int:
    found = re.search(rf"^{name}:\s*(\d+) kB", STATUS.read_text(encoding="ascii"), re.MULTILINE)
    if found is None:
        raise Skip(f"the system does not tell {name}")
    return 1024 * int(found.group(1))
