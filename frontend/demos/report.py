"""What a demo says and writes: tables, parameters, metrics, the learning curve, the graph."""

from __future__ import annotations

import json
import textwrap
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.numpy import save

from ...compiler.pipeline import PassRecord
from ...compiler.program import Program
from ...runtime.files import atomic_write
from ..fit import Row
from ..pytree import flatten, leaf_names


def pass_table(program: Program) -> str:
    """What each pass did to the graph: units before and after, milliseconds, rules applied."""
    lines = [f"{'pass':<20}{'units':>12}{'ms':>9}  rules applied"]
    for record in program.passes:
        change = f"{len(record.before)} -> {len(record.after)}"
        row = f"{record.name:<20}{change:>12}{1e3 * record.seconds:9.2f}  {_rules(record)}"
        lines += textwrap.wrap(row, 100, subsequent_indent=" " * 43)
    return "\n".join(lines)


def _rules(record: PassRecord) -> str:
    counted = Counter(applied.rule for applied in record.applied).most_common()
    return ", ".join(f"{rule} x{n}" if n > 1 else rule for rule, n in counted)


def write_text(path: Path, text: str) -> None:
    """A text file, whole or not at all."""
    with atomic_write(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def write_json(path: Path, content: Any) -> None:
    """A JSON file; NaN and infinities, which JSON has not, are refused."""
    write_text(path, json.dumps(content, indent=2, allow_nan=False) + "\n")


def write_rows(path: Path, rows: Iterable[Row]) -> None:
    """One JSON object a line."""
    write_text(path, "".join(json.dumps(row, allow_nan=False) + "\n" for row in rows))


def write_parameters(path: Path, params: Any) -> None:
    """A pytree's arrays as safetensors, named as one writes them (``layers[0].weight``)."""
    leaves, structure = flatten(params)
    names = [name.removeprefix("params").lstrip(".") for name in leaf_names(structure, "params")]
    arrays = {n: np.ascontiguousarray(leaf) for n, leaf in zip(names, leaves, strict=True)}
    with atomic_write(path) as temporary:
        temporary.write_bytes(save(arrays))


def write_graph(folder: Path, program: Program) -> None:
    """The program's graph for Graphviz and as JSON."""
    write_text(folder / "graph.dot", program.graph.to_dot())
    write_text(folder / "graph.json", program.graph.to_json())


def write_learning_curve(path: Path, history: Sequence[Row], title: str) -> None:
    """Losses and test accuracy over the epochs, as a picture."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9, 3.5), layout="constrained")
    FigureCanvasAgg(figure)
    figure.suptitle(title)
    left, right = figure.subplots(1, 2)
    epochs = [row["epoch"] for row in history]
    left.plot(epochs, [row["loss"] for row in history], ".-", label="training, before each update")
    left.plot(epochs, [row["validation_loss"] for row in history], ".-", label="test")
    left.set(xlabel="epoch", ylabel="cross-entropy", yscale="log")
    left.legend()
    right.plot(epochs, [100 * row["validation_accuracy"] for row in history], ".-g")
    right.set(xlabel="epoch", ylabel="test accuracy (%)")
    for axes in (left, right):
        axes.grid(alpha=0.3)
    with atomic_write(path) as temporary:
        figure.savefig(temporary, dpi=120)
