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

from ..runtime.frames import running_user_frame


@dataclass(frozen=True, slots=True)
class Question:
    """The construct that asks and its source; empty where the source is not at hand.

    Attributes
    ----------
    construct : str
        ``"`if`"``, ``"`and`"``, ``"comparison chain"``, ...; empty for other expressions.
    source : str
        The expression being evaluated (``"x > 0"``).
    node : ast.AST or None
        The same as a syntax tree.
    whole : bool
        True when `source` is the whole construct rather than the part whose value it needs.
    """

    construct: str = ""
    source: str = ""
    node: ast.AST | None = None
    whole: bool = False

    @property
    def function(self) -> str:
        """The function of a call as written (``"np.asarray"``), or empty."""
        return ast.unparse(self.node.func) if isinstance(self.node, ast.Call) else ""

    @property
    def indexed(self) -> tuple[str, str]:
        """The two parts of ``x[i]`` as written."""
        if not isinstance(self.node, ast.Subscript):
            return "x", "i"
        owner = ast.unparse(self.node.value)
        if self.source.startswith(f"{owner}["):
            return owner, self.source[len(owner) + 1 : -1].strip()
        return owner, ast.unparse(self.node.slice)


def question() -> Question:
    """What the user's innermost frame is evaluating now."""
    frame = running_user_frame()
    if frame is None:
        return Question()
    file = frame.f_code.co_filename
    place, tree = _position(frame), _tree(file)
    if place is None or tree is None:
        return Question()
    nodes = [node for node in ast.walk(tree) if _span(node) == place]
    if not nodes:
        return Question()
    node = nodes[-1]
    if isinstance(node, (ast.If, ast.While, ast.Assert)):
        node = node.test  # where the jump back to a loop's head stands for the whole statement
    source = ast.get_source_segment("".join(linecache.getlines(file)), node) or ""
    own = _own_word(node)
    word = own or next(filter(None, (_decides(parent, node) for parent in ast.walk(tree))), "")
    return Question(word, " ".join(source.split()), node, whole=bool(own))


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


def _own_word(node: ast.AST) -> str:
    """The construct that `node` itself is."""
    if isinstance(node, ast.Compare) and len(node.ops) > 1:
        return "comparison chain"
    if isinstance(node, ast.Compare) and isinstance(node.ops[0], (ast.In, ast.NotIn)):
        return "`in`"
    if isinstance(node, ast.BoolOp):
        return "`and`" if isinstance(node.op, ast.And) else "`or`"
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        return "`not`"
    if isinstance(node, (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)):
        return "`if`"
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
        return "`not`" if parent.operand is node else ""
    if isinstance(parent, ast.comprehension) and node in parent.ifs:
        return "`if`"
    return ""
