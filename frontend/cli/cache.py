"""``chainrule cache``: what is kept on disk, and an end to it."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import click

from ...runtime.cache import VARIABLE, Store, store

as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON instead of a sentence.")


@click.group()
def cache() -> None:
    """Say what the disk cache of compiled programs holds, or clear it.

    The folder is the user's cache folder of the operating system, or the one that the environment
    variable CHAINRULE_CACHE_DIR names; `off` there switches the cache off.
    """


@cache.command()
@as_json
def info(as_json: bool) -> None:
    """Tell the folder, the entries in it, their size and the limit."""
    kept = store()
    if kept is None:
        _tell_off(as_json)
        return
    usage = _tried(kept, kept.usage)
    document = {
        "folder": str(kept.folder),
        "entries": usage.entries,
        "bytes": usage.bytes,
        "limit": kept.limit,
    }
    sentence = f"{_amount(usage.entries, usage.bytes)} of at most {_size(kept.limit)}"
    click.echo(json.dumps(document, indent=2) if as_json else f"{kept.folder}: {sentence}")


@cache.command()
@as_json
def clear(as_json: bool) -> None:
    """Remove every entry from the folder; other files in it stay."""
    kept = store()
    if kept is None:
        _tell_off(as_json)
        return
    removed = _tried(kept, kept.clear)
    document = {
        "folder": str(kept.folder),
        "removed": removed.entries,
        "bytes": removed.bytes,
    }
    sentence = f"removed {_amount(removed.entries, removed.bytes)}"
    click.echo(json.dumps(document, indent=2) if as_json else f"{kept.folder}: {sentence}")


def _tell_off(as_json: bool) -> None:
    sentence = f"the cache is switched off by the environment variable {VARIABLE}"
    click.echo(json.dumps({"folder": None}, indent=2) if as_json else sentence)


def _tried(kept: Store, work: Callable[[], Any]) -> Any:
    try:
        return work()
    except OSError as error:
        raise click.ClickException(f"{kept.folder}: {error.strerror or error}") from None


def _amount(entries: int, size: int) -> str:
    return f"{entries} {'entry' if entries == 1 else 'entries'}, {_size(size)}"


def _size(size: float) -> str:
    """Bytes in the unit that gives one to three digits before the point."""
    for unit in ("bytes", "KiB", "MiB"):
        if size < 1024:
            return f"{size:.0f} {unit}" if unit == "bytes" else f"{size:.1f} {unit}"
        size /= 1024
    return f"{size:.1f} GiB"
