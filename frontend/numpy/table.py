"""The table of NumPy's functions that take traced values, and how a call reaches them.

Each function here has NumPy's name and signature. Without a traced value among its arguments a
call goes to NumPy itself, so that the same code runs on plain arrays. With one, what NumPy takes
and a trace cannot honour (``out=``, ``where=``, a traced axis) is refused in one sentence.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar

import numpy as np

from ... import ops
from ...compiler.builder import current, leaked
from ...compiler.errors import ArgumentError, LocatedError, TracerError, UnsupportedError
from ...compiler.value import Value, describe_operand
from ..naming import called, static_form
from .hints import HINTS, REFUSED_PARAMETERS, STATIC_PARAMETERS

F = TypeVar("F", bound=Callable[..., Any])

TABLE: dict[str, Callable[..., Any]] = {}

# Parameters that hold one array; lists of numbers are taken there, as NumPy does.
ARRAYS = frozenset(
    """a b x y v m A arr ary array prototype condition indices weights fill_value a_min a_max min
    max""".split()  # noqa: SIM905  (a list of words reads best as words)
)


def implements(original: Callable[..., Any], weak: bool = False) -> Callable[[F], F]:
    """Register the decorated function as what NumPy's `original` does to traced values.

    With `weak`, Python numbers among its arrays give way in promotion, as in NumPy's ufuncs; in
    its other functions they are float64 and int64 arrays.
    """
    name = name_of(original)

    def register(function: F) -> F:
        @functools.wraps(function)
        def either(*args: Any, **kwargs: Any) -> Any:
            if not holds_traced(args) and not holds_traced(kwargs.values()):
                return original(*args, **kwargs)
            return call_traced(name, function, weak, args, kwargs)

        TABLE[name] = either
        return either  # type: ignore[return-value]

    return register


def call_traced(
    name: str,
    function: Callable[..., Any],
    weak: bool,
    args: tuple[Any, ...],
    kwargs: Mapping[str, Any],
) -> Any:
    """The function's result in the current trace; errors gain its name."""
    if current() is None:
        raise leaked(_first_traced((*args, *kwargs.values()))).within(name, [])
    signature = _signature(function)
    bound = _bind(name, signature, args, kwargs)
    _check_parameters(name, signature, bound.arguments)
    try:
        _lift_arrays(bound.arguments, weak)
        return strong(function(*bound.args, **bound.kwargs))
    except LocatedError as error:
        arrays = [v for v in _flat((*args, *kwargs.values())) if isinstance(v, Value)]
        raise error.within(name, [describe_operand("array", v) for v in arrays]) from None


@functools.cache
def _signature(function: Callable[..., Any]) -> inspect.Signature:
    return inspect.signature(function)


def name_of(function: Callable[..., Any]) -> str:
    """The name that users write after ``np.``: ``linalg.norm``."""
    module = (getattr(function, "__module__", None) or "numpy").removeprefix("numpy")
    return f"{module}.{function.__name__}".removeprefix(".")


def holds_traced(values: Iterable[Any]) -> bool:
    """True when a traced value is among these, in lists and tuples too."""
    return any(isinstance(value, Value) for value in _flat(values))


def _first_traced(values: Iterable[Any]) -> Value:
    return next(value for value in _flat(values) if isinstance(value, Value))


def _flat(values: Iterable[Any]) -> Iterable[Any]:
    for value in values:
        if isinstance(value, (list, tuple)):
            yield from _flat(value)
        else:
            yield value


def strong(result: Any) -> Any:
    """The result as NumPy types it: its functions make arrays of Python numbers, never weak."""
    if isinstance(result, (list, tuple)):
        return type(result)(map(strong, result))
    if isinstance(result, Value) and result.type.weak:
        return ops.cast(result, dtype=result.dtype)
    return result


def array(given: Any) -> Value:
    """A value of the current trace for an array, a number or a list of numbers."""
    builder = current()
    assert builder is not None
    return builder.lift(from_list(given))


def from_list(given: Any) -> Any:
    """A list of numbers as an array; anything else as it is."""
    if not isinstance(given, (list, tuple)):
        return given
    if holds_traced(given):
        raise ArgumentError(
            "got a list of traced values, wanted one array", "Join them with np.stack([...]) first"
        )
    return np.asarray(given)


def _bind(
    name: str, signature: inspect.Signature, args: tuple[Any, ...], kwargs: Mapping[str, Any]
) -> inspect.BoundArguments:
    try:
        return signature.bind(*args, **kwargs)
    except TypeError as error:
        raise ArgumentError(str(error)).within(name, []) from None


def _check_parameters(
    name: str, signature: inspect.Signature, arguments: Mapping[str, Any]
) -> None:
    """Refuse parameters that a trace cannot honour, and traced values for Python ones."""
    for parameter, value in arguments.items():
        default = signature.parameters[parameter].default
        if parameter in REFUSED_PARAMETERS and value is not None and value is not default:
            raise refused_parameter(name, parameter)
        if parameter in STATIC_PARAMETERS and holds_traced([value]):
            traced = _first_traced([value])
            raise TracerError(
                f"`{parameter}` is {called(traced)}, wanted a Python value",
                f"Use {static_form(traced)}, or an extent from x.shape",
            ).within(name, [])


def refused_parameter(name: str, parameter: str) -> UnsupportedError:
    """The error for a parameter of NumPy's that traced values cannot have."""
    return UnsupportedError(
        f"np.{name} takes no `{parameter}` on traced values", REFUSED_PARAMETERS[parameter]
    ).within("", [])


def _lift_arrays(arguments: dict[str, Any], weak: bool) -> None:
    for parameter, value in arguments.items():
        if parameter in ARRAYS and value is not None:
            arguments[parameter] = array(value) if weak else strong(array(value))


def unsupported(name: str) -> UnsupportedError:
    """The error for a NumPy function that is not in the table; it names the nearest that is."""
    if name in HINTS:
        sentence, hint = HINTS[name]
        return UnsupportedError(f"np.{name} {sentence}", hint).within("", [])
    return UnsupportedError(f"np.{name} does not take traced values", nearest(name)).within("", [])


def nearest(name: str) -> str:
    """A hint at the supported function whose name is most like `name`, or at the way round."""
    import difflib  # for an error only

    near = difflib.get_close_matches(name, TABLE, n=1, cutoff=0.7)
    if near:
        return f"The nearest supported function is np.{near[0]}"
    return "Call it on NumPy arrays before they enter the traced function"
