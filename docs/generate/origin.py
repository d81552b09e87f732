"""What the numbers of a page were made by."""

import platform
import re
import subprocess
from pathlib import Path

from geomem import __version__

# Not `geomem.places.ROOT`: the installed geomem may be that of another folder.
ROOT = Path(__file__).resolve().parents[2]


def made_by():
    """Version, commit and processor."""
    return f"geomem {__version__}, commit {commit()}, {processor()}"


def commit():
    """Of this folder."""
    said = subprocess.run(
        ["git", "describe", "--always", "--dirty"], cwd=ROOT, capture_output=True, text=True
    )
    return said.stdout.strip() or "unknown"


def processor():
    """The processor's name, and whether it has AVX-512."""
    try:
        said = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    except OSError:
        return platform.processor() or platform.machine()
    name = re.search(r"model name\s*: (.*)", said)
    wide = "with AVX-512" if "avx512f" in said else "without AVX-512"
    return f"{name[1] if name else platform.machine()} {wide}"
