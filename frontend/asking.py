"""What the user's code was doing when it asked a traced array for a value it does not have yet.

Python keeps the source position of the instruction that a frame is at; the syntax tree there says
whether it is an `if`, an `and`, a call or an assignment, and what stands in it.
"""

from __future__ import annotations

import ast
import functools
import linecache
from dataclasses import dataclass
from types import FrameType

from ..compiler.provenance import running_user_frame


@dataclass(frozen=True, slots=True)
class Question:
    """The construct that asks and its source.

    Attributes
    ----------
    construct : str
        ``"`if`"``, ``"`and`"``, ``"comparison chain"``, ...; empty when the source is not at hand.
    source : str
        The expression whose value is asked for (``"x > 0"``), or empty.
    statement : ast.AST or None
        The innermost expression or statement at that position.
    """

    construct: str = ""
    source: str = ""
    node: ast.AST | None = None


def question() -> Question:
    """What the user's innermost frame is evaluating now."""
    frame = running_user_frame()
    if frame is None:
        return Question()
    place = _position(frame)
    tree = _tree(frame.f_code.co_filename)
    if place is None or tree is None:
        return Question()
    nodes = [node for node in ast.walk(tree) if _span(node) == place]
    if not nodes:
        return Question()
    node = nodes[-1]
    lines = "".join(linecache.getlines(frame.f_code.co_filename))
    source = " ".join((ast.get_source_segment(lines, node) or "").split())
    return Question(_construct(tree, node), source, node)


def _position(frame: FrameType) -> tuple[int, int, int, int] | None:
    """First line, first column, last line, last column of the instruction being executed."""
    positions = list(frame.f_code.co_positions())
    line, end_line, column, end_column = positions[frame.f_lasti // 2]
    if line is None or end_line is None or column is None or end_column is None:
        return None
    return line, column, end_line, end_column


def _span(node: ast.AST) -> tuple[int, int, int, int] | None:
    if not isinstance(node, (ast.expr, ast.stmt)) or node.end_lineno is None:
        return None
    return node.lineno, node.col_offset, node.end_lineno, node.end_col_offset or 0


def _tree(file: str) -> ast.Module | None:
    return _parsed("".join(linecache.getlines(file)))


@functools.lru_cache(maxsize=4)
def _parsed(source: str) -> ast.Module | None:
    try:
        return ast.parse(source) if source else None
    except SyntaxError:
        return None


def _construct(tree: ast.Module, node: ast.AST) -> str:
    """The name of what `node` decides, or of `node` itself."""
    if isinstance(node, ast.Compare) and len(node.ops) > 1:
        return "comparison chain"
    if isinstance(node, ast.Compare) and isinstance(node.ops[0], (ast.In, ast.NotIn)):
        return "`in`"
    for parent in ast.walk(tree):
        word = _decides(parent, node)
        if word:
            return word
    return ""


def _decides(parent: ast.AST, node: ast.AST) -> str:
    """The keyword by which `parent` asks for the truth of its child `node`."""
    if isinstance(parent, (ast.If, ast.IfExp)) and parent.test is node:
        return "`if`"
    if isinstance(parent, ast.While) and parent.test is node:
        return "`while`"
    if isinstance(parent, ast.Assert) and parent.test is node:
        return "`assert`"
    if isinstance(parent, ast.BoolOp) and node in parent.values:
        return "`and`" if isinstance(parent.op, ast.And) else "`or`"
    if isinstance(parent, ast.UnaryOp) and isinstance(parent.op, ast.Not):
        return "`not`" if node in (parent, parent.operand) else ""
    if isinstance(parent, ast.comprehension) and node in parent.ifs:
        return "`if`"
    return ""
