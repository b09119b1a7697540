"""What it takes, beside the traced graph, to make an executable of object code."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ...runtime.blas import Blas
from ...runtime.buffers import address_of, copy_aligned
from ...runtime.executable import Executable
from ...runtime.llvm import NativeModule
from ...runtime.specs import ArraySpec, ResultSpec
from ...runtime.team import team_addresses
from ..attributes import FrozenArray
from ..graph import Graph, Unit


@dataclass(frozen=True)
class Import:
    """An entry of the import table.

    Attributes
    ----------
    kind : str
        ``"constant"``, ``"routine"`` or ``"team"``.
    name : str
        A constant's digest; the name of a routine of BLAS, of a function of the thread team.
    """

    kind: str
    name: str


@dataclass(frozen=True)
class Recipe:
    """A program without its machine code and constants.

    Attributes
    ----------
    arena_bytes : int
        Scratch of a call.
    imports : tuple of Import
        In the order of the import table.
    """

    arena_bytes: int
    imports: tuple[Import, ...]

    @property
    def calls_blas(self) -> bool:
        """Whether BLAS's threads matter."""
        return any(each.kind == "routine" for each in self.imports)

    def executable(
        self,
        graph: Graph,
        donors: Mapping[int, int],
        module: NativeModule,
        constants: Mapping[str, FrozenArray],
        blas: Blas | None,
        on_status: Callable[[int, int], Exception],
    ) -> Executable:
        """The callable; `graph` is of the program's types, before or after the passes."""
        kept = [
            copy_aligned(constants[each.name].value) if each.kind == "constant" else None
            for each in self.imports
        ]
        addresses = [
            _function(each, blas) if array is None else address_of(array)
            for each, array in zip(self.imports, kept, strict=True)
        ]
        return Executable(
            module.address("entry"),
            tuple(_argument(graph, number, unit) for number, unit in enumerate(graph.inputs)),
            tuple(
                ResultSpec(unit.shape, unit.array_type.dtype.numpy, donors.get(number))
                for number, unit in enumerate(graph.outputs)
            ),
            arena_bytes=self.arena_bytes,
            imports=tuple(addresses),
            keepalive=(module, *kept),
            on_status=on_status,
        )

    def to_dict(self) -> dict[str, Any]:
        """Plain types, for JSON."""
        imports = [[each.kind, each.name] for each in self.imports]
        return {"arena_bytes": self.arena_bytes, "imports": imports}

    @staticmethod
    def from_dict(entry: Mapping[str, Any]) -> Recipe:
        """What `to_dict` gave."""
        imports: Sequence[tuple[str, str]] = entry["imports"]
        return Recipe(entry["arena_bytes"], tuple(Import(*each) for each in imports))


def _function(entry: Import, blas: Blas | None) -> int:
    """The address of a function outside the program."""
    if entry.kind == "team":
        return team_addresses()[entry.name]
    address: int = getattr(blas, entry.name)
    return address


def _argument(graph: Graph, number: int, unit: Unit) -> ArraySpec:
    names = sorted(graph.origin(unit).names)
    name = names[0] if names else f"argument {number}"
    return ArraySpec(unit.shape, unit.array_type.dtype.numpy, name)
