"""What to write instead of the parts of NumPy that cannot be traced."""

from __future__ import annotations

_DATA_DEPENDENT = "gives an array whose size depends on the values"
_MASK = "Use np.where(mask, x, 0) to keep the shape and blank out the rest"

# Name -> how the sentence goes on after the name, and what to write.
HINTS: dict[str, tuple[str, str]] = {
    **dict.fromkeys(
        ("nonzero", "flatnonzero", "argwhere", "extract", "compress"), (_DATA_DEPENDENT, _MASK)
    ),
    **dict.fromkeys(
        ("unique", "unique_values", "unique_counts", "unique_inverse", "unique_all"),
        (_DATA_DEPENDENT, "Call it on the NumPy array before it enters the traced function"),
    ),
    **dict.fromkeys(
        ("intersect1d", "union1d", "setdiff1d", "setxor1d", "trim_zeros"),
        (_DATA_DEPENDENT, "Call it on the NumPy array before it enters the traced function"),
    ),
    "bincount": (
        _DATA_DEPENDENT,
        "Use cr.ops.one_hot(labels, count=n).sum(axis=0), with n known while tracing",
    ),
    "delete": (_DATA_DEPENDENT, "Use np.concatenate of the slices to keep"),
    "place": ("writes into its argument", "Use np.where(mask, values, x)"),
    "putmask": ("writes into its argument", "Use np.where(mask, values, x)"),
    "put": ("writes into its argument", "Use x.at[indices].set(values)"),
    "put_along_axis": ("writes into its argument", "Use x.at[i, indices].set(values)"),
    "copyto": (
        "writes into its argument",
        "Use the value itself, np.broadcast_to(value, shape) or x.at[i].set(v)",
    ),
    "fill_diagonal": (
        "writes into its argument",
        "Use x.at[i, i].set(value) with i = np.arange(n)",
    ),
    "vectorize": (
        "calls Python for each element",
        "Write the function with NumPy operations on whole arrays",
    ),
    "apply_along_axis": (
        "calls Python for each row",
        "Write the function with NumPy operations that take an axis",
    ),
    "piecewise": ("calls Python on selected elements", "Use np.where(condition, a, b)"),
    "fmod": ("does not take traced values", "Use np.remainder, whose sign is the divisor's"),
    "divmod": ("does not take traced values", "Use np.floor_divide and np.remainder"),
    "modf": ("does not take traced values", "Use np.trunc(x) and x - np.trunc(x)"),
    "median": ("does not take traced values", "np.mean is supported"),
    "array2string": ("asks for the values of a traced array", "Return it and print it outside"),
    "array_repr": ("asks for the values of a traced array", "Return it and print it outside"),
    "array_str": ("asks for the values of a traced array", "Return it and print it outside"),
    "save": ("asks for the values of a traced array", "Return it and save it outside"),
    "savetxt": ("asks for the values of a traced array", "Return it and save it outside"),
}

REFUSED_PARAMETERS: dict[str, str] = {
    "out": "Use the result: arrays are not written in place while traced",
    "where": "Choose first: np.where(mask, x, neutral), with 0 for a sum and 1 for a product",
    "initial": "Combine the result with the start value in a second step",
    "casting": "Cast first: x.astype(dtype)",
    "order": "A traced array has no memory order",
    "subok": "A traced array has no subclass",
    "signature": "Cast first: x.astype(dtype)",
    "mean": "Leave it out: equal parts are computed once",
    "device": "The whole program runs on one device",
    "like": "Leave it out",
}

# Parameters that decide a shape, a dtype or which unit is built.
STATIC_PARAMETERS = frozenset(
    """axis axis1 axis2 axes shape dtype keepdims ddof correction ord repeats reps shift pad_width
    mode source destination decimals k n offset indices_or_sections equal_nan subscripts
    indexing""".split()  # noqa: SIM905  (a list of words reads best as words)
)
