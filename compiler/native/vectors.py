"""What matrix products are written with: the CPU's vectors, and LLVM's words for them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ...runtime.llvm import host
from ..dtypes import DType
from .scalar_llvm import register_type


@dataclass(frozen=True, slots=True)
class Target:
    """The vector registers of a CPU.

    Attributes
    ----------
    vector_bits : int
        The width of one.
    registers : int
        How many there are.
    """

    vector_bits: int
    registers: int

    @property
    def masks(self) -> bool:
        """True where loads and stores of some lanes alone cost as much as those of all."""
        return self.vector_bits == 512

    def lanes(self, dtype: DType) -> int:
        """Elements of one register."""
        return self.vector_bits // (8 * dtype.itemsize)


def target() -> Target:
    """The registers of the CPU that code is for: 32 with AVX-512 and NEON, 16 with AVX and SSE."""
    bits = host().vector_bits
    arm = host().triple.startswith(("arm64", "aarch64"))
    return Target(bits, 32 if bits == 512 or arm else 16)


@dataclass(frozen=True, slots=True)
class Vector:
    """Vectors of one length and element type, as text.

    Attributes
    ----------
    dtype : DType
        Of the elements, float32 or float64.
    lanes : int
        How many elements.
    """

    dtype: DType
    lanes: int

    @property
    def scalar(self) -> str:
        """The element's type."""
        return register_type(self.dtype)

    @property
    def type(self) -> str:
        """The vector's type."""
        return f"<{self.lanes} x {self.scalar}>"

    @property
    def mask(self) -> str:
        """The type of one bit per lane."""
        return f"<{self.lanes} x i1>"

    @property
    def suffix(self) -> str:
        """What intrinsics are called for this type."""
        return f"v{self.lanes}f{8 * self.dtype.itemsize}"

    def at(self, pointer: str, *offset: str | int) -> str:
        """The address of an element: its offset is a sum of numbers and registers."""
        places = ", ".join(f"i64 {part}" for part in offset)
        return f"getelementptr {self.scalar}, ptr {pointer}, {places}"

    def load(self, pointer: str) -> str:
        """A vector from memory of any alignment."""
        return f"load {self.type}, ptr {pointer}, align 1"

    def store(self, value: str, pointer: str) -> str:
        """A vector into memory of any alignment."""
        return f"store {self.type} {value}, ptr {pointer}, align 1"

    def masked_load(self, pointer: str, mask: str) -> str:
        """The lanes under the mask, zero elsewhere; memory outside the mask is not touched."""
        return (
            f"call {self.type} @llvm.masked.load.{self.suffix}.p0(ptr {pointer}, i32 1, "
            f"{self.mask} {mask}, {self.type} zeroinitializer)"
        )

    def masked_store(self, value: str, pointer: str, mask: str) -> str:
        """Store the lanes under the mask."""
        return (
            f"call void @llvm.masked.store.{self.suffix}.p0({self.type} {value}, "
            f"ptr {pointer}, i32 1, {self.mask} {mask})"
        )

    def fma(self, a: str, b: str, c: str) -> str:
        """``a * b + c``, rounded once where the CPU can."""
        kind = self.type
        return f"call {kind} @llvm.fmuladd.{self.suffix}({kind} {a}, {kind} {b}, {kind} {c})"

    def below(self, count: str, name: str) -> list[str]:
        """Instructions that name the mask of the first `count` (an i64) lanes."""
        lanes = ", ".join(f"i64 {lane}" for lane in range(self.lanes))
        wide = f"<{self.lanes} x i64>"
        return [
            f"{name}.one = insertelement {wide} poison, i64 {count}, i64 0",
            f"{name}.all = {shuffle(wide, f'{name}.one', 'poison', [0] * self.lanes)}",
            f"{name} = icmp ult {wide} <{lanes}>, {name}.all",
        ]

    def splat(self, value: str, name: str) -> list[str]:
        """Instructions that name the vector with `value` in each lane."""
        every = shuffle(self.type, f"{name}.one", "poison", [0] * self.lanes)
        return [
            f"{name}.one = insertelement {self.type} poison, {self.scalar} {value}, i64 0",
            f"{name} = {every}",
        ]

    @property
    def declarations(self) -> set[str]:
        """The intrinsics of this type."""
        kind, mask, name = self.type, self.mask, self.suffix
        return {
            f"declare {kind} @llvm.masked.load.{name}.p0(ptr, i32, {mask}, {kind})",
            f"declare void @llvm.masked.store.{name}.p0({kind}, ptr, i32, {mask})",
            "declare void @llvm.prefetch.p0(ptr, i32, i32, i32)",
            f"declare {kind} @llvm.fmuladd.{name}({kind}, {kind}, {kind})",
        }


def shuffle(kind: str, a: str, b: str, lanes: Sequence[int]) -> str:
    """Lanes of `a` and `b`, those of `b` counted after those of `a`."""
    chosen = ", ".join(f"i32 {lane}" for lane in lanes)
    return f"shufflevector {kind} {a}, {kind} {b}, <{len(lanes)} x i32> <{chosen}>"


def function(name: str, parameters: str, blocks: Sequence[str]) -> str:
    """An internal function of its own: shared by kernels, so never copied into them.

    `blocks` are lines; a line that ends in a colon begins a block.
    """
    body = "\n".join(line if line.endswith(":") else f"  {line}" for line in blocks)
    return f"define internal void @{name}({parameters}) noinline nounwind {{\n{body}\n}}"
