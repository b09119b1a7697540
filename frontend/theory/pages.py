"""A page of documentation for each family, made from the rows, their plugins and examples."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from .rows import FAMILIES, rows, title
from .standing import Standing, standing


def write_pages(folder: Path) -> list[Path]:
    """Write the pages of all families that have a row which works; returns their paths.

    Pictures are looked for in ``pictures/`` beside the pages, by the row's id.
    """
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for family in FAMILIES:
        text = page(family, folder)
        if text is not None:
            path = folder / f"{family}.md"
            path.write_text(text, encoding="utf-8")
            written.append(path)
    return written


def page(family: str, folder: Path) -> str | None:
    """The text of a family's page; None where nothing works yet."""
    found = [standing(row.id) for row in rows().values() if row.family == family]
    if not any(each.works for each in found):
        return None
    lines = [f"# {title(family)}", ""]
    for each in found:
        lines += _section(each, folder)
    return "\n".join(lines).rstrip() + "\n"


def _section(found: Standing, folder: Path) -> Iterator[str]:
    row = found.row
    yield from (f"## {row.id}: {row.name}", "")
    if not found.works:
        yield from ("Missing.", "")
        return
    yield from (f"*{row.kind}*. Shown: {row.check}.", "", "$$", row.formula, "$$", "")
    if found.api:
        yield from (", ".join(f"`{name}`" for name in found.api), "")
    if found.example is not None:
        yield from ("```pycon", found.example.read_text(encoding="utf-8").strip(), "```", "")
    if (folder / "pictures" / f"{row.id}.svg").exists():
        yield from (f"![{row.name}](pictures/{row.id}.svg)", "")
