"""Object code of modules out of the disk cache."""

from __future__ import annotations

import ctypes
from pathlib import Path
from typing import Any

import pytest

from chainrule.runtime import kept
from chainrule.runtime.cache import store
from chainrule.runtime.errors import CacheWarning
from chainrule.runtime.kept import kept_module
from chainrule.runtime.llvm import NativeCode, NativeModule

TEXT = "define i64 @f(i64 %x) { %y = add i64 %x, NUMBER  ret i64 %y }"


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("CHAINRULE_CACHE_DIR", str(tmp_path / "programs"))
    return tmp_path / "programs"


@pytest.fixture
def compiled(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What was compiled."""
    texts: list[str] = []
    real = kept.compile_code

    def noted(text: str, **options: Any) -> NativeCode:
        texts.append(text)
        return real(text, **options)

    monkeypatch.setattr(kept, "compile_code", noted)
    return texts


def module(number: int, opt: int = 2) -> NativeModule:
    return kept_module("f", TEXT.replace("NUMBER", str(number)), opt=opt)


def value(made: NativeModule) -> int:
    result: int = ctypes.CFUNCTYPE(ctypes.c_int64, ctypes.c_int64)(made.address("f"))(40)
    return result


def test_a_module_is_compiled_once(compiled: list[str], folder: Path) -> None:
    assert [value(module(2)), value(module(2)), value(module(3)), value(module(2, opt=0))] == [
        *(42, 42, 43, 42)
    ]
    assert len(compiled) == 3
    assert all(path.name.startswith("f-") for path in folder.iterdir())


@pytest.mark.parametrize("content", [b"", b"{}\n", b'{"exports": ["f"], "sizes": [3]}\nabc'])
def test_what_does_not_load_is_compiled_again(
    content: bytes, compiled: list[str], folder: Path
) -> None:
    module(2)
    (path,) = folder.iterdir()
    found = store()
    assert found is not None
    found.put(path.stem, content)
    with pytest.warns(CacheWarning, match="is damaged"):
        assert value(module(2)) == 42
    assert len(compiled) == 2
    assert value(module(2)) == 42
    assert len(compiled) == 2


def test_without_a_cache_it_is_compiled(
    compiled: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CHAINRULE_CACHE_DIR", "off")
    assert [value(module(2)), value(module(2))] == [42, 42]
    assert len(compiled) == 2
