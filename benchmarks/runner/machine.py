"""Which processor, which system, how busy."""

from __future__ import annotations

import os
import platform
import re
from pathlib import Path

# Those that decide how wide and how fast arithmetic is; a processor lists a hundred more.
_TELLING = re.compile(r"sse4_2|avx\w*|fma|f16c|bf16|amx\w*|neon|asimd\w*|sve\w*")


def cores() -> int:
    """The cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def describe() -> dict[str, str]:
    """The machine in words, as far as the system tells."""
    model, flags = platform.processor() or platform.machine(), ""
    information = Path("/proc/cpuinfo")
    if information.exists():
        text = information.read_text(encoding="utf-8", errors="replace")
        model = _line(text, "model name") or model
        flags = _line(text, "flags") or _line(text, "Features")
    load = f"{os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else ""
    return {
        "processor": model,
        "features": " ".join(word for word in flags.split() if _TELLING.fullmatch(word)),
        "architecture": platform.machine(),
        "cores": str(cores()),
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        "load": load,
    }


def _line(text: str, name: str) -> str:
    found = re.search(rf"^{name}\s*:\s*(.*)$", text, re.MULTILINE)
    return found.group(1).strip() if found else ""
