"""Derivatives of functions: grad, value_and_grad, vjp, jvp, stop_gradient.

Inside a trace each leaves a transform unit around the function's graph, which the compiler opens;
outside it is computed at once. Cotangents of integer and boolean leaves are None.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import wraps
from typing import Any

import numpy as np

from .. import ops
from ..compiler.builder import current
from ..compiler.errors import ArgumentError, GradientError, ShapeError
from ..compiler.structural import CALL, JVP, VJP
from ..compiler.types import ArrayType, Type
from .arguments import Parameters, leaf_type
from .pytree import Structure, flatten, leaf_names, tree_map, unflatten
from .subprograms import emit, traced_or_run
from .trace import Traced, trace_leaves


def grad(
    function: Callable[..., Any], argnums: int | Sequence[int] = 0, has_aux: bool = False
) -> Callable[..., Any]:
    """The gradient of a scalar function.

    Parameters
    ----------
    function : callable
        Returns a float scalar; with `has_aux` a pair of it and anything else.
    argnums : int or sequence of int
        Positional arguments (pytrees) to differentiate with respect to.
    has_aux : bool
        Whether the function returns ``(value, aux)``.

    Returns
    -------
    callable
        Takes the function's arguments and returns the gradient in the argument's structure, of its
        shapes and dtypes, None for integer leaves; a tuple of them for a sequence of argnums; with
        `has_aux` a pair ``(gradient, aux)``.

    Raises
    ------
    GradientError
        When the output is no float scalar, or `argnums` asks for an integer array.

    Examples
    --------
    >>> import chainrule as cr
    >>> float(cr.grad(lambda x: x**3)(2.0))
    12.0
    """
    both = value_and_grad(function, argnums, has_aux)

    @wraps(function)
    def gradient(*args: Any, **kwargs: Any) -> Any:
        value, found = both(*args, **kwargs)
        return (found, value[1]) if has_aux else found

    return gradient


def value_and_grad(
    function: Callable[..., Any], argnums: int | Sequence[int] = 0, has_aux: bool = False
) -> Callable[..., Any]:
    """The value of a scalar function and its gradient; see `grad`.

    Returns
    -------
    callable
        ``(value, gradient)``, with `has_aux` ``((value, aux), gradient)``.

    Examples
    --------
    >>> import chainrule as cr
    >>> value, slope = cr.value_and_grad(lambda x: x * x)(3.0)
    >>> float(value), float(slope)
    (9.0, 6.0)
    """
    parameters = Parameters(function)

    @wraps(function)
    def both(*args: Any, **kwargs: Any) -> Any:
        call = parameters.take_apart(args, kwargs)
        owners = parameters.owners(call.structure)
        chosen = _chosen_arguments(args, argnums, parameters.name)
        names = [name for _, name in owners]
        roots = parameters.names(len(args))
        types = [leaf_type(leaf, name) for leaf, name in zip(call.leaves, names, strict=True)]
        spans = [_leaves_of_argument(call.structure, i) for i in chosen]
        wanted = [
            _differentiable(types, span, roots[i]) for i, span in zip(chosen, spans, strict=True)
        ]
        flat = tuple(i for part in wanted for i in part)
        output: list[Structure] = []

        def run(leaves: list[Any]) -> list[Any]:
            traced = trace_leaves(
                lambda xs: parameters.call(call.structure, (), xs),
                leaves,
                names,
                parameters.name,
                current(),
            )
            _check_scalar(traced, has_aux, parameters.name)
            output.append(traced.output)
            seed = np.ones((), traced.graph.outputs[0].array_type.dtype.numpy)
            attributes = {"wanted": flat, "seeds": (0,)}
            return emit(VJP, traced, [*leaves, seed], attributes)

        results = traced_or_run(run, call.leaves)
        count = len(results) - len(flat)
        value = unflatten(output[0], results[:count])
        cotangents = dict(zip(flat, results[count:], strict=True))
        trees = [
            unflatten(_argument(call.structure, i), [cotangents.get(j) for j in span])
            for i, span in zip(chosen, spans, strict=True)
        ]
        return value, trees[0] if isinstance(argnums, int) else tuple(trees)

    return both


def vjp(function: Callable[..., Any], *primals: Any, has_aux: bool = False) -> Any:
    """The value of `function` at `primals` and its pullback.

    Returns
    -------
    value, pullback [, aux]
        ``pullback(cotangent)`` takes the value's structure (None or anything for integer leaves)
        and returns a tuple with one pytree of cotangents per primal.

    Examples
    --------
    >>> import numpy as np
    >>> import chainrule as cr
    >>> value, pullback = cr.vjp(lambda x, y: x * y, np.array([1.0, 2.0]), np.array([3.0, 4.0]))
    >>> pullback(np.array([1.0, 1.0]))[0]
    array([3., 4.])
    """
    leaves, structure = flatten(primals)
    traced, names = _trace_primals(function, leaves, structure)
    results = _call(traced, leaves)
    count, value_structure = _split_aux(traced.output, has_aux)
    wanted = tuple(i for i, leaf in enumerate(leaves) if leaf_type(leaf, names[i]).differentiable)

    def pullback(cotangent: Any) -> tuple[Any, ...]:
        outputs = traced.graph.output_types[:count]
        seeds = _match(cotangent, value_structure, outputs, "cotangent")

        def run(values: list[Any]) -> list[Any]:
            attributes = {"wanted": wanted, "seeds": tuple(seeds)}
            found = emit(VJP, traced, values, attributes)
            return found[len(found) - len(wanted) :]

        found = dict(zip(wanted, traced_or_run(run, [*leaves, *seeds.values()]), strict=True))
        trees: tuple[Any, ...] = unflatten(structure, [found.get(i) for i in range(len(leaves))])
        return trees

    value = unflatten(value_structure, results[:count])
    if not has_aux:
        return value, pullback
    return value, pullback, unflatten(traced.output.child(1), results[count:])


def jvp(
    function: Callable[..., Any],
    primals: Sequence[Any],
    tangents: Sequence[Any],
    has_aux: bool = False,
) -> Any:
    """The value of `function` at `primals` and its derivative along `tangents`.

    Parameters
    ----------
    primals, tangents : tuples of pytrees of one structure
        A tangent has its primal's shape and dtype; it is None for integer leaves, and may be None
        for any leaf that does not move.

    Returns
    -------
    value, tangent [, aux]
        The tangent has the value's structure, None for integer leaves.

    Examples
    --------
    >>> import chainrule as cr
    >>> value, slope = cr.jvp(lambda x: x * x, (3.0,), (1.0,))
    >>> float(slope)
    6.0
    """
    leaves, structure = flatten(tuple(primals))
    traced, _ = _trace_primals(function, leaves, structure)
    moving = _match(tuple(tangents), structure, traced.graph.input_types[: len(leaves)], "tangent")
    types = traced.graph.output_types

    def run(values: list[Any]) -> list[Any]:
        return emit(JVP, traced, values, {"moving": tuple(moving)})

    results = traced_or_run(run, [*leaves, *moving.values()])
    count, value_structure = _split_aux(traced.output, has_aux)
    plain = [type for type in types if isinstance(type, ArrayType)]
    pushed = iter(results[len(plain) :])
    along = [next(pushed) if type.differentiable else None for type in plain]
    value = unflatten(value_structure, results[:count])
    tangent = unflatten(value_structure, along[:count])
    if not has_aux:
        return value, tangent
    return value, tangent, unflatten(traced.output.child(1), results[count : len(plain)])


def stop_gradient(tree: Any) -> Any:
    """The same values, constant to every derivative.

    Examples
    --------
    >>> import chainrule as cr
    >>> float(cr.grad(lambda x: x * cr.stop_gradient(x))(3.0))
    3.0
    """
    return tree_map(ops.stop_gradient, tree)


def _trace_primals(
    function: Callable[..., Any], leaves: list[Any], structure: Structure
) -> tuple[Traced, list[str]]:
    parameters = Parameters(function)
    roots = parameters.names(len(structure.children()))
    names = [
        name
        for root, child in zip(roots, structure.children(), strict=True)
        for name in leaf_names(child, root)
    ]
    traced = trace_leaves(
        lambda xs: function(*unflatten(structure, xs)), leaves, names, parameters.name, current()
    )
    return traced, names


def _call(traced: Traced, leaves: list[Any]) -> list[Any]:
    return traced_or_run(lambda values: emit(CALL, traced, values, {}), leaves)


def _split_aux(output: Structure, has_aux: bool) -> tuple[int, Structure]:
    """How many leaves the value has, and its structure."""
    if not has_aux:
        return output.num_leaves, output
    if output.type is not tuple or output.num_children != 2:
        raise ArgumentError("has_aux wants a function that returns a pair (value, aux)")
    return output.child(0).num_leaves, output.child(0)


def _match(tree: Any, structure: Structure, types: Sequence[Type], what: str) -> dict[int, Any]:
    """The (co)tangent's leaves by position, for the leaves that can have one."""
    try:
        given = [None] * structure.num_leaves if tree is None else structure.flatten_up_to(tree)
    except ValueError:
        raise ArgumentError(
            f"the {what} has the structure {flatten(tree)[1]}, its value {structure}"
        ) from None
    found = {}
    for position, (leaf, type) in enumerate(zip(given, types, strict=True)):
        if leaf is None or not type.differentiable:
            continue
        assert isinstance(type, ArrayType)
        own = leaf_type(leaf, what)
        if own.shape != type.shape:
            raise ShapeError(f"the {what} has the shape {own.shape}, its value {type.shape}")
        found[position] = _in_dtype(leaf, own, type)
    return found


def _in_dtype(leaf: Any, own: ArrayType, wanted: ArrayType) -> Any:
    if own.dtype is wanted.dtype and not own.weak:
        return leaf
    if own.weak and not isinstance(leaf, (np.ndarray, np.generic)) and current() is None:
        return np.asarray(leaf, wanted.dtype.numpy)
    if own.weak:
        return ops.cast(leaf, dtype=wanted.dtype)
    raise ArgumentError(f"the (co)tangent is {own.dtype}, its value {wanted.dtype}: cast it")


def _chosen_arguments(args: tuple[Any, ...], argnums: int | Sequence[int], name: str) -> list[int]:
    chosen = [argnums] if isinstance(argnums, int) else list(argnums)
    for number in chosen:
        if not -len(args) <= number < len(args):
            raise ArgumentError(f"argnums asks for argument {number} of {name}, got {len(args)}")
    return [number % len(args) for number in chosen]


def _argument(structure: Structure, position: int) -> Structure:
    return structure.child(0).child(position)


def _leaves_of_argument(structure: Structure, position: int) -> range:
    before = sum(_argument(structure, i).num_leaves for i in range(position))
    return range(before, before + _argument(structure, position).num_leaves)


def _differentiable(types: Sequence[ArrayType], span: range, root: str) -> list[int]:
    """The positions in `span` that can have a cotangent; an argument of integers is refused."""
    found = [i for i in span if types[i].differentiable]
    if not found and span:
        raise GradientError(
            f"argnums asks for the gradient with respect to {root}, which is {types[span[0]]}",
            "Only floating-point arrays have gradients",
        )
    return found


def _check_scalar(traced: Traced, has_aux: bool, name: str) -> None:
    count, _ = _split_aux(traced.output, has_aux)
    types = traced.graph.output_types[:count]
    if len(types) != 1 or types[0].shape != () or not types[0].differentiable:  # type: ignore[union-attr]
        given = ", ".join(map(str, types)) or "nothing"
        raise GradientError(
            f"grad wants a function that returns a float scalar, {name} returns {given}",
            "Sum or average it, or use cr.vjp with a cotangent of its shape",
        )


__all__ = ["grad", "jvp", "stop_gradient", "value_and_grad", "vjp"]
