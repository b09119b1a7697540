"""Elements from memory and into it: one, neighbouring ones as a vector, or scattered ones."""

from __future__ import annotations

from ..dtypes import DType, bool_
from .function import Function
from .scalar_llvm import Words, memory_type
from .vectors import shuffle


class MemoryWords:
    """Loads and stores of `width` elements; booleans are a byte in memory and a bit in registers.

    Alignments of masked words are operands, as LLVM 20 and 21 want them; later ones read that too.

    Parameters
    ----------
    function : Function
        Receives the instructions.
    width : int
        How many lanes.
    mask : str
        Which lanes count, as an operand of bits; all if empty.
    """

    def __init__(self, function: Function, width: int = 1, mask: str = "") -> None:
        self.function = function
        self.width = width
        self.mask = mask
        self._words = Words(function, width)

    def load_one(self, pointer: str, index: str, dtype: DType, align: int) -> str:
        """The register of one element."""
        kind = memory_type(dtype)
        where = self._element(pointer, index, kind)
        value = self.function.do(f"load {kind}, ptr {where}, align {align}")
        return self.function.do(f"icmp ne i8 {value}, 0") if dtype is bool_ else value

    def load(self, pointer: str, index: str, dtype: DType, align: int) -> str:
        """The register of neighbouring elements; zero in lanes that do not count."""
        if self.width == 1:
            return self.load_one(pointer, index, dtype, align)
        kind = memory_type(dtype)
        wide = f"<{self.width} x {kind}>"
        where = self._element(pointer, index, kind)
        if not self.mask:
            return self._truth(self.function.do(f"load {wide}, ptr {where}, align {align}"), dtype)
        name = f"@llvm.masked.load.v{self.width}{_suffix(dtype)}.p0"
        self.function.declare(f"declare {wide} {name}(ptr, i32, {self._bits}, {wide})")
        given = f"ptr {where}, i32 {align}, {self._bits} {self.mask}, {wide} zeroinitializer"
        return self._truth(self.function.do(f"call {wide} {name}({given})"), dtype)

    def gather(self, pointer: str, places: str, dtype: DType, align: int) -> str:
        """The register of elements at a vector of 64-bit places."""
        kind = memory_type(dtype)
        wide, pointers = f"<{self.width} x {kind}>", f"<{self.width} x ptr>"
        where = self.function.do(
            f"getelementptr inbounds {kind}, ptr {pointer}, <{self.width} x i64> {places}"
        )
        name = f"@llvm.masked.gather.v{self.width}{_suffix(dtype)}.v{self.width}p0"
        self.function.declare(f"declare {wide} {name}({pointers}, i32, {self._bits}, {wide})")
        mask = self.mask or "splat (i1 true)"
        given = f"{pointers} {where}, i32 {align}, {self._bits} {mask}, {wide} zeroinitializer"
        return self._truth(self.function.do(f"call {wide} {name}({given})"), dtype)

    def store(self, pointer: str, index: str, dtype: DType, register: str, align: int) -> None:
        """Write neighbouring elements, those of lanes that count."""
        kind = memory_type(dtype)
        wide = kind if self.width == 1 else f"<{self.width} x {kind}>"
        if dtype is bool_:
            register = self.function.do(f"zext {self._words.type(bool_)} {register} to {wide}")
        where = self._element(pointer, index, kind)
        if not self.mask:
            self.function.act(f"store {wide} {register}, ptr {where}, align {align}")
            return
        name = f"@llvm.masked.store.v{self.width}{_suffix(dtype)}.p0"
        self.function.declare(f"declare void {name}({wide}, ptr, i32, {self._bits})")
        given = f"{wide} {register}, ptr {where}, i32 {align}, {self._bits} {self.mask}"
        self.function.act(f"call void {name}({given})")

    def splat(self, kind: str, register: str) -> str:
        """The vector with one register in each lane."""
        wide = f"<{self.width} x {kind}>"
        one = self.function.do(f"insertelement {wide} poison, {kind} {register}, i64 0")
        return self.function.do(shuffle(wide, one, "poison", [0] * self.width))

    def below(self, count: str) -> str:
        """The mask of the first `count` lanes, a register: a byte counts each lane, as 64 fit."""
        assert self.width <= 64
        lanes = ", ".join(f"i8 {lane}" for lane in range(self.width))
        few = self.function.do(f"trunc i64 {count} to i8")
        every = self.splat("i8", few)
        return self.function.do(f"icmp ult <{self.width} x i8> <{lanes}>, {every}")

    @property
    def _bits(self) -> str:
        return f"<{self.width} x i1>"

    def _element(self, pointer: str, index: str, kind: str) -> str:
        if index == "0":
            return pointer
        return self.function.do(f"getelementptr inbounds {kind}, ptr {pointer}, i64 {index}")

    def _truth(self, register: str, dtype: DType) -> str:
        if dtype is not bool_:
            return register
        return self.function.do(f"icmp ne <{self.width} x i8> {register}, zeroinitializer")


def _suffix(dtype: DType) -> str:
    """What intrinsics call an element's type in memory."""
    return f"f{dtype.bits}" if dtype.is_float else f"i{8 * dtype.itemsize}"


def first_lanes(count: int, width: int) -> str:
    """The constant mask of the first `count` lanes."""
    return f"<{', '.join(f'i1 {str(lane < count).lower()}' for lane in range(width))}>"
