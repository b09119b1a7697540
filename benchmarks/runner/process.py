"""The other end of a measuring process."""

from __future__ import annotations

import pickle
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any

from .contestants import environment
from .workload import Skip

ROOT = Path(__file__).parents[2]


class Process:
    """A running contestant; leaving it as a context ends it.

    Parameters
    ----------
    contestant : str
        Who runs in it.
    threads : int
        How many threads and cores it has.
    variables : mapping of str to str
        Further environment variables.
    """

    def __init__(
        self, contestant: str, threads: int, variables: Mapping[str, str] | None = None
    ) -> None:
        self.contestant = contestant
        command = [sys.executable, "-m", f"{__package__}.worker", contestant, str(threads)]
        self._child = subprocess.Popen(
            command,
            cwd=ROOT,
            env={**environment(threads), **(variables or {})},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )

    def ask(self, request: str, *args: Any) -> Any:
        """The reply to a request; raises `Skip` with what went wrong there."""
        assert self._child.stdin is not None
        assert self._child.stdout is not None
        try:
            pickle.dump((request, args), self._child.stdin)
            self._child.stdin.flush()
            kind, reply = pickle.load(self._child.stdout)
        except (EOFError, BrokenPipeError):
            self.close()
            code = self._child.returncode
            raise Skip(f"the process ended with {code} during {request!r}") from None
        if kind == "skip":
            raise Skip(reply)
        return reply

    @property
    def alive(self) -> bool:
        """Whether it can still be asked."""
        return self._child.poll() is None

    def close(self) -> None:
        """End the process."""
        for pipe in (self._child.stdin, self._child.stdout):
            if pipe is not None and not pipe.closed:
                try:
                    pipe.close()
                except BrokenPipeError:  # the child is gone, with a request unread
                    continue
        try:
            self._child.wait(timeout=10)
        except subprocess.TimeoutExpired:
            self._child.kill()
            self._child.wait()

    def __enter__(self) -> Process:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()
