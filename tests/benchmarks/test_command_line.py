"""The command line, on one tiny run in processes of its own."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from benchmarks.__main__ import main
from benchmarks.runner.process import Process
from benchmarks.runner.workload import Skip
from benchmarks.suite import SUITE


def run(*words: str) -> Result:
    return CliRunner().invoke(main, words)


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a run of two workloads, one of them with an array's size changed."""
    folder = tmp_path_factory.mktemp("bench")
    words = "--only mlp-small,chain --peers numpy --seconds 0 --runs 2 --size rows=64 --threads 1"
    done = run(*words.split(), "--out", str(folder), "--json", str(folder / "again.json"))
    assert done.exit_code == 0, done.output
    assert "run 2: mlp-small" in done.output
    return folder


def test_a_run_writes_its_files(saved: Path) -> None:
    names = {path.name for path in saved.iterdir()}
    assert names == {"results.json", "again.json", "table.txt", "ratios.png"}
    text = (saved / "table.txt").read_text(encoding="utf-8")
    assert "1 threads and cores" in text
    assert "<= 0.35 x best peer" in text
    assert "0.55" not in text  # the goal belongs to another size
    figures = json.loads((saved / "results.json").read_text())["runs"][1]["rows"][1]["figures"]
    assert set(figures) == {"chainrule", "numpy", "copy"}
    assert all(0 < figure["best"] <= figure["median"] for figure in figures.values())


def test_saved_figures_are_shown_and_compared(saved: Path) -> None:
    path = str(saved / "results.json")
    done = run("--load", path, "--compare", path)
    assert done.exit_code == 0
    assert (saved / "table.txt").read_text(encoding="utf-8") in done.output
    assert "old best / new best" in done.output
    assert done.output.count("1.00 │") >= 4


def test_everything_is_listed() -> None:
    done = run("--list")
    assert [line.split()[0] for line in done.output.splitlines()] == list(SUITE)


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("--only", "chains"), "'chains' is none of mlp-small"),
        (("--peers", "numpy,tf"), "'tf' is none of numpy"),
        (("--size", "batch=many"), "wanted a number"),
        (("--threads", "0"), "0 is not in the range"),
        (("--load", "nothing.json"), "nothing.json"),
    ],
)
def test_a_wrong_option_is_refused(words: tuple[str, ...], sentence: str) -> None:
    done = run(*words)
    assert done.exit_code == 2
    assert sentence in done.output


def test_a_process_that_ends_is_a_reason_to_skip() -> None:
    with Process("numpy", 1) as process:
        assert process.ask("start")
        with pytest.raises(Skip, match="LookupError"):
            process.ask("prepare", "benchmarks.workloads.chain", "chains", {})
        with pytest.raises(Skip, match="ended with 3"):
            process.ask("call", "os", "_exit", 3)
        assert not process.alive
