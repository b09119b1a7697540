"""Where an array lies while a program runs."""

from __future__ import annotations

from typing import Literal, NamedTuple


class Place(NamedTuple):
    """The beginning of an array's memory.

    Attributes
    ----------
    kind : str
        ``argument``, ``result``, ``constant`` and ``routine`` (of BLAS) are counted; in the
        ``arena`` an array has an offset in bytes.
    number : int
        The count or the offset.
    aligned : bool
        True where the memory begins at a multiple of 64 bytes.
    """

    kind: Literal["argument", "result", "arena", "constant", "routine"]
    number: int
    aligned: bool = True
