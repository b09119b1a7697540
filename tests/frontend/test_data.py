"""Mini-batches: each example once, in an order that seed and epoch determine."""

import numpy as np
import pytest

import chainrule as cr
from chainrule.compiler.errors import ArgumentError, ShapeError


def rows(**options) -> list[np.ndarray]:
    return list(cr.data.batches(np.arange(10), 4, **options))


def test_every_example_comes_once() -> None:
    assert sorted(np.concatenate(rows(seed=3))) == list(range(10))
    assert [len(batch) for batch in rows(seed=3)] == [4, 4, 2]


def test_the_last_batch_can_be_dropped() -> None:
    batches = rows(seed=3, drop_last=True)
    assert [len(batch) for batch in batches] == [4, 4]
    assert cr.data.batch_count(np.arange(10), 4) == 3
    assert cr.data.batch_count(np.arange(10), 4, drop_last=True) == 2
    assert cr.data.batch_count(np.arange(8), 4) == cr.data.batch_count(np.arange(8), 4) == 2


def test_seed_and_epoch_determine_the_order() -> None:
    orders = {
        (seed, epoch): tuple(np.concatenate(rows(seed=seed, epoch=epoch)))
        for seed in (0, 1)
        for epoch in (0, 1)
    }
    assert len(set(orders.values())) == 4
    again = tuple(np.concatenate(rows(seed=1, epoch=1)))
    assert again == orders[1, 1]


def test_the_global_random_state_is_not_touched() -> None:
    before = np.random.get_state()[1].copy()  # noqa: NPY002
    rows(seed=0)
    assert (np.random.get_state()[1] == before).all()  # noqa: NPY002


def test_pytrees_stay_aligned() -> None:
    x = np.arange(12).reshape(6, 2)
    for batch in cr.data.batches({"x": x, "y": (x.sum(axis=1),)}, 4, seed=0):
        assert (batch["x"].sum(axis=1) == batch["y"][0]).all()


def test_batches_are_copies() -> None:
    x = np.zeros(4)
    for batch in cr.data.batches(x, 4, seed=0):
        batch += 1
    assert not x.any()


@pytest.mark.parametrize(
    ("arrays", "size", "error", "sentence"),
    [
        (
            (np.ones(3), np.ones(4)),
            2,
            ShapeError,
            "arrays[0] has 3 examples, arrays[1] has 4",
        ),
        ((np.ones(3), 1.0), 2, ShapeError, "arrays[1] has no axis of examples: it is a scalar"),
        ((), 2, ArgumentError, "there is no array to take examples from"),
        (np.ones(3), 0, ArgumentError, "batches wants a positive size, got 0"),
    ],
)
def test_wrong_data_is_refused_at_once(arrays, size, error, sentence) -> None:
    with pytest.raises(error) as caught:
        cr.data.batches(arrays, size, seed=0)
    assert str(caught.value).splitlines()[0] == sentence
