"""A workload: inputs, contestants that turn them into steps, and what the result is held to."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

Step = Callable[[], Any]
"""Does the work once and returns, when all of it is done, what contestants are compared by."""

Sizes = Mapping[str, Any]

BEST_PEER = "best peer"
REFERENCES = ("copy", "need", "scaled", "chainrule-native")
"""Columns that are no peers: a copy of the data, the memory that is needed, a smaller size's time
grown as the arithmetic grows, the native program alone."""


class Skip(Exception):  # noqa: N818  (it is an outcome, not a fault)
    """A contestant cannot take part; the message says why."""


@dataclass(frozen=True)
class Goal:
    """chainrule's figure over that of `to`, which is a contestant or the best peer, at most."""

    ratio: float
    to: str = BEST_PEER


@dataclass(frozen=True)
class Limit:
    """What has to be done at least: floating-point operations, and bytes from or to memory."""

    flop: float = 0.0
    bytes: float = 0.0


class Workload:
    """One thing to do, at one or several sizes.

    Parameters
    ----------
    name, about : str
        What it is called, and what it computes, in a line.
    sizes : mapping, optional
        The parameters of `inputs`.
    cases : mapping of str to mapping, optional
        In a sweep: names of cases, and the sizes of each. Without it there is one case.
    goals : sequence of Goal
        They hold at the sizes given here. One relative to "copy" lets a copy of the first input
        take part.
    tolerance : float
        How far results may differ, relative to the largest element of an array.
    steps : int
        How many steps in a row are compared: several where a step changes its own inputs.
    seconds : float
        How long a contestant is timed for a case, relative to the usual time.
    """

    def __init__(
        self,
        name: str,
        about: str,
        *,
        sizes: Sizes | None = None,
        cases: Mapping[str, Sizes] | None = None,
        goals: Sequence[Goal] = (),
        tolerance: float = 1e-5,
        steps: int = 1,
        seconds: float = 1.0,
    ) -> None:
        self.name = name
        self.about = about
        self.cases = dict(cases) if cases is not None else {"": dict(sizes or {})}
        self.goals = tuple(goals)
        self.tolerance = tolerance
        self.steps = steps
        self.seconds = seconds
        copied = any(goal.to == "copy" for goal in self.goals)
        self.contestants: dict[str, Callable[..., Step]] = {"copy": _copy} if copied else {}
        self._functions: dict[str, Callable[..., Any]] = {}

    def at(self, name: str, *, goals: Sequence[Goal] = (), **sizes: Any) -> Workload:
        """The same code under another name, at other sizes and with other goals."""
        other = Workload(
            name,
            self.about,
            sizes=sizes,
            goals=goals,
            tolerance=self.tolerance,
            steps=self.steps,
            seconds=self.seconds,
        )
        other.contestants, other._functions = self.contestants, self._functions
        return other

    @property
    def module(self) -> str:
        """Where the workload is written down: another process finds it there."""
        return self._functions["inputs"].__module__

    def inputs(self, function: Callable[..., tuple[Any, ...]]) -> Callable[..., tuple[Any, ...]]:
        """Decorate the function from a random generator and the sizes to the inputs."""
        self._functions["inputs"] = function
        return function

    def limit(self, function: Callable[..., Limit]) -> Callable[..., Limit]:
        """Decorate the function from the sizes to what has to be done at least."""
        self._functions["limit"] = function
        return function

    def contestant(self, name: str) -> Callable[[Callable[..., Step]], Callable[..., Step]]:
        """Decorate a function from the inputs to a step."""

        def register(function: Callable[..., Step]) -> Callable[..., Step]:
            self.contestants[name] = function
            return function

        return register

    def torch(self, function: Callable[..., Step]) -> Callable[..., Step]:
        """Decorate a function from ``wrap`` and the inputs to a step.

        It takes part twice: as ``torch``, where ``wrap(f)`` is ``f``, and as ``torch-compile``.
        """
        self.contestants["torch"] = partial(function, lambda f: f)
        self.contestants["torch-compile"] = partial(function, _torch_compiled)
        return function

    def make_inputs(self, sizes: Sizes) -> tuple[Any, ...]:
        """The inputs at some sizes: the same numbers in every process."""
        import numpy as np

        return self._functions["inputs"](np.random.default_rng(0), **sizes)

    def make_step(self, contestant: str, sizes: Sizes) -> Step:
        """A contestant's step on inputs of its own."""
        return self.contestants[contestant](*self.make_inputs(sizes))

    def least(self, sizes: Sizes) -> Limit:
        """What has to be done at least at some sizes."""
        function = self._functions.get("limit")
        return function(**sizes) if function else Limit()

    def resized(self, changes: Sizes) -> Workload:
        """With other sizes where they apply; goals belong to the sizes they were set for."""
        known = {name for sizes in self.cases.values() for name in sizes}
        changes = {name: value for name, value in changes.items() if name in known}
        if not changes:
            return self
        other = self.at(self.name)
        other.cases = {
            case: {**sizes, **{k: v for k, v in changes.items() if k in sizes}}
            for case, sizes in self.cases.items()
        }
        return other


def _copy(array: Any, *others: Any) -> Step:
    """A copy into memory that was written before."""
    import numpy as np

    out = np.ones_like(array)
    return lambda: np.copyto(out, array)


def _torch_compiled(function: Callable[..., Any]) -> Callable[..., Any]:
    import torch

    # Sizes are fixed here, as they are for all contestants.
    return torch.compile(function, dynamic=False)
