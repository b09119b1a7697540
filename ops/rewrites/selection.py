"""Choices between the same, choices already made, and conversions on the way."""

from ... import ops
from ...compiler.plugin import Rule, rewrites, variables

c, x, y, z, d = variables("c x y z d")

_MANTISSA = {"float16": 11, "bfloat16": 8, "float32": 24, "float64": 53}
_EXPONENT = {"float16": 5, "bfloat16": 8, "float32": 8, "float64": 11}


def holds_all(wide, narrow):
    """True when every number of the dtype `narrow` is one of `wide`."""
    if narrow.kind == "b":
        return True
    if narrow.is_integer:
        if wide.is_float:
            return _MANTISSA[wide.name] >= narrow.bits - (narrow.kind == "i")
        if wide.is_integer and (wide.kind == narrow.kind):
            return wide.bits >= narrow.bits
        return wide.kind == "i" and wide.bits > narrow.bits
    return (
        wide.is_float
        and _MANTISSA[wide.name] >= _MANTISSA[narrow.name]
        and _EXPONENT[wide.name] >= _EXPONENT[narrow.name]
    )


def _converted(x, d, whole):
    return x if x.type == whole.type else ops.cast(x, dtype=d, weak=whole.type.weak)


rewrites.add(
    Rule(ops.where(c, x, x), x, "the choice is between the same"),
    Rule(ops.where(True, x, y), x, "the choice is made"),
    Rule(ops.where(False, x, y), y, "the choice is made"),
    Rule(ops.where(c, True, False), c, "the condition itself"),
    Rule(ops.where(c, False, True), ops.logical_not(c), "the condition turned round"),
    Rule(
        ops.where(ops.logical_not(c), x, y),
        ops.where(c, y, x),
        "the choice turned round",
        when=lambda c: c.dtype.kind == "b",
    ),
    Rule(
        ops.logical_not(ops.logical_not(c)),
        c,
        "a boolean turned round twice",
        when=lambda c: c.dtype.kind == "b",
    ),
    Rule(ops.invert(ops.invert(x)), x, "every bit turned round twice"),
    Rule(ops.where(c, ops.where(c, x, y), z), ops.where(c, x, z), "chosen the same way before"),
    Rule(ops.where(c, x, ops.where(c, y, z)), ops.where(c, x, z), "chosen the same way before"),
    Rule(
        ops.cast(ops.cast(x), dtype=d),
        _converted,
        "the first conversion loses nothing: it holds every number of x, NaN and -0.0 included",
        when=lambda x, whole: holds_all(whole.unit.inputs[0].type.dtype, x.type.dtype),
        name="cast of a lossless cast",
    ),
)
