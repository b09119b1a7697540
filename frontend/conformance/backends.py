"""The table of backends that every op is run on: graph and arrays in, arrays out."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ...compiler.graph import Graph
from ...compiler.interpret import evaluate

Backend = Callable[[Graph, list[Any]], list[Any]]

BACKENDS: dict[str, Backend] = {"reference": evaluate}
