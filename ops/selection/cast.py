"""Conversion of dtype."""

import numpy as np

from ... import ops
from ...compiler.dtypes import as_dtype
from ...compiler.plugin import (
    ArrayType,
    Role,
    bool_,
    case,
    elementwise,
    float32,
    float64,
    given,
    int64,
    integers,
    normal,
)
from ...compiler.plugin import cast as convert


def _reference(x, *, dtype, weak):
    if np.issubdtype(x.dtype, np.floating) and dtype.is_integer:
        info = np.iinfo(dtype.numpy)
        inside = (x >= info.min) & (x < float(info.max) + (info.max < 2**24))
        safe = np.where(inside, x, 0).astype(dtype.numpy)
        ends = np.where(x > 0, info.max, info.min).astype(dtype.numpy)
        return np.where(inside, safe, np.where(np.isnan(x), dtype.numpy.type(0), ends))
    return x.astype(dtype.numpy)


@elementwise(
    formula=r"\mathrm{dtype}(x)",
    accepts="biuf",
    linear_in=[("x",)],
    zero_preserving=True,
    role=Role.CAST,
    reference=_reference,
)
def cast(x, *, dtype, weak=False):
    """Each element converted; floats to integers truncate, saturate at the ends and make 0 of NaN
    (NumPy leaves both undefined). A weak result gives way in promotion, as Python's numbers do."""
    return convert(x, dtype)


@cast.normalise
def cast_dtype(x, *, dtype, weak):
    return {"dtype": as_dtype(dtype)}


@cast.type_rule
def cast_type(x, *, dtype, weak):
    return ArrayType(x.shape, dtype, weak)


@cast.vjp
def cast_vjp(ct, x, out, *, dtype, weak):
    return ops.cast(ct, dtype=x.dtype)


cast.samples(
    case(normal(3, 4), dtype=float32),
    case(normal(3, 4), dtype=float64),
    case(integers(-5, 5, 4), dtype=float32),
    case(normal(4), dtype=int64, smooth=False),
    case(normal(4), dtype=bool_, smooth=False),
    case(given([np.nan, np.inf, -np.inf, 1e30, -1e30, 0.0, -0.9]), dtype=int64, smooth=False),
)
