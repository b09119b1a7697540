"""Files that are there completely or not at all."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4


@contextmanager
def atomic_write(path: str | os.PathLike[str]) -> Iterator[Path]:
    """A temporary path that becomes `path` when the block ends, and vanishes when it raises.

    The temporary file lies in the same folder (which is made if need be) and has the same suffix,
    since writers choose a format by it. Its bytes reach the disk before it is renamed.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from chainrule.runtime.files import atomic_write
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     target = Path(folder, "notes.txt")
    ...     with atomic_write(target) as temporary:
    ...         _ = temporary.write_text("done")
    ...     print(target.read_text(), [file.name for file in Path(folder).iterdir()])
    done ['notes.txt']
    """
    target = Path(path)
    target.parent.mkdir(parents=True, exist_ok=True)
    temporary = target.with_name(f".{target.stem}-{uuid4().hex}{target.suffix}")
    try:
        yield temporary
        with temporary.open("r+b") as file:
            os.fsync(file.fileno())
        temporary.replace(target)
    finally:
        temporary.unlink(missing_ok=True)
