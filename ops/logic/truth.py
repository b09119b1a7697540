"""Truth of a number."""


def truth(x):
    """The scalar as a bool: every number but 0 counts as true, NaN too."""
    return x if x.dtype.kind == "b" else x != 0
