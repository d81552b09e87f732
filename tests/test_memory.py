"""Memory that is free goes back to the system."""

import ctypes
import subprocess
import sys
from pathlib import Path

import pytest
from geomem import memory

PROGRAM = """
import numpy as np
from geomem.memory import give_back

def resident():
    return int(open("/proc/self/statm").read().split()[1]) * 4096

pieces = [np.ones(12_500) for _ in range(1000)]
last = np.ones(12_500)  # beyond them, so that the end of the heap is in use
del pieces
before = resident()
give_back()
print(before - resident(), last.sum())
"""


@pytest.mark.skipif(
    not (Path("/proc/self/statm").exists() and hasattr(ctypes.CDLL(None), "malloc_trim")),
    reason="needs Linux with glibc",
)
def test_free_pieces_between_used_ones_go_back():
    command = [sys.executable, "-c", PROGRAM]
    said = subprocess.run(command, capture_output=True, text=True, check=True)
    freed, kept = said.stdout.split()
    assert int(freed) > 80e6 and float(kept) == 12_500


def test_other_libraries_keep_theirs(monkeypatch):
    monkeypatch.setattr(memory.ctypes, "CDLL", lambda name: object())
    memory.give_back()
