"""Native programs out of the disk cache, and into it.

An entry is a line of JSON, the object code, and the constants that the compiler made (those of the
user's program are in the traced graph). Nothing in it is unpickled.
Everything else about a program (kernels, source, lines of errors) is derived again from the traced
graph when somebody asks, with the names and lines that it has today.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from ...runtime.blas import blas_threads, find_blas
from ...runtime.cache import Store, pack, unpack
from ...runtime.direct import Direct
from ...runtime.executable import Executable
from ...runtime.llvm import NativeCode, load_code
from ..attributes import FrozenArray
from ..dtypes import as_dtype
from ..errors import ChainruleError
from ..graph import Graph, nested_graphs
from ..structural import CONSTANT
from .recipe import Recipe

if TYPE_CHECKING:
    from .build import NativeProgram

_DAMAGE = (ChainruleError, LookupError, TypeError, ValueError, AttributeError)


class LoadedProgram:
    """A native program out of the cache; what only people ask for is compiled when they do.

    Attributes
    ----------
    executable : Executable
        Takes a list of arrays to a list of arrays.
    threads : int or None
        How many threads BLAS may use; None leaves its own setting.
    timings : dict of str to float
        Seconds of loading.
    """

    def __init__(self, threads: int | None, rebuild: Callable[[], NativeProgram]) -> None:
        self.threads = threads
        self.timings: dict[str, float] = {}
        self.executable: Executable
        self._rebuild = rebuild

    def __call__(self, arrays: Sequence[Any]) -> list[Any]:
        """The outputs for these inputs, which have the graph's types."""
        if self.threads is None:
            return self.executable(arrays)
        with blas_threads(self.threads):
            return self.executable(arrays)

    @property
    def direct(self) -> Direct | None:
        """The call without Python code, where nothing stands around the native entry."""
        return self.executable.direct if self.threads is None else None

    @cached_property
    def built(self) -> NativeProgram:
        """The same program, compiled in this process."""
        return self._rebuild()

    @property
    def kernels(self) -> Any:
        """The kernels in the order they run."""
        return self.built.kernels

    @property
    def memory(self) -> Any:
        """Where each buffer lies."""
        return self.built.memory

    def source(self) -> str:
        """The kernels as structured pseudo-Python, with the user's lines beside them."""
        return self.built.source()

    def llvm(self) -> str:
        """The optimised LLVM IR."""
        return self.built.llvm()

    def asm(self) -> str:
        """The machine code as assembly."""
        return self.built.asm()

    def error(self, check: int, index: int) -> Exception:
        """The error for an index that a check found."""
        return self.built.error(check, index)


def load(
    store: Store,
    key: str,
    traced: Graph,
    donors: Mapping[int, int],
    threads: int | None,
    rebuild: Callable[[], NativeProgram],
) -> LoadedProgram | None:
    """The program under `key`; None when the cache has none that is whole.

    Parameters
    ----------
    rebuild : callable
        Compiles the program from the traced graph.
    """
    started = time.perf_counter()
    content = store.get(key)
    if content is None:
        return None
    try:
        recipe, object_code, constants = _read(content)
        constants.update(_constants(traced))
        program = LoadedProgram(threads if recipe.calls_blas else None, rebuild)
        module = load_code(object_code)
        program.executable = recipe.executable(
            traced, donors, module, constants, find_blas(), program.error
        )
    except _DAMAGE as error:
        store.discard(key, f"{type(error).__name__}: {error}")
        return None
    program.timings["load"] = time.perf_counter() - started
    return program


def save(store: Store, key: str, traced: Graph, program: NativeProgram) -> bool:
    """Keep a program; False when the folder cannot be used."""
    known = _constants(traced)
    made = {digest: c for digest, c in program.constants.items() if digest not in known}
    code = program.code
    blobs = [code.object_code, *code.libraries, *(each.value.tobytes() for each in made.values())]
    header = {
        "recipe": program.recipe.to_dict(),
        "exports": code.names,
        "opt": code.opt,
        "libraries": len(code.libraries),
        "constants": [
            [digest, each.type.dtype.name, each.value.shape] for digest, each in made.items()
        ],
    }
    return store.put(key, pack(header, blobs))


def _read(content: bytes) -> tuple[Recipe, NativeCode, dict[str, FrozenArray]]:
    header, blobs = unpack(content)
    first, end = blobs[0], 1 + header["libraries"]
    code = NativeCode(first, b"", tuple(header["exports"]), header["opt"], tuple(blobs[1:end]))
    constants = {}
    for (digest, dtype, shape), blob in zip(header["constants"], blobs[end:], strict=True):
        value = np.frombuffer(blob, as_dtype(dtype).numpy).reshape(shape)
        constants[digest] = FrozenArray(value)
    return Recipe.from_dict(header["recipe"]), code, constants


def _constants(graph: Graph) -> dict[str, FrozenArray]:
    """The constants of a graph and its sub-graphs, by digest."""
    frozen = [
        unit.attributes["value"]
        for each in nested_graphs(graph)
        for unit in each.units
        if unit.op is CONSTANT
    ]
    return {array.digest: array for array in frozen}
