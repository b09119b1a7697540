"""Kernels written by hand: blocks are context managers, ``x[i, j]`` reads, ``y[i, j] = v`` stores.

::

    k = Builder()
    x, y = k.array("x", float32, 3, 4), k.array("y", float32, 3)
    with k.loop(3) as i:
        k.start(y[i], ops.sum)
        with k.loop(4) as j:
            k.combine(y[i], ops.sum, x[i, j])
    body = k.body()
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

from ..dtypes import DType, int64
from ..errors import PluginError
from ..kinds import Elementwise
from ..kinds.reduction import Reduction
from ..scalar import Scalar, Word
from ..scalar.expression import literal
from ..scalar.trace import inputs
from .freshness import Freshness
from .grammar import Array, Body, Combine, For, Local, Statement, Store, When
from .terms import Terms, postorder
from .text import Caption

Number = Scalar | bool | int | float


class Combiner(NamedTuple):
    """How states join.

    Attributes
    ----------
    name : str
        What listings call it.
    init : tuple of Scalar
        Literals: the state of nothing.
    combine : tuple of Scalar
        The merged state, over one state's INPUTs and then the other's.
    """

    name: str
    init: tuple[Scalar, ...]
    combine: tuple[Scalar, ...]

    @classmethod
    def of(cls, op: Reduction, dtype: DType) -> Combiner:
        """That of a reduction for elements of `dtype`."""
        fold = op.fold(dtype)
        return cls(op.name, fold.init, fold.combine)

    @classmethod
    def made(
        cls,
        name: str,
        init: Sequence[tuple[bool | int | float, DType]],
        function: Callable[..., Any],
    ) -> Combiner:
        """One of a function of two states: tuples, or bare scalars where there is one part."""
        dtypes = [dtype for _, dtype in init]
        both = inputs(dtypes + dtypes)
        first, second = both[: len(dtypes)], both[len(dtypes) :]
        bare = len(dtypes) == 1
        merged = (function(first[0], second[0]),) if bare else function(first, second)
        return cls(name, tuple(literal(value, dtype) for value, dtype in init), tuple(merged))


class View:
    """An array as kernels are written: ``x[i, j]`` is one element, ``s[()]`` that of a scalar.

    Attributes
    ----------
    array : Array
        What it stands for.
    """

    __slots__ = ("_builder", "array")

    def __init__(self, builder: Builder, array: Array) -> None:
        self._builder = builder
        self.array = array

    def __getitem__(self, position: Any) -> Scalar:
        places = position if isinstance(position, tuple) else (position,)
        where = tuple(p if isinstance(p, Scalar) else literal(p, int64) for p in places)
        if len(where) != len(self.array.shape):
            raise PluginError(
                f"{self.array} has {len(self.array.shape)} dimensions, and {len(where)} indices"
            )
        return self._builder.freshness.read(Scalar(Word.LOAD, where, self.array.dtype, self.array))

    def __setitem__(self, position: Any, value: Number) -> None:
        self._builder.store(self[position], value)


class Builder:
    """Collects the statements of one kernel.

    Attributes
    ----------
    terms : Terms
        Owner of the kernel's expressions.
    arrays : dict of str to Array
        Those from outside, by name.
    freshness : Freshness
        What was read when.
    """

    def __init__(self) -> None:
        self.terms = Terms()
        self.arrays: dict[str, Array] = {}
        self.freshness = Freshness()
        self._blocks: list[list[Statement]] = [[]]
        self._calls: dict[int, tuple[Scalar, str, tuple[Scalar, ...]]] = {}
        self._called: dict[int, Caption] = {}

    def array(self, name: str, dtype: DType, *shape: int) -> View:
        """An array from outside, of a name of its own."""
        if name in self.arrays:
            raise PluginError(f"the kernel has an array {name} already")
        array = self.arrays[name] = Array(name, dtype, shape, owner=name)
        return View(self, array)

    @contextmanager
    def local(self, dtype: DType, *shape: int, name: str = "local") -> Iterator[View]:
        """An array for the time of the block."""
        array = Array(name, dtype, shape)
        with self._block() as statements:
            yield View(self, array)
        self._add(Local((array,), tuple(statements)))

    @contextmanager
    def loop(self, extent: int, *, ordered: bool = False) -> Iterator[Scalar]:
        """A loop; gives its index."""
        axis = self.terms.axis(extent)
        with self._block() as statements, self.freshness.loop():
            yield self.terms.indices[axis]
        self._add(For(axis, tuple(statements), ordered))

    @contextmanager
    def when(self, condition: Scalar) -> Iterator[None]:
        """The block where the condition holds; a condition that always holds leaves no trace."""
        condition = self._intern(condition)
        with self._block() as statements:
            yield
        if condition.word is Word.LITERAL and condition.detail:
            self._blocks[-1].extend(statements)
        else:
            self._add(When(condition, tuple(statements)))

    def store(self, place: Scalar, value: Number) -> None:
        """``place = value``, where the place is written as a read of it."""
        array, where = self._place(place)
        self._add(Store(array, where, self._value(value, array.dtype)))
        self.freshness.written((array,))

    def start(self, place: Scalar | Sequence[Scalar], combiner: Reduction | Combiner) -> None:
        """Store the state of nothing."""
        places = _several(place)
        for each, value in zip(places, _combiner(combiner, places).init, strict=True):
            self.store(each, value)

    def combine(
        self,
        place: Scalar | Sequence[Scalar],
        combiner: Reduction | Combiner,
        value: Number | Sequence[Number],
    ) -> None:
        """``place = combiner(place, value)``; several places and values for several parts."""
        places = _several(place)
        targets = [self._place(each) for each in places]
        arrays = tuple(array for array, _ in targets)
        values = tuple(
            self._value(each, array.dtype)
            for each, array in zip(_several(value), arrays, strict=True)
        )
        name, init, merged = _combiner(combiner, places)
        self._add(Combine(arrays, targets[0][1], values, init, merged, name))
        self.freshness.written(arrays)

    def call(self, op: Elementwise, *args: Scalar, **attributes: Any) -> Scalar:
        """The op's body over the scalars; listings print the call instead of the body."""
        value: Scalar = op.function(*args, **{**op.attribute_defaults, **attributes})
        if all(value is not arg for arg in args):
            self._calls[id(value)] = value, op.name, args
        return value

    def body(self) -> Body:
        """The kernel."""
        return Body(self.terms, tuple(self._blocks[0]))

    def beside(self, scalar: Scalar) -> Caption | None:
        """What listings print for an expression: the calls."""
        return self._called.get(id(scalar))

    def _add(self, statement: Statement) -> None:
        self._blocks[-1].append(statement)

    @contextmanager
    def _block(self) -> Iterator[list[Statement]]:
        self._blocks.append([])
        try:
            yield self._blocks[-1]
        finally:
            self._blocks.pop()

    def _place(self, place: Scalar) -> tuple[Array, tuple[Scalar, ...]]:
        if place.word is not Word.LOAD:
            raise PluginError(f"a place is written as x[i, j], not as {place!r}")
        return place.detail, tuple(self._intern(index) for index in place.operands)

    def _value(self, value: Number, dtype: DType) -> Scalar:
        return self._intern(value if isinstance(value, Scalar) else literal(value, dtype))

    def _intern(self, root: Scalar) -> Scalar:
        """The expression as the kernel's terms make it."""
        new: dict[int, Scalar] = {}
        for scalar in postorder([root]):
            if scalar.word is Word.LOAD:
                self.freshness.used(scalar)
            operands = tuple(new[id(operand)] for operand in scalar.operands)
            made = self.terms.make(scalar.word, operands, scalar.dtype, scalar.detail)
            new[id(scalar)] = made
            if id(scalar) in self._calls and made.operands:
                _, name, args = self._calls[id(scalar)]
                call = name, tuple(self._intern(arg) for arg in args)
                self._called[id(made)] = Caption(call=call)
        return new[id(root)]


def _several(value: Any) -> tuple[Any, ...]:
    return tuple(value) if isinstance(value, (tuple, list)) else (value,)


def _combiner(combiner: Reduction | Combiner, places: Sequence[Scalar]) -> Combiner:
    if isinstance(combiner, Reduction):
        return Combiner.of(combiner, places[0].dtype)
    return combiner
