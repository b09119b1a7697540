"""The Python in the documents runs: each file's blocks in order, in one namespace."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
from nine_kernels import NINE

import chainrule as cr
from chainrule.compiler.kernel.text import listing

ROOT = Path(__file__).parents[1]
BLOCK = re.compile(r"```python\n(.*?)```", re.DOTALL)


def run(name: str) -> dict[str, Any]:
    """The namespace after all Python blocks of a document."""
    namespace: dict[str, Any] = {"__name__": "document", "np": np, "cr": cr}
    for block in BLOCK.findall((ROOT / name).read_text(encoding="utf-8")):
        exec(compile(block, name, "exec"), namespace)
    return namespace


def params(rng: np.random.Generator) -> list[tuple[np.ndarray, np.ndarray]]:
    sizes = [(64, 32), (32, 10)]
    return [(rng.normal(size=s).astype("f4") / 8, np.zeros(s[1], "f4")) for s in sizes]


def test_the_readme_trains(rng: np.random.Generator) -> None:
    found = run("README.md")
    x, labels = rng.normal(size=(16, 64)).astype("f4"), rng.integers(0, 10, 16)
    weights = params(rng)
    state = found["optimizer"].init(weights)
    losses = []
    for _ in range(20):
        weights, state, value = found["step"](weights, state, x, labels)
        losses.append(float(value))
    assert losses[-1] < losses[0]


def test_the_life_of_a_function_is_lived(rng: np.random.Generator) -> None:
    step = run("ARCHITECTURE.md")["step"]
    x, y = rng.normal(size=(8, 3)).astype("f4"), rng.normal(size=8).astype("f4")
    w = rng.normal(size=3).astype("f4")
    new, value = step(w, x, y)
    np.testing.assert_allclose(value, np.mean((x @ w - y) ** 2), rtol=1e-5)
    np.testing.assert_allclose(new, w - 0.1 * 2 * x.T @ (x @ w - y) / 8, rtol=1e-4)
    assert str(step.program(w, x, y).graph) in (ROOT / "ARCHITECTURE.md").read_text(
        encoding="utf-8"
    )


GUIDE_CHECKS = """
softsign = found["softsign"]
np.testing.assert_allclose(softsign(np.array([-3.0, 0.0, 1.0])), [-0.75, 0.0, 0.5])
np.testing.assert_allclose(cr.grad(softsign)(1.0), 0.25)
notes = Notes()
moved = algebra(cr.trace(lambda x: abs(softsign(x)))(1.0), notes)
assert [unit.op.name for unit in moved.units] == ["input", "abs", "softsign"]
assert len(notes.applications) == 1
stopped = cr.trace(lambda x: cr.stop_gradient(x) * 2)(1.0)
notes = Notes()
assert len(found["drop_identities"](stopped, notes)) == len(stopped) - 1
assert len(notes.applications) == 1
"""


def test_the_guide_to_ops_and_passes_works() -> None:
    # In a process of its own: the guide registers an op and a rule for good.
    script = f"""
import sys
sys.path[:0] = [{str(Path(__file__).parent)!r}, {str(Path(__file__).parent / "support")!r}]
import numpy as np
import chainrule as cr
from chainrule.compiler.notes import Notes
from chainrule.compiler.passes.algebra import algebra
from test_documents import run
found = run("CONTRIBUTING.md")
{GUIDE_CHECKS}
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_the_page_of_the_kernel_language_shows_the_nine_kernels() -> None:
    page = (ROOT / "docs/design/kernel-language.md").read_text(encoding="utf-8")
    shown = re.findall(r"```text\n(.*?)```", page, re.DOTALL)
    built = {name: make() for name, make in NINE.items()}
    assert shown == [listing(k.body(), name, k.beside) for name, k in built.items()]
