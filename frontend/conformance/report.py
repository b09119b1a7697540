"""What the suite found: one finding names the plugin's field to mend."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from typing import Any

from ...compiler.op import Op


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong with a plugin.

    Attributes
    ----------
    field : str
        The field of the plugin to change (``"vjp"``, ``"domain"``, ``"samples"``).
    sentence : str
        What was seen, where.
    """

    field: str
    sentence: str


Check = Callable[[Op], Iterator[Finding]]


@dataclass(frozen=True, slots=True)
class Report:
    """The outcome of the suite for one op.

    Attributes
    ----------
    op, kind, module : str
        Which plugin.
    checks : tuple of str
        The names of the checks that ran.
    findings : tuple of Finding
        Empty for an op that conforms.
    seconds : float
        Wall time.
    """

    op: str
    kind: str
    module: str
    checks: tuple[str, ...]
    findings: tuple[Finding, ...]
    seconds: float

    @property
    def conforms(self) -> bool:
        return not self.findings

    def sentences(self) -> list[str]:
        """One line per finding: ``plugin foo: vjp: ...``."""
        return [f"plugin {self.op}: {f.field}: {f.sentence}" for f in self.findings]

    def as_dict(self) -> dict[str, Any]:
        """The report in plain types, for JSON."""
        return {**asdict(self), "conforms": self.conforms}
