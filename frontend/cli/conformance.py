"""``chainrule conformance``: a package's ops through the suite, a line for each."""

from __future__ import annotations

import json
from collections.abc import Sequence

import click
from tqdm import tqdm

from ...compiler.errors import ArgumentError, PluginError
from ...compiler.op import Op
from ..conformance import CHECKS, Report, check
from ..conformance.packages import ops_of
from .names import unknown


@click.command(
    epilog="The checks: " + "; ".join(f"{entry.name} - {entry.purpose}" for entry in CHECKS) + "."
)
@click.argument("package")
@click.option("--only", "-o", metavar="NAME", multiple=True, help="Try this op alone (repeatable).")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document instead of lines.")
@click.pass_context
def conformance(ctx: click.Context, package: str, only: tuple[str, ...], as_json: bool) -> None:
    """Put every op of PACKAGE through the conformance suite.

    PACKAGE is the name of an installed package whose entry points in the group `chainrule.ops`
    register plugins, or `chainrule` for the built-in ops. Each op is tried on its own samples; a
    failing check names the field of the plugin to change. The exit code is 1 when any op fails.
    """
    try:
        ops = _chosen(ops_of(package), only)
    except ArgumentError as error:
        raise click.UsageError(error.sentence, ctx) from None
    except PluginError as error:
        raise click.ClickException(str(error)) from None
    reports = _run(ops, lines=not as_json)
    failed = [report.op for report in reports if not report.conforms]
    if as_json:
        document = {"package": package, "ops": [r.as_dict() for r in reports], "failed": failed}
        click.echo(json.dumps(document, indent=2))
    else:
        seconds = sum(report.seconds for report in reports)
        click.echo(f"{len(reports) - len(failed)} of {len(reports)} ops conform ({seconds:.1f} s)")
    ctx.exit(1 if failed else 0)


def _chosen(ops: Sequence[Op], only: Sequence[str]) -> list[Op]:
    by_name = {op.name: op for op in ops}
    for name in only:
        if name not in by_name:
            raise ArgumentError(unknown(name, by_name))
    return [by_name[name] for name in only] if only else list(ops)


def _run(ops: Sequence[Op], *, lines: bool) -> list[Report]:
    """The reports; a progress bar on standard error where that is a terminal."""
    reports = []
    with tqdm(ops, unit="op", leave=False, disable=None) as bar:
        for op in bar:
            bar.set_description(op.name)
            report = check(op)
            reports.append(report)
            if lines:
                with tqdm.external_write_mode():
                    _print(report)
    return reports


def _print(report: Report) -> None:
    word = "ok" if report.conforms else "FAILED"
    click.echo(f"{word:7}{report.op:24}{report.kind:14}{report.seconds:6.2f} s")
    for sentence in report.sentences():
        click.echo(f"       {sentence}")
