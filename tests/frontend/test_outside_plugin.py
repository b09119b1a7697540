"""A package that lives outside the repository's own brings ops that work like the built-in ones."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLE = Path(__file__).parents[2] / "examples" / "plugin"


def run(*command: str, path: Path) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(path)}
    return subprocess.run(
        [sys.executable, *command], env=environment, capture_output=True, text=True, check=False
    )


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The example installed to a folder of its own, without a network."""
    source = tmp_path_factory.mktemp("source") / "plugin"
    shutil.copytree(EXAMPLE, source)
    target = tmp_path_factory.mktemp("site")
    options = ["--no-index", "--no-build-isolation", "--no-deps", "--disable-pip-version-check"]
    command = ["-m", "pip", "install", "--quiet", *options, "--target", str(target), str(source)]
    done = run(*command, path=target)
    assert done.returncode == 0, done.stderr
    return target


def test_it_conforms(installed: Path) -> None:
    done = run("-m", "chainrule", "conformance", "chainrule_example_plugin", path=installed)
    assert done.returncode == 0, done.stdout + done.stderr
    *lines, total = done.stdout.splitlines()
    assert [line.split()[:2] for line in lines] == [["ok", "hard_mish"], ["ok", "log_mean_exp"]]
    assert total.startswith("2 of 2 ops conform")


def test_the_distribution_s_name_works_too(installed: Path) -> None:
    command = ["conformance", "chainrule-example-plugin", "--only", "hard_mish", "--json"]
    done = run("-m", "chainrule", *command, path=installed)
    assert [op["op"] for op in json.loads(done.stdout)["ops"]] == ["hard_mish"]


def test_the_catalogue_lists_it(installed: Path) -> None:
    done = run("-m", "chainrule", "ops", "hard_mish", "--json", path=installed)
    story = json.loads(done.stdout)
    assert story["family"] == "chainrule_example_plugin"
    assert story["kink"] == "slope -1 at -2"
    assert "def hard_mish_vjp(ct, x, out):" in story["gradient"]["vjp"]


def test_a_broken_plugin_fails_with_its_field(installed: Path, tmp_path: Path) -> None:
    broken = tmp_path / "site"
    shutil.copytree(installed, broken)
    file = broken / "chainrule_example_plugin" / "hard_mish.py"
    file.write_text(file.read_text().replace("1, x + 1))", "1, x + 2))"))
    command = ["conformance", "chainrule_example_plugin", "--only", "hard_mish"]
    done = run("-m", "chainrule", *command, path=broken)
    assert done.returncode == 1
    wrong = "plugin hard_mish: vjp: the cotangent of x differs from central differences by "
    assert wrong in done.stdout


def test_a_plugin_that_does_not_register_ends_in_one_sentence(
    installed: Path, tmp_path: Path
) -> None:
    broken = tmp_path / "site"
    shutil.copytree(installed, broken)
    file = broken / "chainrule_example_plugin" / "hard_mish.py"
    file.write_text(file.read_text().replace("    reference=_reference,\n", ""))
    done = run("-m", "chainrule", "conformance", "chainrule_example_plugin", path=broken)
    assert done.returncode == 1
    assert done.stderr == (
        "chainrule: plugin hard_mish: reference is missing: give the NumPy function "
        "that computes the same\n"
    )
