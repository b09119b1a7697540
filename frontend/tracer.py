"""Tracers: values in the user's hands, with NumPy's protocols, attributes and methods.

A tracer stands for an array that does not exist yet. What NumPy does to it becomes a unit of the
graph; what needs the numbers themselves is refused, with the user's line and the form to use.
"""

from __future__ import annotations

from typing import Any, NoReturn

import numpy as np

from ..compiler.value import Value, use_value_class
from . import misuse
from . import numpy as functions
from .numpy import dispatch
from .numpy.table import from_list


class Tracer(Value):
    """An array of a trace in progress, used like a NumPy array."""

    __slots__ = ()

    # NumPy's protocols.

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **kwargs: Any) -> Any:
        return dispatch.ufunc(ufunc, method, inputs, kwargs)

    def __array_function__(self, function: Any, types: Any, args: Any, kwargs: Any) -> Any:
        return dispatch.function(function, args, kwargs)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NoReturn:
        raise misuse.asked_for_an_array(self)

    # Questions that only numbers can answer.

    def __bool__(self) -> NoReturn:
        raise misuse.asked_for_truth(self)

    def __float__(self) -> NoReturn:
        raise misuse.asked_for_a_number(self, "float()")

    def __int__(self) -> NoReturn:
        raise misuse.asked_for_a_number(self, "int()")

    def __complex__(self) -> NoReturn:
        raise misuse.asked_for_a_number(self, "complex()")

    def __index__(self) -> NoReturn:
        raise misuse.asked_for_an_index(self)

    def __format__(self, form: str) -> str:
        if form:
            raise misuse.formatted(self, form)
        return repr(self)

    def __round__(self, digits: int | None = None) -> NoReturn:
        raise misuse.asked_for_a_number(self, "round()")

    def __contains__(self, item: Any) -> NoReturn:
        raise misuse.asked_for_membership(self)

    def __setitem__(self, key: Any, value: Any) -> NoReturn:
        raise misuse.assigned_to(self)

    def __delitem__(self, key: Any) -> NoReturn:
        raise misuse.deleted_from(self)

    def item(self, *place: int) -> NoReturn:
        raise misuse.asked_for_a_number(self, "item()")

    def tolist(self) -> NoReturn:
        raise misuse.asked_for_a_number(self, "tolist()")

    def __reduce_ex__(self, protocol: Any) -> NoReturn:
        raise misuse.pickled(self)

    def __copy__(self) -> Tracer:
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> Tracer:
        return self

    def _apply(self, operator: str, *operands: Any) -> Any:
        """Lists of numbers are arrays to NumPy's operators."""
        return super()._apply(operator, *map(from_list, operands))

    def __divmod__(self, other: Any) -> Any:
        return self // other, self % other

    def __rdivmod__(self, other: Any) -> Any:
        return other // self, other % self

    # Attributes.

    @property
    def T(self) -> Any:
        return functions.transpose(self) if self.ndim > 1 else self

    @property
    def mT(self) -> Any:
        return functions.matrix_transpose(self)

    @property
    def itemsize(self) -> int:
        return self.type.dtype.itemsize

    @property
    def nbytes(self) -> int:
        return self.type.nbytes

    @property
    def real(self) -> Any:
        return functions.real(self)

    @property
    def flat(self) -> NoReturn:
        raise misuse.no_iterator(self)

    # Methods, as of arrays.

    def astype(self, dtype: Any, copy: bool = True) -> Any:
        return functions.astype(self, dtype)

    def reshape(self, *shape: Any, order: str = "C") -> Any:
        return functions.reshape(self, shape[0] if len(shape) == 1 else shape, order=order)

    def transpose(self, *axes: Any) -> Any:
        order = axes[0] if len(axes) == 1 and not isinstance(axes[0], int) else axes or None
        return functions.transpose(self, order)

    def swapaxes(self, axis1: int, axis2: int) -> Any:
        return functions.swapaxes(self, axis1, axis2)

    def flatten(self, order: str = "C") -> Any:
        return functions.ravel(self, order=order)

    def ravel(self, order: str = "C") -> Any:
        return functions.ravel(self, order=order)

    def squeeze(self, axis: Any = None) -> Any:
        return functions.squeeze(self, axis)

    def copy(self, order: str = "C") -> Any:
        return self

    def sum(self, axis: Any = None, dtype: Any = None, out: Any = None, **others: Any) -> Any:
        return functions.sum(self, axis, dtype, out, **others)

    def prod(self, axis: Any = None, dtype: Any = None, out: Any = None, **others: Any) -> Any:
        return functions.prod(self, axis, dtype, out, **others)

    def mean(self, axis: Any = None, dtype: Any = None, out: Any = None, **others: Any) -> Any:
        return functions.mean(self, axis, dtype, out, **others)

    def var(self, axis: Any = None, dtype: Any = None, out: Any = None, **others: Any) -> Any:
        return functions.var(self, axis, dtype, out, **others)

    def std(self, axis: Any = None, dtype: Any = None, out: Any = None, **others: Any) -> Any:
        return functions.std(self, axis, dtype, out, **others)

    def max(self, axis: Any = None, out: Any = None, **others: Any) -> Any:
        return functions.max(self, axis, out, **others)

    def min(self, axis: Any = None, out: Any = None, **others: Any) -> Any:
        return functions.min(self, axis, out, **others)

    def argmax(self, axis: Any = None, out: Any = None, **others: Any) -> Any:
        return functions.argmax(self, axis, out, **others)

    def argmin(self, axis: Any = None, out: Any = None, **others: Any) -> Any:
        return functions.argmin(self, axis, out, **others)

    def any(self, axis: Any = None, out: Any = None, **others: Any) -> Any:
        return functions.any(self, axis, out, **others)

    def all(self, axis: Any = None, out: Any = None, **others: Any) -> Any:
        return functions.all(self, axis, out, **others)

    def clip(self, min: Any = None, max: Any = None, out: Any = None) -> Any:
        return functions.clip(self, min, max, out)

    def round(self, decimals: int = 0, out: Any = None) -> Any:
        return functions.round(self, decimals, out)

    def dot(self, b: Any, out: Any = None) -> Any:
        return functions.dot(self, b, out)

    def take(self, indices: Any, axis: Any = None, out: Any = None, mode: str = "raise") -> Any:
        return functions.take(self, indices, axis, out, mode)

    def repeat(self, repeats: Any, axis: Any = None) -> Any:
        return functions.repeat(self, repeats, axis)

    def diagonal(self, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Any:
        return functions.diagonal(self, offset, axis1, axis2)

    def trace(self, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Any:
        return functions.trace(self, offset, axis1, axis2)

    def conj(self) -> Any:
        return functions.conjugate(self)

    conjugate = conj

    def __getattr__(self, name: str) -> NoReturn:
        raise misuse.unknown_attribute(self, name)


use_value_class(Tracer)
