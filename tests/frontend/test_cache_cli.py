"""``chainrule cache``: sentences and JSON about a folder, and nothing but its own files removed."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result

import chainrule as cr
from chainrule.frontend.cli import main
from chainrule.runtime.cache import LIMIT_BYTES, Store


def run(*args: str) -> Result:
    return CliRunner().invoke(main, ["cache", *args])


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("CHAINRULE_CACHE_DIR", str(tmp_path / "programs"))
    return tmp_path / "programs"


def test_a_folder_that_is_not_there_is_empty(folder: Path) -> None:
    result = run("info")
    assert result.exit_code == 0
    assert result.output == f"{folder}: 0 entries, 0 bytes of at most 1.0 GiB\n"
    assert run("clear").output == f"{folder}: removed 0 entries, 0 bytes\n"
    assert not folder.exists()


@pytest.mark.parametrize(
    ("size", "told"),
    [
        (0, "1 entry, 20 bytes"),
        (1004, "1 entry, 1.0 KiB"),
        (2_000, "1 entry, 2.0 KiB"),
        (3 << 20, "1 entry, 3.0 MiB"),
    ],
)
def test_sizes_are_told_in_their_unit(folder: Path, size: int, told: str) -> None:
    Store(folder).put("a", bytes(size))
    assert run("info").output == f"{folder}: {told} of at most 1.0 GiB\n"


def test_json_has_the_numbers(folder: Path) -> None:
    kept = Store(folder)
    kept.put("a", bytes(100))
    kept.put("b", bytes(200))
    assert json.loads(run("info", "--json").output) == {
        "folder": str(folder),
        "entries": 2,
        "bytes": 340,
        "limit": LIMIT_BYTES,
    }
    removed = {"folder": str(folder), "removed": 2, "bytes": 340}
    assert json.loads(run("clear", "--json").output) == removed
    assert json.loads(run("info", "--json").output)["entries"] == 0


def test_clearing_leaves_other_files(folder: Path) -> None:
    Store(folder).put("a", b"")
    (folder / "notes.txt").write_text("the user's own")
    assert run("clear").output == f"{folder}: removed 1 entry, 20 bytes\n"
    assert [path.name for path in folder.iterdir()] == ["notes.txt"]


def test_a_compiled_program_is_counted_and_cleared(folder: Path) -> None:
    cr.compile(lambda x: x + 1)(np.ones(3))
    counted = json.loads(run("info", "--json").output)["entries"]
    assert counted >= 1
    assert json.loads(run("clear", "--json").output)["removed"] == counted
    compiled = cr.compile(lambda x: x + 1)
    np.testing.assert_array_equal(compiled(np.ones(3)), [2, 2, 2])
    assert compiled.program(np.ones(3)).cache == "stored"


@pytest.mark.parametrize("command", ["info", "clear"])
def test_a_cache_that_is_off_says_so(command: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CHAINRULE_CACHE_DIR", "off")
    result = run(command)
    assert result.exit_code == 0
    assert "switched off" in result.output
    assert "CHAINRULE_CACHE_DIR" in result.output
    assert json.loads(run(command, "--json").output) == {"folder": None}


@pytest.mark.parametrize("command", ["info", "clear"])
def test_a_file_in_the_folder_s_place_is_told_in_one_sentence(folder: Path, command: str) -> None:
    folder.write_text("no folder")
    result = run(command)
    assert result.exit_code == 1
    assert result.stdout == ""
    (line,) = result.stderr.splitlines()
    assert line.startswith(f"chainrule: {folder}: ")
