"""A function, and its Taylor polynomials about a point."""

import numpy as np
from matplotlib.axes import Axes

import chainrule as cr


def draw(axes: Axes) -> None:
    x, a = np.linspace(-3, 3, 301), np.float64(0.5)
    axes.plot(x, np.sin(x), color="black", label="sin")
    for order, line in ((1, ":"), (2, "-."), (3, "--"), (5, "-")):
        model = cr.taylor_model(np.sin, np.full_like(x, a), order)
        axes.plot(x, model(x), line, label=f"order {order}")
    axes.plot([a], [np.sin(a)], "ko")
    axes.set_ylim(-2, 2)
    axes.set_xlabel("x")
    axes.legend(loc="lower right", ncols=2)
