"""The disk cache between processes: what the second need not do, and sixteen at once."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

# Trains a little and prints the loss's bits, what is loaded and what was done.
TRAINING = """
import json, sys
import numpy as np
import chainrule as cr
from chainrule.compiler import program
from chainrule.runtime import llvm

done = []
def counted(module, name):
    real = getattr(module, name)
    setattr(module, name, lambda *a, **k: done.append(name) or real(*a, **k))
counted(program, "_built")
counted(llvm, "compile_code")

rng = np.random.default_rng(0)
params = [(rng.normal(size=(8, 5)), np.zeros(5)), (rng.normal(size=(5, 3)), np.zeros(3))]
x, labels = rng.normal(size=(16, 8)), rng.integers(0, 3, 16)

def loss(params, x, labels):
    (w, b), (v, c) = params
    return cr.losses.cross_entropy(np.tanh(x @ w + b) @ v + c, labels).mean()

optimizer = cr.optim.sgd(0.1, momentum=0.9)

@cr.compile(donate_argnames=("params", "state"))
def step(params, state, x, labels):
    value, grads = cr.value_and_grad(loss)(params, x, labels)
    updates, state = optimizer.update(grads, state, params)
    return cr.optim.apply_updates(params, updates), state, value

state = optimizer.init(params)
losses = []
for _ in range(5):
    params, state, value = step(params, state, x, labels)
    losses.append(float(value).hex())
heavy = ["numba", "networkx", "scipy", "filelock"]
heavy += ["chainrule.compiler.pipeline", "chainrule.compiler.native.build"]
print(json.dumps({
    "losses": losses,
    "done": done,
    "cache": step.program(params, state, x, labels).cache,
    "loaded": [name for name in heavy if name in sys.modules],
}))
"""


def environment(folder: Path, **more: str) -> dict[str, str]:
    kept = {name: v for name, v in os.environ.items() if name != "CHAINRULE_VERIFY"}
    return {**kept, "CHAINRULE_CACHE_DIR": str(folder), **more}


def start(script: str, folder: Path, **more: str) -> subprocess.Popen[str]:
    """A process in which warnings are errors, unless told otherwise."""
    return subprocess.Popen(
        [sys.executable, "-c", script],
        env=environment(folder, **{"PYTHONWARNINGS": "error", **more}),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def outcome(process: subprocess.Popen[str]) -> Any:
    out, err = process.communicate()
    assert process.returncode == 0, err
    return json.loads(out)


def test_a_second_process_loads_and_does_nothing_else(tmp_path: Path) -> None:
    first = outcome(start(TRAINING, tmp_path / "programs"))
    second = outcome(start(TRAINING, tmp_path / "programs"))
    assert first["cache"] == "stored"
    assert first["done"].count("_built") == 1
    assert second["cache"] == "loaded"
    assert second["done"] == []
    assert second["loaded"] == []
    assert second["losses"] == first["losses"]


def test_importing_chainrule_imports_nothing_heavy() -> None:
    heavy = "('numba', 'llvmlite', 'networkx', 'scipy', 'numpy.random', 'platformdirs')"
    script = (
        f"import sys, json, chainrule\nprint(json.dumps([m for m in {heavy} if m in sys.modules]))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert json.loads(done.stdout) == []


def test_sixteen_processes_at_once(tmp_path: Path) -> None:
    folder = tmp_path / "programs"
    running = [start(TRAINING, folder) for _ in range(16)]
    outcomes = [outcome(each) for each in running]
    assert len({tuple(each["losses"]) for each in outcomes}) == 1
    assert {each["cache"] for each in outcomes} <= {"stored", "loaded"}
    # One program and the code that calls it, nothing half written.
    assert {path.suffix for path in folder.iterdir()} == {".program"}
    assert len([path for path in folder.iterdir() if "-" not in path.name]) == 1
    last = outcome(start(TRAINING, folder))
    assert last["cache"] == "loaded"
    assert last["losses"] == outcomes[0]["losses"]


@pytest.mark.parametrize("seed", range(3))
def test_a_process_survives_damage_in_every_file(tmp_path: Path, seed: int) -> None:
    folder, dice = tmp_path / "programs", random.Random(seed)
    first = outcome(start(TRAINING, folder))
    damaged = sorted(folder.glob("*.program"))
    for path in damaged:
        content = bytearray(path.read_bytes())
        for _ in range(dice.randrange(1, 10)):
            content[dice.randrange(len(content))] ^= dice.randrange(1, 256)
        path.write_bytes(content[: dice.randrange(1, 2 * len(content))])
    process = start(TRAINING, folder, PYTHONWARNINGS="always")
    out, told = process.communicate()
    assert process.returncode == 0, told
    assert json.loads(out)["losses"] == first["losses"]
    assert all(f"{path} is damaged" in told for path in damaged)
    assert outcome(start(TRAINING, folder))["cache"] == "loaded"


# Many keys, a folder too small for them, everybody reads, writes and removes.
CROWD = """
import json, random, sys
from pathlib import Path
from chainrule.runtime.cache import Store

kept = Store(Path(sys.argv[1]), limit=50_000)
dice = random.Random(int(sys.argv[2]))
wrong = 0
for _ in range(300):
    number = dice.randrange(40)
    content = str(number).encode() * 2_000
    found = kept.get(f"key{number}")
    if found is None:
        kept.put(f"key{number}", content)
    else:
        wrong += found != content
print(json.dumps([wrong, kept.usage().bytes]))
"""


def test_sixteen_processes_that_write_and_remove(tmp_path: Path) -> None:
    folder = tmp_path / "programs"
    command = [sys.executable, "-W", "error", "-c", CROWD, str(folder)]
    running = [
        subprocess.Popen(
            [*command, str(seed)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        for seed in range(16)
    ]
    for each in running:
        wrong, size = outcome(each)
        assert wrong == 0
        assert size <= 50_000 + 16 * 4_020  # each may have one that nobody has measured yet
    assert not list(folder.glob("*.partial"))


PLUGIN = """
import numpy as np
from chainrule.compiler.plugin import elementwise, ordinary
from shapes import bent

@elementwise(formula="f(x)", reference=lambda x: x * x)
def f(x):
    return bent(x)

@f.vjp
def f_vjp(ct, x, out):
    return ct * 2 * x

f.samples(ordinary())
"""
USE = """
import json
import numpy as np
import chainrule as cr
import plugin
compiled = cr.compile(lambda x: plugin.f(x))
value = compiled(np.array([3.0]))
print(json.dumps([float(value[0]), compiled.program(np.array([3.0])).cache]))
"""


def test_a_changed_helper_of_a_plugin_is_another_program(tmp_path: Path) -> None:
    site, folder = tmp_path / "site", tmp_path / "programs"
    site.mkdir()
    (site / "plugin.py").write_text(PLUGIN)
    seen = []
    path = os.pathsep.join([str(site), *filter(None, [os.environ.get("PYTHONPATH")])])
    for body in ("x * x", "x * x", "x * x + 1.0", "x * x"):
        (site / "shapes.py").write_text(f"def bent(x):\n    return {body}\n")
        seen.append(outcome(start(USE, folder, PYTHONPATH=path, PYTHONDONTWRITEBYTECODE="1")))
    assert seen == [[9.0, "stored"], [9.0, "loaded"], [10.0, "stored"], [9.0, "loaded"]]


@pytest.mark.parametrize("value", ["off", ""])
def test_processes_without_a_cache_agree(tmp_path: Path, value: str) -> None:
    off = outcome(start(TRAINING, tmp_path, CHAINRULE_CACHE_DIR=value))
    assert off["cache"] == "switched off"
    assert off["losses"] == outcome(start(TRAINING, tmp_path / "programs"))["losses"]
    assert list(tmp_path.glob("*.program")) == []
