"""Tools that tell what a function of yours is: theorems that can be pointed at code."""

from .differences import check_grads, fd_grad, fd_hessian_diag
from .level_set import level_set
from .linearity import is_linear, representer
from .local_minimum import LocalMinimum, check_local_min
from .rank import rank

__all__ = [
    "LocalMinimum",
    "check_grads",
    "check_local_min",
    "fd_grad",
    "fd_hessian_diag",
    "is_linear",
    "level_set",
    "rank",
    "representer",
]
