"""The suite: every check in order, on one screen."""

from __future__ import annotations

import time
import warnings
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from ...compiler.errors import PromotionWarning
from ...compiler.op import Op
from . import bodies, compiled, domains, forward, gradients, layouts, properties, refusals, widths
from .report import Check, Finding, Report


@dataclass(frozen=True, slots=True)
class Entry:
    """One check.

    Attributes
    ----------
    name : str
        As reports list it.
    run : callable
        Yields a finding for each fault.
    field : str
        The field that is named when the check itself ends in an error.
    purpose : str
        What it holds the plugin to.
    """

    name: str
    run: Check
    field: str
    purpose: str


CHECKS = (
    Entry("reference", forward.reference, "reference", "its shape and dtype are the type rule's"),
    Entry("composition", forward.composition, "body", "a composite computes its reference"),
    Entry("precision", forward.precision, "reference", "float32 agrees with float64"),
    Entry("body", bodies.body, "body", "the traced body computes the reference"),
    Entry("numba", compiled.numba_body, "body", "compiled: same dtype, no raise, error within ulp"),
    Entry("backends", compiled.backends, "body", "every backend agrees, gradients included"),
    Entry("gradient", gradients.gradient, "vjp", "cotangents equal central differences"),
    Entry("modes", gradients.modes, "jvp", "forward mode is the transpose of reverse mode"),
    Entry("second", gradients.second_order, "vjp", "cotangents of cotangents equal differences"),
    Entry("constant", gradients.constant, "differentiable", "inputs left out have no derivative"),
    Entry("kinks", domains.kinks, "kink", "no NaN for finite inputs inside the domain"),
    Entry("domain", domains.domain, "domain", "finite values and derivatives inside the domain"),
    Entry("widths", widths.widths, "body", "literals and rules keep float32"),
    Entry("dtypes", widths.accepted_dtypes, "accepts", "every accepted kind of dtype works"),
    Entry("layouts", layouts.strides, "reference", "strided, reversed and transposed inputs"),
    Entry("sizes", layouts.sizes, "body", "empty and one-element inputs"),
    Entry("properties", properties.properties, "linear_in", "stated properties hold"),
    Entry("refusals", refusals.refusals, "samples", "bad samples end in their sentence"),
)


def check(op: Op) -> Report:
    """Put one op through every check.

    A check that ends in an error is a finding too. A widening warning is an error here: nothing
    that a plugin does by itself may widen a dtype. Where the first check fails, the others have
    nothing to compare with and are left out.
    """
    started = time.perf_counter()
    findings: list[Finding] = []
    ran: list[str] = []
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("error", PromotionWarning)
        for entry in CHECKS:
            if findings and ran == [CHECKS[0].name]:
                break
            ran.append(entry.name)
            findings += _guarded(entry, op)
    seconds = time.perf_counter() - started
    unique = tuple(dict.fromkeys(findings))
    return Report(op.name, op.kind, op.__module__, tuple(ran), unique, seconds)


def _guarded(entry: Entry, op: Op) -> Iterator[Finding]:
    try:
        yield from entry.run(op)
    except Exception as error:
        first = str(error).splitlines()[0] if str(error) else "no message"
        yield Finding(entry.field, f"the check {entry.name!r} ended in {_name(error)}: {first}")


def _name(error: Exception) -> str:
    return type(error).__name__


def run(ops: Iterable[Op]) -> Iterator[Report]:
    """The reports of many ops, one by one."""
    for op in ops:
        yield check(op)
