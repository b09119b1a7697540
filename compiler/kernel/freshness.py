"""Whether a value that was read is still what its place holds.

An expression is evaluated where it is used, so that ``v = x[i]`` in a builder's kernel is no copy:
a use of `v` after a store to `x` would read the new value. That is refused.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from ..errors import VerificationError
from ..scalar import Scalar
from .grammar import Array


class Freshness:
    """The order of reads, uses and writes while a kernel is built."""

    def __init__(self) -> None:
        self._now = 0
        self._read: dict[int, tuple[Scalar, int]] = {}
        self._written: dict[Array, int] = {}
        self._loops: list[tuple[int, set[Array]]] = []  # beginning, arrays read before and used

    def read(self, load: Scalar) -> Scalar:
        """Note when a load was written down; returns it."""
        self._now += 1
        self._read[id(load)] = load, self._now
        return load

    def used(self, load: Scalar) -> None:
        """Refuse a load whose array was written since it was read."""
        if id(load) not in self._read:
            return
        array, (_, read) = load.detail, self._read[id(load)]
        if self._written.get(array, 0) > read:
            raise _stale(array)
        for begun, before in self._loops:
            if read < begun:
                before.add(array)

    def written(self, arrays: Sequence[Array]) -> None:
        """Note a write; refuse it where the next round would use an old value of the array."""
        self._now += 1
        for array in arrays:
            self._written[array] = self._now
            if any(array in before for _, before in self._loops):
                raise _stale(array)

    @contextmanager
    def loop(self) -> Iterator[None]:
        """The rounds of a loop."""
        self._now += 1
        self._loops.append((self._now, set()))
        yield
        self._loops.pop()


def _stale(array: Array) -> VerificationError:
    return VerificationError(
        f"a value of {array} is used after the array was written: read it again, or keep it in a "
        "local array"
    )
