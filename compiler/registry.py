"""The registry: every plugin by name, by role and by Python operator."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from importlib import import_module
from typing import Any, TypeVar

from .errors import PluginError
from .op import Op
from .provenance import defined_at
from .roles import Role
from .sources import is_own

K = TypeVar("K", Role, str)

ENTRY_POINT_GROUP = "chainrule.ops"


class Registry:
    """All registered ops; a name, a role and an operator belong to one op each."""

    def __init__(self) -> None:
        self._ops: dict[str, Op] = {}
        self._roles: dict[Role, Op] = {}
        self._operators: dict[str, Op] = {}
        self._players: dict[Role, Callable[..., Any]] = {}
        self._homes: dict[str, str] = {}

    def expect(self, homes: Mapping[str, str]) -> None:
        """Announce ops by name and module: a module is imported when its op is asked for."""
        self._homes.update(homes)

    def add(self, op: Op) -> None:
        """Check a completed record and enter it.

        Raises
        ------
        PluginError
            When the record breaks the contract, or the name, role or operator is taken.
        """
        try:
            op.validate()
            if not is_own(op.__module__):  # our own are traced in our tests, not at each import
                op.check_body()
            self._check_name(op)
            if op.role is not None:
                self._claim(self._roles, op.role, op)
            if op.operator is not None:
                self._claim(self._operators, op.operator, op)
        except PluginError as error:
            place = defined_at(op.function)
            if place is not None:
                error.add_note(f"    {place}")
            raise
        self._ops[op.name] = op
        op.sealed = True

    def _check_name(self, op: Op) -> None:
        known = self._ops.get(op.name)
        home = self._homes.get(op.name) if known is None else known.__module__
        if home is not None and home != op.__module__:
            raise PluginError(f"plugin {op.name}: the name is taken by {home}")

    def _claim(self, table: dict[K, Op], key: K, op: Op) -> None:
        holder = table.setdefault(key, op)
        if holder.name != op.name:
            raise PluginError(f"plugin {op.name}: {key} is taken by {holder.name}")
        table[key] = op

    def remove(self, op: Op) -> None:
        """Forget an op (a plugin under development, registered again)."""
        self._ops.pop(op.name, None)
        self._homes.pop(op.name, None)
        if op.role is not None:
            self._roles.pop(op.role, None)
        if op.operator is not None:
            self._operators.pop(op.operator, None)

    def __getitem__(self, name: str) -> Op:
        if name not in self._ops:
            if name not in self._homes:
                raise PluginError(f"no op is named {name!r}; `chainrule ops` lists them")
            import_module(self._homes[name])
        return self._ops[name]

    def __contains__(self, name: str) -> bool:
        return name in self._ops or name in self._homes

    def __iter__(self) -> Iterator[Op]:
        return (self[name] for name in self.names())

    def __len__(self) -> int:
        return len(self.names())

    def names(self) -> list[str]:
        """The names of all ops, sorted."""
        return sorted(self._ops.keys() | self._homes.keys())

    def role(self, role: Role) -> Op:
        """The op that plays `role` for the compiler."""
        if role not in self._roles:
            raise PluginError(f"no registered op has the role {role.name}")
        return self._roles[role]

    def play(self, role: Role, function: Callable[..., Any]) -> None:
        """Let a plain function play `role`: one that builds units but is none itself."""
        holder = self._players.setdefault(role, function)
        if (holder.__module__, holder.__qualname__) != (function.__module__, function.__qualname__):
            raise PluginError(f"the role {role.name} is taken by {holder.__module__}")
        self._players[role] = function

    def player(self, role: Role) -> Callable[..., Any]:
        """The function that plays `role`."""
        if role not in self._players:
            raise PluginError(f"no function plays the role {role.name}")
        return self._players[role]

    def operator(self, name: str) -> Op | None:
        """The op behind a Python operator (``"__add__"``), if one is registered."""
        return self._operators.get(name)

    def load_entry_points(self) -> list[str]:
        """Import the plugins that installed packages announce; returns the packages' names."""
        from importlib import metadata  # slow to import, and rarely wanted

        loaded = []
        for entry in metadata.entry_points(group=ENTRY_POINT_GROUP):
            entry.load()
            loaded.append(entry.name)
        return loaded


registry = Registry()


def find(name: str) -> Op:
    """The registered or structural op of that name; what pickles and text forms look up."""
    from .structural import STRUCTURAL

    return STRUCTURAL.get(name) or registry[name]
