"""What a native program takes and gives, array by array."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np


@dataclass(frozen=True)
class ArraySpec:
    """An argument: its shape and dtype, and the name that messages call it by."""

    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    name: str

    def __str__(self) -> str:
        return f"{self.dtype}[{', '.join(map(str, self.shape))}]"


@dataclass(frozen=True)
class ResultSpec:
    """A result: its shape and dtype, and the argument whose memory it takes, if any."""

    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    donor: int | None = None
