"""The op plugins: one operation a file, one folder a family."""

if not __name__.startswith("chainrule."):
    raise ImportError(f"`{__name__}` is a part of chainrule: import `chainrule.{__name__}`.")
