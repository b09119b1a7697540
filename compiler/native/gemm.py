"""Matrix products as native functions: loops over blocks, panels and tiles.

A product's own function is small: it walks the blocks and calls micro-kernels and packing
functions that all products of a program share. All of them take addresses, leading dimensions
and extents as arguments.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from .dots import Dots, lanes_of
from .function import Function
from .packing import Panel, Turn
from .product_schedule import Dotted, Plan, Shape, Strip, Tiled
from .tile import Tile
from .vectors import Vector
from .window import WindowCode, WindowText

PARAMETERS = "ptr %a, i64 %lda, ptr %b, i64 %ldb, ptr %c, i64 %ldc, ptr %scratch, i1 %fresh"

Part = Tile | Panel | Turn | Dots


@dataclass(frozen=True)
class Epilogue:
    """What is done with the result's elements once they are complete.

    Attributes
    ----------
    code : WindowCode
        Does it for some rows and columns.
    local : bool
        Whether the result exists as one tile at a time only.
    """

    code: WindowCode
    local: bool


@dataclass(frozen=True)
class Emitted:
    """A product's function and what it needs.

    Attributes
    ----------
    name, text : str
        The function. Its parameters are the addresses of A, B and C, each with its leading
        dimension in elements (of the matrix as it lies in memory), and of `scratch_bytes` of
        working memory, 64-byte aligned, and whether C is fresh: else tiles add to what it holds.
        C must not overlap the others, and a C of one column must be contiguous. With an epilogue
        there follow the arrays of that, and the number of C's first row and column in it.
    parts : dict of str to str
        The texts of the functions that it calls, by name, shared with other products.
    declarations : set of str
        The intrinsics that all of them use.
    plan : Plan
        How it computes.
    """

    name: str
    text: str
    parts: dict[str, str]
    declarations: set[str]
    plan: Plan

    @property
    def scratch_bytes(self) -> int:
        """Bytes of working memory."""
        return self.plan.scratch_bytes


def emit_product(found: Plan, epilogue: Epilogue | None = None) -> Emitted:
    """Write the function of a product planned by `product_schedule.plan`; no extent is zero."""
    shape = found.shape.flipped() if found.flipped else found.shape
    writer = _Tiles(found, epilogue) if isinstance(found, Tiled) else _Dots(found, epilogue)
    writer.write()
    form = "tn"[not shape.a_transposed] + "tn"[not shape.b_transposed]
    extents = f"{shape.rows}x{shape.columns}x{shape.summed}"
    kind = "tiles" if isinstance(found, Tiled) else "dots"
    name, parameters = f"product_{shape.dtype.name}_{extents}_{form}_{kind}", PARAMETERS
    if epilogue is not None:
        if not found.by_tiles:
            extents = f"i64 {shape.rows}, i64 {shape.columns}"
            writer.finish(epilogue, f"i64 %row, i64 %column, {extents}, ptr %c, i64 %ldc")
        arrays = epilogue.code.parameters
        parameters = ", ".join(filter(None, (PARAMETERS, arrays, "i64 %row, i64 %column")))
    digest = hashlib.blake2b(writer.function.body().encode(), digest_size=6).hexdigest()
    name = f"{name}_{digest}"  # one shape may have several plans in a program
    head = f"define internal void @{name}({parameters}) noinline nounwind"
    text = f"{head} {{\n{writer.function.body()}\n  ret void\n}}"
    return Emitted(name, text, writer.parts, writer.declarations, found)


class _Writer:
    """What both forms are written with."""

    def __init__(self, shape: Shape, epilogue: Epilogue | None) -> None:
        self.shape = shape
        self.epilogue = epilogue
        self.function = Function()
        self.parts: dict[str, str] = {}
        self.declarations: set[str] = set()

    def place(self, pointer: str, *terms: tuple[str, str]) -> str:
        """The address of the element at the sum of some counters times their steps."""
        scalar = Vector(self.shape.dtype, 1).scalar
        for counter, step in terms:
            if counter == "0" or step == "0":
                continue
            offset = counter if step == "1" else self.function.do(f"mul i64 {counter}, {step}")
            pointer = self.function.do(f"getelementptr {scalar}, ptr {pointer}, i64 {offset}")
        return pointer

    def call(self, part: Part, *arguments: str) -> None:
        """Call a shared function."""
        if part.name not in self.parts:
            self.parts[part.name] = part.text()
            lanes = lanes_of(part.dtype) if isinstance(part, Dots) else part.lanes
            self.declarations |= Vector(part.dtype, lanes).declarations
        self.function.act(f"call void @{part.name}({', '.join(arguments)})")

    def finish(self, epilogue: Epilogue, window: str) -> None:
        """Do the epilogue for a window: its row, column, height, width and memory."""
        self._window(epilogue.code, epilogue.code.doing, window)

    def fetch(self, epilogue: Epilogue, window: str) -> None:
        """Send for what the epilogue of a window will read and write."""
        if epilogue.code.window.far:
            self._window(epilogue.code, epilogue.code.fetching, window)

    def _window(self, code: WindowCode, text: WindowText, window: str) -> None:
        self.parts[text.name] = text.text
        self.declarations |= text.declarations
        given = ", ".join(filter(None, (code.parameters, window)))
        self.function.act(f"call void @{text.name}({given})")

    def least(self, a: str, b: str) -> str:
        """The smaller of two lengths."""
        less = self.function.do(f"icmp ult i64 {a}, {b}")
        return self.function.do(f"select i1 {less}, i64 {a}, i64 {b}")

    def rest(self, extent: int, counter: str, most: int) -> str:
        """What is left of an extent, but no more than `most`."""
        if counter == "0":
            return str(min(extent, most))
        return self.least(self.function.do(f"sub i64 {extent}, {counter}"), str(most))


class _Tiles(_Writer):
    def __init__(self, found: Tiled, epilogue: Epilogue | None) -> None:
        super().__init__(found.shape, epilogue)
        self.plan = found
        self.a, self.b, self.c = "%a", "%b", "%c"
        self.lda, self.ldb, self.ldc = "%lda", "%ldb", "%ldc"
        if found.flipped:
            self.a, self.b, self.lda, self.ldb = "%b", "%a", "%ldb", "%lda"
        self.tile = self.tile_step = ""
        self.by_tiles: Epilogue | None = None
        self.a_steps = ("1", self.lda) if self.shape.a_transposed else (self.lda, "1")

    def write(self) -> None:
        shape, block, depth = self.shape, self.plan.block, self.plan.depth
        if self.plan.turned_back:
            self.c = self.function.do(
                f"getelementptr i8, ptr %scratch, i64 {self.plan.panel_bytes}"
            )
            self.ldc = str(self.plan.turned_step)
        self.by_tiles = self.epilogue if self.plan.by_tiles else None
        if self.epilogue is not None and self.epilogue.local:
            wide = self.plan.block if self.plan.by_strips else self.plan.width
            self.tile_step = str(wide)
            scalar = Vector(shape.dtype, 1).scalar
            self.tile = self.function.local(f"[{self.plan.height * wide} x {scalar}]")
        with self.function.loop(shape.columns, step=block) as column:
            columns = self.rest(shape.columns, column, block)
            with self.function.loop(shape.summed, step=depth) as k:
                count = self.rest(shape.summed, k, depth)
                _Block(self, column, columns, k, count).write()
        if self.plan.turned_back:
            self._turn_back()

    def _turn_back(self) -> None:
        """The columns of the result, from their rows in scratch."""
        lanes, rows = self.plan.lanes, self.shape.rows
        with self.function.loop(rows, step=lanes) as row:
            source, to = self.place(self.c, (row, self.ldc)), self.place("%c", (row, "1"))
            height = self.rest(rows, row, lanes)
            self.call(
                Turn(self.shape.dtype, lanes, exact=True),
                f"ptr {to}, i64 %ldc, ptr {source}, i64 {self.ldc}",
                f"i64 {self.shape.columns}, i64 {height}",
            )


class _Block:
    """One block: `columns` from `column` on, and `count` of the summed axis from `k` on."""

    def __init__(self, owner: _Tiles, column: str, columns: str, k: str, count: str) -> None:
        self.owner, self.plan, self.function = owner, owner.plan, owner.function
        self.k, self.column, self.columns, self.count = k, column, columns, count
        start = self.function.do(f"icmp eq i64 {k}, 0")
        self.first = self.function.do(f"and i1 {start}, %fresh")
        self.above = owner.place(owner.a, (k, owner.a_steps[1]))
        self.result = owner.place(owner.c, (column, "1"))

    def write(self) -> None:
        if not self.plan.packed:
            # A part of B stays in the first-level cache while A's rows pass.
            self._across(
                lambda j, strip: self._down(lambda i, height: self._tile(i, height, j, strip))
            )
            return
        self._across(self._pack)
        # A's rows stay in the first-level cache while B's panels pass.
        self._down(self._strip)

    def _strip(self, i: str, height: int) -> None:
        """The tiles of some rows."""
        own = self.owner
        self._across(lambda j, strip: self._tile(i, height, j, strip))
        if own.by_tiles is not None and self.plan.by_strips:
            with self._when_complete():
                own.finish(own.by_tiles, self._window(i, height, "0", self.columns))

    def _tile(self, i: str, height: int, j: str, strip: Strip) -> None:
        own, epilogue = self.owner, self.owner.by_tiles
        rows = own.place(self.above, (i, own.a_steps[0]))
        panel, step = self._panel(j, strip)
        here, apart = self._memory(i, j)
        window = ""
        if epilogue is not None:
            window = self._window(i, height, j, str(strip.width - strip.lanes + strip.last))
            with self._when_complete():
                own.fetch(epilogue, window)
        own.call(
            Tile(own.shape.dtype, strip.lanes, height, strip.vectors, strip.masked),
            f"ptr {rows}, i64 {own.a_steps[0]}, i64 {own.a_steps[1]}, ptr {panel}, i64 {step}",
            f"ptr {here}, i64 {apart}, i64 {self.count}, i1 {self.first}, i64 {strip.last}",
        )
        if epilogue is not None and not self.plan.by_strips:
            with self._when_complete():
                own.finish(epilogue, window)

    def _memory(self, i: str, j: str) -> tuple[str, str]:
        """Where a tile is written, and the step from one row to the next."""
        own = self.owner
        if own.tile:
            return own.place(own.tile, (j if self.plan.by_strips else "0", "1")), own.tile_step
        return own.place(self.result, (i, own.ldc), (j, "1")), own.ldc

    def _window(self, i: str, height: int, j: str, width: str) -> str:
        """Where tiles lie in the epilogue's matrix, and where in memory."""
        epilogue = self.owner.by_tiles
        assert epilogue is not None
        do, step = self.function.do, epilogue.code.step
        row = do(f"add i64 %row, {i if step == 1 else do(f'mul i64 {i}, {step}')}")
        column = do(f"add i64 {do(f'add i64 %column, {self.column}')}, {j}")
        here, apart = self._memory(i, j)
        return f"i64 {row}, i64 {column}, i64 {height}, i64 {width}, ptr {here}, i64 {apart}"

    @contextmanager
    def _when_complete(self) -> Iterator[None]:
        """What is inside is done in the last block of k."""
        if self.plan.in_one_go:
            yield
            return
        end = self.function.do(f"add i64 {self.k}, {self.count}")
        with self.function.when(self.function.do(f"icmp eq i64 {end}, {self.plan.shape.summed}")):
            yield

    def _panel(self, j: str, strip: Strip) -> tuple[str, str]:
        """Where a tile reads B, and the step to the next k."""
        own = self.owner
        if self.plan.packed:
            return own.place("%scratch", (j, self.count)), str(strip.width)
        return own.place(own.b, (self.k, own.ldb), (self.column, "1"), (j, "1")), own.ldb

    def _pack(self, j: str, strip: Strip) -> None:
        """Fill a panel; those before it are full, those after it not yet."""
        own, dtype, lanes = self.owner, self.owner.shape.dtype, strip.lanes
        panel, width = self._panel(j, strip)
        if not own.shape.b_transposed:
            source = own.place(own.b, (self.k, own.ldb), (self.column, "1"), (j, "1"))
            own.call(
                Panel(dtype, lanes, strip.vectors, strip.masked),
                f"ptr {panel}, ptr {source}, i64 {own.ldb}, i64 {self.count}, i64 {strip.last}",
            )
            return
        source = own.place(own.b, (self.k, "1"), (self.column, own.ldb), (j, own.ldb))

        def turn(at: str, height: int) -> None:
            to, rows = own.place(panel, (at, "1")), own.place(source, (at, own.ldb))
            own.call(
                Turn(dtype, lanes),
                f"ptr {to}, i64 {width}, ptr {rows}, i64 {own.ldb}",
                f"i64 {self.count}, i64 {height}",
            )

        whole = strip.width if strip.last == lanes else strip.width - lanes
        if whole:
            with self.function.loop(whole, step=lanes) as at:
                turn(at, lanes)
        if strip.last < lanes:
            turn(str(whole), strip.last)

    def _down(self, body: Callable[[str, int], None]) -> None:
        """Tiles from the top: place and height."""
        start = 0
        for height, count in self.plan.heights:
            with self.function.loop(count * height, step=height) as i:
                body(self._sum(i, start), height)
            start += count * height

    def _across(self, body: Callable[[str, Strip], None]) -> None:
        """Tiles from the left: place, and strip.

        All blocks but the last are full of whole tiles.
        """
        plan, extent = self.plan, self.owner.shape.columns
        if self.columns.isdigit():
            for strip in plan.strips:
                with self.function.loop(strip.count * strip.width, step=strip.width) as j:
                    body(self._sum(j, strip.start), strip)
            return
        width, rest = plan.width, extent % plan.width
        past = self.function.do(f"urem i64 {self.columns}, {width}")
        length = self.function.do(f"sub i64 {self.columns}, {past}")
        # The last block may have no whole tile; an empty loop is not allowed.
        some = self.function.do(f"icmp ne i64 {length}, 0")
        with self.function.when(some), self.function.loop(length, step=width) as j:
            body(j, plan.strips[0])
        if rest:
            with self.function.when(self.function.do(f"icmp ne i64 {past}, 0")):
                for strip in plan.strips[1:]:
                    body(self._sum(length, strip.start - extent + rest), strip)

    def _sum(self, a: str, b: int) -> str:
        if a == "0" or b == 0:
            return str(b) if a == "0" else a
        return self.function.do(f"add i64 {a}, {b}")


class _Dots(_Writer):
    def __init__(self, found: Dotted, epilogue: Epilogue | None) -> None:
        super().__init__(found.shape, epilogue)
        self.plan = found

    def write(self) -> None:
        shape, flipped = self.shape, self.plan.flipped
        a, lda, b, ldb = ("%b", "%ldb", "%a", "%lda") if flipped else ("%a", "%lda", "%b", "%ldb")
        if self.plan.turned and shape.rows > 1:
            a, lda = self._turned(a, lda)
        elif self.plan.turned:
            apart = self.function.do(f"icmp ne i64 {lda}, 1")
            with self.function.when(apart):
                self._turned(a, lda)
            a = self.function.do(f"select i1 {apart}, ptr %scratch, ptr {a}")
        part = Dots(shape.dtype, self.plan.height, self.plan.width, down=flipped)
        with self._groups(shape.columns, self.plan.width) as j:
            other = self.place(b, (j, ldb))
            with self._groups(shape.rows, self.plan.height) as i:
                own = self.place(a, (i, lda))
                steps = (j, "%ldc"), (i, "1")
                c = self.place("%c", *(steps if flipped else ((i, "%ldc"), (j, "1"))))
                self.call(
                    part,
                    f"ptr {own}, i64 {lda}, ptr {other}, i64 {ldb}",
                    f"ptr {c}, i64 %ldc, i64 {shape.summed}",
                )

    @contextmanager
    def _groups(self, extent: int, size: int) -> Iterator[str]:
        """Groups of rows; the last one begins earlier where it would go past the end.

        What two groups share is computed twice, with the same bits.
        """
        with self.function.loop(extent, step=size) as counter:
            full = counter == "0" or extent % size == 0
            yield counter if full else self.least(counter, str(extent - size))

    def _turned(self, a: str, lda: str) -> tuple[str, str]:
        """A's rows in scratch."""
        shape, lanes, step = self.shape, self.plan.lanes, self.plan.turned_step
        part = Turn(shape.dtype, lanes, exact=True)
        whole, rest = shape.summed // lanes * lanes, shape.summed % lanes

        def turn(k: str, height: int) -> None:
            to, rows = self.place("%scratch", (k, "1")), self.place(a, (k, lda))
            arguments = (
                f"ptr {to}, i64 {step}, ptr {rows}, i64 {lda}, i64 {shape.rows}, i64 {height}"
            )
            self.call(part, arguments)

        if whole:
            with self.function.loop(whole, step=lanes) as k:
                turn(k, lanes)
        if rest:
            turn(str(whole), rest)
        return "%scratch", str(step)
