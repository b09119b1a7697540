"""The graph and its builder, the op contract, the passes, the kernel language and its emitters."""

if not __name__.startswith("chainrule."):
    raise ImportError(f"`{__name__}` is a part of chainrule: import `chainrule.{__name__}`.")
