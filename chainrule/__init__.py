"""A compiler that turns NumPy-style Python functions into fast, differentiable programs."""

__version__ = "0.1.0"

from importlib import import_module
from typing import TYPE_CHECKING, Any

from . import ops as ops
from .compiler.errors import ArgumentError as ArgumentError
from .compiler.errors import AxisError as AxisError
from .compiler.errors import CacheWarning as CacheWarning
from .compiler.errors import ChainruleError as ChainruleError
from .compiler.errors import ChainruleWarning as ChainruleWarning
from .compiler.errors import DTypeError as DTypeError
from .compiler.errors import GradientError as GradientError
from .compiler.errors import LeakedTracerError as LeakedTracerError
from .compiler.errors import LocatedError as LocatedError
from .compiler.errors import OutOfBoundsError as OutOfBoundsError
from .compiler.errors import PluginError as PluginError
from .compiler.errors import PromotionWarning as PromotionWarning
from .compiler.errors import RecompilationWarning as RecompilationWarning
from .compiler.errors import ShapeError as ShapeError
from .compiler.errors import TracerBoolError as TracerBoolError
from .compiler.errors import TracerError as TracerError
from .compiler.errors import UnsupportedError as UnsupportedError
from .compiler.errors import VerificationError as VerificationError
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
from .frontend.integrate import integrate as integrate
from .frontend.jacobians import hessian as hessian
from .frontend.jacobians import hvp as hvp
from .frontend.jacobians import jacobian as jacobian
from .frontend.pytree import module as module
from .frontend.pytree import static as static
from .frontend.taylor import jet as jet
from .frontend.taylor import taylor_model as taylor_model
from .frontend.trace import trace as trace
from .frontend.tracer import Tracer as Tracer
from .frontend.transforms import grad as grad
from .frontend.transforms import jvp as jvp
from .frontend.transforms import stop_gradient as stop_gradient
from .frontend.transforms import value_and_grad as value_and_grad
from .frontend.transforms import vjp as vjp

if TYPE_CHECKING:
    from .frontend import analysis as analysis
    from .frontend import distributions as distributions
    from .frontend import models as models


def __getattr__(name: str) -> Any:
    """The modules of theory, which not every program wants, when they are asked for."""
    if name not in ("analysis", "distributions", "models"):
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return import_module(f".frontend.{name}", __name__)


# Tracebacks name errors as users catch them: chainrule.ShapeError.
for _error in [each for each in vars().values() if isinstance(each, type)]:
    if issubclass(_error, (ChainruleError, ChainruleWarning)):
        _error.__module__ = __name__
del _error
