"""Which ops a package brings: found through its entry points, as an installation announces them."""

from __future__ import annotations

from difflib import get_close_matches
from importlib import metadata

from ...compiler.errors import ArgumentError
from ...compiler.op import Op
from ...compiler.registry import ENTRY_POINT_GROUP, registry

OWN = __name__.partition(".")[0]


def ops_of(package: str) -> list[Op]:
    """The ops of an installed package, loaded and registered.

    Parameters
    ----------
    package : str
        The name of the distribution or of its top-level module; ``chainrule`` for the built-in.

    Raises
    ------
    ArgumentError
        When no such package announces plugins.
    PluginError
        When one of its plugins breaks the contract.
    """
    if package == OWN:
        return _from_modules({OWN})
    entries = [e for e in metadata.entry_points(group=ENTRY_POINT_GROUP) if package in _names(e)]
    if not entries:
        raise ArgumentError(_unknown(package))
    for entry in entries:
        entry.load()
    return _from_modules({entry.module.partition(".")[0] for entry in entries})


def packages() -> list[str]:
    """The names of the installed packages with plugins, the built-in first."""
    entries = metadata.entry_points(group=ENTRY_POINT_GROUP)
    return [OWN, *sorted({entry.module.partition(".")[0] for entry in entries})]


def _names(entry: metadata.EntryPoint) -> set[str]:
    """What a package may be called: its module, and its distribution however it is spelt."""
    names = {entry.module.partition(".")[0]}
    if entry.dist is not None:
        names |= {entry.dist.name, entry.dist.name.replace("-", "_").lower()}
    return names


def _from_modules(roots: set[str]) -> list[Op]:
    return [registry[n] for n in registry.names() if registry[n].__module__.split(".")[0] in roots]


def _unknown(package: str) -> str:
    near = get_close_matches(package, packages(), n=1)
    hint = f"; did you mean {near[0]}?" if near else ""
    return (
        f"no installed package {package!r} has entry points in the group "
        f"{ENTRY_POINT_GROUP!r}{hint}"
    )
