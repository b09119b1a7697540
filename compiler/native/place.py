"""Where an array lies while a program runs."""

from __future__ import annotations

from typing import Literal, NamedTuple

from ...runtime.team import CALLED


class Place(NamedTuple):
    """The beginning of an array's memory.

    Attributes
    ----------
    kind : str
        ``argument``, ``result``, ``constant``, ``routine`` (of BLAS) and ``team`` (functions of
        the thread team) are counted; in the ``arena`` an array has an offset in bytes.
    number : int
        The count or the offset.
    aligned : bool
        True where the memory begins at a multiple of 64 bytes.
    """

    kind: Literal["argument", "result", "arena", "constant", "routine", "team"]
    number: int
    aligned: bool = True


TEAM = {name: Place("team", number) for number, name in enumerate(CALLED)}
"""The functions of the thread team."""
