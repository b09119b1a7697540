"""Plugins that are no ops: analysis tools, models, distributions, optimisers, transformations.

They stand in the catalogue beside the ops and never enter a graph.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from .errors import PluginError

T = TypeVar("T", bound=Callable[..., Any])

CATEGORIES = ("analysis", "distribution", "loss", "model", "optimiser", "transformation")


@dataclass(frozen=True, slots=True)
class Plugin:
    """What the catalogue knows of a function or class.

    Attributes
    ----------
    name : str
        Its own name.
    category : str
        One of `CATEGORIES`.
    theory : tuple of str
        The rows of the theory that it states.
    function : callable
        The function or class itself.
    """

    name: str
    category: str
    theory: tuple[str, ...]
    function: Callable[..., Any]


catalogue: dict[str, Plugin] = {}
"""All plugins that were imported, by module and name."""


def plugin(category: str, *, theory: str = "") -> Callable[[T], T]:
    """Enter a function or class in the catalogue; it stays what it is.

    Parameters
    ----------
    category : str
        ``analysis``, ``distribution``, ``loss``, ``model``, ``optimiser`` or ``transformation``.
    theory : str
        The ids of the rows that it states, with spaces between.

    Raises
    ------
    PluginError
        For another category, or something without a docstring.
    """
    if category not in CATEGORIES:
        raise PluginError(f"a plugin's category is {category!r}, wanted one of {CATEGORIES}")

    def enter(function: T) -> T:
        if not function.__doc__:
            raise PluginError(f"plugin {function.__name__}: a docstring has to say what it is")
        key = f"{function.__module__}.{function.__qualname__}"
        catalogue[key] = Plugin(function.__name__, category, tuple(theory.split()), function)
        return function

    return enter
