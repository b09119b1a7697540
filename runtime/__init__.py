"""Buffers, native code in memory, and the executables that run native programs."""

if not __name__.startswith("chainrule."):
    raise ImportError(f"`{__name__}` is a part of chainrule: import `chainrule.{__name__}`.")
