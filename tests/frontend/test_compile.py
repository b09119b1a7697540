"""Compiled functions: when they are traced, what keys a program, what is refused."""

import functools
import gc
import types
import warnings
import weakref

import numpy as np
import pytest

import chainrule as cr
from chainrule.compiler.errors import ArgumentError, DTypeError, RecompilationWarning


def counted(function, **options):
    """The function compiled, and a list that grows by one at each trace."""
    traces = []

    @functools.wraps(function)
    def counting(*args, **kwargs):
        traces.append(1)
        return function(*args, **kwargs)

    return cr.compile(counting, **options), traces


def test_a_second_call_of_the_same_types_does_not_trace():
    f, traces = counted(lambda x: x * 2)
    f(np.ones(3))
    np.testing.assert_array_equal(f(np.arange(3.0)), [0.0, 2.0, 4.0])
    assert len(traces) == 1


@pytest.mark.parametrize(
    "other", [np.ones(4), np.ones(3, np.float32), np.ones((3, 1)), 2.0, [np.ones(3)]]
)
def test_another_shape_dtype_or_structure_is_another_program(other):
    f, traces = counted(lambda x: (x[0] if isinstance(x, list) else x) * 2)
    f(np.ones(3))
    f(other)
    assert len(traces) == 2


def test_static_arguments_are_python_values():
    def f(x, power):
        return x if power == 0 else x * f(x, power - 1)

    g, traces = counted(f, static_argnames="power")
    np.testing.assert_array_equal(g(np.array([2.0]), 3), [16.0])
    np.testing.assert_array_equal(g(np.array([2.0]), power=1), [4.0])
    g(np.array([3.0]), 3)
    assert len(traces) == 2


def test_static_true_and_one_are_different():
    f, traces = counted(lambda x, flag: x + flag, static_argnames=("flag",))
    assert f(np.ones(1), 1).dtype == np.float64
    f(np.ones(1), True)
    f(np.ones(1), 1.0)
    assert len(traces) == 3


def test_keywords_defaults_and_positions_agree():
    @cr.compile
    def f(x, y=2.0, *, z=3.0):
        return x + 10 * y + 100 * z

    assert f(1.0) == 321.0
    assert f(1.0, 1.0) == 311.0
    assert f(z=1.0, x=1.0) == 121.0


def test_partials_and_callable_objects_compile():
    class Scale:
        def __init__(self, factor):
            self.factor = factor

        def __call__(self, x):
            return x * self.factor

    assert cr.compile(functools.partial(lambda a, x: a * x, 3.0))(2.0) == 6.0
    assert cr.compile(Scale(4.0))(2.0) == 8.0


def test_methods_compile_per_instance_and_see_changed_attributes():
    class Model:
        def __init__(self, scale):
            self.scale = scale

        @cr.compile
        def apply(self, x):
            return x * self.scale

    one, two = Model(1.0), Model(2.0)
    assert (one.apply(3.0), two.apply(3.0)) == (3.0, 6.0)
    one.scale = 5.0
    assert one.apply(3.0) == 15.0


def test_a_captured_array_is_frozen_when_captured():
    w = np.ones(3)
    f = cr.compile(lambda x: x @ w)
    assert f(np.ones(3)) == 3.0
    w[:] = 2.0
    assert f(np.ones(3)) == 3.0


def test_a_rebound_captured_array_is_traced_again():
    w = np.ones(3)

    def f(x):
        return x @ w

    g, traces = counted(f)
    assert g(np.ones(3)) == 3.0
    w = np.full(3, 2.0)
    assert g(np.ones(3)) == 6.0
    w = np.ones(3)
    assert g(np.ones(3)) == 3.0
    assert len(traces) == 2


def test_pytrees_go_in_and_come_out():
    @cr.compile
    def f(params, scale):
        return {"a": [params["x"] * scale, None], "b": (params["y"],)}

    out = f({"x": np.ones(2), "y": np.arange(2)}, 3.0)
    np.testing.assert_array_equal(out["a"][0], [3.0, 3.0])
    assert out["a"][1] is None
    assert out["b"][0].dtype == np.int64


def test_recompilations_are_counted_and_warned_about_from_the_eighth():
    f = cr.compile(lambda x: x + 1)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for n in range(8):
            f(np.ones(n))
    assert f.recompilations == 7
    with pytest.warns(RecompilationWarning, match=r"x changed from float64\[7\] to float64\[8\]"):
        f(np.ones(8))


def test_programs_live_in_a_bounded_cache():
    f = cr.compile(lambda x, n: x + n, static_argnames="n", backend="reference")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for n in range(100):
            f(1.0, n)
    assert len(f._plans) == 64


def test_a_compiled_function_inlines_into_another_trace():
    inner = cr.compile(lambda x: x * x)
    outer = cr.compile(lambda x: inner(x) + 1)
    assert outer(3.0) == 10.0
    assert cr.grad(inner)(3.0) == 6.0


def test_gradients_inside_compile_use_captured_tracers():
    @cr.compile
    def step(w, x, y):
        value, slope = cr.value_and_grad(lambda w: ((x @ w - y) ** 2).mean())(w)
        return w - 0.1 * slope, value

    rng = np.random.default_rng(0)
    x, y, w = rng.normal(size=(8, 3)), rng.normal(size=8), rng.normal(size=3)
    new, value = step(w, x, y)
    np.testing.assert_allclose(new, w - 0.1 * 2 * x.T @ (x @ w - y) / 8, rtol=1e-12)
    np.testing.assert_allclose(value, ((x @ w - y) ** 2).mean(), rtol=1e-12)


def test_donated_arrays_are_written_in_place():
    @cr.compile(donate_argnames="w")
    def step(w, x):
        return w + x

    w = np.ones(1000)
    assert step(w, np.ones(1000)) is w
    np.testing.assert_array_equal(w, np.full(1000, 2.0))


def test_the_program_tells_what_became_of_the_function():
    f = cr.compile(cr.grad(lambda x: np.tanh(x).sum()))
    program = f.program(cr.ShapeDtype((4,), "float32"))
    assert next(record.name for record in program.passes) == "canonicalise"
    assert all(record.seconds >= 0 for record in program.passes)
    assert "tanh" in str(program.graph)
    assert "kernels" in program.explain()
    assert "define" in program.llvm()
    assert program.asm()
    assert program.source()


def test_results_stay_valid_after_later_calls():
    f = cr.compile(lambda x: x * 2)
    first = f(np.ones(3))
    f(np.zeros(3))
    np.testing.assert_array_equal(first, [2.0, 2.0, 2.0])


def test_reference_backend_agrees_with_native():
    def f(x):
        return np.tanh(x).sum(axis=0) / 3

    x = np.linspace(-2, 2, 12).reshape(3, 4)
    np.testing.assert_allclose(cr.compile(f, backend="reference")(x), cr.compile(f)(x), rtol=1e-14)


def test_wrong_options_end_in_one_sentence():
    with pytest.raises(ArgumentError, match="has no argument 'y'; it has x"):
        cr.compile(lambda x: x, static_argnames="y")
    with pytest.raises(ArgumentError, match="x cannot be both static and donated"):
        cr.compile(lambda x: x, static_argnames="x", donate_argnames="x")
    with pytest.raises(ArgumentError, match="backend is 'gpu'"):
        cr.compile(lambda x: x, backend="gpu")(1.0)
    with pytest.raises(ArgumentError, match="the static argument x is a list"):
        cr.compile(lambda x: 1.0, static_argnames="x")([1])
    with pytest.raises(ArgumentError, match="the argument mode is a str"):
        cr.compile(lambda mode: 1.0)("train")
    with pytest.raises(ArgumentError, match="returns a str as result"):
        cr.compile(lambda x: "text")(1.0)


@pytest.mark.parametrize(
    "f",
    [
        lambda x, n: x * (n / 2),
        lambda x, n: x * (n + 1.5),
        lambda x, n: x * (n**-1.0),
        lambda x, n: x * (abs(-n) // 2 + n % 2 * 0.5),
    ],
)
def test_numbers_made_of_python_numbers_give_way_as_in_numpy(f):
    x = np.arange(1, 4, dtype=np.float32)
    found = cr.compile(f)(x, 3)
    assert found.dtype == f(x, 3).dtype == np.float32
    np.testing.assert_allclose(found, f(x, 3), rtol=1e-6)


@pytest.mark.parametrize("order", [(0, 1, 2), (1, 2, 0), (2, 0, 1)])
def test_arrays_without_dimensions_and_scalars_share_a_program(order):
    f, traces = counted(lambda x: x * 2)
    given = [np.array(3.0), np.float64(4.0), np.array(5.0)[...]]
    for i in order:
        assert f(given[i]) == 2 * given[i]
    assert len(traces) == 1


def test_arrays_of_the_other_byte_order_are_converted():
    f = cr.compile(lambda x: x * 2)
    for dtype in (">f8", "<f8", ">f8"):
        np.testing.assert_array_equal(f(np.arange(3).astype(dtype)), [0.0, 2.0, 4.0])
    assert f(np.array(3, ">i4")) == 6


def test_a_compiled_function_inside_a_trace_may_close_over_its_values():
    def outer(x):
        return cr.compile(lambda y: y * x)(2.0) + cr.compile(lambda: x * x)()

    assert cr.compile(outer)(3.0) == 15.0
    assert cr.grad(outer)(3.0) == 8.0


def test_functions_without_arguments_count_their_recompilations():
    w = np.ones(2)

    def f():
        return w * 2

    g = cr.compile(f)
    g()
    w = np.zeros(2)
    np.testing.assert_array_equal(g(), [0.0, 0.0])
    assert g.recompilations == 1


def test_a_trace_that_fails_is_no_compilation():
    def f(x):
        if x.ndim == 2:
            raise RuntimeError("two dimensions")
        return x * 2

    g = cr.compile(f)
    with pytest.raises(RuntimeError, match="two dimensions"):
        g(np.ones((2, 2)))
    assert g(1.0) == 2.0
    assert g.recompilations == 0


def test_compile_and_grad_nest_in_any_order():
    def f(x):
        return x**4

    assert cr.compile(cr.grad(cr.compile(cr.grad(f))))(2.0) == 48.0
    assert cr.compile(cr.grad(cr.compile(cr.grad(cr.compile(cr.grad(f))))))(2.0) == 48.0


def test_attributes_of_the_function_stay_its_own():
    def f(x):
        return x * 2

    f.backend, f.recompilations = "mine", 7
    compiled = cr.compile(f)
    assert compiled(1.0) == 2.0
    assert (compiled.backend, compiled.recompilations) == ("native", 0)


def test_attributes_of_captured_objects_and_modules_are_captured():
    class Model:
        def __init__(self, scale):
            self.scale, self.inner = scale, types.SimpleNamespace(shift=0.0)

        def apply(self, x):
            return x * self.scale + self.inner.shift

    model, settings = Model(2.0), types.ModuleType("settings")
    settings.rate = 1.0
    direct = cr.compile(lambda x: x * model.scale + model.inner.shift)
    through = cr.compile(lambda x: model.apply(x))
    bound = cr.compile(model.apply)
    module = cr.compile(lambda x: x * settings.rate)
    assert [f(1.0) for f in (direct, through, bound, module)] == [2.0, 2.0, 2.0, 1.0]
    model.scale, model.inner.shift, settings.rate = 3.0, 10.0, 4.0
    assert [f(1.0) for f in (direct, through, bound, module)] == [13.0, 13.0, 13.0, 4.0]
    model = Model(5.0)
    assert [f(1.0) for f in (direct, through)] == [5.0, 5.0]
    model = Model(2.0)
    assert [f(1.0) for f in (direct, through)] == [2.0, 2.0]
    assert direct.recompilations == through.recompilations == 2


def test_what_an_inner_compiled_function_captures_is_captured():
    k = 2.0
    inner = cr.compile(lambda x: x * k)
    outer = cr.compile(lambda x: inner(x) + 1)
    assert outer(1.0) == 3.0
    k = 5.0
    assert outer(1.0) == 6.0


def test_replaced_defaults_are_seen():
    def f(x, y=2.0, *, z=3.0):
        return x * y + z

    g = cr.compile(f)
    assert g(1.0) == 5.0
    f.__kwdefaults__ = {"z": 4.0}
    assert g(1.0) == 6.0
    f.__defaults__ = ()
    with pytest.raises(TypeError, match="missing 1 required positional argument: 'y'"):
        g(1.0)


def test_a_python_integer_beyond_64_bits_is_refused_with_the_line():
    with pytest.raises(DTypeError, match="the Python integer 9223372036854775808 does not fit"):
        cr.compile(lambda x: x + 2**63)(np.ones(2))
    with pytest.raises(DTypeError, match="the argument n is 9223372036854775808"):
        cr.compile(lambda n: n * 2)(2**63)


def test_a_profile_takes_the_arguments_of_the_function():
    f = cr.compile(lambda params, x: x @ params["w"] + params["b"], donate_argnames="params")
    args = {"w": np.ones((3, 2)), "b": 0.5}, np.ones((4, 3))
    profile = f.program(*args).profile(*args, calls=5)
    assert profile.calls == 5
    assert 0 < profile.best <= profile.median
    np.testing.assert_array_equal(args[0]["w"], np.ones((3, 2)))


@pytest.mark.parametrize("given", [[np.ones(5)], [np.ones(3, np.float32)], [np.ones(3, ">f8")], []])
def test_a_program_refuses_arrays_that_it_was_not_made_for(given):
    program = cr.compile(lambda x: x * 2).program(np.ones(3))
    np.testing.assert_array_equal(program([np.ones(3)])[0], [2.0, 2.0, 2.0])
    with pytest.raises(ArgumentError, match="wanted"):
        program(given)


def test_static_fields_tell_one_and_true_apart():
    @cr.module
    class Scaled:
        x: np.ndarray
        factor: float = cr.static(default=1)

    f = cr.compile(lambda s: s.x * s.factor)
    x = np.ones(2, np.int32)
    dtypes = [f(Scaled(x, factor)).dtype for factor in (1, 1.0, True)]
    assert dtypes == [np.int32, np.float64, np.int32]
    assert f.recompilations == 2


def test_a_compiled_method_does_not_keep_its_instance_alive():
    class Model:
        @cr.compile
        def apply(self, x):
            return x * self.scale

    model = Model()
    model.scale = 2.0
    assert model.apply(3.0) == 6.0
    assert model.apply.program(3.0).graph.name == "apply"
    gone = weakref.ref(model)
    del model
    gc.collect()
    assert gone() is None


def test_a_method_of_a_temporary_instance_compiles():
    class Scaled:
        def __init__(self, scale):
            self.scale = scale

        @cr.compile
        def apply(self, x):
            return x * self.scale

    assert Scaled(2.0).apply(3.0) == 6.0
    assert Scaled(5.0).apply(3.0) == 15.0


def test_a_method_of_an_instance_without_weak_references_is_refused():
    class Slotted:
        __slots__ = ("scale",)

        @cr.compile
        def apply(self, x):
            return x

    with pytest.raises(ArgumentError, match="__slots__ leave out __weakref__"):
        Slotted().apply(1.0)


def test_results_of_the_reference_own_their_memory():
    x, constant = np.arange(4.0), np.ones(4)
    f = cr.compile(lambda x: (x, x[1:], x + 1, x + 1, constant, x.T), backend="reference")
    results = f(x)
    for result in results:
        result += 7.0
    np.testing.assert_array_equal(x, np.arange(4.0))
    np.testing.assert_array_equal(results[2], np.arange(4.0) + 8)
    np.testing.assert_array_equal(f(x)[4], np.ones(4))


@pytest.mark.parametrize("threads", [0, -1, 1.5, "all"])
def test_a_thread_count_that_is_none_is_refused(threads):
    with pytest.raises(ArgumentError, match="wanted a whole number from 1"):
        cr.compile(lambda x: x, threads=threads)


def test_arrays_with_rules_of_their_own_are_refused():
    f = cr.compile(lambda x: x * x)
    f(np.ones((2, 2)))
    matrix = np.ones((2, 2)).view(np.matrix)
    for array in (np.ma.array(np.ones((2, 2)), mask=True), matrix):
        with pytest.raises(ArgumentError, match=r"the argument x is a .*computes by rules"):
            f(array)


def test_a_python_integer_beyond_64_bits_is_refused_by_known_programs_too():
    f = cr.compile(lambda x: x + 1)
    for _ in range(4):  # made, looked up, answered as a recent call
        f(3)
        with pytest.raises(DTypeError, match="the argument x is 1180591620717411303424, which"):
            f(2**70)
