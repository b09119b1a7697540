"""Identity matrix."""

import numpy as np

from ... import ops
from ...compiler.dtypes import as_dtype
from ...compiler.plugin import bad, case, composite, float32, float64


@composite(
    formula=r"\delta_{i + k, j}",
    reference=lambda *, rows, columns, k, dtype: np.eye(rows, columns, k, dtype.numpy),
)
def eye(*, rows, columns=None, k=0, dtype=float64):
    """1 on the `k`-th diagonal of a matrix (square by default), 0 elsewhere."""
    shape = (rows, columns)
    own = ops.iota(shape=shape, axis=0) + k == ops.iota(shape=shape, axis=1)
    return ops.cast(own, dtype=dtype)


@eye.normalise
def eye_shape(*, rows, columns, k, dtype):
    return {"columns": rows if columns is None else columns, "dtype": as_dtype(dtype)}


eye.samples(
    case(rows=3),
    case(rows=2, columns=4, k=1, dtype=float32),
    case(rows=4, columns=2, k=-1),
    case(rows=0),
    bad(rows=-1, says="the shape (-1, -1) has a negative extent"),
)
