"""The store of the disk cache: what is read is what was written, or nothing."""

import errno
import os
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from chainrule.runtime import cache
from chainrule.runtime.cache import PARTIAL, STALE_SECONDS, Store, store
from chainrule.runtime.errors import CacheWarning


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "programs"


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_what_was_stored_comes_back(folder: Path) -> None:
    kept = Store(folder)
    assert kept.get("a") is None
    assert kept.put("a", b"first")
    assert kept.put("b", b"")
    assert Store(folder).get("a") == b"first"
    assert Store(folder).get("b") == b""
    assert names(folder) == ["a.program", "b.program"]


def test_a_folder_is_for_its_user_alone(folder: Path) -> None:
    Store(folder).put("a", b"first")
    if os.name != "nt":
        assert folder.stat().st_mode & 0o777 == 0o700


def test_damage_anywhere_is_found(folder: Path, rng: np.random.Generator) -> None:
    content = rng.bytes(300)
    kept = Store(folder)
    kept.put("a", content)
    whole = kept.path("a").read_bytes()
    for place in range(len(whole)):
        broken = bytearray(whole)
        broken[place] ^= 1 << rng.integers(8)
        kept.path("a").write_bytes(broken)
        with pytest.warns(CacheWarning, match=r"a\.program is damaged"):
            assert kept.get("a") is None
        assert not kept.path("a").exists()


@pytest.mark.parametrize("length", [0, 1, 19, 20, 21, 319])
def test_a_file_that_ends_early_is_damaged(folder: Path, length: int) -> None:
    kept = Store(folder)
    kept.put("a", bytes(300))
    kept.path("a").write_bytes(kept.path("a").read_bytes()[:length])
    with pytest.warns(CacheWarning, match="its checksum is wrong"):
        assert kept.get("a") is None


def test_the_file_of_another_key_is_damaged(folder: Path) -> None:
    kept = Store(folder)
    kept.put("a", b"first")
    os.replace(kept.path("a"), kept.path("b"))
    with pytest.warns(CacheWarning, match=r"b\.program"):
        assert kept.get("b") is None


def test_a_file_in_the_folder_s_place_costs_one_warning(folder: Path) -> None:
    folder.write_text("no folder")
    kept = Store(folder)
    with pytest.warns(CacheWarning, match="cannot be") as caught:
        outcomes = [kept.get("a"), kept.put("a", b"first"), kept.put("b", b"second")]
    assert outcomes == [None, False, False]
    assert len(caught) == 1
    assert folder.read_text() == "no folder"


@pytest.mark.parametrize("code", [errno.EACCES, errno.EROFS, errno.ENOSPC, errno.EDQUOT])
def test_a_folder_that_takes_nothing_costs_one_warning(
    folder: Path, code: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: Any) -> Any:
        raise OSError(code, os.strerror(code))

    kept = Store(folder)
    kept.put("before", b"content")
    monkeypatch.setattr("tempfile.mkstemp", refuse)
    with pytest.warns(CacheWarning) as caught:
        outcomes = [kept.put("a", b"first"), kept.put("b", b"second")]
    assert outcomes == [False, False]
    (warning,) = caught
    assert str(folder) in str(warning.message)
    assert os.strerror(code) in str(warning.message)
    assert kept.get("before") == b"content"


def test_a_disk_that_fills_up_leaves_nothing_behind(folder: Path) -> None:
    resource = pytest.importorskip("resource")
    kept = Store(folder)
    kept.put("small", b"content")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, before[1]))
    try:
        with pytest.warns(CacheWarning, match="cannot be written"):
            assert not kept.put("large", bytes(100_000))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert names(folder) == ["small.program"]
    assert kept.get("small") == b"content"


@pytest.mark.skipif(os.name == "nt", reason="Windows has other permissions")
def test_machine_code_from_a_folder_open_to_all_is_not_run(folder: Path) -> None:
    Store(folder).put("a", b"first")
    folder.chmod(0o777)
    kept = Store(folder)
    with pytest.warns(CacheWarning, match="every user may write into it") as caught:
        outcomes = [kept.get("a"), kept.put("b", b"second")]
    assert outcomes == [None, False]
    assert len(caught) == 1


@pytest.mark.skipif(os.name == "nt", reason="Windows has other permissions")
def test_machine_code_of_another_user_is_not_run(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Store(folder).put("a", b"first")
    owner = folder.stat().st_uid
    if owner == 0:
        os.chown(folder, 12345, -1)
    else:
        monkeypatch.setattr(os, "getuid", lambda: owner + 1)
    with pytest.warns(CacheWarning, match="does not belong to this user"):
        assert Store(folder).get("a") is None


def test_the_files_used_longest_ago_go(folder: Path) -> None:
    kept = Store(folder, limit=10_000)
    for number in range(9):
        kept.put(f"key{number}", bytes(1_000))
        os.utime(kept.path(f"key{number}"), (1_000 + number, 1_000 + number))
    assert kept.get("key0") is not None  # used now
    (folder / "notes.txt").write_text("the user's own")
    kept.put("large", bytes(3_000))
    left = [name.removesuffix(".program") for name in names(folder) if "." in name]
    assert {"key0", "large", "notes.txt"} <= set(left)
    assert "key1" not in left
    assert "key8" in left
    assert kept.usage().bytes <= 10_000


def test_a_folder_never_stays_above_its_limit(folder: Path, rng: np.random.Generator) -> None:
    kept = Store(folder, limit=20_000)
    for number in range(200):
        kept.put(f"key{number}", bytes(int(rng.integers(5_000))))
        # Between two measurements a share of the limit may be written.
        assert kept.usage().bytes <= 20_000 * (1 + cache.MEASURED_SHARE)


def test_what_a_killed_process_left_is_removed_in_time(folder: Path) -> None:
    kept = Store(folder, limit=1_000)
    kept.put("a", b"first")
    old, new = folder / f"old{PARTIAL}", folder / f"new{PARTIAL}"
    old.write_bytes(b"half")
    new.write_bytes(b"half")
    past = new.stat().st_mtime - 2 * STALE_SECONDS
    os.utime(old, (past, past))
    kept.put("b", bytes(2_000))
    assert not old.exists()
    assert new.exists()


def test_clearing_removes_what_is_the_cache_s(folder: Path) -> None:
    kept = Store(folder)
    assert kept.clear().entries == 0
    kept.put("a", bytes(100))
    kept.put("b", bytes(100))
    (folder / "notes.txt").write_text("the user's own")
    removed = kept.clear()
    assert (removed.entries, removed.bytes) == (2, 2 * 120)
    assert names(folder) == ["notes.txt"]
    assert kept.get("a") is None


@pytest.mark.parametrize("value", ["", "off", "OFF", " off "])
def test_the_cache_can_be_switched_off(value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(cache.VARIABLE, value)
    assert store() is None


def test_the_environment_names_the_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(cache.VARIABLE, str(tmp_path))
    found = store()
    assert found is not None
    assert found.folder == tmp_path
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv(cache.VARIABLE, "here")
    found = store()
    assert found is not None
    assert found.folder == tmp_path / "here"


def test_without_it_the_folder_is_the_user_s(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(cache.VARIABLE)
    found = store()
    assert found is not None
    assert "chainrule" in found.folder.parts


def test_storing_and_reading_warn_of_nothing(folder: Path) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        kept = Store(folder)
        kept.put("a", b"first")
        kept.put("a", b"first")
        assert kept.get("a") == b"first"
