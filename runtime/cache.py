"""The disk cache: compiled programs as files, named by the key of everything that determines them.

A file is a checksum of its key and content, then the content. It comes into being by a rename, so
readers need no lock and see all of it or nothing; writers of one key write the same. A file that
is not as it was written is removed with a warning and costs a compilation. A folder that cannot be
used costs one warning. Only removing the oldest files takes a lock.
"""

from __future__ import annotations

import hashlib
import json
import os
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from itertools import accumulate, pairwise
from pathlib import Path
from typing import Any

from .errors import CacheWarning
from .frames import warn

VARIABLE = "CHAINRULE_CACHE_DIR"
"""The environment variable that names the folder; empty or ``off``, nothing is cached."""

LIMIT_BYTES = 1 << 30
SUFFIX = ".program"
PARTIAL = ".partial"
LOCK = "chainrule.lock"

# A file of a process that was killed while it wrote; nobody writes for so long.
STALE_SECONDS = 3600.0

# Another process that removes files is waited for so long; then it is stuck, and writing goes on.
LOCK_SECONDS = 5.0

# Removing files goes on to this share of the limit, so that it is not due again at once.
KEPT_SHARE = 0.9

# The folder is measured each time this share of the limit has been written.
MEASURED_SHARE = 1 / 64

_CHECKSUM_BYTES = 20
_FOREIGN = "it does not belong to this user"
_OPEN = "every user may write into it"


@dataclass(frozen=True)
class Usage:
    """What is in the folder.

    Attributes
    ----------
    entries : int
        Files of the cache.
    bytes : int
        Their sizes together.
    """

    entries: int
    bytes: int


class Store:
    """Contents by key, in one folder.

    Parameters
    ----------
    folder : Path
        Made when something is stored; files in it that are not the cache's stay untouched.
    limit : int
        Bytes; the files used longest ago go when there are more.
    """

    def __init__(self, folder: Path, limit: int = LIMIT_BYTES) -> None:
        self.folder = folder
        self.limit = limit
        self._warned = False
        self._unmeasured = limit * MEASURED_SHARE  # so that the first file is measured

    def path(self, key: str) -> Path:
        """The file of a key."""
        return self.folder / f"{key}{SUFFIX}"

    def get(self, key: str) -> bytes | None:
        """The content under `key`; None when there is none, or none to be trusted."""
        path = self.path(key)
        try:
            self._check_owner()
            data = path.read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            self._warn("read", error)
            return None
        content = data[_CHECKSUM_BYTES:]
        if _checksum(key, content) != data[:_CHECKSUM_BYTES]:
            self.discard(key, "its checksum is wrong")
            return None
        with suppress(OSError):  # a folder may be readable and no more
            os.utime(path)
        return content

    def put(self, key: str, content: bytes) -> bool:
        """Store `content`; False (and one warning per process) when that is not possible."""
        data = _checksum(key, content) + content
        try:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._check_owner()
            self._write(self.path(key), data)
        except OSError as error:
            self._warn("written", error)
            return False
        self._unmeasured += len(data)
        if self._unmeasured >= self.limit * MEASURED_SHARE:
            self._unmeasured = 0
            self._shrink()
        return True

    def discard(self, key: str, reason: str) -> None:
        """Remove what is stored under `key`, with a warning that names the file."""
        path = self.path(key)
        with suppress(OSError):
            path.unlink()
        message = f"the cached program {path} is damaged ({reason}): it is compiled again"
        warn(message, CacheWarning)

    def usage(self) -> Usage:
        """How much there is now."""
        sizes = [size for _, size, _ in self._files()]
        return Usage(len(sizes), sum(sizes))

    def clear(self) -> Usage:
        """Remove every file of the cache; returns what was removed.

        Raises
        ------
        OSError
            When a file cannot be removed.
        """
        removed = []
        for _, size, path in [*self._files(), *self._files(PARTIAL)]:
            with suppress(FileNotFoundError):  # another process clears too
                path.unlink()
                removed.append(size)
        return Usage(len(removed), sum(removed))

    def _write(self, path: Path, data: bytes) -> None:
        """Write beside the file and rename: all of it is there, or nothing."""
        import tempfile

        handle, name = tempfile.mkstemp(PARTIAL, f"{path.stem}-", self.folder)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(data)
            os.replace(name, path)
        except PermissionError:
            if os.name != "nt" or not path.exists():  # Windows: another process reads just that
                raise
        finally:
            with suppress(OSError):
                os.unlink(name)

    def _files(self, suffix: str = SUFFIX) -> Iterator[tuple[float, int, Path]]:
        """When last used, size and path of each file."""
        with suppress(FileNotFoundError), os.scandir(self.folder) as entries:
            for entry in entries:
                if entry.name.endswith(suffix):
                    with suppress(FileNotFoundError):
                        found = entry.stat()
                        yield found.st_mtime, found.st_size, Path(entry.path)

    def _shrink(self) -> None:
        """Remove the files used longest ago; one process at a time, so that none goes in vain."""
        try:
            if self.usage().bytes <= self.limit:
                return
            import filelock  # slow to import, and rarely wanted

            lock = filelock.FileLock(self.folder / LOCK, LOCK_SECONDS, poll_interval=0.002)
            with suppress(filelock.Timeout), lock:
                self._remove_oldest()
        except OSError as error:
            self._warn("emptied", error)

    def _remove_oldest(self) -> None:
        for used, _, path in self._files(PARTIAL):
            if time.time() - used > STALE_SECONDS:
                path.unlink(missing_ok=True)
        size = self.usage().bytes
        excess = size - self.limit * KEPT_SHARE if size > self.limit else 0
        for _, size, path in sorted(self._files()):
            if excess <= 0:
                return
            with suppress(PermissionError):  # Windows: another process reads it
                path.unlink(missing_ok=True)
                excess -= size

    def _check_owner(self) -> None:
        """Refuse a folder whose machine code another user could have written."""
        if os.name == "nt":
            return
        found = self.folder.stat()
        if found.st_uid not in (0, os.getuid()):
            raise PermissionError(_FOREIGN)
        if found.st_mode & 0o002:
            raise PermissionError(_OPEN)

    def _warn(self, verb: str, error: OSError) -> None:
        """Say once per process that the folder cannot be used, and why."""
        if self._warned:
            return
        self._warned = True
        reason = error.strerror or str(error)
        message = f"the cache {self.folder} cannot be {verb} ({reason}): programs are compiled anew"
        warn(message, CacheWarning)


def store() -> Store | None:
    """The cache that the environment asks for; None where it is switched off."""
    named = os.environ.get(VARIABLE)
    if named is None:
        return _store(None)
    return None if named.strip().lower() in ("", "off") else _store(named)


@lru_cache(16)
def _store(named: str | None) -> Store:
    if named is not None:
        return Store(Path(named).expanduser().absolute())
    import platformdirs  # slow to import for one path

    return Store(Path(platformdirs.user_cache_dir("chainrule", appauthor=False)))


def pack(header: dict[str, Any], blobs: Sequence[bytes]) -> bytes:
    """A content: a line of JSON, then bytes that it counts."""
    sizes = [len(blob) for blob in blobs]
    return json.dumps({**header, "sizes": sizes}).encode() + b"\n" + b"".join(blobs)


def unpack(content: bytes) -> tuple[dict[str, Any], list[bytes]]:
    """What `pack` was given.

    Raises
    ------
    ValueError, LookupError, TypeError
        When it is nothing that `pack` wrote.
    """
    line, _, rest = content.partition(b"\n")
    header = json.loads(line)
    ends = list(accumulate(header["sizes"], initial=0))
    if ends[-1] != len(rest):
        raise ValueError(f"{len(rest)} bytes follow where {ends[-1]} are stated")
    return header, [rest[start:end] for start, end in pairwise(ends)]


def _checksum(key: str, content: bytes) -> bytes:
    digest = hashlib.blake2b(key.encode(), digest_size=_CHECKSUM_BYTES)
    digest.update(content)
    return digest.digest()
