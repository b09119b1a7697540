"""The root classes of everything chainrule raises or warns about, and those of native code."""

from __future__ import annotations


class ChainruleError(Exception):
    """Any error that chainrule raises on purpose."""


class ChainruleWarning(UserWarning):
    """Any warning of chainrule: something was done, but not as asked for or not at full speed."""


class NativeCodeError(ChainruleError):
    """LLVM refused a module, or a symbol that it calls is nowhere in the process."""


class MismatchError(ChainruleError, TypeError):
    """A program was given something that it was not compiled for.

    Wrong: ``program([np.ones(3)])`` for a program of ``float32[3]``. Right:
    ``program([np.ones(3, np.float32)])``; a compiled function makes a program for each type.
    """


class DonationWarning(ChainruleWarning):
    """A donated array could not be reused in place and was copied.

    Wrong: ``step(batch[:10])`` where ``step`` donates its argument: the memory belongs to
    ``batch``. Right: ``step(batch[:10].copy())``.
    """


class CacheWarning(ChainruleWarning):
    """A file or the folder of the disk cache could not be used; programs are compiled instead.

    The environment variable ``CHAINRULE_CACHE_DIR`` names another folder, or switches it off with
    ``off``.
    """
