"""The kinds of body an op can have; each is a decorator that plugins use."""

from .composite import Composite, composite
from .contraction import Contraction, Labels, contraction
from .elementwise import Elementwise, elementwise
from .movement import Movement, movement
from .reduction import Reduction, reduction
from .scatter import Scatter, scatter

__all__ = [
    "Composite",
    "Contraction",
    "Elementwise",
    "Labels",
    "Movement",
    "Reduction",
    "Scatter",
    "composite",
    "contraction",
    "elementwise",
    "movement",
    "reduction",
    "scatter",
]
