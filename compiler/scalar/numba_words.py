"""The words that Python has no operator for, as Numba intrinsics; importing this imports Numba."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cache
from typing import Any

import numba
import numpy as np
from llvmlite import ir
from numba.extending import intrinsic

from ..dtypes import DType

Generator = Callable[..., Any]


def _same_type(name: str, arity: int, generate: Callable[..., Any]) -> Any:
    """An intrinsic over `arity` scalars of one type with a result of that type.

    `generate(builder, numba_type, values)` gives the LLVM value.
    """

    def typed(context: Any, *operands: Any) -> tuple[Any, Generator]:
        def lower(target: Any, builder: Any, signature: Any, values: Any) -> Any:
            return generate(builder, operands[0], values)

        return operands[0](*operands[:arity]), lower

    return _with_arity(name, arity, typed)


def _with_arity(name: str, arity: int, typed: Callable[..., Any]) -> Any:
    """Numba reads the number of arguments from the signature: give it one of that many."""
    listed = ", ".join(f"x{i}" for i in range(arity))
    scope: dict[str, Any] = {"typed": typed}
    exec(f"def {name}(context, {listed}):\n    return typed(context, {listed})", scope)
    return intrinsic(scope[name])


def _typed_select(context: Any, condition: Any, yes: Any, no: Any) -> tuple[Any, Generator]:
    def lower(target: Any, builder: Any, signature: Any, values: Any) -> Any:
        bit = builder.trunc(values[0], ir.IntType(1)) if values[0].type.width > 1 else values[0]
        return builder.select(bit, values[1], values[2])

    return yes(numba.types.boolean, yes, yes), lower


def _fma(builder: Any, kind: Any, values: Any) -> Any:
    if isinstance(kind, numba.types.Float):
        return builder.fma(*values)
    return builder.add(builder.mul(values[0], values[1]), values[2])


def _root(builder: Any, kind: Any, values: Any) -> Any:
    """LLVM's own: Numba's calls the C library."""
    return builder.call(builder.module.declare_intrinsic("llvm.sqrt", [values[0].type]), values)


def _ldexp(builder: Any, kind: Any, values: Any) -> Any:
    """LLVM's own, of a 32-bit integer."""
    whole, real = ir.IntType(32), values[0].type
    convert = builder.module.declare_intrinsic(
        f"llvm.fptosi.sat.i32.f{kind.bitwidth}", fnty=ir.FunctionType(whole, [real])
    )
    scale = builder.module.declare_intrinsic(
        f"llvm.ldexp.f{kind.bitwidth}.i32", fnty=ir.FunctionType(real, [real, whole])
    )
    return builder.call(scale, [values[0], builder.call(convert, [values[1]])])


def _quotient(builder: Any, kind: Any, values: Any) -> Any:
    return (builder.sdiv if kind.signed else builder.udiv)(*values)


def _remainder(builder: Any, kind: Any, values: Any) -> Any:
    if isinstance(kind, numba.types.Float):
        return builder.frem(*values)
    return (builder.srem if kind.signed else builder.urem)(*values)


@cache
def numba_type(dtype: DType) -> Any:
    """Numba's type of a dtype."""
    return numba.from_dtype(dtype.numpy)


@cache
def bitcast_to(dtype: DType) -> Any:
    """The intrinsic that reads a scalar's bits as `dtype`."""
    result = numba_type(dtype)

    def typed(context: Any, x: Any) -> tuple[Any, Generator]:
        def lower(target: Any, builder: Any, signature: Any, values: Any) -> Any:
            return builder.bitcast(values[0], target.get_value_type(result))

        return result(x), lower

    return _with_arity("bitcast", 1, typed)


@cache
def saturated_to(dtype: DType) -> Any:
    """The intrinsic that rounds a float to zero into `dtype`, the ends kept, NaN made 0."""
    result = numba_type(dtype)
    sign = "s" if dtype.kind == "i" else "u"

    def typed(context: Any, x: Any) -> tuple[Any, Generator]:
        def lower(target: Any, builder: Any, signature: Any, values: Any) -> Any:
            name = f"llvm.fpto{sign}i.sat.i{dtype.bits}.f{x.bitwidth}"
            kind = ir.FunctionType(ir.IntType(dtype.bits), [values[0].type])
            function = builder.module.declare_intrinsic(name, fnty=kind)
            return builder.call(function, values)

        return result(x), lower

    return _with_arity("saturated", 1, typed)


NAMESPACE: dict[str, Any] = {
    "math": math,
    "np": np,
    "select": _with_arity("select", 3, _typed_select),
    "fma": _same_type("fma", 3, _fma),
    "ldexp": _same_type("ldexp", 2, _ldexp),
    "root": _same_type("root", 1, _root),
    "truncated_divide": _same_type("truncated_divide", 2, _quotient),
    "truncated_remainder": _same_type("truncated_remainder", 2, _remainder),
    "boolean": numba.types.boolean,
}


def compile_body(source: str, names: dict[str, Any], dtypes: tuple[DType, ...]) -> Any:
    """The Numba function that `source` defines as ``body``, for arguments of these dtypes."""
    scope = {**NAMESPACE, **names}
    exec(source, scope)
    signature = tuple(map(numba_type, dtypes))
    return numba.njit([signature], error_model="numpy")(scope["body"])
