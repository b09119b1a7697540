"""The command line: help that explains, answers in text and JSON, one sentence for a mistake."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest
from click.testing import CliRunner, Result

import chainrule
from chainrule import ops
from chainrule.compiler.plugin import elementwise, ordinary
from chainrule.compiler.registry import registry
from chainrule.frontend.cli import COMMANDS, main
from chainrule.frontend.conformance import CHECKS, packages


def run(*args: str) -> Result:
    return CliRunner().invoke(main, args)


def told(result: Result) -> str:
    """The only line on standard error of a command that was used wrongly."""
    assert result.exit_code == 2
    assert result.stdout == ""
    (line,) = result.stderr.splitlines()
    return line


def python(code: str) -> str:
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return done.stdout


def test_help_lists_every_command_with_its_line() -> None:
    result = run("--help")
    assert result.exit_code == 0
    for name, line in COMMANDS.items():
        assert name in result.output
        assert line in result.output


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_every_command_explains_itself(name: str) -> None:
    result = run(name, "--help")
    assert result.exit_code == 0
    assert result.output.startswith(f"Usage: chainrule {name} ")
    assert "--help" in result.output


def test_help_imports_no_compiler() -> None:
    code = (
        "import sys\n"
        "sys.argv = ['chainrule', '--help']\n"
        "from chainrule.frontend.cli import main\n"
        "try:\n    main()\nexcept SystemExit as end:\n    assert end.code == 0\n"
        "print([m for m in ('numba', 'llvmlite', 'scipy', 'matplotlib') if m in sys.modules])\n"
    )
    assert python(code).splitlines()[-1] == "[]"


def test_the_module_runs_as_the_command() -> None:
    command = [sys.executable, "-m", "chainrule", "--version"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout == f"chainrule {chainrule.__version__}\n"


@pytest.mark.parametrize(
    ("args", "sentence"),
    [
        (["--jsn"], "chainrule: No such option '--jsn'."),
        (["opps"], "chainrule: No such command 'opps'."),
        (["ops", "--jsn"], "chainrule ops: No such option '--jsn'."),
        (["ops", "add", "mul"], "chainrule ops: Got unexpected extra argument (mul)"),
        (["ops", "tahn"], "chainrule ops: no op is named 'tahn'; the nearest are "),
        (["ops", "qqqqqq"], "chainrule ops: no op is named 'qqqqqq'; `chainrule ops` lists all "),
        (["conformance"], "chainrule conformance: Missing argument 'PACKAGE'."),
        (
            ["conformance", "chainrul"],
            "chainrule conformance: no installed package 'chainrul' has entry points in the group "
            "'chainrule.ops'; did you mean chainrule?",
        ),
        (
            ["conformance", "chainrule", "--only", "tahn"],
            "chainrule conformance: no op is named 'tahn'; the nearest are ",
        ),
    ],
)
def test_wrong_usage_ends_in_one_sentence(args: list[str], sentence: str) -> None:
    assert told(run(*args)).startswith(sentence)


def test_nearest_names_are_named() -> None:
    assert "tanh" in told(run("ops", "tahn")).partition("nearest are ")[2].split(", ")


# ops


def test_ops_lists_every_op_in_its_family() -> None:
    listing = json.loads(run("ops", "--json").stdout)
    listed = [entry["name"] for entries in listing.values() for entry in entries]
    assert sorted(listed) == registry.names()
    assert "add" in [entry["name"] for entry in listing["arithmetic"]]
    text = run("ops").stdout
    assert f"{len(listed)} ops in {len(listing)} families" in text
    assert "\narithmetic\n" in text


def test_ops_tells_everything_about_one() -> None:
    story = json.loads(run("ops", "relu", "--json").stdout)
    relu = registry["relu"]
    assert story["formula"] == relu.formula
    assert story["theory"] == "pwl-01"
    assert story["signature"] == "relu(x)"
    assert story["kink"] == relu.kink
    assert story["gradient"]["vjp"].startswith("@relu.vjp\ndef ")
    assert story["samples"] == len(relu.accepted)
    assert story["file"].endswith("relu.py")
    text = run("ops", "relu").stdout
    assert "def relu(x):" in story["body"]
    for shown in (relu.formula, "pwl-01", relu.kink, "def relu(x):", "@relu.vjp", story["file"]):
        assert shown in text


def test_ops_shows_attributes_domain_and_error_bound() -> None:
    assert json.loads(run("ops", "sum", "--json").stdout)["signature"] == (
        "sum(x, *, axis=None, keepdims=False)"
    )
    story = json.loads(run("ops", "log", "--json").stdout)
    assert story["domain"] == {"x": "x > 0"}
    assert f"at most {registry['log'].ulp:g} ulp" in run("ops", "log").stdout
    assert "-> bool" in run("ops", "greater").stdout


def test_ops_says_where_a_composite_gets_its_gradient() -> None:
    story = json.loads(run("ops", "mean", "--json").stdout)
    assert story["gradient"] == {"vjp": "that of the ops it is composed of"}
    assert json.loads(run("ops", "greater", "--json").stdout)["gradient"] == {}


# conformance


@pytest.fixture
def wrong(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """A package of one op with a wrong gradient."""
    op = elementwise(formula="2x", reference=lambda x: 2 * x, accepts="f", name="wrongly_doubled")(
        lambda x: 2 * x
    )
    op.vjp(lambda ct, x, out: ct)
    op.samples(ordinary())
    monkeypatch.setattr(packages, "OWN", __name__.partition(".")[0])
    yield op
    registry.remove(op)


def test_conformance_prints_a_line_for_each_op() -> None:
    result = run("conformance", "chainrule", "--only", "add", "--only", "reshape")
    assert result.exit_code == 0
    first, second, total = result.stdout.splitlines()
    assert first.split()[:3] == ["ok", "add", "elementwise"]
    assert second.split()[:3] == ["ok", "reshape", "movement"]
    assert total.startswith("2 of 2 ops conform")
    assert result.stderr == ""  # a progress bar is for terminals


def test_conformance_as_json() -> None:
    result = run("conformance", "chainrule", "--only", "add", "--json")
    document = json.loads(result.stdout)
    (report,) = document["ops"]
    assert document["failed"] == []
    assert report["conforms"]
    assert report["checks"] == [entry.name for entry in CHECKS]


def test_conformance_fails_with_the_field_to_change(wrong: Any) -> None:
    package = wrong.__module__.partition(".")[0]
    result = run("conformance", package)
    assert result.exit_code == 1
    assert result.stdout.startswith("FAILED wrongly_doubled")
    sentence = "plugin wrongly_doubled: vjp: the cotangent of x differs from central differences"
    assert sentence in result.stdout
    assert "0 of 1 ops conform" in result.stdout
    as_json = run("conformance", package, "--json")
    assert as_json.exit_code == 1
    assert json.loads(as_json.stdout)["failed"] == ["wrongly_doubled"]


def test_conformance_covers_all_built_in_ops() -> None:
    own = {op.name for op in packages.ops_of("chainrule")}
    exported = {name for name in ops.__all__ if name in registry}
    assert exported <= own
