"""The meaning of each word of the scalar vocabulary in LLVM's instructions.

The only fast-math flag is ``contract``. Booleans are i1 in registers and a byte in memory.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence
from typing import Any

from ...runtime.llvm import host
from ..dtypes import DType, bfloat16, bool_, float16
from ..errors import UnsupportedError
from ..scalar import Scalar, Word
from .function import Function

_FLOATS = {"float16": "half", "bfloat16": "bfloat", "float32": "float", "float64": "double"}

_FLOAT_WORDS = {
    Word.ADD: "fadd contract {t} {0}, {1}",
    Word.SUBTRACT: "fsub contract {t} {0}, {1}",
    Word.MULTIPLY: "fmul contract {t} {0}, {1}",
    Word.DIVIDE: "fdiv contract {t} {0}, {1}",
    Word.TRUNCATED_REMAINDER: "frem {t} {0}, {1}",
    Word.NEGATE: "fneg {t} {0}",
    Word.LESS: "fcmp olt {t} {0}, {1}",
    Word.LESS_EQUAL: "fcmp ole {t} {0}, {1}",
    Word.EQUAL: "fcmp oeq {t} {0}, {1}",
    Word.NOT_EQUAL: "fcmp une {t} {0}, {1}",
    Word.ISNAN: "fcmp uno {t} {0}, {0}",
}

_WHOLE_WORDS = {
    Word.ADD: "add {t} {0}, {1}",
    Word.SUBTRACT: "sub {t} {0}, {1}",
    Word.MULTIPLY: "mul {t} {0}, {1}",
    Word.NEGATE: "sub {t} {zero}, {0}",
    Word.EQUAL: "icmp eq {t} {0}, {1}",
    Word.NOT_EQUAL: "icmp ne {t} {0}, {1}",
    Word.AND: "and {t} {0}, {1}",
    Word.OR: "or {t} {0}, {1}",
    Word.XOR: "xor {t} {0}, {1}",
    Word.NOT: "xor {t} {0}, {ones}",
    Word.SHIFT_LEFT: "shl {t} {0}, {1}",
}

_SIGNED_WORDS = _WHOLE_WORDS | {
    Word.TRUNCATED_DIVIDE: "sdiv {t} {0}, {1}",
    Word.TRUNCATED_REMAINDER: "srem {t} {0}, {1}",
    Word.LESS: "icmp slt {t} {0}, {1}",
    Word.LESS_EQUAL: "icmp sle {t} {0}, {1}",
    Word.SHIFT_RIGHT: "ashr {t} {0}, {1}",
}

_UNSIGNED_WORDS = _WHOLE_WORDS | {
    Word.TRUNCATED_DIVIDE: "udiv {t} {0}, {1}",
    Word.TRUNCATED_REMAINDER: "urem {t} {0}, {1}",
    Word.LESS: "icmp ult {t} {0}, {1}",
    Word.LESS_EQUAL: "icmp ule {t} {0}, {1}",
    Word.SHIFT_RIGHT: "lshr {t} {0}, {1}",
}

# NumPy's sum of booleans is their disjunction, the product their conjunction.
_BOOL_WORDS = _UNSIGNED_WORDS | {
    Word.ADD: "or {t} {0}, {1}",
    Word.MULTIPLY: "and {t} {0}, {1}",
}

_WORDS = {"f": _FLOAT_WORDS, "i": _SIGNED_WORDS, "u": _UNSIGNED_WORDS, "b": _BOOL_WORDS}

_INTRINSICS = {
    Word.FMA: "llvm.fma",
    Word.SQRT: "llvm.sqrt",
    Word.ABS: "llvm.fabs",
    Word.FLOOR: "llvm.floor",
    Word.CEIL: "llvm.ceil",
    Word.TRUNC: "llvm.trunc",
    Word.ROUND_EVEN: "llvm.roundeven",
    Word.COPYSIGN: "llvm.copysign",
}


def register_type(dtype: DType) -> str:
    """The type of a value in a register."""
    if dtype.kind == "c":
        raise UnsupportedError(
            f"native programs do not compute with {dtype} yet", 'Use backend="reference"'
        )
    if dtype.kind == "b":
        return "i1"
    return _FLOATS[dtype.name] if dtype.is_float else f"i{dtype.bits}"


def memory_type(dtype: DType) -> str:
    """The type of an element in memory."""
    return "i8" if dtype.kind == "b" else register_type(dtype)


def literal(value: Any, dtype: DType) -> str:
    """A number as LLVM writes it, without its type."""
    if dtype is bool_:
        return "true" if value else "false"
    if not dtype.is_float:
        return str(int(value))
    if dtype is float16:
        return f"0xH{struct.unpack('<H', struct.pack('<e', value))[0]:04X}"
    if dtype is bfloat16:
        return f"0xR{struct.unpack('<I', struct.pack('<f', value))[0] >> 16:04X}"
    return f"0x{struct.unpack('<Q', struct.pack('<d', value))[0]:016X}"


class Words:
    """Writes words into a function, for scalars or for vectors of `width` of them."""

    def __init__(self, function: Function, width: int = 1) -> None:
        self.function = function
        self.width = width

    def type(self, dtype: DType) -> str:
        """The register type of a value of `dtype`."""
        return self._wide(register_type(dtype))

    def literal(self, value: Any, dtype: DType) -> str:
        """A literal as an operand."""
        text = literal(value, dtype)
        return text if self.width == 1 else f"splat ({register_type(dtype)} {text})"

    def evaluate(self, order: Sequence[Scalar], inputs: Sequence[str]) -> str:
        """The last of `order`, a body from its leaves up, for the INPUTs' registers."""
        known: dict[int, str] = {}
        for scalar in order:
            if scalar.word is Word.INPUT:
                known[id(scalar)] = inputs[scalar.detail]
            else:
                operands = [known[id(operand)] for operand in scalar.operands]
                known[id(scalar)] = self.apply(scalar, operands)
        return known[id(order[-1])]

    def apply(self, scalar: Scalar, operands: Sequence[str]) -> str:
        """The register of a word applied to the operands' registers."""
        word, dtype = scalar.word, scalar.dtype
        if word is Word.LITERAL:
            return self.literal(scalar.detail, dtype)
        source = scalar.operands[-1].dtype
        if word in _SPECIAL:
            return _SPECIAL[word](self, scalar, operands)
        if word in _INTRINSICS and source.is_float:
            return self.intrinsic(_INTRINSICS[word], source, operands)
        template = _WORDS[source.kind].get(word)
        if template is None:
            raise UnsupportedError(f"the word {word.name.lower()} has no meaning for {source}")
        zero, ones = self.literal(0, source), self.literal(1 if source is bool_ else -1, source)
        text = template.format(*operands, t=self.type(source), zero=zero, ones=ones)
        return self.function.do(text)

    def intrinsic(self, name: str, dtype: DType, operands: Sequence[str], more: str = "") -> str:
        """Call one of LLVM's own functions, whose operands and result have one type."""
        kind = self.type(dtype)
        full = f"{name}.{self._suffix(dtype)}"
        extra = f", {more}" if more else ""
        types = ", ".join([kind] * len(operands)) + (f", {more.split()[0]}" if more else "")
        self.function.declare(f"declare {kind} @{full}({types})")
        given = ", ".join(f"{kind} {operand}" for operand in operands)
        return self.function.do(f"call {kind} @{full}({given}{extra})")

    def any(self, condition: str) -> str:
        """True if a bool holds in one lane at least."""
        if self.width == 1:
            return condition
        lanes = f"v{self.width}i1"
        self.function.declare(f"declare i1 @llvm.vector.reduce.or.{lanes}({self.type(bool_)})")
        return self.function.do(
            f"call i1 @llvm.vector.reduce.or.{lanes}({self.type(bool_)} {condition})"
        )

    def _wide(self, type: str) -> str:
        return type if self.width == 1 else f"<{self.width} x {type}>"

    def _suffix(self, dtype: DType) -> str:
        letter = "bf" if dtype is bfloat16 else "f" if dtype.is_float else "i"
        wide = "" if self.width == 1 else f"v{self.width}"
        return f"{wide}{letter}{dtype.bits if dtype is not bool_ else 1}"

    # Words with a form of their own.

    def _select(self, scalar: Scalar, operands: Sequence[str]) -> str:
        condition, yes, no = operands
        kind = self.type(scalar.dtype)
        return self.function.do(f"select {self.type(bool_)} {condition}, {kind} {yes}, {kind} {no}")

    def _abs(self, scalar: Scalar, operands: Sequence[str]) -> str:
        if scalar.dtype.kind in "ub":
            return operands[0]
        if scalar.dtype.is_float:
            return self.intrinsic(_INTRINSICS[Word.ABS], scalar.dtype, operands)
        return self.intrinsic("llvm.abs", scalar.dtype, operands, "i1 false")

    def _ldexp(self, scalar: Scalar, operands: Sequence[str]) -> str:
        bits = self.width * scalar.dtype.bits
        if bits in (128, 256, 512) and host().has("avx512vl"):
            return self._scalef(scalar.dtype, operands, bits)
        return self._two_products(scalar.dtype, operands)

    def _scalef(self, dtype: DType, operands: Sequence[str], bits: int) -> str:
        """AVX-512's instruction, for all lanes, rounded as everything is."""
        kind, lanes = self.type(dtype), f"i{max(8, self.width)}"
        name = f"llvm.x86.avx512.mask.scalef.p{'s' if dtype.bits == 32 else 'd'}.{bits}"
        rounding = ", i32" if bits == 512 else ""
        self.function.declare(f"declare {kind} @{name}({kind}, {kind}, {kind}, {lanes}{rounding})")
        given = ", ".join(f"{kind} {each}" for each in (*operands, operands[0]))
        current = f"{rounding} 4" if rounding else ""
        return self.function.do(f"call {kind} @{name}({given}, {lanes} -1{current})")

    def _two_products(self, dtype: DType, operands: Sequence[str]) -> str:
        """By 2^(n // 2) and by what is left of 2^n.

        Beside 1.5 * 2^digits the last bits of a number are a whole number, and the first ones are
        lost in becoming an exponent: no conversion.
        """
        x, n = operands
        do, real, whole = self.function.do, self.type(dtype), self._wide(f"i{dtype.bits}")
        digits, one = {32: (23, 0x3F800000), 64: (52, 0x3FF0000000000000)}[dtype.bits]

        def number(value: int) -> str:
            return str(value) if self.width == 1 else f"splat (i{dtype.bits} {value})"

        shifted = do(f"fadd {real} {n}, {self.literal(1.5 * 2.0**digits, dtype)}")
        count = do(f"bitcast {real} {shifted} to {whole}")
        half = do(f"ashr {whole} {count}, {number(1)}")
        for part in (half, do(f"sub {whole} {count}, {half}")):
            exponent = do(f"shl {whole} {part}, {number(digits)}")
            power = do(f"add {whole} {exponent}, {number(one)}")
            x = do(f"fmul {real} {x}, {do(f'bitcast {whole} {power} to {real}')}")
        return x

    def _bitcast(self, scalar: Scalar, operands: Sequence[str]) -> str:
        source = self.type(scalar.operands[0].dtype)
        return self.function.do(f"bitcast {source} {operands[0]} to {self.type(scalar.dtype)}")

    def _cast(self, scalar: Scalar, operands: Sequence[str]) -> str:
        (x,) = operands
        source, target = scalar.operands[0].dtype, scalar.dtype
        before, after = self.type(source), self.type(target)
        if target is bool_:
            test = "fcmp une" if source.is_float else "icmp ne"
            return self.function.do(f"{test} {before} {x}, {self.literal(0, source)}")
        if source.is_float and not target.is_float:
            signed = "s" if target.kind == "i" else "u"
            name = f"llvm.fpto{signed}i.sat.{self._suffix(target)}.{self._suffix(source)}"
            self.function.declare(f"declare {after} @{name}({before})")
            return self.function.do(f"call {after} @{name}({before} {x})")
        how = _conversion(source, target)
        return self.function.do(how.format(before, x, after)) if how else x


def _conversion(source: DType, target: DType) -> str:
    """How LLVM converts between two types, empty where there is nothing to do."""
    if source.is_float:
        if source.itemsize == target.itemsize:
            raise UnsupportedError(f"there is no direct conversion from {source} to {target}")
        wider = source.itemsize < target.itemsize
        return "fpext {} {} to {}" if wider else "fptrunc {} {} to {}"
    if target.is_float:
        return "sitofp {} {} to {}" if source.kind == "i" else "uitofp {} {} to {}"
    bits = 1 if source is bool_ else source.bits
    if bits == target.bits:
        return ""
    if bits > target.bits:
        return "trunc {} {} to {}"
    return "sext {} {} to {}" if source.kind == "i" else "zext {} {} to {}"


_SPECIAL: dict[Word, Callable[[Words, Scalar, Sequence[str]], str]] = {
    Word.SELECT: Words._select,
    Word.RARELY: Words._select,
    Word.ABS: Words._abs,
    Word.LDEXP: Words._ldexp,
    Word.BITCAST: Words._bitcast,
    Word.CAST: Words._cast,
}
