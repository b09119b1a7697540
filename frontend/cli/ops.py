"""``chainrule ops``: the catalogue, or one op's whole story."""

from __future__ import annotations

import inspect
import json
import sys
import textwrap
from collections.abc import Callable
from typing import Any

import click

from ...compiler.kinds import Elementwise, Reduction
from ...compiler.op import Op
from ...compiler.registry import registry
from .names import unknown

KINDS = {"b": "bool", "i": "integers", "u": "unsigned integers", "f": "floats", "c": "complex"}


@click.command()
@click.argument("name", required=False)
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of text.")
@click.pass_context
def ops(ctx: click.Context, name: str | None, as_json: bool) -> None:
    """List all registered ops by family, or tell everything about the op NAME.

    Of one op: the formula, the theory row, the signature, the dtypes it takes, its gradient rule's
    source, the subgradient at kinks, its domain, the error bound, how many samples it is tested
    on, and the file that defines it. Plugins of installed packages are listed too.
    """
    registry.load_entry_points()
    if name is None:
        listing = families()
        click.echo(json.dumps(listing, indent=2) if as_json else _listing(listing))
        return
    if name not in registry:
        raise click.UsageError(unknown(name, registry.names()), ctx)
    story = describe(registry[name])
    click.echo(json.dumps(story, indent=2) if as_json else _story(story))


def families() -> dict[str, list[dict[str, str]]]:
    """The ops of each family (a folder of plugins, or an outside package), by name."""
    found: dict[str, list[dict[str, str]]] = {}
    for name in registry.names():
        op = registry[name]
        entry = {"name": name, "kind": op.kind, "formula": op.formula, "summary": summary(op)}
        found.setdefault(family(op), []).append(entry)
    return dict(sorted(found.items()))


def family(op: Op) -> str:
    """The folder that a plugin's file stands in; the package's name for one from outside."""
    parts = op.__module__.split(".")
    inside = parts[:2] == [__name__.partition(".")[0], ops.name] and len(parts) > 3
    return parts[2] if inside else parts[0]


def summary(op: Op) -> str:
    """The first line of the docstring."""
    return (inspect.getdoc(op.function) or "").partition("\n")[0]


def describe(op: Op) -> dict[str, Any]:
    """Everything that the record says about an op, in plain types."""
    return {
        "name": op.name,
        "family": family(op),
        "kind": op.kind,
        "formula": op.formula,
        "theory": op.theory,
        "doc": inspect.getdoc(op.function) or "",
        "signature": signature(op),
        "dtypes": dtypes(op),
        "differentiable": list(op.differentiable),
        "body": _source(op.function),
        "gradient": gradient(op),
        "linear_in": [list(group) for group in op.linear_in],
        "kink": op.kink,
        "domain": {name: domain.text for name, domain in op.domain.items()},
        "ulp": op.ulp if isinstance(op, Elementwise) else None,
        "samples": len(op.accepted),
        "bad_samples": len(op.refused),
        "file": inspect.getsourcefile(op.function) or sys.modules[op.__module__].__name__,
    }


def signature(op: Op) -> str:
    """How it is called: inputs, then keyword-only attributes."""
    inputs = [f"*{n}" if op.variadic and n == op.parameters[-1] else n for n in op.parameters]
    attributes = [
        name if default is inspect.Parameter.empty else f"{name}={default!r}"
        for name, default in op.attribute_defaults.items()
    ]
    star = ["*"] if attributes and not op.variadic else []
    return f"{op.name}({', '.join([*inputs, *star, *attributes])})"


def dtypes(op: Op) -> str:
    """What it takes and gives."""
    if not isinstance(op, (Elementwise, Reduction)):
        return "as its type rule says"
    takes = ", ".join(KINDS[kind] for kind in op.accepts)
    if isinstance(op, Reduction):
        gives = {"same": "its own dtype", "wide": "integers in 64 bits", "bool": "bool"}
        return f"{takes} -> {op.result or gives[op.accumulates]}"
    computes = {
        "promoted": "the common dtype",
        "float": "floats (integers are widened)",
        "divide": "floats (integers in float64)",
    }
    return f"{takes} -> {op.result or computes[op.computes]}"


def gradient(op: Op) -> dict[str, str]:
    """Each rule's source; what stands in for one that is not given."""
    rules: dict[str, Callable[..., Any] | None] = {"vjp": op.vjp_rule, "jvp": op.jvp_rule}
    written = {name: _source(rule) for name, rule in rules.items() if rule is not None}
    if written or not op.differentiable:
        return written
    return {"vjp": "that of the ops it is composed of"}


def _source(rule: Callable[..., Any]) -> str:
    try:
        return textwrap.dedent(inspect.getsource(rule)).rstrip()
    except OSError:
        return f"{rule.__qualname__} (its source is not at hand)"


def _listing(listing: dict[str, list[dict[str, str]]]) -> str:
    lines = []
    for name, entries in listing.items():
        lines.append(name)
        lines += [f"  {e['name']:20}{e['kind']:13}{_clipped(e['summary'])}" for e in entries]
        lines.append("")
    count = sum(map(len, listing.values()))
    return "\n".join([*lines, f"{count} ops in {len(listing)} families; `chainrule ops NAME`"])


def _clipped(text: str, width: int = 64) -> str:
    return textwrap.shorten(text, width, placeholder=" ...")


def _story(story: dict[str, Any]) -> str:
    theory = f"  ({story['theory']})" if story["theory"] else ""
    domain = ", ".join(
        text if name in text else f"{text} for {name}" for name, text in story["domain"].items()
    )
    linear = "; ".join(", ".join(group) for group in story["linear_in"])
    rows = {
        "formula": story["formula"],
        "signature": story["signature"],
        "dtypes": story["dtypes"],
        "gradient in": ", ".join(story["differentiable"]) or "none",
        "linear in": linear,
        "kink": story["kink"],
        "domain": domain,
        "error": f"at most {story['ulp']:g} ulp" if story["ulp"] is not None else "",
        "samples": f"{story['samples']}, and {story['bad_samples']} that it must refuse",
        "file": story["file"],
    }
    lines = [f"{story['name']}  {story['kind']}, {story['family']}{theory}", ""]
    lines += [textwrap.indent(story["doc"], "  "), ""] if story["doc"] else []
    lines += [f"  {label:13}{value}" for label, value in rows.items() if value]
    for name, source in {"body": story["body"], **story["gradient"]}.items():
        lines += ["", f"  {name}", textwrap.indent(source, "    ")]
    return "\n".join(lines)
