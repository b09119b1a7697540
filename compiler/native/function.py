"""One LLVM function as text: instructions, loops, local memory."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

METADATA = """
!0 = distinct !{!0, !1}
!1 = !{!"llvm.loop.unroll.disable"}
!2 = !{!"branch_weights", i32 1, i32 1000}
"""
"""What the functions' loops and rare branches refer to; it stands once in a module."""


class Function:
    """The body of a function under construction.

    Attributes
    ----------
    lines : list of str
        The instructions so far.
    declarations : set of str
        What the function calls outside itself: declarations, and functions shared by kernels.
    """

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.declarations: set[str] = set()
        self._locals: list[str] = []
        self._count = 0
        self._block = "start"

    def fresh(self) -> int:
        """A number that no other name in the function has."""
        self._count += 1
        return self._count

    def do(self, instruction: str) -> str:
        """Append an instruction; returns the name of its result."""
        name = f"%v{self.fresh()}"
        self.lines.append(f"  {name} = {instruction}")
        return name

    def act(self, instruction: str) -> None:
        """Append an instruction without a result."""
        self.lines.append(f"  {instruction}")

    def local(self, type: str, align: int = 64) -> str:
        """Memory of the function's own, taken once at its start."""
        name = f"%local{self.fresh()}"
        self._locals.append(f"  {name} = alloca {type}, align {align}")
        return name

    def declare(self, declaration: str) -> None:
        """Note a function that lies outside the module, or the text of one for all kernels."""
        self.declarations.add(declaration)

    def label(self, name: str) -> None:
        """Begin a basic block."""
        self.lines.append(f"{name}:")
        self._block = name

    @contextmanager
    def loop(self, extent: int | str, *, start: str = "0", step: int = 1) -> Iterator[str]:
        """Instructions inside run for the counter start, start + step, ... below `extent`.

        They run at least once; where they run once only, there is no loop. LLVM is told to leave
        loops rolled: unrolling took a third of its time for nothing that could be measured.
        """
        if isinstance(extent, int) and start == "0" and extent <= step:
            yield start
            return
        n = self.fresh()
        before = self._block
        self.act(f"br label %loop{n}")
        self.label(f"loop{n}")
        self.act(f"%i{n} = phi i64 [ {start}, %{before} ], [ %next{n}, %latch{n} ]")
        yield f"%i{n}"
        self.act(f"br label %latch{n}")
        self.label(f"latch{n}")
        self.act(f"%next{n} = add nuw nsw i64 %i{n}, {step}")
        self.act(f"%more{n} = icmp ult i64 %next{n}, {extent}")
        self.act(f"br i1 %more{n}, label %loop{n}, label %done{n}, !llvm.loop !0")
        self.label(f"done{n}")

    @contextmanager
    def when(self, condition: str) -> Iterator[None]:
        """Instructions inside run where the i1 holds."""
        n = self.fresh()
        self.act(f"br i1 {condition}, label %then{n}, label %else{n}")
        self.label(f"then{n}")
        yield
        self.act(f"br label %else{n}")
        self.label(f"else{n}")

    def rarely(self, condition: str, type: str, usual: str, rare: Callable[[], str]) -> str:
        """The register `usual`, or where the i1 holds, the one of the instructions of `rare`."""
        n, before = self.fresh(), self._block
        self.act(f"br i1 {condition}, label %rare{n}, label %join{n}, !prof !2")
        self.label(f"rare{n}")
        value = rare()
        inside = self._block
        self.act(f"br label %join{n}")
        self.label(f"join{n}")
        return self.do(f"phi {type} [ {usual}, %{before} ], [ {value}, %{inside} ]")

    def body(self) -> str:
        """The text between the braces, without the return."""
        return "\n".join(["start:", *self._locals, *self.lines])
