"""The contestants that are running, and what every measurement is told."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from types import TracebackType

from .contestants import ORDER, library, wanted
from .process import Process
from .workload import Sizes, Skip


@dataclass
class Arena:
    """A process for each contestant, started when it is first needed.

    Attributes
    ----------
    threads : int
        How many each contestant has.
    peers : tuple of str
        Those that take part beside chainrule.
    seconds : float
        How long a contestant is timed for a case.
    rounds : int
        How many fresh processes a contestant has where each figure needs one.
    sizes : mapping
        Changes to the sizes of workloads.
    """

    threads: int
    peers: tuple[str, ...]
    seconds: float = 1.0
    rounds: int = 3
    sizes: Sizes = field(default_factory=dict)
    versions: dict[str, str] = field(default_factory=dict)
    missing: dict[str, str] = field(default_factory=dict)
    _running: dict[str, Process] = field(default_factory=dict)

    def taking_part(self, names: Iterable[str]) -> list[str]:
        """Those of the names that are asked for and can run, in order."""
        asked = {name for name in names if wanted(name, self.peers)}
        return [name for name in ORDER if name in asked and self._can_run(name)]

    def _can_run(self, name: str) -> bool:
        if name not in self.missing and name not in self._running:
            try:
                self.process(name)
            except Skip as reason:
                self.missing[name] = str(reason)
        return name not in self.missing

    def process(self, name: str) -> Process:
        """The contestant's long-lived process; a dead one is replaced."""
        process = self._running.get(name)
        if process is None or not process.alive:
            process = self._running[name] = self.fresh(name)
        return process

    def fresh(self, name: str, variables: Mapping[str, str] | None = None) -> Process:
        """A new process, its library imported; whoever asks for it closes it."""
        process = Process(name, self.threads, variables)
        try:
            self.versions[library(name)] = process.ask("start")
        except Skip:
            process.close()
            raise
        return process

    def __enter__(self) -> Arena:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for process in self._running.values():
            process.close()
