"""The theory: the operations, systems and theorems that chainrule states, and where each stands."""

from .rows import FAMILIES, Row, rows
from .standing import Standing, standing

__all__ = ["FAMILIES", "Row", "Standing", "rows", "standing"]
