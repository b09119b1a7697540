"""The logistic loss of both labels, and the misclassification that it bounds."""

import numpy as np
from matplotlib.axes import Axes

from chainrule import ops


def draw(axes: Axes) -> None:
    z = np.linspace(-4, 4, 401)
    axes.plot(z, ops.logistic_loss(z, np.float64(1)), label="y = 1")
    axes.plot(z, ops.logistic_loss(z, np.float64(0)), "--", label="y = 0")
    axes.step(z, z < 0, color="black", linewidth=1, label="0-1 error of y = 1")
    axes.set_xlabel("logit z")
    axes.set_ylabel("loss")
    axes.legend()
