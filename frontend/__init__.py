"""What users touch: tracing, transformations, layers, training and the command line."""

if not __name__.startswith("chainrule."):
    raise ImportError(f"`{__name__}` is a part of chainrule: import `chainrule.{__name__}`.")
