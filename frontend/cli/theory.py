"""``chainrule theory``: the rows of the theory, and where each stands."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from ..theory import FAMILIES, Standing, rows, standing
from ..theory.pages import write_pages
from ..theory.rows import title
from .names import unknown


@click.command()
@click.argument("id", required=False)
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of text.")
@click.option(
    "--pages", type=click.Path(path_type=Path, file_okay=False), help="Write a page each family."
)
@click.pass_context
def theory(ctx: click.Context, id: str | None, as_json: bool, pages: Path | None) -> None:
    """List the theory that chainrule states, or tell all about the row ID, such as pwl-07.

    A row works when a plugin states it and tests named after it pass; the others are missing. Tests
    and worked examples stand in the repository: an installed package finds none.
    """
    if pages is not None:
        for path in write_pages(pages):
            click.echo(path)
        return
    if id is not None and id not in rows():
        raise click.UsageError(unknown(id, rows(), "row", "theory"), ctx)
    if id is None:
        found = [standing(each) for each in rows()]
        listing = [described(each) for each in found]
        click.echo(json.dumps(listing, indent=2) if as_json else _listing(found))
        return
    found_row = standing(id)
    click.echo(json.dumps(described(found_row), indent=2) if as_json else _story(found_row))


def described(found: Standing) -> dict[str, Any]:
    """Everything there is of a row, in plain types."""
    row = found.row
    return {
        "id": row.id,
        "name": row.name,
        "kind": row.kind,
        "formula": row.formula,
        "check": row.check,
        "plugins": list(found.plugins),
        "api": list(found.api),
        "tests": list(found.tests),
        "works": found.works,
    }


def _listing(found: list[Standing]) -> str:
    lines = []
    for family in FAMILIES:
        own = [each for each in found if each.row.family == family]
        lines.append(f"{family}  {title(family)}")
        for each in own:
            state = f"{len(each.tests):3} tests" if each.works else "  missing"
            lines.append(f"  {each.row.id:10}{state}  {each.row.name}")
        lines.append("")
    works = sum(each.works for each in found)
    return "\n".join([*lines, f"{works} of {len(found)} rows work; `chainrule theory ID`"])


def _story(found: Standing) -> str:
    row = found.row
    entries = {
        "formula": [row.formula],
        "shown": [row.check],
        "plugin": list(found.plugins),
        "public": list(found.api),
        "tests": list(found.tests),
    }
    lines = [f"{row.id}  {row.name}", f"{row.kind}, {'works' if found.works else 'missing'}", ""]
    for label, values in entries.items():
        for number, value in enumerate(values):
            lines.append(f"  {label if not number else '':10}{value}")
    return "\n".join(lines)
