"""From a fresh process to the first result of a training step, with the disk cache empty and full.

The network of the digits demo: 64-64-32-10, tanh, softmax cross-entropy, SGD with momentum, batch
32, float32. Every measurement is a process of its own; contestants take turns. Each has its
persistent cache in a folder that is empty for "cold" and that the cold process filled for "warm".
Importing NumPy counts in all of them.

    python benchmarks/warm_start.py [--rounds 7]
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).parent

# What a contestant imports and does, between the first line of its process and the first loss.
FIRST_STEP = """
import time
started = time.perf_counter()
import json, sys
sys.path.insert(0, {here!r})
import numpy
{imports}
imported = time.perf_counter()
from training_step import {make}, initial
step = {make}(*initial([64, 64, 32, 10], 32))
loss = float(step())
done = time.perf_counter()
print(json.dumps([imported - started, done - imported, loss]))
"""

# JAX keeps a program only when it took longer than a second to compile, unless told otherwise.
JAX = """
import jax
jax.config.update("jax_persistent_cache_min_compile_time_secs", 0)
jax.config.update("jax_persistent_cache_min_entry_size_bytes", -1)
"""

CONTESTANTS = {
    "chainrule": ("import chainrule", "chainrule_step", "CHAINRULE_CACHE_DIR"),
    "jax": (JAX, "jax_step", "JAX_COMPILATION_CACHE_DIR"),
    "torch": ("import torch", "torch_step", ""),
    "numpy": ("", "numpy_step", ""),
}
"""What is imported, the step of `training_step`, and the variable that names the cache's folder."""


def run(name: str, folder: str) -> tuple[float, float, float, float]:
    """Seconds of the whole process, of its imports, from there to the first loss; and the loss."""
    imports, make, variable = CONTESTANTS[name]
    script = FIRST_STEP.format(here=str(HERE), imports=imports, make=make)
    environment = {**os.environ, **({variable: folder} if variable else {})}
    started = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-c", script], env=environment, capture_output=True, text=True, check=False
    )
    seconds = time.perf_counter() - started
    if done.returncode:
        raise RuntimeError(f"{name}: {done.stderr.strip().splitlines()[-1]}")
    imported, first, loss = json.loads(done.stdout.splitlines()[-1])
    return seconds, imported, first, loss


def installed() -> list[str]:
    """The contestants that run at all; this also writes Python's own compiled files."""
    names = []
    for name in CONTESTANTS:
        with tempfile.TemporaryDirectory() as folder:
            try:
                run(name, folder)
            except RuntimeError as error:
                print(f"{error}: left out")
                continue
        names.append(name)
    return names


def measure(names: list[str], rounds: int) -> dict[tuple[str, str], list[tuple[float, ...]]]:
    """The times of each contestant, cold and warm; all first losses must agree."""
    times: dict[tuple[str, str], list[tuple[float, ...]]] = {}
    losses = set()
    for _ in range(rounds):
        for name in names:
            with tempfile.TemporaryDirectory() as folder:
                for state in ("cold", "warm"):
                    *seconds, loss = run(name, folder)
                    times.setdefault((name, state), []).append(tuple(seconds))
                    losses.add(loss)
    assert max(losses) - min(losses) < 1e-4, losses
    return times


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rounds", type=int, default=7, help="turns of each contestant")
    options = parser.parse_args()
    times = measure(installed(), options.rounds)
    print(f"{platform.machine()}, Python {platform.python_version()}, best of {options.rounds}, ms")
    heads = ("process", "median", "import", "first result")
    print(f"{'':18}" + "".join(f"{head:>14}" for head in heads))
    for (name, state), taken in times.items():
        if not CONTESTANTS[name][2] and state == "cold":  # it keeps nothing on disk
            continue
        process, imported, first = (min(column) for column in zip(*taken, strict=True))
        median = statistics.median(whole for whole, _, _ in taken)
        label = f"{name} {state}" if CONTESTANTS[name][2] else name
        figures = (process, median, imported, first)
        print(f"{label:18}" + "".join(f"{1e3 * figure:14.0f}" for figure in figures))


if __name__ == "__main__":
    main()
