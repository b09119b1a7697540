"""Draw the pictures of the theory: ``python docs/theory/draw.py [ID ...]``.

Each file in ``pictures/`` has a function ``draw(axes)``, or ``draw(axes, other, ...)`` for several
side by side; what it draws becomes an SVG beside it, the same in each run.
"""

from __future__ import annotations

import inspect
import runpy
import sys
from collections.abc import Sequence
from pathlib import Path

import matplotlib as mpl

mpl.use("svg")
from matplotlib import pyplot as plt

PICTURES = Path(__file__).parent / "pictures"


def draw(path: Path) -> Path:
    """Draw one picture; returns its path."""
    function = runpy.run_path(str(path))["draw"]
    count = len(inspect.signature(function).parameters)
    with plt.rc_context({"svg.hashsalt": path.stem, "svg.fonttype": "none", "font.size": 9}):
        figure, axes = plt.subplots(1, count, figsize=(4.4 * count, 3.2), squeeze=False)
        function(*axes[0])
        figure.tight_layout()
        target = path.with_suffix(".svg")
        figure.savefig(target, metadata={"Date": None})
        plt.close(figure)
    return target


def main(ids: Sequence[str]) -> None:
    for path in sorted(PICTURES.glob("*.py")):
        if not ids or path.stem in ids:
            print(draw(path))


if __name__ == "__main__":
    main(sys.argv[1:])
