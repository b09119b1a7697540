"""Probability distributions: densities, moments, entropies and divergences; samples come later."""

from .bernoulli import Bernoulli
from .categorical import Categorical
from .exponential import Exponential
from .laplace import Laplace
from .normal import Normal
from .uniform import Uniform

__all__ = ["Bernoulli", "Categorical", "Exponential", "Laplace", "Normal", "Uniform"]
