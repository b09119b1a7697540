"""Programs for CPUs by name: vector code without calls of the C library, and equal bits.

Code for AVX-512, AVX2 and NEON is made on any machine, and run where the machine can.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from native import plain, program

from chainrule import ops
from chainrule.compiler.native import build
from chainrule.compiler.registry import registry
from chainrule.runtime.llvm import Host, NativeCode, NativeModule, compiling_for, host

AVX512 = Host(
    "x86_64-unknown-linux-gnu",
    "skylake-avx512",
    "+avx512f,+avx512vl,+avx512dq,+avx512bw,+avx512cd,+avx2,+fma,-prefer-256-bit",
    512,
)
AVX2 = Host("x86_64-unknown-linux-gnu", "haswell", "+avx2,+fma", 256)
NEON = Host("aarch64-unknown-linux-gnu", "generic", "+neon", 128)
CPUS = {"AVX-512": AVX512, "AVX2": AVX2, "NEON": NEON}

# Arithmetic on whole registers, as the assemblers write it.
WIDE = {
    "AVX-512": r"v(?:fn?madd|mul|add|max)\w*p[sd]\s.*%zmm",
    "AVX2": r"v(?:fn?madd|mul|add|max)\w*p[sd]\s.*%ymm",
    "NEON": r"f(?:mla|mul|add|max\w*)\s+v\d+\.(?:4s|2d)",
}
WIDER = {"AVX-512": r"$^", "AVX2": r"zmm", "NEON": r"$^"}
CALL = re.compile(r"^\s+(?:callq?|bl|jmp|b)\s+([A-Za-z_]\w*)", re.MULTILINE)

# Copies of bytes, which LLVM makes of loops, and the functions of programs.
OWN = re.compile(
    r"mem(?:cpy|set|move)|pack|turn_|(?:loop|fold|rows|scatter|contraction|product|window|tile|dots)_"
)

TRANSCENDENTAL = sorted(
    name
    for name in registry.names()
    if registry[name].kind == "elementwise" and registry[name].cost == "expensive"
)


class NotLoadedError(Exception):
    """Machine code that is not loaded."""


def code_for(cpu: Host, function: Callable[..., Any], *arrays: Any) -> str:
    """The assembly of a function's program."""

    def stop(code: NativeCode) -> None:
        raise NotLoadedError(code)

    with pytest.MonkeyPatch.context() as patch, compiling_for(cpu):
        patch.setattr(build, "load_code", stop)
        with pytest.raises(NotLoadedError) as stopped:
            build.build(plain(function, *arrays), threads=1)
        return NativeModule(stopped.value.args[0], None, None).assembly()


def apart(names: list[str], dtype: str) -> tuple[Callable[..., Any], list[Any]]:
    """A function of arrays of many sizes with one op for each, so that each is a loop."""
    counts = [len(getattr(ops, name).parameters) for name in names]
    rng = np.random.default_rng(7)
    arrays = [
        rng.uniform(0.05, 0.95, 700 + 16 * n + n % 5).astype(dtype)
        for n, count in enumerate(counts)
        for _ in range(count)
    ]

    def function(*given: Any) -> Any:
        left = iter(given)
        pairs = zip(names, counts, strict=True)
        return tuple(getattr(ops, name)(*(next(left) for _ in range(n))) for name, n in pairs)

    return function, arrays


def _normalised(x: Any) -> Any:
    centred = x - np.mean(x, axis=-1, keepdims=True)
    return centred / np.sqrt(np.mean(centred * centred, axis=-1, keepdims=True) + 1e-5)


# One kernel of each kind: its function, and the shapes of its inputs.
NESTS: dict[str, tuple[Callable[..., Any], tuple[tuple[int, ...], ...]]] = {
    "loop": (lambda x: np.tanh(x) * x + 1, ((37, 53),)),
    "sum": (lambda x: np.sum(x * x, axis=1), ((37, 531),)),
    "sum of columns": (lambda x: np.sum(x * x, axis=0), ((37, 53),)),
    "softmax": (lambda x: ops.softmax(x, axis=-1), ((37, 53),)),
    "norm": (_normalised, ((37, 53),)),
    "product": (lambda x, y: np.maximum(x @ y, 0), ((45, 61), (61, 53))),
    "matrix and vector": (lambda x, y: x @ y, ((45, 61), (61,))),
}


def shaped(name: str, dtype: str) -> list[Any]:
    """Inputs of a nest."""
    rng = np.random.default_rng(5)
    return [rng.standard_normal(shape).astype(dtype) for shape in NESTS[name][1]]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("cpu", CPUS)
def test_bodies_are_vector_code_without_calls(cpu: str, dtype: str) -> None:
    function, arrays = apart(TRANSCENDENTAL, dtype)
    text = code_for(CPUS[cpu], function, *arrays)
    loops = re.findall(r"^loop_\w+:.*?^\.Lfunc_end", text, re.MULTILINE | re.DOTALL)
    assert len(loops) > 20
    for loop in loops:
        assert re.search(WIDE[cpu], loop), loop
    assert not re.search(WIDER[cpu], text)
    assert {name for name in CALL.findall(text) if not OWN.match(name)} == set()


@pytest.mark.parametrize("name", NESTS)
@pytest.mark.parametrize("cpu", CPUS)
def test_nests_are_vector_code_without_calls(cpu: str, name: str) -> None:
    text = code_for(CPUS[cpu], NESTS[name][0], *shaped(name, "float32"))
    assert {callee for callee in CALL.findall(text) if not OWN.match(callee)} == set()
    # The steps of matrix products are code of their own, which programs share.
    assert re.search(WIDE[cpu], text) or re.search(r"(?:call|bl)\w*\s+(?:tile|dots)_float32", text)


def runs(cpu: Host) -> bool:
    """True if this machine has all that the code for `cpu` may use."""
    wanted = [part[1:] for part in cpu.features.split(",") if part.startswith("+")]
    return host().triple.startswith("x86_64") and all(map(host().has, wanted))


@pytest.mark.skipif(not runs(AVX2), reason="the machine has no AVX2")
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_bodies_have_the_same_bits_with_narrower_vectors(dtype: str) -> None:
    function, arrays = apart(TRANSCENDENTAL, dtype)
    own = program(function, *arrays, threads=1)(arrays)
    with compiling_for(AVX2):
        narrow = program(function, *arrays, threads=1)(arrays)
    for name, wide, other in zip(TRANSCENDENTAL, own, narrow, strict=True):
        np.testing.assert_array_equal(wide, other, err_msg=name)


@pytest.mark.skipif(not runs(AVX2), reason="the machine has no AVX2")
@pytest.mark.parametrize("name", [name for name in NESTS if name != "product"])
def test_nests_have_the_same_bits_with_narrower_vectors(name: str) -> None:
    arrays = shaped(name, "float32")
    (own,) = program(NESTS[name][0], *arrays, threads=1)(arrays)
    with compiling_for(AVX2):
        (narrow,) = program(NESTS[name][0], *arrays, threads=1)(arrays)
    np.testing.assert_array_equal(own, narrow)
