"""Threads of one process: one BLAS thread inside each, so that they do not fight for cores."""

import contextlib
import numbers
import os
from concurrent.futures import ThreadPoolExecutor

from geomem.errors import InputError


@contextlib.contextmanager
def thread_map(threads=None):
    """Yield a function like `map` (results in order, in a list) that uses `threads` threads.

    Parameters
    ----------
    threads : int, optional
        Default: the environment's OMP_NUM_THREADS, or one per core this process may use.

    Raises
    ------
    InputError
        If `threads` is not a whole number from 1 up.
    """
    from threadpoolctl import threadpool_limits

    threads = default_threads() if threads is None else threads
    if not isinstance(threads, numbers.Integral) or threads < 1:
        raise InputError(f"threads is {threads!r}; expected a whole number from 1 up")
    with threadpool_limits(1, user_api="blas"):
        if threads == 1:
            yield lambda function, *items: list(map(function, *items))
        else:
            with ThreadPoolExecutor(threads) as pool:
                yield lambda function, *items: list(pool.map(function, *items))


def default_threads():
    """The first number in OMP_NUM_THREADS (one per level of nesting), else the number of cores.

    Cores that this process may not use do not count where the operating system says so.
    """
    stated = os.environ.get("OMP_NUM_THREADS", "").split(",")[0].strip()
    if stated.isdecimal():
        return max(int(stated), 1)
    if hasattr(os, "sched_getaffinity"):  # neither macOS nor Windows has it
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
