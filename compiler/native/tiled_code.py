"""The function of a tiled kernel: loops over matrices and blocks, and the members' calls."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from ..graph import Unit
from .elements import Pointers
from .function import Function
from .gemm import emit_product
from .kernels import Nest, Product
from .layout import Matrix
from .place import Place
from .tiled import Member, Tiled, working_of
from .vectors import Vector


@dataclass(frozen=True)
class NestCall:
    """A member's function: its name, and the places of its arrays in order."""

    name: str
    places: tuple[Place, ...]


Named = Callable[[Nest, Pointers, Sequence[Place]], NestCall]
"""``named(nest, pointers, scratch)``: writes a nest as a function of its own."""


class TiledCode:
    """Writes the function; its rounds are matrices, or blocks where these are independent.

    Parameters
    ----------
    kernel : Tiled
        What to write.
    pointers : Pointers
        The function's parameters.
    scratch : sequence of Place
        Its working memory.
    named : callable
        Writes the functions of nests.
    """

    def __init__(
        self, kernel: Tiled, pointers: Pointers, scratch: Sequence[Place], named: Named
    ) -> None:
        self.kernel = kernel
        self.pointers = pointers
        self.function = Function()
        self.local: dict[Unit, Place] = dict(zip(kernel.local, scratch, strict=False))
        self.bytes_of = {self.local[unit]: size for unit, size in kernel.local.items()}
        rest = list(scratch[len(kernel.local) :])
        self.working: dict[Member, list[Place]] = {}
        for member in kernel.members:
            count = len(working_of(member))
            self.working[member], rest = rest[:count], rest[count:]
        self.calls = {
            member: named(member.kernel, Pointers(self._place), self.working[member])
            for member in kernel.members
            if isinstance(member.kernel, Nest)
        }

    def _place(self, unit: Unit) -> Place:
        root = self.kernel.root(unit)
        return self.local[root] if root in self.local else self.pointers.place(unit)

    def write(self) -> Function:
        """The function's instructions."""
        kernel, function = self.kernel, self.function
        names = self._names()
        with function.loop("%to", start="%from") as piece:
            if kernel.sums:
                with function.loop(kernel.blocks) as block:
                    self._block(names, piece, block)
            else:
                matrix = function.do(f"udiv i64 {piece}, {kernel.blocks}")
                block = function.do(f"urem i64 {piece}, {kernel.blocks}")
                self._block(names, matrix, block)
        return function

    def _names(self) -> dict[Place, str]:
        """The parameters, all of them at hand before the loops."""
        names: dict[Place, str] = {}
        for place in (*self.local.values(), *(p for ps in self.working.values() for p in ps)):
            names[place] = self.pointers.name(place, written=True)
        written = set(self.kernel.writes)
        for member in self.kernel.members:
            for unit in map(self.kernel.root, (*member.kernel.reads, *member.kernel.writes)):
                if unit not in self.local:
                    place = self.pointers.place(unit)
                    names[place] = self.pointers.name(place, written=unit in written)
        return names

    def _block(self, names: Mapping[Place, str], matrix: str, block: str) -> None:
        kernel, function = self.kernel, self.function
        start = "0" if block == "0" else function.do(f"mul i64 {block}, {kernel.block}")
        left = kernel.space.rows % kernel.block
        if not left:
            _Block(self, names, matrix, start, kernel.block, 0).write()
            return
        whole = kernel.space.rows - left
        is_last = function.do(f"icmp eq i64 {start}, {whole}")
        with function.when(is_last):
            _Block(self, names, matrix, start, left, 1).write()
        with function.when(function.do(f"xor i1 {is_last}, true")):
            _Block(self, names, matrix, start, kernel.block, 0).write()


class _Block:
    """One block: so many rows from `start` on of one matrix."""

    def __init__(
        self,
        owner: TiledCode,
        names: Mapping[Place, str],
        matrix: str,
        start: str,
        count: int,
        plan: int,
    ) -> None:
        self.owner, self.kernel, self.function = owner, owner.kernel, owner.function
        self.names, self.matrix, self.start = names, matrix, start
        self.count, self.plan = count, plan
        whole = self.function.do(f"mul i64 {matrix}, {self.kernel.space.rows}")
        self.row = self.function.do(f"add i64 {whole}, {start}")

    def write(self) -> None:
        for member in self.kernel.members:
            if isinstance(member.kernel, Nest):
                self._nest(member.kernel, self.owner.calls[member])
            else:
                self._product(member)

    def _nest(self, kernel: Nest, call: NestCall) -> None:
        """The rounds of the block's rows; local arrays begin where row 0 would lie."""
        rounds = kernel.rounds
        assert rounds is not None
        each = rounds // self.kernel.space.all
        given = []
        for place in call.places:
            name = self.names[place]
            size = self.owner.bytes_of.get(place)
            if size is not None:
                back = self.function.do(f"mul i64 {self.row}, {-size}")
                name = self.function.do(f"getelementptr i8, ptr {name}, i64 {back}")
            given.append(f"ptr {name}")
        first = self.function.do(f"mul i64 {self.row}, {each}")
        end = self.function.do(f"add i64 {first}, {each * self.count}")
        bounds = f"i64 {first}, i64 {end}"
        self.function.act(f"call void @{call.name}({', '.join(given)}, {bounds})")

    def _product(self, member: Member) -> None:
        m, kernel = member.matrices, member.kernel
        assert m is not None
        assert isinstance(kernel, Product)
        plan = member.plans[min(self.plan, len(member.plans) - 1)]
        x, y = member.operands
        by_rows = member.role == "rows"
        places = {
            "x": self._at(x, m.x, m.batch, across=not by_rows, moves=True),
            "y": self._at(y, m.y, m.batch, across=False, moves=not by_rows),
            "out": self._at(kernel.unit, m.out, m.batch, across=False, moves=by_rows),
        }
        fresh = "true"
        if not by_rows:
            fresh = self.function.do(f"icmp eq i64 {self.start}, 0")
        emitted = emit_product(plan)
        a, b = f"ptr {places['x']}, i64 {m.x.leading}", f"ptr {places['y']}, i64 {m.y.leading}"
        if m.out.transposed:
            a, b = b, a  # the memory holds the transpose, which is the product of the transposes
        scratch = self.owner.working[member]
        working = self.names[scratch[0]] if scratch else "null"
        c = f"ptr {places['out']}, i64 {m.out.leading}, ptr {working}, i1 {fresh}"
        self.function.act(f"call void @{emitted.name}({a}, {b}, {c})")
        for text in (emitted.text, *emitted.parts.values(), *emitted.declarations):
            self.function.declare(text)

    def _at(
        self, unit: Unit, matrix: Matrix, batch: Sequence[int], *, across: bool, moves: bool
    ) -> str:
        """Where the block's part of a matrix begins.

        `moves` says whether it depends on the block; then rows (or, `across`, columns) do.
        """
        if unit in self.owner.local:
            return self.names[self.owner.local[unit]]
        pointer = self.names[self.owner.pointers.place(unit)]
        scalar = Vector(unit.array_type.dtype, 1).scalar
        steps = [(n, s) for n, s in zip(self._numbers(batch), matrix.batch, strict=True) if s]
        if moves:
            steps.append((self.start, 1 if matrix.transposed != across else matrix.leading))
        for number, step in steps:
            if number != "0":
                offset = self.function.do(f"mul i64 {number}, {step}")
                where = f"getelementptr inbounds {scalar}, ptr {pointer}, i64 {offset}"
                pointer = self.function.do(where)
        return pointer

    def _numbers(self, batch: Sequence[int]) -> list[str]:
        """The index of each batch label for the number of the matrix."""
        found, rest = [], self.matrix
        for extent in reversed(batch[1:]):
            found.append(self.function.do(f"urem i64 {rest}, {extent}"))
            rest = self.function.do(f"udiv i64 {rest}, {extent}")
        return [*([rest] if batch else []), *reversed(found)]
