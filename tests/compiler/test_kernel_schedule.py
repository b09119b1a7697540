"""Which loops of a kernel may be divided among threads, by what its statements touch."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from native import program

from chainrule import ops


def rounds(function: Any, *shapes: tuple[int, ...]) -> list[int | None]:
    """Rounds of the divided loop of each kernel."""
    arrays = [np.ones(shape, np.float32) for shape in shapes]
    return [record.kernel.rounds for record in program(function, *arrays, threads=1).kernels]


@pytest.mark.parametrize(
    ("function", "shapes", "wanted"),
    [
        (lambda x: ops.tanh(x), [(6, 7)], [42]),
        (lambda x, y: ops.tanh(x) + y, [(6, 7), (7,)], [6]),
        (lambda x: ops.transpose(ops.tanh(x)), [(6, 7)], [7]),
        (lambda x: ops.sum(x, axis=1), [(6, 7)], [6]),
        (lambda x: ops.softmax(x, axis=-1), [(6, 7)], [6]),
        (lambda x: ops.softmax(x, axis=-1), [(3, 6, 7)], [18]),
        (lambda x: ops.softmax(x), [(700,)], [None]),  # one row: its states are for all of it
        (lambda x: ops.sum(x), [(6, 7)], [None]),
        (lambda x: ops.sum(x, axis=0), [(6, 7)], [None]),  # short rows keep their known rest
        (lambda x: ops.sum(x, axis=0), [(6, 700)], [700]),
        (lambda x: ops.argmax(x, axis=0), [(6, 700)], [700]),
        (lambda x: ops.sum(x, axis=1), [(4, 6, 7)], [4]),
        (lambda x: ops.sum(x), [(70_000,)], [4]),  # blocks, whose parts are put together after
        (lambda x: ops.argmax(x, axis=0), [(900, 100)], [5]),
    ],
)
def test_divided_rounds(function: Any, shapes: Any, wanted: list[int | None]) -> None:
    assert rounds(function, *shapes) == wanted
