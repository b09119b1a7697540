"""The entropy of a coin, and of three outcomes over the simplex."""

import numpy as np
from matplotlib.axes import Axes

from chainrule import ops


def draw(axes: Axes, simplex: Axes) -> None:
    p = np.linspace(0, 1, 201)
    axes.plot(p, ops.entropy(np.stack([p, 1 - p], axis=-1), base=2))
    axes.set_xlabel("p")
    axes.set_ylabel("bits")
    axes.set_title("a coin")
    places = [(i / 60, j / 60) for i in range(61) for j in range(61 - i)]
    a, b = np.array(places).T
    values = ops.entropy(np.stack([a, b, np.maximum(1 - a - b, 0)], axis=-1), base=2)
    drawn = simplex.tricontourf(a, b, values, levels=12, cmap="cividis")
    simplex.figure.colorbar(drawn, ax=simplex, label="bits")
    simplex.set_xlabel("p(1)")
    simplex.set_ylabel("p(2)")
    simplex.set_title("three outcomes")
