"""Memory that is free goes back to the system, or is kept for what is needed next."""

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


STEPS = """
import resource
import numpy as np
from geomem import memory

memory.{before}()

def step():
    return sum(np.ones(size).sum() for size in (10**5, 10**6, 10**7))

def faults():
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt

step()
before = faults()
print(step(), faults() - before)
"""
LIBRARIES = """
import numpy as np
from geomem.memory import give_back_libraries

def resident():
    return int(open("/proc/self/statm").read().split()[2]) * 4096  # of files

values = np.arange(12.0).reshape(3, 4)
inverse = np.linalg.pinv(values)
before = resident()
give_back_libraries()
print(before - resident(), int((np.linalg.pinv(values) == inverse).all()))
"""
needs_glibc = pytest.mark.skipif(
    not (Path("/proc/self/statm").exists() and hasattr(ctypes.CDLL(None), "malloc_trim")),
    reason="needs Linux with glibc",
)


def said_by(program):
    """The two numbers that a program prints in a process of its own."""
    command = [sys.executable, "-c", program]
    said = subprocess.run(command, capture_output=True, text=True, check=True)
    return map(float, said.stdout.split())


@needs_glibc
def test_free_pieces_between_used_ones_go_back():
    freed, kept = said_by(PROGRAM)
    assert freed > 80e6 and kept == 12_500


@needs_glibc
def test_what_is_kept_is_not_asked_for_again():
    for before, again in (("keep", False), ("give_back", True)):
        total, faults = said_by(STEPS.format(before=before))
        assert total == 11_100_000
        assert (faults > 200) == again


@needs_glibc
def test_pages_of_libraries_go_back_and_come_again():
    freed, same = said_by(LIBRARIES)
    assert freed > 5e6 and same


def test_mappings_that_were_written_stay():
    found = {start for start, _ in memory._unchanged_mappings()}
    held = Path("/proc/self/smaps").read_text().split("VmFlags:")[:-1]
    libraries = [part.splitlines() for part in held if "/" in part]
    assert found and len(found) < len(libraries)
    for lines in libraries:
        place = next(line for line in lines if "-" in line.split()[0])
        written = any(
            line.startswith(("Anonymous:", "Swap:")) and " 0 kB" not in line for line in lines
        )
        if written or "w" in place.split()[1]:
            assert int(place.partition("-")[0], 16) not in found


def test_other_libraries_keep_theirs(monkeypatch):
    monkeypatch.setattr(memory.ctypes, "CDLL", lambda name: object())
    memory.give_back()
    memory.give_back_libraries()
    memory.keep()
