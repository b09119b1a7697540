"""Ratios to the best peer as a picture."""

from __future__ import annotations

import io

from .results import Results, Row
from .workload import BEST_PEER


def png(results: Results) -> bytes:
    """Bars of chainrule's best over the best peer's, a line at 1 and a mark at each goal."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    rows = [row for row in results.over_all_runs() if row.ratio() is not None]
    figure = Figure(figsize=(9, 1.5 + 0.25 * len(rows)), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots()
    places = range(len(rows))
    ratios = [row.ratio() or 1.0 for row in rows]
    colours = ["tab:blue" if ratio <= 1 else "tab:red" for ratio in ratios]
    # On a logarithmic axis a bar has no zero to start from: it starts from equality.
    axes.barh(places, [ratio - 1 for ratio in ratios], left=1, color=colours)
    for place, row in zip(places, rows, strict=True):
        for goal in row.goals:
            if goal.to == BEST_PEER:
                axes.plot([goal.ratio] * 2, [place - 0.4, place + 0.4], color="black")
    axes.set_xscale("log")
    axes.axvline(1, color="grey", linewidth=1)
    axes.set_yticks(places, [_label(row) for row in rows])
    axes.invert_yaxis()
    axes.set_xlabel("chainrule / best peer (black: goal; left of 1: chainrule is faster)")
    axes.set_title(f"{results.machine['processor']}, {results.threads} threads")
    stream = io.BytesIO()
    figure.savefig(stream, format="png", dpi=120)
    return stream.getvalue()


def _label(row: Row) -> str:
    return f"{row.name} ({row.best_peer()})"
