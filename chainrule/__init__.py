"""A compiler that turns NumPy-style Python functions into fast, differentiable programs."""

__version__ = "0.1.0"

from . import ops as ops
from .compiler.provenance import scope as scope
from .frontend import data as data
from .frontend import losses as losses
from .frontend import nn as nn
from .frontend import numpy as numpy
from .frontend import optim as optim
from .frontend.arguments import ShapeDtype as ShapeDtype
from .frontend.compile import compile as compile
from .frontend.fit import fit as fit
from .frontend.fit import training_step as training_step
from .frontend.pytree import module as module
from .frontend.pytree import static as static
from .frontend.trace import trace as trace
from .frontend.tracer import Tracer as Tracer
from .frontend.transforms import grad as grad
from .frontend.transforms import jvp as jvp
from .frontend.transforms import stop_gradient as stop_gradient
from .frontend.transforms import value_and_grad as value_and_grad
from .frontend.transforms import vjp as vjp
