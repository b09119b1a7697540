"""How a matrix product is computed: which form, which tile, which blocks, what is packed.

The choice is the cheapest by a model that counts cycles of vector operations. It sees the
shape, the dtype and which operands lie transposed, nothing else. The form (tiles or dot
products), which decides the order of each sum, is chosen for one reference CPU, so that it does
not depend on the machine; tiles and blocks, which do not change a sum, for the CPU at hand.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from typing import ClassVar

from ..dtypes import DType
from .dots import lanes_of
from .vectors import Target

REFERENCE = Target(512, 32)

CALL = 25
"""Cycles to enter a micro-kernel, fill its pipeline and leave it."""

LATENCY = 4
"""Cycles from one multiply-add to the next that needs its result."""

FAR = 2
"""Cycles per vector that comes from the second-level cache."""

SLACK = 1.03
"""What a plan may cost over the cheapest one, if it needs fewer functions: each takes some ten
milliseconds to compile."""

NEAR_BYTES = 16384
"""What is read again and again stays in the first-level cache up to this size: half of one."""

PANEL_DEPTH = 384
"""The most k in a block: a tile's accumulators are then written once in so many rounds."""

WIDEST = 15
"""The most vectors of a tile: one row of B then passes in long pieces."""

NARROWEST = 32
"""Bytes of a register that is not used by halves."""

BLOCK_BYTES = 512 * 1024
"""The most of an operand that is read again and again: half of a second-level cache."""

LEAST_BLOCK_BYTES = 128 * 1024
"""A packed block of B may be as large as this; a larger one no larger than A's, which passes for
it: it is working memory, and each thread has one."""

STRIP_BYTES = 32 * 1024
"""The most of a result in the rows of one tile that an epilogue takes together."""


@dataclass(frozen=True, slots=True)
class Shape:
    """A product ``C[rows, columns] = A[rows, summed] @ B[summed, columns]`` in row-major memory.

    Attributes
    ----------
    rows, columns, summed : int
        All at least one.
    dtype : DType
        float32 or float64.
    a_transposed, b_transposed : bool
        True where the memory holds the transpose.
    """

    rows: int
    columns: int
    summed: int
    dtype: DType
    a_transposed: bool = False
    b_transposed: bool = False

    def flipped(self) -> Shape:
        """The product of the transposes, whose result is the transpose."""
        flip = not self.b_transposed, not self.a_transposed
        return Shape(self.columns, self.rows, self.summed, self.dtype, *flip)


@dataclass(frozen=True, slots=True)
class Strip:
    """Tiles of one width, side by side.

    Attributes
    ----------
    start : int
        The first column.
    vectors, lanes : int
        The width of a tile, in vectors of so many elements.
    last : int
        How many lanes of its last vector belong to the result.
    count : int
        How many tiles there are.
    masked : bool
        Whether the tiles mask their last vector: needed if it is not full.
    """

    start: int
    vectors: int
    lanes: int
    last: int
    count: int
    masked: bool

    @property
    def width(self) -> int:
        """Columns of memory that a tile takes in a panel."""
        return self.vectors * self.lanes


@dataclass(frozen=True)
class Tiled:
    """Tiles of the result, in blocks of k and of columns.

    Attributes
    ----------
    shape : Shape
        What is multiplied: after flipping, if `flipped`.
    lanes : int
        Elements of a vector.
    height, vectors : int
        The whole tile.
    packed : bool
        Whether B goes through panels.
    flipped : bool
        True where A and B have changed places; the result is turned back from scratch.
    """

    shape: Shape
    lanes: int
    height: int
    vectors: int
    packed: bool
    flipped: bool = False

    @property
    def width(self) -> int:
        """Columns of a whole tile."""
        return self.vectors * self.lanes

    @cached_property
    def depth(self) -> int:
        """The most k in a block; blocks are of nearly equal depth."""
        return _even(self.shape.summed, PANEL_DEPTH, 1)

    @cached_property
    def block(self) -> int:
        """The most columns in a block: a multiple of the tile's width."""
        if not self.packed:
            return _up(self.shape.columns, self.width)
        column = self.depth * self.shape.dtype.itemsize
        passing = max(LEAST_BLOCK_BYTES, self.shape.rows * column)
        most = min(BLOCK_BYTES, passing) // column // self.width
        return _even(self.shape.columns, max(1, most) * self.width, self.width)

    @property
    def heights(self) -> Iterator[tuple[int, int]]:
        """Height of tiles and how many there are, from the top."""
        if self.shape.rows >= self.height:
            yield self.height, self.shape.rows // self.height
        if self.shape.rows % self.height:
            yield self.shape.rows % self.height, 1

    @cached_property
    def strips(self) -> tuple[Strip, ...]:
        """Whole tiles from the left, then what is left: vectors of half a register if that does."""
        lanes, columns = self.lanes, self.shape.columns
        count, rest = divmod(columns, self.width)
        start = count * self.width
        over = rest % lanes
        # A half register costs half as much on CPUs that take whole ones in two steps.
        narrow = 0 < over <= lanes // 2 and self.lanes * self.shape.dtype.itemsize > NARROWEST
        vectors = rest // lanes if narrow else -(-rest // lanes)
        masked = bool(over) and not narrow
        found = []
        if count:
            # Where a masked tile of this width is needed anyway, it serves whole ones too.
            both = masked and vectors == self.vectors
            found.append(Strip(0, self.vectors, lanes, lanes, count, both))
        if vectors:
            last = over if masked else lanes
            found.append(Strip(start, vectors, lanes, last, 1, masked))
        if narrow:
            start += vectors * lanes
            found.append(Strip(start, 1, lanes // 2, over, 1, over < lanes // 2))
        return tuple(found)

    @property
    def functions(self) -> int:
        """How many functions it consists of."""
        tiles = {
            (height, s.vectors, s.lanes, s.masked)
            for height, _ in self.heights
            for s in self.strips
        }
        panels = {
            s.lanes if self.shape.b_transposed else (s.vectors, s.lanes, s.masked)
            for s in self.strips
        }
        return len(tiles) + (len(panels) if self.packed else 0) + self.turned_back

    @property
    def turned_step(self) -> int:
        """From one row to the next of a result that is to be turned."""
        return _up(self.shape.columns, self.lanes)

    @property
    def turned_back(self) -> bool:
        """Whether the result passes through scratch: one column needs no turning."""
        return self.flipped and self.shape.rows > 1

    @property
    def by_tiles(self) -> bool:
        """Whether what is done with the result is done as tiles are complete."""
        return not self.flipped

    @property
    def by_strips(self) -> bool:
        """Whether that is done for all tiles of some rows together, while they are near."""
        return self.packed and self.height * self.block * self.shape.dtype.itemsize <= STRIP_BYTES

    @property
    def in_one_go(self) -> bool:
        """Whether a tile is complete at once, so that the result need not be in memory."""
        return self.by_tiles and self.depth == self.shape.summed

    @property
    def panel_bytes(self) -> int:
        """Room for one packed block; turning writes whole squares, past the block's end."""
        if not self.packed:
            return 0
        columns = min(self.block, _up(self.shape.columns, self.lanes))
        return _up((self.depth + self.lanes) * columns * self.shape.dtype.itemsize, 64)

    @property
    def scratch_bytes(self) -> int:
        """Room for a packed block and the result before it is turned."""
        turned = self.shape.rows * self.turned_step * self.shape.dtype.itemsize
        return self.panel_bytes + (turned if self.turned_back else 0)

    @property
    def cost(self) -> float:
        """Cycles, in the model."""
        shape = self.shape
        reused = shape.rows > self.height
        panel = min(shape.summed, PANEL_DEPTH) * self.width * shape.dtype.itemsize
        read = FAR if panel > NEAR_BYTES or not reused else 1
        calls = -(-shape.summed // self.depth)
        total = 0.0
        for height, down in self.heights:
            for strip in self.strips:
                vectors = strip.vectors * strip.lanes * shape.dtype.itemsize / 64
                each = max(height * vectors, height / 2 + read * vectors, LATENCY)
                finish = calls * (CALL + 2 * height * vectors)
                total += down * strip.count * (shape.summed * each + finish)
        return total + self._packing + self._turning

    @property
    def _packing(self) -> float:
        if not self.packed:
            return 0.0
        vectors = -(-self.shape.columns // self.lanes)
        each = (4 if self.shape.b_transposed else 2) * FAR
        return each * vectors * self.shape.summed + CALL * -(-vectors // self.vectors)

    @property
    def _turning(self) -> float:
        if not self.turned_back:
            return 0.0
        return 4 * self.turned_step * -(-self.shape.rows // self.lanes) + CALL


@dataclass(frozen=True)
class Dotted:
    """Dot products of contiguous rows.

    Attributes
    ----------
    shape : Shape
        What is multiplied: after flipping, if `flipped`.
    height, width : int
        How many rows of A and of B meet in a group.
    flipped : bool
        True where A and B have changed places and C is written by columns.
    turned : bool
        True where A lies transposed and is turned in scratch first; a single row only if its
        elements are apart.
    """

    shape: Shape
    height: int
    width: int
    flipped: bool
    turned: bool
    by_tiles: ClassVar[bool] = False
    in_one_go: ClassVar[bool] = False

    @property
    def functions(self) -> int:
        """How many functions it consists of."""
        return 1 + self.turned

    @property
    def lanes(self) -> int:
        """Partial sums of one dot product."""
        return lanes_of(self.shape.dtype)

    @property
    def turned_step(self) -> int:
        """From one row of the turned A to the next."""
        return _up(self.shape.summed, self.lanes)

    @property
    def scratch_bytes(self) -> int:
        """Room for the turned A."""
        if not self.turned:
            return 0
        return self.shape.rows * self.turned_step * self.shape.dtype.itemsize

    @property
    def cost(self) -> float:
        """Cycles, in the model."""
        shape = self.shape
        down, across = -(-shape.rows // self.height), -(-shape.columns // self.width)
        groups = down * across
        sums = self.height * self.width
        row = shape.summed * shape.dtype.itemsize
        # All of A passes for each group of B's rows, which stay near if they fit.
        own = self.height * _distance(shape.rows * row)
        other = self.width * max(_distance(self.width * row), 1 + FAR / down)
        each = max(sums, own + other, LATENCY)
        one = -(-shape.summed // self.lanes) * each + CALL + (5 if self.flipped else 3) * sums
        turning = 4 * FAR * _up(shape.rows, self.lanes) * self.turned_step / self.lanes
        return groups * one + (turning if self.turned and shape.rows > 1 else 0)


Plan = Tiled | Dotted


def plan(shape: Shape, target: Target, whole: Shape | None = None) -> Plan:
    """The cheapest way to compute a product on a CPU; of nearly equal ones, the least code.

    Parameters
    ----------
    whole : Shape, optional
        The product that this one is a piece of: it chooses the form, so that the order of sums
        does not depend on the pieces.
    """
    dotted = isinstance(_cheapest(whole or shape, REFERENCE), Dotted)
    found: list[Plan] = [*(_dotted if dotted else _tiled)(shape, target)]
    limit = SLACK * min(each.cost for each in found)
    return min((p for p in found if p.cost <= limit), key=lambda each: (each.functions, each.cost))


def accumulating(shape: Shape, target: Target) -> Plan:
    """The cheapest way to add a product to what its result holds: tiles that need no turning."""
    found = [each for each in _tiled(shape, target) if not each.turned_back]
    return min(found, key=lambda each: each.cost)


def by_rows(found: Plan, target: Target) -> Plan:
    """A plan with the same sums that completes some rows of the result before it begins others."""
    if not isinstance(found, Tiled) or found.flipped or found.packed:
        return found
    others = (each for each in _tiled(found.shape, target) if each.packed and not each.flipped)
    return min(others, key=lambda each: each.cost, default=found)


def _cheapest(shape: Shape, target: Target) -> Plan:
    found: list[Plan] = [*_tiled(shape, target), *_dotted(shape, target)]
    return min(found, key=lambda each: each.cost)


def _tiled(shape: Shape, target: Target) -> Iterator[Tiled]:
    for flipped in (False, True):
        own = shape.flipped() if flipped else shape
        if flipped and own.b_transposed:
            continue
        for lanes in _lanes(own, target):
            for height, vectors in _tiles(own, lanes, target):
                direct = Tiled(own, lanes, height, vectors, False, flipped)
                # Without panels all of A's block passes for each strip of B.
                block = own.rows * direct.depth * own.dtype.itemsize
                far = block > BLOCK_BYTES and own.columns > direct.width
                if not own.b_transposed and not far:
                    yield direct
                if own.b_transposed or own.rows > height:
                    yield replace(direct, packed=True)


def _lanes(shape: Shape, target: Target) -> Iterator[int]:
    """Elements of a vector: a whole register, or half of one if the columns fit in that."""
    lanes = target.lanes(shape.dtype)
    narrow = shape.columns <= lanes // 2 and target.vector_bits // 8 > NARROWEST
    yield lanes // 2 if narrow else lanes


def _tiles(shape: Shape, lanes: int, target: Target) -> Iterator[tuple[int, int]]:
    """Tiles whose accumulators, row of B and element of A fit the registers."""
    most = -(-shape.columns // lanes)
    for vectors in range(1, min(most, WIDEST) + 1):
        height = min(shape.rows, 8, (target.registers - 2 - vectors) // vectors)
        if height > 0:
            yield height, vectors


def _dotted(shape: Shape, target: Target) -> Iterator[Dotted]:
    """Dot products, where the large operand lies right for them."""
    for flipped in (False, True):
        own = shape.flipped() if flipped else shape
        if not own.b_transposed:
            continue
        registers = 8 * lanes_of(shape.dtype) * shape.dtype.itemsize // target.vector_bits or 1
        for height in range(1, 7):
            for width in (1, 2, 4, 8):
                fits = registers * (height * width + height + 1) <= target.registers
                if height <= own.rows and width <= own.columns and (fits or height * width == 1):
                    turned = own.a_transposed
                    yield Dotted(own, height, width, flipped, turned)


def _distance(nbytes: int) -> int:
    """Cycles per vector of what is read again and again, by its size."""
    if nbytes <= NEAR_BYTES:
        return 1
    return FAR if nbytes <= BLOCK_BYTES else 2 * FAR


def _even(extent: int, most: int, step: int) -> int:
    """Equal parts of `extent`, no more than needed: their size, a multiple of `step`."""
    count = -(-extent // most)
    return _up(-(-extent // count), step)


def _up(extent: int, step: int) -> int:
    """The next multiple."""
    return -(-extent // step) * step
