"""What a process holds: memory that is free but not given back to the system."""

import contextlib
import ctypes

_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3  # of glibc's mallopt
_DONTNEED = 4  # of madvise
_ALL = 2**31 - 1  # bytes; the most that mallopt takes


def keep():
    """Keep memory that is freed for what is needed next, where the C library can (glibc).

    A training step frees what the next one needs again. To give it back and ask for it again, page
    by page, takes up to a fifth of the time of a training. The peak stays what it is.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt:
        mallopt(_TRIM_THRESHOLD, _ALL)
        mallopt(_MMAP_THRESHOLD, _ALL)


def give_back():
    """Return memory that is free to the system, where the C library can (glibc).

    It keeps what lies between pieces in use: up to 100 MB after the outputs of a network's layers.
    """
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim:
        trim(0)


def give_back_libraries():
    """Unmap pages of libraries that were only read, where the system is Linux.

    Loading torch with its CUDA libraries reads 190 MB of them that a job on a CPU does not need
    again. A page that is used after all is mapped again from the system's cache of files. This
    lowers what counts as resident in a process, not what that cache holds.
    """
    with contextlib.suppress(OSError, AttributeError):
        advise = ctypes.CDLL(None).madvise
        for start, end in _unchanged_mappings():
            advise(ctypes.c_void_p(start), ctypes.c_size_t(end - start), _DONTNEED)


def _unchanged_mappings():
    """First address and end of each private mapping of a file that cannot be and was not written.

    What was written before it was made read-only (a library's addresses) exists nowhere else.
    """
    found = []
    with open("/proc/self/smaps") as lines:
        for line in lines:
            name, *values = line.split()
            if not name.endswith(":"):
                span = tuple(int(address, 16) for address in name.split("-"))
                unchanged = values[0] in ("r--p", "r-xp") and values[4:5] and values[4][0] == "/"
            elif name in ("Anonymous:", "Swap:"):  # pages written, in memory and swapped out
                unchanged = unchanged and values[0] == "0"
            elif name == "VmFlags:" and unchanged:  # the last line of a mapping
                found.append(span)
    return found
