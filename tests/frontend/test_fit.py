"""Training: against the same loop in plain NumPy, and what fit promises around it."""

import io
import sys

import numpy as np
import pytest

import chainrule as cr
from chainrule.compiler.errors import ArgumentError
from chainrule.frontend.fit import DivergenceError, training_step

BACKENDS = ["reference", "native"]


def loss(w, x, y):
    return cr.losses.squared_error(x @ w, y).mean()


@pytest.fixture
def data(rng) -> tuple[np.ndarray, np.ndarray]:
    x = rng.normal(size=(50, 3))
    return x, x @ [1.0, -2.0, 0.5] + 0.1 * rng.normal(size=50)


def numpy_sgd(data, epochs, size, rate, decay, seed=0) -> tuple[np.ndarray, list[float]]:
    """The same training by hand: the gradient of the mean square is 2 X^T (X w - y) / n."""
    w, v, means = np.zeros(3), np.zeros(3), []
    for epoch in range(epochs):
        values = []
        for x, y in cr.data.batches(data, size, seed=seed, epoch=epoch, drop_last=True):
            error = x @ w - y
            values.append(np.mean(error**2))
            v = decay * v + 2 * x.T @ error / size
            w = w - rate * v
        means.append(np.mean(values))
    return w, means


@pytest.mark.parametrize("backend", BACKENDS)
def test_fit_is_the_loop_written_by_hand(data, backend) -> None:
    fitted = cr.fit(
        loss,
        np.zeros(3),
        cr.optim.sgd(0.05, momentum=0.9),
        data,
        epochs=5,
        batch_size=8,
        seed=3,
        backend=backend,
    )
    w, means = numpy_sgd(data, 5, 8, 0.05, 0.9, seed=3)
    np.testing.assert_allclose(fitted.params, w, rtol=1e-10)
    np.testing.assert_allclose([row["loss"] for row in fitted.history], means, rtol=1e-10)
    assert [row["epoch"] for row in fitted.history] == [1, 2, 3, 4, 5]
    assert [row["step"] for row in fitted.history] == [6, 12, 18, 24, 30]


@pytest.mark.parametrize("backend", BACKENDS)
def test_training_reaches_the_least_squares_solution(data, backend) -> None:
    fitted = cr.fit(
        loss,
        np.zeros(3),
        cr.optim.sgd(0.1, momentum=0.5),
        data,
        epochs=300,
        batch_size=50,
        backend=backend,
    )
    wanted = np.linalg.lstsq(*data, rcond=None)[0]
    np.testing.assert_allclose(fitted.params, wanted, rtol=1e-9)


def fit_few(data, **options):
    return cr.fit(loss, np.zeros(3), cr.optim.adam(0.1), data, epochs=2, batch_size=8, **options)


def test_validation_is_measured_on_the_parameters_of_the_epoch(data, rng) -> None:
    held_out = rng.normal(size=(10, 3)), rng.normal(size=10)
    seen = []
    fitted = fit_few(
        data,
        validation=held_out,
        metrics=lambda w, x, y: {"worst": np.max(np.abs(x @ w - y))},
        on_epoch=lambda row, w: seen.append((row["validation_worst"], w.copy())),
    )
    x, y = held_out
    for found, w in seen:
        assert found == pytest.approx(np.abs(x @ w - y).max(), rel=1e-12)
    assert [row["validation_worst"] for row in fitted.history] == [found for found, _ in seen]
    np.testing.assert_array_equal(fitted.params, seen[-1][1])


def test_validation_measures_the_loss_by_default(data) -> None:
    row = fit_few(data, validation=data).history[-1]
    w = fit_few(data).params
    assert row["validation_loss"] == pytest.approx(np.mean((data[0] @ w - data[1]) ** 2), rel=1e-9)


def test_runs_repeat_bit_for_bit_and_seeds_differ(data) -> None:
    first, again, other = (fit_few(data, seed=seed).params for seed in (1, 1, 2))
    assert first.tobytes() == again.tobytes()
    assert first.tobytes() != other.tobytes()


def test_what_fit_is_given_stays_as_it_was(data) -> None:
    start, copies = np.zeros(3), [array.copy() for array in data]
    cr.fit(loss, start, cr.optim.sgd(0.1), data, epochs=1, batch_size=8)
    assert not start.any()
    for array, copy in zip(data, copies, strict=True):
        np.testing.assert_array_equal(array, copy)


def test_a_native_step_writes_donated_arrays_in_place(data) -> None:
    optimizer = cr.optim.sgd(0.1, momentum=0.9)
    step = training_step(loss, optimizer)
    w = np.zeros(3)
    state = optimizer.init(w)
    after, moved, _ = step(w, state, data)
    assert after is w
    assert moved.velocity is state.velocity
    assert w.all()


def test_the_step_tells_about_its_program(data) -> None:
    fitted = fit_few(data)
    batch = tuple(array[:8] for array in data)
    program = fitted.step.program(fitted.params, fitted.state, batch)
    assert program.passes
    phases = {phase for unit in program.graph.units for phase in program.graph.origin(unit).phases}
    assert phases == {"forward", "backward", "update"}


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_the_progress_bar_is_for_terminals(data, monkeypatch, capsys) -> None:
    fit_few(data)
    assert capsys.readouterr() == ("", "")
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    fit_few(data)
    assert "12/12" in terminal.getvalue()


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"epochs": 0, "batch_size": 8}, "fit wants at least one epoch, got 0"),
        (
            {"epochs": 1, "batch_size": 51},
            "a batch of 51 is larger than the data: 50 examples",
        ),
    ],
)
def test_wrong_arguments_are_refused(data, options, sentence) -> None:
    with pytest.raises(ArgumentError) as caught:
        cr.fit(loss, np.zeros(3), cr.optim.sgd(0.1), data, **options)
    assert str(caught.value).splitlines()[0] == sentence
    assert "test_fit.py" in str(caught.value)


def test_a_loss_that_is_not_finite_ends_the_training(data) -> None:
    with pytest.raises(DivergenceError) as caught, np.errstate(all="ignore"):
        cr.fit(loss, np.zeros(3), cr.optim.sgd(1e200), data, epochs=3, batch_size=8)
    first, *_, hint = str(caught.value).splitlines()
    assert first.startswith("the loss became ")
    assert first.endswith("in epoch 1")
    assert hint.strip() == "Try a smaller learning rate"
