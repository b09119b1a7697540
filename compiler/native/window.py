"""A loop kernel done for some rows and columns of a matrix at a time, as tiles of it come about.

A product leaves a tile of its result in the first-level cache; what reads the result element by
element is done there, before the next tile. The elements have the bits that the loop kernel would
give them: its own expressions are written, for other bounds.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from ..graph import Unit
from ..kernel.grammar import Array, For, Statement, Store, loads
from ..kernel.joining import Loop, address_of, loops_over
from ..kernel.schedule import accesses
from .elements import KernelMemory, Pointers, element
from .function import Function
from .kernels import Nest
from .nests import Nests
from .place import Place
from .scalar_llvm import memory_type
from .tiled import Root

PARAMETERS = "i64 %row, i64 %column, i64 %height, i64 %width, ptr %tile, i64 %tile.row"
"""After the arrays: the first row and column, how many there are of both, and where the product's
elements lie."""

FAR_BYTES = 2**19
"""Arrays of so many bytes are sent for: half of a second-level cache, which has others to keep."""

LINE = 64
"""Bytes of a cache line."""


@dataclass(frozen=True, eq=False)
class Window:
    """A loop kernel over a matrix.

    Attributes
    ----------
    nest : Nest
        The kernel.
    unit : Unit
        The product, whose elements it reads.
    columns : int
        How many numbers of elements there are from one row to the next.
    around : tuple of Loop
        The loops over rows, from the outermost on.
    along : Loop
        The loop over the elements of a row.
    root : callable
        The unit whose memory a unit shares.
    """

    nest: Nest
    unit: Unit
    columns: int
    around: tuple[Loop, ...]
    along: Loop
    root: Root

    @property
    def statements(self) -> tuple[Store, ...]:
        """What is done for each element."""
        return _innermost(self.nest.body.statements)

    @property
    def operands(self) -> tuple[Unit, ...]:
        """The units that it reads beside the product."""
        return tuple(unit for unit in self.nest.reads if self.root(unit) is not self.unit)

    @property
    def far(self) -> tuple[Unit, ...]:
        """Large arrays of which it reads or writes the elements where it is."""
        terms, statements = self.nest.body.terms, self.statements
        here = terms.flat(statements[0].where, statements[0].array.shape)
        found = [load.detail for load in loads(statements) if address_of(terms, load) is here]
        found += [each.array for each in statements]
        units = (array.owner for array in found if not self.reads_product(array))
        return tuple(unit for unit in dict.fromkeys(units) if unit.array_type.nbytes >= FAR_BYTES)

    def reads_product(self, array: Array) -> bool:
        """True for the product, or a reshape of it."""
        return array.owner is not None and self.root(array.owner) is self.unit


def window_of(nest: Nest, unit: Unit, columns: int, root: Root) -> Window | str:
    """The nest by rows of so many elements of the product `unit`; a reason if it cannot be."""
    terms = nest.body.terms
    statements = _innermost(nest.body.statements)
    if nest.sort != "loop" or not statements:
        return f"a {nest.sort} kernel reads more than one element at a time"
    here = terms.flat(statements[0].where, statements[0].array.shape)
    for load in loads(statements):
        array: Array = load.detail
        if root(array.owner) is unit and address_of(terms, load) is not here:
            return "elements of the product are read elsewhere"
    split = _split(terms.extents, columns)
    if split is None:
        return "its last axes are not the columns of the product"
    found = accesses(terms, statements)
    around = found.joined(loops_over(terms, range(split)))
    along = found.joined(loops_over(terms, range(split, len(terms.extents))))
    walks = nest.schedule.walks.values()
    if len(along) != 1 or not all(walk.lanes for walk in walks):
        return "a row of the product is not walked as one loop"
    return Window(nest, unit, columns, tuple(around), along[0], root)


def _innermost(statements: Sequence[Statement]) -> tuple[Store, ...]:
    """The stores in loops with nothing else; none if there is something else."""
    while len(statements) == 1 and isinstance(statements[0], For):
        statements = statements[0].statements
    found = tuple(each for each in statements if isinstance(each, Store))
    return found if len(found) == len(statements) else ()


def _split(extents: Sequence[int], columns: int) -> int | None:
    """From which axis on the extents make up the columns."""
    fitting = (n for n in range(len(extents)) if math.prod(extents[n:]) == columns)
    return next(fitting, None)


class WindowText(NamedTuple):
    """A function that does a window's rows and columns.

    Attributes
    ----------
    name, text : str
        Its parameters are the arrays at `places`, then `PARAMETERS`.
    declarations : set of str
        What it calls.
    """

    name: str
    text: str
    declarations: set[str]


class WindowCode:
    """Writes the functions of one window.

    Parameters
    ----------
    window : Window
        What to do.
    pointers : Pointers
        Where arrays lie; those that the functions take are in its `places` afterwards.
    step : int
        From a row of the product to the next, in rows of the window.
    """

    def __init__(self, window: Window, pointers: Pointers, step: int) -> None:
        self.window = window
        self.pointers = pointers
        self.step = step
        for unit in window.nest.writes:
            pointers.of(unit, written=True)
        for unit in window.operands:
            pointers.of(unit)

    @property
    def places(self) -> tuple[Place, ...]:
        """The arrays that the functions take."""
        return tuple(self.pointers.places)

    @property
    def parameters(self) -> str:
        """The arrays as parameters, under names of their own."""
        return ", ".join(f"ptr {name}" for name in self.pointers.places.values())

    @cached_property
    def doing(self) -> WindowText:
        """The function that does the window."""
        return self._text(_Writer(self).write())

    @cached_property
    def fetching(self) -> WindowText:
        """The function that sends for the lines that `doing` will read and write."""
        function, window = Function(), self.window
        function.declare("declare void @llvm.prefetch.p0(ptr, i32, i32, i32)")
        far = {self.pointers.place(unit): unit.array_type.dtype for unit in window.far}
        with function.loop("%height") as row:
            first = self.first(function, self.number(function, row))
            for place, dtype in far.items():
                name, writes = self.pointers.name(place), int(place in self.pointers.written)
                here = element(function, name, first, dtype)
                # Where an array is not aligned, a row ends in one more line.
                end = function.do(f"mul i64 %width, {dtype.itemsize}")
                past = function.do(f"add i64 {end}, {LINE - 1}")
                with function.loop(past, step=LINE) as offset:
                    line = function.do(f"getelementptr i8, ptr {here}, i64 {offset}")
                    hints = f"i32 {writes}, i32 3, i32 1"
                    function.act(f"call void @llvm.prefetch.p0(ptr {line}, {hints})")
        return self._text(function)

    def number(self, function: Function, row: str) -> str:
        """The number of a row of the window, for one of the tile."""
        moved = row if self.step == 1 else function.do(f"mul i64 {row}, {self.step}")
        return function.do(f"add i64 %row, {moved}")

    def first(self, function: Function, number: str) -> str:
        """The number of the first element in a row of the window."""
        before = function.do(f"mul i64 {number}, {self.window.columns}")
        return function.do(f"add i64 {before}, %column")

    def _text(self, function: Function) -> WindowText:
        head = ", ".join(filter(None, (self.parameters, PARAMETERS)))
        text = (
            f"define internal void @NAME({head}) noinline nounwind {{\n"
            f"{function.body()}\n  ret void\n}}"
        )
        name = f"window_{hashlib.blake2b(text.encode(), digest_size=6).hexdigest()}"
        return WindowText(name, text.replace("@NAME(", f"@{name}(", 1), function.declarations)


class _Writer:
    """Writes one function."""

    def __init__(self, code: WindowCode) -> None:
        self.code, self.window = code, code.window
        self.function = Function()
        self.memory = _Memory(self.window, KernelMemory(self.function, code.pointers, {}))

    def write(self) -> Function:
        window, function = self.window, self.function
        end = function.do("add i64 %column, %width")
        nests = Nests(window.nest.body, window.nest.schedule, self.memory, function)
        with function.loop("%height") as row:
            number = self.code.number(function, row)
            self.memory.row = self._row_of_tile(row, number)
            counters = self._counters(number)
            nests.span(window.along, counters, window.statements, "%column", end)
        return function

    def _row_of_tile(self, row: str, number: str) -> str:
        """Where the product's first element would lie, if it lay as this row of the tile does."""
        function, kind = self.function, memory_type(self.window.unit.array_type.dtype)
        first = self.code.first(function, number)
        inside = function.do(f"mul i64 {row}, %tile.row")
        offset = function.do(f"sub i64 {inside}, {first}")
        return function.do(f"getelementptr {kind}, ptr %tile, i64 {offset}")

    def _counters(self, number: str) -> dict[int, str]:
        """The counters of the loops over rows, for the number of a row."""
        counters, rest = {}, number
        for loop in reversed(self.window.around[1:]):
            counters[loop.axis] = self.function.do(f"urem i64 {rest}, {loop.extent}")
            rest = self.function.do(f"udiv i64 {rest}, {loop.extent}")
        for loop in self.window.around[:1]:
            counters[loop.axis] = rest
        return counters


@dataclass
class _Memory:
    """The kernel's arrays, but for the product, of which a row is at hand."""

    window: Window
    arrays: KernelMemory
    row: str = ""

    def of(self, array: Array, *, written: bool = False) -> tuple[str, int]:
        """The register of an array's address, and the alignment that its elements have."""
        if self.window.reads_product(array):
            return self.row, array.dtype.itemsize
        return self.arrays.of(array, written=written)
