"""How the command line answers a name that it does not know."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches


def unknown(name: str, known: Iterable[str], what: str = "op", command: str = "ops") -> str:
    """One sentence with the nearest names."""
    names = sorted(known)
    near = get_close_matches(name, names, n=3, cutoff=0.5)
    if not near:
        return f"no {what} is named {name!r}; `chainrule {command}` lists all {len(names)}"
    return f"no {what} is named {name!r}; the nearest are {', '.join(near)}"
