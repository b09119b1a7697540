"""The kernels of a native program run as plain Python, one after the other."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from chainrule.compiler.graph import Unit
from chainrule.compiler.kernel.run import run
from chainrule.compiler.kernel.verify import verify
from chainrule.compiler.native.build import NativeProgram
from chainrule.compiler.native.kernels import Kernel, Nest, Product
from chainrule.compiler.native.many import Many
from chainrule.compiler.native.tiled import Tiled
from chainrule.compiler.structural import CONSTANT

Array = np.ndarray[Any, Any]


def run_plain(program: NativeProgram, arrays: Sequence[Array]) -> list[Array]:
    """The outputs, by the plain meaning of the program's kernels; each nest is verified first."""
    graph = program.graph
    memory: dict[Unit, Array] = {
        unit: np.asarray(array, order="C") for unit, array in zip(graph.inputs, arrays, strict=True)
    }
    for unit in graph.units:
        if unit.op is CONSTANT:
            memory[unit] = unit.attributes["value"].value
    for record in program.kernels:
        _run(record.kernel, memory)
    return [_value(memory, unit) for unit in graph.outputs]


def _value(memory: dict[Unit, Array], unit: Unit) -> Array:
    """A unit's array; of one that no kernel writes, the reshaped array of its input."""
    if unit not in memory:
        type = unit.array_type
        if type.size:
            return _value(memory, unit.inputs[0]).reshape(type.shape)
        memory[unit] = np.empty(type.shape, type.dtype.numpy)
    return memory[unit]


def _run(kernel: Kernel, memory: dict[Unit, Array]) -> None:
    if isinstance(kernel, Tiled):
        for member in kernel.members:
            _run(member.kernel, memory)
    elif isinstance(kernel, Many):
        for nest in kernel.nests:
            _run(nest, memory)
    elif isinstance(kernel, Product):
        memory[kernel.unit] = _product(kernel, memory)
        if kernel.epilogue is not None:
            _run(kernel.epilogue.nest, memory)
    elif isinstance(kernel, Nest):
        verify(kernel.body)
        reads, writes = kernel.outside
        given = {array: _value(memory, array.owner) for array in reads if array not in writes}
        for array in writes:
            given[array] = np.zeros(array.shape, array.dtype.numpy)
        run(kernel.body, given)
        memory.update((array.owner, given[array]) for array in writes)


def _product(kernel: Product, memory: dict[Unit, Array]) -> Array:
    labels = kernel.layout.labels
    x, y = (_value(memory, unit) for unit in kernel.unit.inputs)
    return np.asarray(np.einsum(x, labels.x, y, labels.y, labels.out), order="C")
