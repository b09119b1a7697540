"""Functions that programs share: compiled once each, for the process and on disk.

Micro-kernels of matrix products, packing and turning depend on a dtype and a few small numbers,
not on a program. Their machine code is most of what a small program would have to compile.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache

from ...runtime.kept import kept_code
from ...runtime.llvm import Host, host
from .function import METADATA

_HEAD = re.compile(r"define internal (\S+ @[\w.]+\([^)]*(?:\([^)]*\)[^)]*)*\))[^{]*\{")
_NAME = re.compile(r"@([\w.]+)\(")


def declared(texts: Iterable[str]) -> list[str]:
    """Declarations of the functions."""
    return [f"declare {_head(text)}" for text in texts]


def objects(texts: Iterable[str], declarations: Iterable[str]) -> tuple[bytes, ...]:
    """The object code of the functions, each in a file of its own.

    Parameters
    ----------
    texts : iterable of str
        Definitions that call nothing but what is declared.
    declarations : iterable of str
        LLVM's own functions.
    """
    known = {_name(line): line for line in declarations}
    return tuple(
        _object(host(), text, tuple(known[name] for name in sorted(_called(text)) if name in known))
        for text in sorted(texts)
    )


@lru_cache(maxsize=1024)
def _object(_cpu: Host, text: str, declarations: tuple[str, ...]) -> bytes:
    visible = text.replace("define internal", "define", 1)
    module = "\n".join([visible, *declarations, METADATA])
    return kept_code(_name(text), module, opt=3, passes=()).object_code


def _head(text: str) -> str:
    found = _HEAD.search(text)
    assert found is not None, text[:200]
    return found.group(1)


def _name(text: str) -> str:
    found = _NAME.search(text)
    assert found is not None, text[:200]
    return found.group(1)


def _called(text: str) -> set[str]:
    return set(_NAME.findall(text))
