"""Pytrees: nested arguments as a flat list of leaves and a structure, by optree.

Tuples, lists, dicts, named tuples and None nest by themselves; frozen dataclasses declared with
`module` nest too, their `static` fields being part of the structure.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, TypeVar, dataclass_transform

import optree

NAMESPACE = "chainrule"

C = TypeVar("C")
Structure = optree.PyTreeSpec


class Fields(NamedTuple):
    """The fields of a module: those that hold pytrees, and those that belong to the structure."""

    names: tuple[str, ...]
    fixed: tuple[str, ...]


_modules: dict[type, Fields] = {}


def module_fields(cls: Any) -> Fields | None:
    """The fields of a class that `module` made; None for any other."""
    return _modules.get(cls)


def flatten(tree: Any) -> tuple[list[Any], Structure]:
    """The leaves of a pytree, left to right, and its structure."""
    leaves, structure = optree.tree_flatten(tree, namespace=NAMESPACE)
    return leaves, structure


def unflatten(structure: Structure, leaves: Sequence[Any]) -> Any:
    """The pytree of this structure with these leaves."""
    return optree.tree_unflatten(structure, leaves)


def tree_map(function: Callable[..., Any], tree: Any, *rest: Any) -> Any:
    """`function` applied to corresponding leaves of pytrees of one structure."""
    return optree.tree_map(function, tree, *rest, namespace=NAMESPACE)


def leaves_of(tree: Any) -> list[Any]:
    """The leaves alone."""
    return flatten(tree)[0]


def leaf_names(structure: Structure, root: str) -> list[str]:
    """How a user would write each leaf of an argument called `root` (``params[1][0]``)."""
    return [accessor.codify(root) for accessor in structure.accessors()]


def static(**options: Any) -> Any:
    """A dataclass field that belongs to the structure: no array, no gradient, compared with ==."""
    return dataclasses.field(metadata={"static": True}, **options)


@dataclass_transform(frozen_default=True, field_specifiers=(static, dataclasses.field))
def module(cls: type[C]) -> type[C]:
    """Make a class a frozen dataclass that is a pytree of its fields.

    Examples
    --------
    >>> import numpy as np
    >>> import chainrule as cr
    >>> @cr.module
    ... class Affine:
    ...     weight: np.ndarray
    ...     bias: np.ndarray
    ...     def __call__(self, x):
    ...         return x @ self.weight + self.bias
    >>> layer = Affine(np.eye(2), np.ones(2))
    >>> cr.grad(lambda layer: layer(np.ones(2)).sum())(layer).bias
    array([1., 1.])
    """
    made = dataclasses.dataclass(frozen=True)(cls)
    fields = dataclasses.fields(made)  # type: ignore[arg-type]
    names = tuple(f.name for f in fields if not f.metadata.get("static"))
    fixed = tuple(f.name for f in fields if f.metadata.get("static"))

    new = object.__new__

    # Both run for every layer in every call: list comprehensions and one update are the fast forms.
    def take_apart(instance: Any) -> tuple[tuple[Any, ...], Any, tuple[str, ...]]:
        children = tuple([getattr(instance, name) for name in names])
        kept = tuple([getattr(instance, name) for name in fixed])
        return children, (kept, tuple(map(type, kept))), names  # 1, 1.0 and True differ

    def put_together(kept: Any, children: Sequence[Any]) -> Any:
        instance = new(made)
        instance.__dict__.update(zip(names, children, strict=True))
        if fixed:
            instance.__dict__.update(zip(fixed, kept[0], strict=True))
        return instance

    _modules[made] = Fields(names, fixed)
    register: Any = optree.register_pytree_node  # its types want collections, nodes need not be
    register(
        made,
        take_apart,
        put_together,
        path_entry_type=optree.GetAttrEntry,
        namespace=NAMESPACE,
    )
    return made
