"""LLVM IR becomes callable code: vectorised, with libm, and with nobody's arithmetic changed."""

import ctypes
import gc
import math
import pickle
import subprocess
import sys
import threading
import weakref
from collections.abc import Callable

import numpy as np
import pytest

from chainrule.runtime.errors import NativeCodeError
from chainrule.runtime.llvm import (
    NativeCode,
    NativeModule,
    compile_code,
    compile_module,
    host,
    load_code,
)

F32 = ctypes.CFUNCTYPE(ctypes.c_float, ctypes.c_float)
F64 = ctypes.CFUNCTYPE(ctypes.c_double, ctypes.c_double)
TERNARY = ctypes.CFUNCTYPE(ctypes.c_double, ctypes.c_double, ctypes.c_double, ctypes.c_double)

# f(p, n): p[i] = p[i] * p[i] + 1, and the sum of all p[i].
LOOP = """
define float @square_all(ptr noalias %p, i64 %n) {
entry:
  br label %loop
loop:
  %i = phi i64 [0, %entry], [%next, %loop]
  %sum = phi float [0.0, %entry], [%sum.next, %loop]
  %q = getelementptr float, ptr %p, i64 %i
  %v = load float, ptr %q
  SUM
  %w = fmul contract float %v, %v
  %r = fadd contract float %w, 1.0
  store float %r, ptr %q
  %next = add i64 %i, 1
  %done = icmp eq i64 %next, %n
  br i1 %done, label %exit, label %loop
exit:
  ret float %sum.next
}
"""
ELEMENTWISE = LOOP.replace("SUM", "%sum.next = fadd float %v, 0.0")
REDUCTION = LOOP.replace("SUM", "%sum.next = fadd contract float %sum, %v")


def unary(function: str, kind: str = "float") -> str:
    """A module whose `f` calls a libm function or an intrinsic of one argument."""
    return f"""
    declare {kind} @{function}({kind})
    define {kind} @f({kind} %x) {{
      %y = call {kind} @{function}({kind} %x)
      ret {kind} %y
    }}"""


def ternary(body: str) -> NativeModule:
    return compile_module(
        f"define double @f(double %a, double %b, double %c) {{\n{body}\n  ret double %r\n}}"
    )


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("llvm.exp.f32", math.exp),
        ("llvm.log.f32", math.log),
        ("llvm.sin.f32", math.sin),
        ("expf", math.exp),
        ("expm1f", math.expm1),
        ("log1pf", math.log1p),
        ("tanhf", math.tanh),
        ("erff", math.erf),
    ],
)
def test_libm_is_found_in_the_process(name: str, expected: Callable[[float], float]) -> None:
    module = compile_module(unary(name))
    assert F32(module.address("f"))(0.75) == pytest.approx(expected(0.75), rel=1e-6)


@pytest.mark.parametrize("name", ["llvm.exp.f64", "expm1", "log1p", "tanh", "erf"])
def test_libm_in_double_precision(name: str) -> None:
    expected = getattr(math, name.removeprefix("llvm.").removesuffix(".f64"))
    module = compile_module(unary(name, "double"))
    assert F64(module.address("f"))(0.75) == pytest.approx(expected(0.75), rel=1e-14)


@pytest.mark.parametrize("opt", [0, 1, 2, 3])
def test_a_loop_computes_the_same_at_every_level(opt: int) -> None:
    values = np.arange(100, dtype=np.float32)
    module = compile_module(REDUCTION, opt=opt)
    call = ctypes.CFUNCTYPE(ctypes.c_float, ctypes.c_void_p, ctypes.c_int64)
    assert call(module.address("square_all"))(values.ctypes.data, 100) == 4950.0
    np.testing.assert_array_equal(values, np.arange(100, dtype=np.float32) ** 2 + 1)


def test_loops_use_the_widest_vectors() -> None:
    module = compile_module(ELEMENTWISE)
    assert f"<{host().vector_bits // 32} x float>" in module.optimised_ir()
    if host().vector_bits == 512:
        assert "zmm" in module.assembly()


def test_a_function_may_ask_for_narrower_vectors() -> None:
    if host().vector_bits != 512:
        pytest.skip("one width only")
    narrow = ELEMENTWISE.replace("i64 %n) {", 'i64 %n) "prefer-vector-width"="256" {')
    assembly = compile_module(narrow).assembly()
    assert "ymm" in assembly
    assert "zmm" not in assembly


def test_straight_line_code_is_vectorised() -> None:
    lines = ["define void @f(ptr noalias %p, ptr noalias %q) {"]
    for i in range(4):
        lines += [
            f"  %p{i} = getelementptr float, ptr %p, i64 {i}",
            f"  %q{i} = getelementptr float, ptr %q, i64 {i}",
            f"  %v{i} = load float, ptr %p{i}",
            f"  %w{i} = fmul float %v{i}, %v{i}",
            f"  store float %w{i}, ptr %q{i}",
        ]
    module = compile_module("\n".join([*lines, "  ret void", "}"]))
    assert "fmul <4 x float>" in module.optimised_ir()


def test_sums_are_not_reassociated() -> None:
    module = ternary("  %s = fadd contract double %a, %b\n  %r = fsub contract double %s, %a")
    assert TERNARY(module.address("f"))(1e20, 1.0, 0.0) == 0.0
    assert "fadd contract <" not in compile_module(REDUCTION).optimised_ir()


def test_only_contract_fuses_a_product_and_a_sum() -> None:
    a = 1.0 + 2.0**-30
    product = "  %p = fmul{flag} double %a, %b\n  %r = fadd{flag} double %p, %c"
    exact = ternary(product.format(flag=""))
    assert TERNARY(exact.address("f"))(a, a, -(a * a)) == 0.0
    if "fma" in compile_module(ELEMENTWISE).assembly():
        fused = ternary(product.format(flag=" contract"))
        assert TERNARY(fused.address("f"))(a, a, -(a * a)) == 2.0**-60


def test_infinities_and_signed_zeros_survive() -> None:
    module = ternary("  %z = fadd contract double %a, 0.0\n  %r = fdiv contract double %b, %z")
    assert TERNARY(module.address("f"))(-0.0, 1.0, 0.0) == math.inf


def test_internal_functions_are_not_exported() -> None:
    helper = "define internal float @helper(float %x) noinline { ret float %x }\n"
    module = compile_module(helper + unary("helper").split("\n", 2)[2])
    assert module.code.names == ("f",)
    with pytest.raises(NativeCodeError, match=r"no function `helper` \(only f\)"):
        module.address("helper")


def test_two_modules_may_use_the_same_names() -> None:
    modules = [compile_module(f"define i64 @f() {{ ret i64 {number} }}") for number in (1, 2)]
    call = ctypes.CFUNCTYPE(ctypes.c_int64)
    assert [call(module.address("f"))() for module in modules] == [1, 2]


def test_large_constants_are_in_reach() -> None:
    numbers = ", ".join(f"i64 {i * i}" for i in range(5000))
    module = compile_module(
        f"@table = internal constant [5000 x i64] [{numbers}]\n"
        """define i64 @f(i64 %i) {
          %p = getelementptr i64, ptr @table, i64 %i
          %v = load i64, ptr %p
          ret i64 %v
        }"""
    )
    assert ctypes.CFUNCTYPE(ctypes.c_int64, ctypes.c_int64)(module.address("f"))(4999) == 4999**2


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("define i64 @f( {", "cannot read"),
        (
            "define i64 @f() {\n  %x = add i64 %y, 1\n  %y = add i64 1, 1\n  ret i64 %x\n}",
            "refuses",
        ),
        (unary("no_such_function"), "does not link"),
    ],
)
def test_faulty_modules_are_refused(text: str, message: str) -> None:
    with pytest.raises(NativeCodeError, match=message):
        compile_module(text)


def test_damaged_object_code_is_refused() -> None:
    code = compile_code(unary("expf"))
    damaged = NativeCode(b"no object file", code.bitcode, code.names, code.opt)
    with pytest.raises(NativeCodeError, match="does not link"):
        load_code(damaged)


def test_object_code_runs_in_another_process() -> None:
    code = pickle.dumps(compile_code(unary("expf")))
    script = (
        "import ctypes, pickle, sys\n"
        "from chainrule.runtime.llvm import load_code\n"
        "module = load_code(pickle.load(sys.stdin.buffer))\n"
        "f = ctypes.CFUNCTYPE(ctypes.c_float, ctypes.c_float)(module.address('f'))\n"
        "print(f(0.0))\n"
    )
    done = subprocess.run([sys.executable, "-c", script], input=code, capture_output=True)
    assert done.stdout.strip() == b"1.0", done.stderr.decode()


def test_a_module_frees_its_engine() -> None:
    module = compile_module(unary("expf"))
    engine = weakref.ref(module._engine)
    library = weakref.ref(module._library)
    del module
    gc.collect()
    assert engine() is None
    assert library() is None


def test_modules_compile_in_several_threads() -> None:
    results: dict[int, float] = {}

    def work(number: int) -> None:
        module = compile_module(f"define double @f(double %x) {{ ret double {number}.0 }}")
        results[number] = F64(module.address("f"))(0.0)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == {number: float(number) for number in range(8)}


def test_importing_the_module_does_not_import_llvmlite() -> None:
    script = "import sys, chainrule.runtime.llvm; print('llvmlite' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.stdout.strip() == "False", done.stderr
