"""Loops that do the same to many sets of arrays, as one kernel: an optimiser's update.

Each parameter of a model is updated by a loop of its own, and most are small: a bias, a scale. In
one kernel their elements are one range of rounds, which threads divide by the sum of the work, and
between two of them nobody waits. Each loop still has its function; equal loops share it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ..graph import Unit
from ..kernel.grammar import Store
from ..kernel.schedule import GRAIN
from ..kernel.terms import postorder
from ..scalar import Scalar, Word
from .costs import NEAR_BYTES
from .elements import Pointers
from .function import Function
from .kernels import Kernel, Nest
from .tiled import Root
from .tiled_code import Named

MOST_LOOPS = 64
"""Loops in one kernel, whose arrays are all parameters of its function."""

MOST_WAITING = NEAR_BYTES
"""Bytes that may wait for the last loop of a kernel instead of being used as they are made: what
is far from the core by then is read at twice the cost."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Many(Kernel):
    """Loops of one form that need nothing of each other.

    Attributes
    ----------
    nests : tuple of Nest
        Each with one loop over all its elements.
    """

    nests: tuple[Nest, ...]

    @property
    def writes(self) -> tuple[Unit, ...]:
        return tuple(unit for nest in self.nests for unit in nest.writes)

    @property
    def reads(self) -> tuple[Unit, ...]:
        return tuple(dict.fromkeys(unit for nest in self.nests for unit in nest.reads))

    def replaceable_by(self, result: Unit) -> tuple[Unit, ...]:
        """What the result's own loop reads in its order, and no other."""
        (own,) = (nest for nest in self.nests if result in nest.writes)
        others = {unit for nest in self.nests if nest is not own for unit in nest.reads}
        return tuple(unit for unit in own.replaceable_by(result) if unit not in others)

    @property
    def starts(self) -> tuple[int, ...]:
        """The first round of each loop, and the end: whole grains apart."""
        starts = [0]
        for nest in self.nests:
            starts.append(starts[-1] + -(-_rounds(nest) // GRAIN) * GRAIN)
        return tuple(starts)

    @property
    def rounds(self) -> int:
        return self.starts[-1]

    @property
    def grain(self) -> int:
        return GRAIN


def together(kernels: Sequence[Kernel], root: Root) -> list[Kernel]:
    """The kernels, loops of one form joined in the place of the last of them.

    Parameters
    ----------
    kernels : sequence of Kernel
        In the order in which they run.
    root : callable
        The unit whose memory a unit shares.
    """
    turn = {kernel: number for number, kernel in enumerate(kernels)}
    made = {unit for kernel in kernels for unit in kernel.writes}
    first: dict[Unit, int] = {}
    for kernel in reversed(kernels):
        first.update((root(unit), turn[kernel]) for unit in kernel.reads)
    groups: dict[tuple[object, ...], list[Nest]] = {}
    waiting: dict[Nest, int] = {}
    joined: dict[Kernel, list[Nest]] = {}
    for kernel in reversed(kernels):
        form = _form(kernel)
        if form is None:
            continue
        assert isinstance(kernel, Nest)
        group = groups.get(form)
        last = group[0] if group else kernel
        until = min((first.get(unit, len(kernels)) for unit in kernel.writes), default=0)
        if group is None or until <= turn[last] or len(group) == MOST_LOOPS:
            group = groups[form] = joined[kernel] = []
            last = kernel
        reads = {root(unit) for unit in kernel.reads} & made
        nbytes = sum(unit.array_type.nbytes for unit in reads) if group else 0
        if waiting.get(last, 0) + nbytes <= MOST_WAITING:
            waiting[last] = waiting.get(last, 0) + nbytes
            group.append(kernel)
    inside = {nest for group in joined.values() for nest in group[1:]}
    return [_joined(joined.get(k, []), k) for k in kernels if k not in inside]


def _joined(group: Sequence[Nest], kernel: Kernel) -> Kernel:
    if len(group) < 2:
        return kernel
    nests = tuple(reversed(group))
    units = tuple(dict.fromkeys(unit for nest in nests for unit in nest.units))
    apart = tuple(dict.fromkeys(reason for nest in nests for reason in nest.apart))
    again = tuple(dict.fromkeys(unit for nest in nests for unit in nest.again))
    return Many(units=units, apart=apart, again=again, nests=nests)


def _form(kernel: Kernel) -> tuple[object, ...] | None:
    """What a loop does, whatever its arrays; None if it is no single loop over all elements."""
    if not isinstance(kernel, Nest) or kernel.sort != "loop":
        return None
    walks = list(kernel.schedule.walks.values())
    if len(walks) != 1 or walks[0].loops != (kernel.schedule.divided,):
        return None
    stores = [each for each in walks[0].statements if isinstance(each, Store)]
    values = postorder([store.value for store in stores], _computed)
    kinds = [(s.word, s.dtype, s.detail if s.word is Word.LITERAL else None) for s in values]
    return (*(store.array.dtype for store in stores), *kinds)


def _computed(scalar: Scalar) -> tuple[Scalar, ...]:
    return () if scalar.word is Word.LOAD else scalar.operands


def _rounds(nest: Nest) -> int:
    assert nest.rounds is not None
    return nest.rounds


class ManyCode:
    """Writes the function: a call of each loop for those of its rounds that are asked for.

    Parameters
    ----------
    kernel : Many
        What to write.
    pointers : Pointers
        The function's parameters.
    named : callable
        Writes the functions of loops.
    """

    def __init__(self, kernel: Many, pointers: Pointers, named: Named) -> None:
        self.kernel = kernel
        self.pointers = pointers
        self.named = named
        self.function = Function()

    def write(self) -> Function:
        """The function's instructions."""
        for nest, start in zip(self.kernel.nests, self.kernel.starts, strict=False):
            own = Pointers(self.pointers.place)
            call = self.named(nest, own, ())
            names = [
                self.pointers.name(place, written=place in own.written) for place in call.places
            ]
            bounds = list(self._bounds(start, _rounds(nest)))
            given = ", ".join([*(f"ptr {name}" for name in names), *(f"i64 {b}" for b in bounds)])
            with self.function.when(self.function.do(f"icmp slt i64 {', '.join(bounds)}")):
                self.function.act(f"call void @{call.name}({given})")
        return self.function

    def _bounds(self, start: int, rounds: int) -> Iterator[str]:
        """The asked rounds, counted from the loop's own first one, cut to those that it has."""
        for bound, limit, nearer in (("%from", 0, "smax"), ("%to", rounds, "smin")):
            self.function.declare(f"declare i64 @llvm.{nearer}.i64(i64, i64)")
            moved = self.function.do(f"sub i64 {bound}, {start}")
            yield self.function.do(f"call i64 @llvm.{nearer}.i64(i64 {moved}, i64 {limit})")
