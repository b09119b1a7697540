"""The digits demo from start to end: train, compare, report, write."""

from __future__ import annotations

import platform
import time
from collections.abc import Callable
from dataclasses import asdict
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from ... import __version__
from ...compiler.errors import ChainruleError
from ...compiler.program import Program
from ..data import batches
from ..fit import Fitted, Row
from ..pytree import leaves_of
from . import report
from .comparison import Comparison, compare
from .digits import Data, Settings, create_network, load, train

Say = Callable[[str], None]
EPOCHS_SAID = 8


class MissingExtraError(ChainruleError, ImportError):
    """A library of an extra is not installed."""


def run(settings: Settings, folder: Path, say: Say) -> dict[str, Any]:
    """Run the demo and write everything to `folder`.

    Parameters
    ----------
    settings : Settings
    folder : Path
        Gets ``parameters.safetensors``, ``metrics.jsonl``, ``learning_curve.png``, ``graph.dot``,
        ``graph.json`` and at last ``summary.json``: where that one is, all belong to one run.
    say : callable
        Takes a line at a time.

    Returns
    -------
    dict
        What ``summary.json`` holds.
    """
    started = time.perf_counter()
    require_extras()
    data = load(settings.seed)
    fitted = train_aloud(settings, data, say)
    program = step_program(fitted, settings, data)
    accuracy = fitted.history[-1]["validation_accuracy"]
    say(f"\ntest accuracy {accuracy:.2%} of {len(data.test[1])} digits never seen in training")
    times = compare(fitted.step, settings, data)
    say(speed_line(times))
    say(f"\n{report.pass_table(program)}")
    write(folder, fitted, program, f"{accuracy:.2%} of the test digits read correctly")
    seconds = time.perf_counter() - started
    summary = summarise(settings, fitted, program, times, seconds)
    report.write_json(folder / "summary.json", summary)
    say(f"\n{seconds:.1f} s in all; everything is in {folder}")
    return summary


def require_extras() -> None:
    """Say what to install before any work is done."""
    modules = {"sklearn": "scikit-learn", "matplotlib": "matplotlib"}
    missing = [name for module, name in modules.items() if find_spec(module) is None]
    if missing:
        raise MissingExtraError(
            f"the digits demo needs {' and '.join(missing)}: pip install 'chainrule[examples]'"
        )


def train_aloud(settings: Settings, data: Data, say: Say) -> Fitted:
    """Train, and say how it goes every few epochs."""
    net = create_network(settings, data.train[0].shape[1])
    count = sum(leaf.size for leaf in leaves_of(net))
    examples = len(data.train[1])
    say(f"training {count:,} parameters on {examples:,} digits, {settings.optimizer}")
    every = max(1, settings.epochs // EPOCHS_SAID)

    def on_epoch(row: Row, params: Any) -> None:
        if row["epoch"] in (1, settings.epochs) or row["epoch"] % every == 0:
            say(
                f"epoch {row['epoch']:>3}   loss {row['loss']:.4f}   test loss "
                f"{row['validation_loss']:.4f}   test accuracy {row['validation_accuracy']:.2%}"
            )

    return train(settings, data, on_epoch)


def step_program(fitted: Fitted, settings: Settings, data: Data) -> Program:
    """The program that training ran."""
    batch = next(batches(data.train, settings.batch, seed=settings.seed))
    return fitted.step.program(fitted.params, fitted.state, batch)


def speed_line(times: Comparison) -> str:
    """Both times of a step in one line."""
    ratio = times.numpy / times.step
    return (
        f"one step takes {1e6 * times.step:.1f} us, NumPy {1e6 * times.numpy:.1f} us for the same "
        f"step ({ratio:.1f} x; best of {times.rounds} passes each, in turn)"
    )


def write(folder: Path, fitted: Fitted, program: Program, title: str) -> None:
    """Every file but the summary."""
    report.write_parameters(folder / "parameters.safetensors", fitted.params)
    report.write_rows(folder / "metrics.jsonl", fitted.history)
    report.write_learning_curve(folder / "learning_curve.png", fitted.history, title)
    report.write_graph(folder, program)


def summarise(
    settings: Settings, fitted: Fitted, program: Program, times: Comparison, seconds: float
) -> dict[str, Any]:
    """What ``summary.json`` holds: results, times, sizes, settings, versions."""
    last = fitted.history[-1]
    return {
        "test_accuracy": last["validation_accuracy"],
        "test_loss": last["validation_loss"],
        "seconds": seconds,
        "training_seconds": last["seconds"],
        "compile_seconds": program.compile_seconds,
        "step_us": 1e6 * times.step,
        "numpy_step_us": 1e6 * times.numpy,
        "units_traced": len(program.traced),
        "units_optimised": len(program.graph),
        "kernels": len(program.kernels) if program.backend == "native" else 0,
        "parameters": sum(leaf.size for leaf in leaves_of(fitted.params)),
        "settings": asdict(settings),
        "versions": {
            "chainrule": __version__,
            "numpy": np.__version__,
            "python": platform.python_version(),
        },
    }
