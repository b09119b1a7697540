"""The rules of the repository, read from its files: layers, names, sizes, and no machine in it."""

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FOLDERS = ("compiler", "runtime", "ops", "frontend")

# frontend -> ops -> compiler -> runtime; the public face re-exports what users call.
MAY_IMPORT = {
    "chainrule": {"frontend", "ops", "compiler"},
    "frontend": {"frontend", "ops", "compiler", "runtime"},
    "ops": {"ops", "compiler", "runtime"},
    "compiler": {"compiler", "runtime"},
    "runtime": {"runtime"},
}

LONGEST_FILE = 600  # lines; past about 400 there is usually a second subject inside

# Written so that the patterns do not match themselves.
FORBIDDEN = {
    "a package registry's host": re.compile(
        r"\b(?:pypi|pythonhosted|npmjs|yarnpkg|anaconda|conda|crates|rubygems)\.(?:org|com|io)\b"
    ),
    "a path of one machine": re.compile(
        r"(?<![\w.~/-])/(?:home|root|tmp|Users|work|workspace)/\w|\b[A-Z]:\\Users"
    ),
}


def project_files(*patterns: str) -> list[Path]:
    """The files that are or could be committed: tracked, or new and not ignored."""
    if not (ROOT / ".git").exists():
        pytest.skip("not a git checkout: nothing says which files are the project's")
    listing = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", "--", *patterns],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    paths = [ROOT / name for name in listing.split("\0") if name]
    return sorted(path for path in paths if path.is_file() and not path.is_symlink())


def parse(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), filename=str(path))


def place(path: Path, node: ast.AST) -> str:
    return f"{path.relative_to(ROOT)}:{getattr(node, 'lineno', 1)}"


def imported(package: tuple[str, ...], node: ast.AST) -> Iterator[tuple[str, ...]]:
    """The dotted names, as tuples, that an import statement inside `package` asks for.

    Those of a relative import start with "chainrule"; an absolute one is left as written.
    """
    if isinstance(node, ast.Import):
        for alias in node.names:
            yield tuple(alias.name.split("."))
    elif isinstance(node, ast.ImportFrom):
        base = package[: len(package) - node.level + 1] if node.level else ()
        module = tuple(node.module.split(".")) if node.module else ()
        for alias in node.names:
            yield (*base, *module, alias.name)


def import_faults(path: Path, tree: ast.Module) -> Iterator[str]:
    """Each import in a file that is not relative, or does not point down the layers."""
    folder, *inner = path.relative_to(ROOT).parent.parts
    package = ("chainrule", *inner) if folder == "chainrule" else ("chainrule", folder, *inner)
    for node in ast.walk(tree):
        for name in imported(package, node):
            relative = isinstance(node, ast.ImportFrom) and node.level > 0
            if not relative and name[0] in {"chainrule", *FOLDERS}:
                yield f"{place(path, node)}: `{'.'.join(name)}` must be a relative import"
            elif relative and name[1] not in MAY_IMPORT[folder] | {"__version__"}:
                yield f"{place(path, node)}: {folder} must not import `{'.'.join(name)}`"


def test_imports_are_relative_and_point_one_way() -> None:
    faults: list[str] = []
    for path in project_files(*(f"{folder}/*.py" for folder in MAY_IMPORT)):
        faults += import_faults(path, parse(path))
    assert faults == []


@pytest.mark.parametrize(
    ("file", "line"),
    [
        ("compiler/passes/fuse.py", "from ..graph import Graph"),
        ("compiler/passes/fuse.py", "from ...runtime import cache"),
        ("frontend/cli.py", "from .. import __version__"),
        ("runtime/cache.py", "import numpy.linalg"),
    ],
)
def test_the_import_rule_allows(file: str, line: str) -> None:
    assert list(import_faults(ROOT / file, ast.parse(line))) == []


@pytest.mark.parametrize(
    ("file", "line", "fault"),
    [
        ("compiler/graph.py", "from .. import ops", "compiler must not import `chainrule.ops`"),
        ("runtime/cache.py", "from ..compiler.graph import Graph", "runtime must not import"),
        ("ops/math/exp.py", "from ...frontend import trace", "ops must not import"),
        ("ops/math/exp.py", "import chainrule.compiler", "must be a relative import"),
        ("frontend/cli.py", "from ops.math import exp", "must be a relative import"),
        ("chainrule/__init__.py", "from .runtime import cache", "chainrule must not import"),
    ],
)
def test_the_import_rule_refuses(file: str, line: str, fault: str) -> None:
    (found,) = import_faults(ROOT / file, ast.parse(line))
    assert fault in found


def literals(tree: ast.Module) -> Iterator[ast.Constant]:
    """The string constants of a file, without its docstrings and its `__all__`."""
    skipped: set[ast.AST] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr):
            skipped.add(node.value)
        elif isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__":
            skipped.update(ast.walk(node.value))
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and node not in skipped:
            yield node


def test_the_compiler_names_no_op() -> None:
    import chainrule  # noqa: F401  (registers the built-in ops)
    from chainrule.compiler.registry import registry

    names = set(registry.names())
    assert names
    faults = [
        f"{place(path, node)}: {node.value!r} is an op: find it by its role or a property"
        for path in project_files("compiler/*.py")
        for node in literals(parse(path))
        if node.value in names
    ]
    assert faults == []


def python(code: str) -> subprocess.CompletedProcess[str]:
    """Run code in a fresh interpreter that has the repository's root on its path."""
    return subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False
    )


def test_importing_chainrule_takes_no_top_level_name() -> None:
    done = python(f"import sys, chainrule; print({set(FOLDERS)} & sys.modules.keys())")
    assert done.stdout.strip() == "set()", done.stderr


@pytest.mark.parametrize("folder", FOLDERS)
def test_a_folder_cannot_be_imported_by_its_bare_name(folder: str) -> None:
    done = python(f"import {folder}")
    sentence = f"`{folder}` is a part of chainrule: import `chainrule.{folder}`."
    assert done.stderr.splitlines()[-1] == f"ImportError: {sentence}"


def test_files_speak_of_no_machine_and_no_registry() -> None:
    faults = []
    for path in project_files():
        try:
            text = path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue
        for number, line in enumerate(text.splitlines(), start=1):
            for what, pattern in FORBIDDEN.items():
                if pattern.search(line):
                    faults.append(f"{path.relative_to(ROOT)}:{number}: {what}: {line.strip()}")
    assert faults == []


def test_no_file_is_too_long() -> None:
    lengths = {
        str(path.relative_to(ROOT)): len(path.read_text(encoding="utf-8").splitlines())
        for path in project_files("*.py")
    }
    assert {name: count for name, count in lengths.items() if count > LONGEST_FILE} == {}
