"""What to write instead of the parts of NumPy that cannot be traced."""

from __future__ import annotations

_SIZE = "gives an array whose size depends on the values"
_WRITES = "writes into its argument"
_PYTHON = "calls Python for single elements"
_VALUES = "asks for the values of a traced array"
_NO = "does not take traced values"

_MASK = "Use np.where(mask, x, 0) to keep the shape and blank out the rest"
_BEFORE = "Call it on NumPy arrays before they enter the traced function"
_OUTSIDE = "Return the array and do it outside the traced function"


def _all(names: str, sentence: str, hint: str) -> dict[str, tuple[str, str]]:
    return dict.fromkeys(names.split(), (sentence, hint))


# Name -> how the sentence goes on after the name, and what to write.
HINTS: dict[str, tuple[str, str]] = {
    **_all("nonzero flatnonzero argwhere extract compress", _SIZE, _MASK),
    **_all("unique unique_values unique_counts unique_inverse unique_all", _SIZE, _BEFORE),
    **_all("intersect1d union1d setdiff1d setxor1d trim_zeros", _SIZE, _BEFORE),
    "bincount": (_SIZE, "Use cr.ops.one_hot(labels, count=n).sum(axis=0), with n a Python number"),
    "delete": (_NO, "Use np.concatenate of the slices to keep"),
    "insert": (_NO, "Use np.concatenate of the parts"),
    "resize": (_NO, "Use np.reshape, np.tile or np.pad"),
    "block": (_NO, "Use np.concatenate along each axis"),
    "dstack": (_NO, "Use np.stack(arrays, axis=2)"),
    **_all("place putmask", _WRITES, "Use np.where(mask, values, x)"),
    "put": (_WRITES, "Use x.at[indices].set(values)"),
    "put_along_axis": (_WRITES, "Use x.at[i, indices].set(values)"),
    "copyto": (_WRITES, "Use the value itself, np.broadcast_to(value, shape) or x.at[i].set(v)"),
    "fill_diagonal": (_WRITES, "Use x.at[i, i].set(value) with i = np.arange(n)"),
    "fill": (_WRITES, "Use np.full_like(x, value)"),
    **_all(
        "vectorize apply_along_axis apply_over_axes",
        _PYTHON,
        "Write the function with NumPy operations on whole arrays",
    ),
    "piecewise": (_PYTHON, "Use np.where(condition, a, b) or np.select"),
    **_all("sort argsort lexsort partition argpartition searchsorted", _NO, _BEFORE),
    **_all("median percentile quantile nanmedian", _NO, "np.mean, np.min and np.max are supported"),
    **_all("nansum", _NO, "Use np.sum(np.where(np.isnan(x), 0, x))"),
    "nanmean": (_NO, "Use np.average with weights of 0 where np.isnan(x), after np.nan_to_num"),
    **_all("nanmax nanmin", _NO, "Use np.where(np.isnan(x), extreme, x) first"),
    **_all("cumsum cumulative_sum", _NO, "Use np.tril(np.ones((n, n), x.dtype)) @ x"),
    **_all("cumprod cumulative_prod", _NO, "Multiply slices in a Python loop over the axis"),
    "fmod": (_NO, "Use np.remainder, which takes the sign of the divisor"),
    "divmod": (_NO, "Use np.floor_divide and np.remainder"),
    "modf": (_NO, "Use np.trunc(x) and x - np.trunc(x)"),
    **_all("frexp ldexp", _NO, "Use np.log2 and np.exp2"),
    **_all("arcsinh asinh", _NO, "Use np.sign(x) * np.log(np.abs(x) + np.sqrt(x * x + 1))"),
    **_all("arccosh acosh", _NO, "Use np.log(x + np.sqrt(x * x - 1))"),
    **_all("arctanh atanh", _NO, "Use 0.5 * (np.log1p(x) - np.log1p(-x))"),
    "heaviside": (_NO, "Use np.where(x > 0, 1, 0)"),
    "logaddexp2": (_NO, "Use np.logaddexp in base e"),
    "linspace": (_NO, "Use start + (stop - start) * np.linspace(0, 1, num)"),
    "array_equal": (_NO, "Use np.all(x == y), which is a traced boolean"),
    **_all("array_equiv", _NO, "Use np.all(x == y), which is a traced boolean"),
    **_all("array2string array_repr array_str", _VALUES, _OUTSIDE),
    **_all("save savez savetxt savez_compressed", _VALUES, _OUTSIDE),
    **_all("tobytes tofile dump dumps view", _VALUES, _OUTSIDE),
    **_all(
        "linalg.inv linalg.solve linalg.det linalg.slogdet linalg.svd linalg.qr linalg.cholesky "
        "linalg.eig linalg.eigh linalg.pinv linalg.lstsq linalg.matrix_power linalg.matrix_rank",
        _NO,
        "np.linalg.norm and np.matmul are supported",
    ),
}

REFUSED_PARAMETERS: dict[str, str] = {
    "out": "Use the result: arrays are not written in place while traced",
    "where": "Choose first: np.where(mask, x, neutral), with 0 for a sum and 1 for a product",
    "initial": "Combine the result with the start value in a second step",
    "casting": "Cast first: x.astype(dtype)",
    "order": "A traced array has no memory order: leave it out",
    "subok": "A traced array has no subclass: leave it out",
    "signature": "Cast first: x.astype(dtype)",
    "mean": "Leave it out: equal parts are computed once",
    "device": "Leave it out: a program runs on one device",
}

# Parameters that decide a shape, a dtype or which unit is built.
STATIC_PARAMETERS = frozenset(
    """axis axis1 axis2 axes shape dtype keepdims ddof correction ord repeats reps shift pad_width
    mode source destination decimals k n offset indices_or_sections equal_nan subscripts
    indexing""".split()  # noqa: SIM905  (a list of words reads best as words)
)
