"""``chainrule demo``: networks that learn while one watches."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click
from tqdm import tqdm

from ...compiler.errors import ArgumentError, ChainruleError
from ...compiler.program import BACKENDS
from ..demos.digits import ACTIVATIONS, LEARNING_RATES, Settings
from ..fit import DivergenceError

DEFAULTS = Settings()
RATES = ", ".join(f"{rate} for {name}" for name, rate in LEARNING_RATES.items())


class Widths(click.ParamType):
    """Positive whole numbers between commas, as a tuple."""

    name = "widths"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[int, ...]:
        if isinstance(value, tuple):
            return value
        try:
            widths = tuple(int(part) for part in value.split(","))
        except ValueError:
            widths = ()
        if not widths or min(widths) < 1:
            self.fail(f"{value!r} is no list of positive whole numbers like 128,64.", param, ctx)
        return widths


@click.group()
def demo() -> None:
    """Run a demonstration from data to trained model."""


@demo.command(context_settings={"show_default": True})
@click.option(
    "--epochs",
    type=click.IntRange(1),
    default=DEFAULTS.epochs,
    help="Passes over the training set.",
)
@click.option("--batch", type=click.IntRange(1), default=DEFAULTS.batch, help="Examples in a step.")
@click.option(
    "--hidden",
    type=Widths(),
    default=",".join(map(str, DEFAULTS.hidden)),
    help="Widths of the hidden layers.",
)
@click.option(
    "--activation",
    type=click.Choice(list(ACTIVATIONS)),
    default=DEFAULTS.activation,
    help="Function between two layers.",
)
@click.option(
    "--optimizer",
    type=click.Choice(list(LEARNING_RATES)),
    default=DEFAULTS.optimizer,
    help="Rule of the update.",
)
@click.option(
    "--learning-rate",
    type=click.FloatRange(0, min_open=True),
    help="Size of the updates.",
    show_default=RATES,
)
@click.option(
    "--momentum",
    type=click.FloatRange(0, 1, max_open=True),
    default=DEFAULTS.momentum,
    help="Share of the last update that sgd keeps; adam ignores it.",
)
@click.option(
    "--seed",
    type=click.IntRange(0, 2**32 - 1),
    default=DEFAULTS.seed,
    help="Of the split, the first weights and the order of the digits.",
)
@click.option(
    "--threads",
    type=click.IntRange(1),
    help="Threads that may share the work; results do not depend on it.",
    show_default="CHAINRULE_THREADS, else as many as CPUs",
)
@click.option(
    "--backend",
    type=click.Choice(list(BACKENDS)),
    default=DEFAULTS.backend,
    help="Native code, or the graph run unit by unit in NumPy.",
)
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("runs/digits"),
    help="Folder for what is written.",
)
@click.pass_context
def digits(
    context: click.Context, out: Path, learning_rate: float | None, optimizer: str, **chosen: Any
) -> None:
    """Learn to read handwritten digits: scikit-learn's 1,797 scans of 8 x 8 pixels.

    Trains a multi-layer perceptron on four fifths of them, tests it on the rest, times the step
    beside the same step in NumPy, and writes parameters, metrics, a learning curve, the compiled
    graph and a summary.
    """
    from ..demos.run_digits import run

    rate = learning_rate or LEARNING_RATES[optimizer]
    settings = Settings(optimizer=optimizer, learning_rate=rate, **chosen)
    try:
        out.mkdir(parents=True, exist_ok=True)
        run(settings, out, tqdm.write)
    except BrokenPipeError:  # click ends quietly when nobody reads any more
        raise
    except OSError as error:
        sentence = f"cannot write to {out}: {error.strerror}"
        raise click.BadParameter(sentence, context, param_hint="--out") from None
    except DivergenceError as error:
        sentence = f"{error.sentence}: try a smaller one"
        raise click.BadParameter(sentence, context, param_hint="--learning-rate") from None
    except ArgumentError as error:
        raise click.UsageError(error.sentence, context) from None
    except ChainruleError as error:
        raise click.ClickException(str(error)) from None
