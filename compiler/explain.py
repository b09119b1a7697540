"""Explaining a program in words: what each pass did, what became of the units, and why."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING

from .pipeline import PassRecord

if TYPE_CHECKING:
    from .program import Program


def explain(program: Program) -> str:
    """The report that `Program.explain` prints."""
    lines = [_headline(program), *_passes(program), *_refusals(program)]
    if program.backend == "native":
        lines += [*_kernels(program), *_memory(program), f"  cache    {program.cache}"]
    return "\n".join(lines)


def _headline(program: Program) -> str:
    counts = [f"{len(program.traced)} units traced", f"{len(program.graph)} optimised"]
    if program.backend == "native":
        counts.append(f"{len(program.kernels)} kernels, one entry")
    return f"{program.graph.name}   {' -> '.join(counts)}"


def _passes(program: Program) -> Iterator[str]:
    """One line per pass that changed something."""
    for record in program.passes:
        change = f"{len(record.before):5d} -> {len(record.after):<5d}"
        rules = ", ".join(f"{rule} x{n}" if n > 1 else rule for rule, n in _rules(record))
        if rules or record.before is not record.after:
            yield f"  {record.name:<18} {change} {1e3 * record.seconds:7.2f} ms   {rules}"


def _rules(record: PassRecord) -> list[tuple[str, int]]:
    return Counter(applied.rule for applied in record.applied).most_common()


def _refusals(program: Program) -> Iterator[str]:
    """What a pass left alone, and why; the same reason once."""
    said: set[str] = set()
    for record in program.passes:
        for refused in record.refused:
            line = f"  not done           {refused.rule}: {refused.reason}"
            if line not in said:
                said.add(line)
                yield line


def _kernels(program: Program) -> Iterator[str]:
    for number, kernel in enumerate(program.kernels):
        yield f"  k{number:<3} {kernel.summary()}"
        for reason in kernel.apart:
            yield f"       kept apart: {reason}"
        if kernel.kernel.again:
            names = ", ".join(unit.op.name for unit in kernel.kernel.again)
            yield f"       computed again: {names}"


def _memory(program: Program) -> Iterator[str]:
    yield f"  memory   {program.memory.summary()}"
