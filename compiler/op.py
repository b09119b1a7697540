"""The op contract: one record per operation, filled by one plugin file.

A plugin is written in this order: the decorator of its kind with the formula, the body, the type
rule if the kind's default does not hold, the gradient rules, the samples. ``samples`` completes
the record: the registry checks it then and says which field to mend.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Literal, TypeVar

from .attributes import freeze
from .domains import Domain
from .errors import ArgumentError, PluginError
from .roles import Role
from .samples import BadSample, Sample
from .types import ArrayType, Type

if TYPE_CHECKING:
    from .builder import Builder
    from .graph import Unit
    from .value import Value

Rule = Callable[..., Any]
R = TypeVar("R", bound=Rule)
Cost = Literal["free", "cheap", "expensive", "contraction"]

CONTRACT_VERSION = 1


class Op:
    """One operation of the graph language; subclasses are the kinds of body.

    Parameters
    ----------
    function : callable
        The body. Its positional parameters are the inputs, its keyword-only parameters the static
        attributes.
    formula : str
        What it computes, in LaTeX.
    reference : callable, optional
        The same in NumPy, called with arrays of the working dtype and the attributes. Required
        unless the op is a composite.
    theory : str
        The rows of the theory that name it (``"pwl-01"``), with spaces between.
    kink : str
        The subgradient chosen where there is none (``"slope 0 at 0"``).
    differentiable : sequence of str, optional
        Inputs that have a derivative; all by default, none for an op without any.
    linear_in : sequence of sequences of str
        Groups of inputs; the op is jointly linear in each group with the others fixed.
    domain : mapping of str to Domain
        Where an input may lie (``{"x": positive}``).
    cost : str
        ``free``, ``cheap``, ``expensive`` (a transcendental function) or ``contraction``.
    associative : bool
        True when a chain of it may be regrouped on the reals.
    zero_preserving : bool
        True when zero rows stay zero rows, so that it may run on touched rows only.
    identity : bool
        True when the value is the first input's, unchanged (``stop_gradient``).
    effect : bool
        True for printing, checks and callbacks: never merged, dropped or reordered.
    ulp : float
        Bound of the body's error in units in the last place, where the result is a normal number;
        half a unit more where it is subnormal, none where it is zero, infinite or NaN by rule
        (see `compiler.tolerances`).
    role : Role, optional
        The structural part that it plays for the compiler.
    operator : str, optional
        The Python operator it stands for on values (``"__add__"``).
    category : str
        ``op``; the catalogue has others, but only ops enter a graph.
    contract : int
        Version of this contract.
    """

    kind: ClassVar[str] = "op"
    structural: ClassVar[bool] = False

    def __init__(
        self,
        function: Callable[..., Any],
        *,
        formula: str = "",
        reference: Callable[..., Any] | None = None,
        theory: str = "",
        kink: str = "",
        differentiable: Sequence[str] | None = None,
        linear_in: Sequence[Sequence[str]] = (),
        domain: Mapping[str, Domain] | None = None,
        cost: Cost = "cheap",
        associative: bool = False,
        zero_preserving: bool = False,
        identity: bool = False,
        effect: bool = False,
        ulp: float = 0.5,
        role: Role | None = None,
        operator: str | None = None,
        category: str = "op",
        contract: int = CONTRACT_VERSION,
        name: str | None = None,
    ) -> None:
        self.function = function
        self.name = name or function.__name__
        self.__name__ = self.name
        self.__doc__ = function.__doc__
        self.__module__ = function.__module__
        self.formula = formula
        self.reference = reference
        self.theory = theory
        self.kink = kink
        self.linear_in = tuple(tuple(group) for group in linear_in)
        self.domain = dict(domain or {})
        self.cost = cost
        self.associative = associative
        self.zero_preserving = zero_preserving
        self.identity = identity
        self.effect = effect
        self.ulp = ulp
        self.role = role
        self.operator = operator
        self.category = category
        self.contract = contract
        self._read_signature(function)
        self.differentiable = self.parameters if differentiable is None else tuple(differentiable)
        self.vjp_rule: Rule | None = None
        self.jvp_rule: Rule | None = None
        self.type_function: Rule | None = None
        self.normalise_function: Rule | None = None
        self.accepted: tuple[Sample, ...] = ()
        self.refused: tuple[BadSample, ...] = ()
        self.sealed = False

    def _read_signature(self, function: Callable[..., Any]) -> None:
        parameters = self._own_parameters(function)
        kinds = inspect.Parameter
        self.parameters = tuple(
            p.name
            for p in parameters
            if p.kind in (kinds.POSITIONAL_OR_KEYWORD, kinds.VAR_POSITIONAL)
        )
        self.variadic = any(p.kind is kinds.VAR_POSITIONAL for p in parameters)
        self.attribute_defaults = {
            p.name: p.default for p in parameters if p.kind is kinds.KEYWORD_ONLY
        }

    def _own_parameters(self, function: Callable[..., Any]) -> list[inspect.Parameter]:
        """The parameters that stand for inputs and attributes; kinds drop what is theirs."""
        return list(inspect.signature(function).parameters.values())

    # Rules, attached below the body.

    def vjp(self, rule: R) -> R:
        """Attach the reverse rule ``rule(ct, *inputs, output, **attributes)``.

        It returns one cotangent per input (a bare one for a single input); None means zero. The
        keyword ``wanted`` may be asked for: the set of inputs whose cotangent is needed.
        """
        self.vjp_rule = rule
        return rule

    def jvp(self, rule: R) -> R:
        """Attach the forward rule ``rule(tangents, *inputs, output, **attributes)``.

        `tangents` is a tuple with None for zeros; it returns the output's tangent. Not needed
        where the reverse rule or `linear_in` tells it.
        """
        self.jvp_rule = rule
        return rule

    def type_rule(self, rule: R) -> R:
        """Attach ``rule(*types, **attributes) -> ArrayType``; it raises for what it refuses."""
        self.type_function = rule
        return rule

    def normalise(self, rule: R) -> R:
        """Attach ``rule(*types, **attributes) -> dict``: attributes in canonical form."""
        self.normalise_function = rule
        return rule

    def samples(self, *samples: Sample | BadSample | Sequence[Sample | BadSample]) -> None:
        """State the calls that conformance tries, and complete the record.

        Raises
        ------
        PluginError
            Naming the field that is missing or wrong.
        """
        from .registry import registry

        flat: list[Sample | BadSample] = []
        for sample in samples:
            flat.extend([sample] if isinstance(sample, (Sample, BadSample)) else sample)
        self.accepted = tuple(s for s in flat if isinstance(s, Sample))
        self.refused = tuple(s for s in flat if isinstance(s, BadSample))
        registry.add(self)

    # Calls.

    def __call__(self, *args: Any, **attributes: Any) -> Any:
        from .apply import apply

        return apply(self, args, attributes)

    def bind(
        self, args: Sequence[Any], given: Mapping[str, Any]
    ) -> tuple[list[Any], dict[str, Any]]:
        """Positional inputs and complete attributes of a call."""
        args, given = list(args), dict(given)
        if not self.variadic:
            for name in self.parameters[len(args) :]:
                if name not in given:
                    break
                args.append(given.pop(name))
            if len(args) != len(self.parameters):
                wanted = ", ".join(self.parameters)
                raise ArgumentError(
                    f"got {len(args)} inputs, wanted {len(self.parameters)}: {wanted}"
                )
        elif len(args) < len(self.parameters) - 1:
            raise ArgumentError(f"got {len(args)} inputs, wanted at least {self.parameters[:-1]}")
        attributes = dict(self.attribute_defaults)
        for name, value in given.items():
            if name not in attributes:
                known = ", ".join(attributes) or "none"
                raise ArgumentError(f"unknown attribute {name!r}; known: {known}")
            attributes[name] = freeze(value)
        missing = [n for n, value in attributes.items() if value is inspect.Parameter.empty]
        if missing:
            raise ArgumentError(f"the attribute {missing[0]!r} is missing")
        return args, attributes

    def prepare(
        self, builder: Builder, values: list[Value], attributes: dict[str, Any]
    ) -> tuple[list[Value], dict[str, Any]]:
        """Inputs cast and broadcast as the kind wants, attributes in canonical form."""
        if self.normalise_function is not None:
            types = [value.type for value in values]
            attributes = {**attributes, **self.normalise_function(*types, **attributes)}
        return values, attributes

    def infer(self, types: Sequence[Type], attributes: Mapping[str, Any]) -> Type:
        """The output's type; raises a `LocatedError` for types that the op refuses."""
        if self.type_function is None:
            raise PluginError(f"{self.name}: fill the field type_rule")
        return self.type_function(*types, **attributes)

    def type_on(self, inputs: Sequence[Unit], attributes: Mapping[str, Any]) -> Type:
        """The type of a unit of this op on these inputs; `infer` does not see an effect's token."""
        types = [unit.type for unit in inputs]
        return self.infer(types[1:] if self.effect else types, attributes)

    def evaluate(self, arrays: Sequence[Any], attributes: Mapping[str, Any], type: Type) -> Any:
        """The value by the NumPy reference."""
        if self.reference is None:
            raise PluginError(f"{self.name}: fill the field reference")
        return self.reference(*arrays, **attributes)

    # What the engine asks.

    def input_name(self, position: int) -> str:
        """The parameter that the input at `position` belongs to."""
        return self.parameters[min(position, len(self.parameters) - 1)]

    def is_differentiable(self, position: int) -> bool:
        """True when the input at `position` may have a derivative."""
        return self.input_name(position) in self.differentiable

    def validate(self) -> None:
        """Check the record; kinds add their own checks.

        Raises
        ------
        PluginError
            Naming the field.
        """
        self._require(self.contract == CONTRACT_VERSION, f"contract is {CONTRACT_VERSION}")
        self._require(bool(self.formula), "formula is empty: state what the op computes in LaTeX")
        self._require(
            self.reference is not None or self.kind == "composite",
            "reference is missing: give the NumPy function that computes the same",
        )
        self._require(bool(self.accepted), "samples has no sample that the op accepts")
        for field, names in (
            ("differentiable", self.differentiable),
            ("domain", tuple(self.domain)),
            ("linear_in", tuple(name for group in self.linear_in for name in group)),
        ):
            unknown = [name for name in names if name not in self.parameters]
            self._require(not unknown, f"{field} names {unknown}, which is no input")
        if self.differentiable and self.kind != "composite":
            self._require(
                self.vjp_rule is not None or self.jvp_rule is not None,
                "no gradient rule: attach vjp or jvp, or say differentiable=()",
            )

    def check_body(self) -> None:
        """Trace the body once, in kinds that have a scalar one.

        Raises
        ------
        PluginError
            Saying what in it the contract does not allow.
        """

    def _require(self, holds: bool, sentence: str) -> None:
        if not holds:
            raise PluginError(f"plugin {self.name}: {sentence}")

    def __repr__(self) -> str:
        return f"<{self.kind} {self.name}>"

    def __deepcopy__(self, memo: dict[int, Any]) -> Op:
        return self

    def __reduce__(self) -> tuple[Any, ...]:
        from .registry import find

        return find, (self.name,)


def array_types(types: Sequence[Type]) -> tuple[ArrayType, ...]:
    """The types, known to be arrays'."""
    assert all(isinstance(type, ArrayType) for type in types), types
    return tuple(types)  # type: ignore[arg-type]
