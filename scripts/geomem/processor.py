"""What this machine computes with."""

import platform
import re
from pathlib import Path


def processor_name():
    """The processor's name and, where that is known, whether it has AVX-512."""
    try:
        said = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    except OSError:
        return platform.processor() or platform.machine()
    name = re.search(r"model name\s*: (.*)", said)
    wide = "with AVX-512" if "avx512f" in said else "without AVX-512"
    return f"{name[1] if name else platform.machine()} {wide}"
