"""What a process holds: memory that is free but not given back to the system."""

import ctypes

_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3  # of glibc's mallopt
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
