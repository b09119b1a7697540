"""The package of ops: its files are read when their ops are asked for."""

import ast
import json
import subprocess
import sys
from pathlib import Path

import pytest

from chainrule import ops
from chainrule.compiler.op import Op
from chainrule.compiler.registry import registry

FILE = Path(ops.__file__)


def fresh(script: str) -> str:
    """What a new process prints."""
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_every_name_is_there() -> None:
    for name in ops.__all__:
        found = getattr(ops, name)
        assert isinstance(found, Op) == (name in ops.OPS)
        assert found.__name__ == name
    assert set(dir(ops)) == set(ops.__all__)
    with pytest.raises(AttributeError, match="has no attribute 'nothing'"):
        ops.nothing  # noqa: B018


def test_every_file_with_an_op_is_listed() -> None:
    homes = {op.__module__ for op in registry if op.__module__.startswith("chainrule.ops.")}
    assert homes == {f"chainrule.ops.{home}" for home in ops.OPS.values()}
    for home in {path.relative_to(FILE.parent) for path in FILE.parent.glob("*/*.py")}:
        name = f"chainrule.ops.{home.parent.name}.{home.stem}"
        if "samples(" in (FILE.parent / home).read_text(encoding="utf-8"):
            assert name in homes, f"{home} defines an op that ops/__init__.py does not list"


def test_the_stub_names_the_same() -> None:
    stub = ast.parse(FILE.with_suffix(".pyi").read_text(encoding="utf-8"))
    lines = [node for node in stub.body if isinstance(node, ast.ImportFrom)]
    homes = {alias.asname: node.module for node in lines for alias in node.names}
    assert homes == {**ops.OPS, **ops.FUNCTIONS}


def test_importing_chainrule_reads_what_the_compiler_must_find_and_no_more() -> None:
    script = """
import json, sys, chainrule
from chainrule.compiler.registry import registry
tables = registry._roles, registry._operators, registry._players
before = [dict(each) for each in tables]
loaded = [name for name in ("erf", "softmax", "einsum") if name in registry._ops]
announced = ["erf" in registry, registry["erf"].name, chainrule.ops.einsum.name]
list(registry)  # reads all
print(json.dumps([loaded, announced, [dict(each) for each in tables] == before]))
"""
    assert json.loads(fresh(script)) == [[], [True, "erf", "einsum"], True]


def test_a_name_is_taken_before_its_file_is_read() -> None:
    script = """
import numpy as np
import chainrule
from chainrule.compiler.plugin import elementwise, ordinary
op = elementwise(formula="x", reference=lambda x: x, name="erf")(lambda x: x)
op.vjp(lambda ct, x, out: ct)
try:
    op.samples(ordinary())
except chainrule.PluginError as error:
    print(str(error))
print(chainrule.ops.erf.__module__)
"""
    home = "chainrule.ops.transcendental.erf"
    assert fresh(script) == f"plugin erf: the name is taken by {home}\n{home}\n"
