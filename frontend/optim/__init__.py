"""Optimisers: pairs of functions, ``init(params) -> state`` and ``update(grads, state, params)``.

They are ordinary traced code over the leaves of a pytree, so that a compiled step fuses them and
writes donated parameters in place. A leaf whose gradient is None (an integer) is left alone.
"""

from .adam import AdamState, adam
from .optimizer import Optimizer, apply_updates
from .sgd import SGDState, sgd

__all__ = ["AdamState", "Optimizer", "SGDState", "adam", "apply_updates", "sgd"]
