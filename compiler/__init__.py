"""The graph and its builder, the op contract, the passes, the kernel language and its emitters."""

import time

if not __name__.startswith("chainrule."):
    raise ImportError(f"`{__name__}` is a part of chainrule: import `chainrule.{__name__}`.")

# Source files that change after this are not those that were loaded.
LOADED_AT = time.time_ns()
