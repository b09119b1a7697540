"""What a function takes from around it: changes make another program, and logs do not."""

from __future__ import annotations

import random
import types
from typing import Any

import numpy as np
import pytest

import chainrule as cr

X = np.arange(3.0)
generator = random.Random(7)


def agrees(compiled: Any, function: Any) -> None:
    np.testing.assert_array_equal(compiled(X), function(X))


@pytest.mark.parametrize(
    "change",
    [
        lambda held: held.__setitem__(0, 5.0),
        lambda held: held.append(7.0),
        lambda held: held.clear(),
        lambda held: held.reverse(),
    ],
)
def test_another_element_of_a_captured_list_is_seen(change: Any) -> None:
    held = [2.0, 3.0]

    def function(x: Any) -> Any:
        return x * sum(held) - sum(held[:1])

    compiled = cr.compile(function)
    for _ in range(3):  # the third call goes the short way
        agrees(compiled, function)
    change(held)
    for _ in range(3):
        agrees(compiled, function)
    assert compiled.recompilations == 1


@pytest.mark.parametrize("kind", [list, set])
def test_elements_are_known_by_their_types_too(kind: Any) -> None:
    held = kind([1])

    def function(x: Any) -> Any:
        return np.ones(2, np.int32) * next(iter(held))

    compiled = cr.compile(function)
    assert compiled(X).dtype == np.int32
    held.clear()
    (held.append if kind is list else held.add)(1.0)
    assert compiled(X).dtype == np.float64


def test_another_element_of_a_captured_set_is_seen() -> None:
    enabled = {"double"}

    def function(x: Any) -> Any:
        return x * 2 if "double" in enabled else x

    compiled = cr.compile(function)
    agrees(compiled, function)
    enabled.add("other")
    agrees(compiled, function)
    enabled.remove("double")
    agrees(compiled, function)
    enabled.update(["double", "triple"])
    enabled.remove("triple")  # the content of the second call, maybe in another order
    agrees(compiled, function)
    assert compiled.recompilations == 2


def test_lists_inside_other_containers_are_seen() -> None:
    settings = {"layers": [1, [2, 3]], "pair": ([4],)}

    def function(x: Any) -> Any:
        (first, (second, third)), ((fourth,),) = settings["layers"], settings["pair"]
        return x * first + second * third - fourth

    compiled = cr.compile(function)
    agrees(compiled, function)
    for change in (
        lambda: settings["layers"][1].reverse(),  # the same product: one more trace
        lambda: settings["layers"][1].__setitem__(0, 9),
        lambda: settings["pair"][0].__setitem__(0, 8),
    ):
        change()
        agrees(compiled, function)
    assert compiled.recompilations == 3


def test_a_log_that_the_function_writes_makes_no_other_program() -> None:
    log: list[float] = []
    names: set[str] = set()
    factor = [2.0]

    def function(x: Any) -> Any:
        log.append(len(log))
        names.add(f"call {len(log)}")
        return x * factor[0]

    compiled = cr.compile(function)
    for _ in range(4):
        compiled(X)
    assert log == [0]
    factor[0] = 3.0
    for _ in range(4):
        np.testing.assert_array_equal(compiled(X), X * 3)
    factor[0] = 2.0
    np.testing.assert_array_equal(compiled(X), X * 2)
    assert log == [0, 1]


losses: list[float] = []


def test_a_global_with_the_name_of_an_attribute_is_no_capture() -> None:
    """Scripts collect ``losses`` of a function that calls ``cr.losses``."""

    def function(x: Any) -> Any:
        def inner(x: Any) -> Any:
            return cr.losses.squared_error(x, 1.0)

        return inner(x)

    compiled = cr.compile(function)
    for _ in range(3):
        losses.append(float(compiled(X).sum()))
    assert compiled.recompilations == 0


class Trainer:
    """Keeps a history that its step does not read."""

    def __init__(self) -> None:
        self.history: list[float] = []
        self.table = {"losses": [0.0]}
        self.rates = [0.5]

    @cr.compile
    def step(self, x: Any) -> Any:
        return x * self.rates[0]

    def __call__(self, x: Any) -> Any:
        return x * self.rates[0]


@pytest.mark.parametrize("make", [lambda t: t.step, cr.compile, lambda t: cr.compile(t.__call__)])
def test_a_history_that_the_method_does_not_name_is_no_capture(make: Any) -> None:
    trainer = Trainer()
    compiled = make(trainer)
    for _ in range(4):
        value = compiled(X)
        trainer.history.append(float(value.sum()))
        trainer.table["losses"].append(1.0)
    assert compiled.recompilations == 0
    trainer.rates[0] = 4.0
    np.testing.assert_array_equal(compiled(X), X * 4)
    assert compiled.recompilations == 1


def test_generators_of_modules_are_captured_without_their_insides() -> None:
    def drawn(x: Any) -> Any:
        return x * len(random.sample(range(9), 3)) + len(generator.choices("abc", k=2))

    for function in (drawn, random.sample, generator.sample):
        captures = cr.compile(function)._captures_now()
        assert captures.unchanged()
    np.testing.assert_array_equal(cr.compile(drawn)(X), X * 3 + 2)


def test_methods_that_name_each_other_end() -> None:
    class Pair:
        scale = 2.0

        def first(self, x: Any, again: bool = True) -> Any:
            return self.second(x) if again else x * self.scale

        def second(self, x: Any) -> Any:
            return self.first(x, again=False)

    holder = types.SimpleNamespace(pair=Pair())
    compiled = cr.compile(lambda x: holder.pair.first(x))
    np.testing.assert_array_equal(compiled(X), X * 2)
    holder.pair.scale = 5.0
    np.testing.assert_array_equal(compiled(X), X * 5)


def test_attributes_of_a_captured_callable_object_are_seen() -> None:
    class Base:
        offset = 1.0

        def shifted(self, x: Any) -> Any:
            return x + self.offset

    class Model(Base):
        def __init__(self) -> None:
            self.scale = 2.0

        def __call__(self, x: Any) -> Any:
            return self.shifted(x) * self.scale

    model = Model()
    compiled = cr.compile(lambda x: model(x))
    agrees(compiled, model)
    model.scale = 3.0
    agrees(compiled, model)
    model.offset = 7.0
    agrees(compiled, model)
    assert compiled.recompilations == 2
