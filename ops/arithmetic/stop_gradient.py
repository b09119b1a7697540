"""Identity without a derivative."""

from ...compiler.plugin import booleans, case, elementwise, integers, ordinary, specials


@elementwise(
    formula=r"x, \quad \partial x := 0",
    accepts="biuf",
    differentiable=(),
    identity=True,
    zero_preserving=True,
    reference=lambda x: x,
)
def stop_gradient(x):
    """The array itself, a constant to every derivative."""
    return x


stop_gradient.samples(ordinary(), specials(), case(integers(-9, 9, 5)), case(booleans(3)))
