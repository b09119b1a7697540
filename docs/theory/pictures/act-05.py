"""Softplus for several beta, the rectifier that it nears, and its slope."""

import numpy as np
from matplotlib.axes import Axes

from chainrule import ops


def draw(axes: Axes) -> None:
    x = np.linspace(-3, 3, 301)
    for beta, line in ((1.0, "-"), (2.0, "--"), (8.0, ":")):
        axes.plot(
            x, ops.softplus(x, beta=beta), line, color="C0", label=f"softplus, beta = {beta:g}"
        )
    axes.plot(x, ops.relu(x), color="black", linewidth=1, label="relu")
    axes.plot(x, ops.sigmoid(x), color="C1", label="slope: sigmoid")
    axes.set_xlabel("x")
    axes.legend()
