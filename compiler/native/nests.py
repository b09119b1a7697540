"""Bodies in LLVM's language: loops, vectors with their rests, states in lanes.

A state that a loop does not index (a sum over a row) is kept in `LANES` lanes: lane l takes the
elements l, l + LANES, ... for at most `ROUNDS` rounds; then the lanes are merged by halves, and
what is left joins the state in memory. Shorter rows have fewer lanes. This tree depends on the
row's length alone, not on the CPU's vectors, so that the same sum has the same bits everywhere.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack

from ..dtypes import DType, bool_
from ..kernel.grammar import Body, Combine, For, Local, Statement, Store, When, loads
from ..kernel.joining import Loop, address_of
from ..kernel.schedule import Schedule, Walk, step_of
from ..kernel.terms import order_of, postorder
from ..scalar import Scalar, Word
from .blocks import blocks_of, targets_of
from .function import Function
from .memory_words import MemoryWords, first_lanes
from .point import Memory, Point
from .prefetch import fetch, named_rows
from .scalar_llvm import Words, memory_type
from .targets import Target, ask_for, later_targets
from .vectors import shuffle, target

LANES = 32
ROUNDS = 128
UNROLLED = 64
"""Instructions up to which the lanes' vectors of one round stand one after the other in code."""

Counters = Mapping[int, str]


class Nests:
    """Writes a body.

    Parameters
    ----------
    body, schedule
        What to write, and how it runs. The rounds of the divided loop are those from ``%from`` on
        and below ``%to``; there is at least one.
    memory : Memory
        Where arrays lie.
    function : Function
        Receives the instructions.
    """

    def __init__(self, body: Body, schedule: Schedule, memory: Memory, function: Function) -> None:
        self.body = body
        self.terms = body.terms
        self.schedule = schedule
        self.memory = memory
        self.function = function
        self.named = named_rows(body, schedule)
        self.later = later_targets(body, schedule)
        self.wanted: list[Target] = []  # of the loop across lanes that is being written

    def write(self, statements: Sequence[Statement]) -> Function:
        """The instructions of some of the body's statements."""
        self._statements(statements, {})
        return self.function

    def _statements(self, statements: Sequence[Statement], counters: Counters) -> None:
        run: list[Store | Combine] = []
        for statement in statements:
            if isinstance(statement, (Store, Combine)):
                run.append(statement)
                continue
            self._straight(run, lambda: self._point(counters))
            run = []
            if isinstance(statement, For):
                self._for(statement, counters)
            elif isinstance(statement, When):
                condition = self._point(counters).operand(statement.condition)
                with self.function.when(condition):
                    self._statements(statement.statements, counters)
            elif isinstance(statement, Local):
                self._statements(statement.statements, counters)
        self._straight(run, lambda: self._point(counters))

    def _point(self, counters: Counters) -> Point:
        return Point(self.function, self.terms, self.memory, counters)

    def _straight(self, run: Sequence[Store | Combine], point: Callable[[], Point]) -> None:
        """Statements without loops; each block reads nothing that it writes."""
        for block in blocks_of(run):
            here = point()
            ready = [self._evaluated(here, statement) for statement in block]
            for statement, registers in zip(block, ready, strict=True):
                for array, register in zip(targets_of(statement), registers, strict=True):
                    here.store(array, self._address(statement), register)

    def _evaluated(self, here: Point, statement: Store | Combine) -> list[str]:
        if isinstance(statement, Store):
            return [here.operand(statement.value)]
        values = [here.operand(value) for value in statement.values]
        old = [here.load(array, self._address(statement)) for array in statement.arrays]
        return _merged(here.wide, statement, old, values)

    def _address(self, statement: Store | Combine) -> Scalar:
        return self.terms.flat(statement.where, targets_of(statement)[0].shape)

    # Loops.

    def _for(self, outer: For, counters: Counters) -> None:
        walk = self.schedule.walks[id(outer)]
        if any(loop.extent == 0 for loop in walk.loops) or self._copies_itself(walk):
            return
        around, last = (walk.loops[:-1], walk.loops[-1]) if walk.lanes else (walk.loops, None)
        with ExitStack() as stack:
            inner = dict(counters)
            for loop in around:
                inner[loop.axis] = stack.enter_context(self._rounds(loop))
                for row in self.named.get((id(outer), loop.axis), ()):
                    fetch(self._point(inner), row, self.schedule.divided)
            if last is None:
                self._statements(walk.statements, inner)
            else:
                self.wanted = self.later.get(id(outer), [])
                self._lanes(walk, last, inner)

    def _rounds(self, loop: Loop):  # type: ignore[no-untyped-def]
        if self._is_divided(loop):
            return self.function.loop("%to", start="%from")
        return self.function.loop(loop.extent)

    def _is_divided(self, loop: Loop) -> bool:
        divided = self.schedule.divided
        return divided is not None and loop.axis == divided.axis

    def _copies_itself(self, walk: Walk) -> bool:
        """True for a copy of an array to the memory where it lies already."""
        if len(walk.statements) != 1 or not isinstance(walk.statements[0], Store):
            return False
        store = walk.statements[0]
        if store.value.word is not Word.LOAD or store.array.dtype is not store.value.detail.dtype:
            return False
        here, there = self._address(store), address_of(self.terms, store.value)
        same = self.memory.of(store.array, written=True)[0] == self.memory.of(store.value.detail)[0]
        return here is there and same

    # Lanes.

    def _lanes(self, walk: Walk, loop: Loop, counters: Counters) -> None:
        statements = [s for s in walk.statements if isinstance(s, (Store, Combine))]
        states = [
            statement
            for statement in statements
            if isinstance(statement, Combine)
            and step_of(self.terms, self._address(statement), loop.axis) == 0
        ]
        rest = [statement for statement in statements if statement not in states]
        if states:
            assert not self._is_divided(loop), "a state is folded by one thread"
            _Lanes(self, loop, counters, states, rest).write()
        elif self._is_divided(loop):
            self.span(loop, counters, rest, "%from", "%to")
        else:
            self._row(loop, counters, rest)

    def _row(self, loop: Loop, counters: Counters, statements: Sequence[Store | Combine]) -> None:
        """Whole vectors, then one of the lanes that are left.

        A single round is left to scalars: of a vector with a mask of one lane LLVM makes scalars
        that no longer contract, so that its bits would depend on where it stands in its row.
        """
        width = min(vector_width(statements), _power_above(loop.extent))
        whole, left = divmod(loop.extent, width)
        if whole:
            with self.function.loop(whole * width, step=width) as at:
                self._wide(loop, counters, statements, at, width)
        if left == 1:
            self._wide(loop, counters, statements, str(whole * width), 1)
        elif left:
            mask = first_lanes(left, width)
            self._wide(loop, counters, statements, str(whole * width), width, mask)

    def span(
        self,
        loop: Loop,
        counters: Counters,
        statements: Sequence[Store | Combine],
        start: str,
        end: str,
    ) -> None:
        """The loop's rounds from `start` on: whole vectors, then what is left up to `end`."""
        function, width = self.function, vector_width(statements)
        count = function.do(f"sub i64 {end}, {start}")
        whole = function.do(f"and i64 {count}, {-width}")
        middle = function.do(f"add i64 {start}, {whole}")
        with (
            function.when(function.do(f"icmp ne i64 {whole}, 0")),
            function.loop(middle, start=start, step=width) as at,
        ):
            self._wide(loop, counters, statements, at, width)
        with function.when(function.do(f"icmp ult i64 {middle}, {end}")):
            if target().masks:
                left = function.do(f"sub i64 {count}, {whole}")
                mask = MemoryWords(function, width).below(left)
                self._wide(loop, counters, statements, middle, width, mask)
                return
            with function.loop(end, start=middle) as at:
                inner = {**counters, loop.axis: at}
                self._straight(statements, lambda: self._point(inner))

    def _wide(
        self,
        loop: Loop,
        counters: Counters,
        statements: Sequence[Store | Combine],
        at: str,
        width: int,
        mask: str = "",
    ) -> None:
        ask_for(self.point_at(loop, counters, at, width), self.wanted)
        self._straight(statements, lambda: self.point_at(loop, counters, at, width, mask))

    def point_at(
        self, loop: Loop, counters: Counters, at: str, width: int, mask: str = ""
    ) -> Point:
        """The point of `width` rounds from `at` on."""
        inner = {**counters, loop.axis: at}
        return Point(self.function, self.terms, self.memory, inner, loop.axis, width, mask)


class _Lanes:
    """One loop with states that its index does not choose."""

    def __init__(
        self,
        nests: Nests,
        loop: Loop,
        counters: Counters,
        states: Sequence[Combine],
        rest: Sequence[Store | Combine],
    ) -> None:
        self.nests = nests
        self.function = nests.function
        self.loop = loop
        self.counters = counters
        self.states = states
        self.rest = rest
        self.lanes = min(LANES, _power_above(loop.extent))
        self.width = min(self.lanes, vector_width([*states, *rest]))
        self.vectors = self.lanes // self.width
        self.unrolled = self.vectors * _work([*states, *rest]) <= UNROLLED
        self.kept = [
            [
                self.function.local(f"[{self.vectors} x <{self.width} x {_kind(array.dtype)}>]")
                for array in state.arrays
            ]
            for state in states
        ]

    def write(self) -> None:
        block = self.lanes * ROUNDS
        blocks, left = divmod(self.loop.extent, block)
        if blocks:
            with self.function.loop(blocks * block, step=block) as start:
                self._block(start, block)
        if left:
            self._block(str(blocks * block), left)

    def _block(self, start: str, count: int) -> None:
        """Fold `count` rounds into the lanes, and these into the states."""
        for state, kept in zip(self.states, self.kept, strict=True):
            self._begin(state, kept)
        whole, left = divmod(count, self.width)
        if self.unrolled:
            chunks, more = divmod(whole, self.vectors)
            if chunks:
                with self.function.loop(chunks * self.lanes, step=self.lanes) as at:
                    for n in range(self.vectors):
                        self._step(self._sum(self._sum(start, at), str(n * self.width)), str(n))
            done = chunks * self.lanes
            for n in range(more):
                self._step(self._sum(start, str(done + n * self.width)), str(n))
        elif whole:
            with self.function.loop(whole * self.width, step=self.width) as at:
                slot = "0"
                if whole > 1:
                    turn = self.function.do(f"udiv i64 {at}, {self.width}")
                    slot = self.function.do(f"and i64 {turn}, {self.vectors - 1}")
                self._step(self._sum(start, at), slot)
        if left:
            slot = str(whole % self.vectors)
            mask = first_lanes(left, self.width)
            self._step(self._sum(start, str(whole * self.width)), slot, mask)
        for state, kept in zip(self.states, self.kept, strict=True):
            self._finish(state, kept)

    def _begin(self, state: Combine, kept: Sequence[str]) -> None:
        words = Words(self.function, self.width)
        for first, array, memory in zip(state.init, state.arrays, kept, strict=True):
            value = words.literal(first.detail, array.dtype)
            for n in range(self.vectors):
                self._keep(memory, str(n), array.dtype, value)

    def _step(self, at: str, slot: str, mask: str = "") -> None:
        """Fold the next vector into the lanes of a slot."""

        def point() -> Point:
            return self.nests.point_at(self.loop, self.counters, at, self.width, mask)

        here = point()
        ask_for(here, self.nests.wanted)
        values = [[here.operand(value) for value in state.values] for state in self.states]
        ready = [self.nests._evaluated(here, statement) for statement in self.rest]
        for statement, registers in zip(self.rest, ready, strict=True):
            for array, register in zip(targets_of(statement), registers, strict=True):
                here.store(array, self.nests._address(statement), register)
        for state, kept, joining in zip(self.states, self.kept, values, strict=True):
            dtypes = [array.dtype for array in state.arrays]
            old = [self._taken(m, slot, d) for m, d in zip(kept, dtypes, strict=True)]
            new = _merged(here.wide, state, old, joining)
            for memory, dtype, before, after in zip(kept, dtypes, old, new, strict=True):
                self._keep(memory, slot, dtype, self._chosen(mask, here, dtype, after, before))

    def _chosen(self, mask: str, here: Point, dtype: DType, yes: str, no: str) -> str:
        if not mask:
            return yes
        kind, bits = here.wide.type(dtype), here.wide.type(bool_)
        return self.function.do(f"select {bits} {mask}, {kind} {yes}, {kind} {no}")

    def _finish(self, state: Combine, kept: Sequence[str]) -> None:
        """Merge the lanes by halves, then what is left with the state in memory."""
        dtypes = [array.dtype for array in state.arrays]
        vectors = [
            [self._taken(memory, str(n), dtype) for memory, dtype in zip(kept, dtypes, strict=True)]
            for n in range(self.vectors)
        ]
        words = Words(self.function, self.width)
        while len(vectors) > 1:
            half = len(vectors) // 2
            pairs = zip(vectors[:half], vectors[half:], strict=True)
            vectors = [_merged(words, state, low, high) for low, high in pairs]
        (parts,) = vectors
        width = self.width
        while width > 1:
            width //= 2
            halves = [self._halves(p, d, width) for p, d in zip(parts, dtypes, strict=True)]
            low, high = [a for a, _ in halves], [b for _, b in halves]
            parts = _merged(Words(self.function, width), state, low, high)
        here = self.nests._point(self.counters)
        address = self.nests._address(state)
        old = [here.load(array, address) for array in state.arrays]
        for array, total in zip(state.arrays, _merged(here.wide, state, old, parts), strict=True):
            here.store(array, address, total)

    def _halves(self, part: str, dtype: DType, half: int) -> tuple[str, str]:
        kind = f"<{2 * half} x {Words(self.function).type(dtype)}>"
        if half == 1:
            low = self.function.do(f"extractelement {kind} {part}, i64 0")
            return low, self.function.do(f"extractelement {kind} {part}, i64 1")
        lanes = range(half), range(half, 2 * half)
        low, high = (self.function.do(shuffle(kind, part, "poison", each)) for each in lanes)
        return low, high

    # The lanes' memory, which LLVM turns into registers.

    def _slot(self, memory: str, slot: str, dtype: DType) -> str:
        if slot == "0":
            return memory
        kind = f"<{self.width} x {_kind(dtype)}>"
        return self.function.do(f"getelementptr inbounds {kind}, ptr {memory}, i64 {slot}")

    def _taken(self, memory: str, slot: str, dtype: DType) -> str:
        wide = f"<{self.width} x {_kind(dtype)}>"
        if self.width == 1:
            wide = _kind(dtype)
        value = self.function.do(f"load {wide}, ptr {self._slot(memory, slot, dtype)}")
        if dtype is not bool_:
            return value
        zero = "0" if self.width == 1 else "zeroinitializer"
        return self.function.do(f"icmp ne {wide} {value}, {zero}")

    def _keep(self, memory: str, slot: str, dtype: DType, value: str) -> None:
        wide = f"<{self.width} x {_kind(dtype)}>" if self.width > 1 else _kind(dtype)
        if dtype is bool_:
            bits = Words(self.function, self.width).type(bool_)
            value = self.function.do(f"zext {bits} {value} to {wide}")
        self.function.act(f"store {wide} {value}, ptr {self._slot(memory, slot, dtype)}")

    def _sum(self, a: str, b: str) -> str:
        if a == "0" or b == "0":
            return b if a == "0" else a
        if a.isdigit() and b.isdigit():
            return str(int(a) + int(b))
        return self.function.do(f"add nuw nsw i64 {a}, {b}")


def _kind(dtype: DType) -> str:
    return memory_type(dtype)


def _merged(words: Words, state: Combine, first: Sequence[str], second: Sequence[str]) -> list[str]:
    return [words.evaluate(order_of(part), [*first, *second]) for part in state.combine]


def vector_width(statements: Sequence[Store | Combine]) -> int:
    """How many rounds fill a vector register with the widest floats (or else numbers)."""
    arrays = [array for statement in statements for array in targets_of(statement)]
    arrays += [load.detail for load in loads(statements)]
    floats = [array.dtype.itemsize for array in arrays if array.dtype.is_float]
    widest = max(floats or [array.dtype.itemsize for array in arrays])
    return max(1, target().vector_bits // 8 // widest)


def _work(statements: Sequence[Store | Combine]) -> int:
    """About how many instructions a vector of rounds takes."""
    parts = [p for s in statements if isinstance(s, Combine) for p in s.combine]
    values = [v for s in statements for v in ((s.value,) if isinstance(s, Store) else s.values)]
    leaves = (Word.INPUT, Word.LITERAL)
    return sum(scalar.word not in leaves for scalar in postorder([*values, *parts]))


def _power_above(count: int) -> int:
    """The least power of two that is not below `count`."""
    return 1 << max(0, count - 1).bit_length()
