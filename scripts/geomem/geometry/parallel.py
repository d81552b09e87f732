"""Threads of one process: one BLAS thread inside each, so that they do not fight for cores."""

import contextlib
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
    """
    from threadpoolctl import threadpool_limits

    threads = default_threads() if threads is None else threads
    if threads < 1:
        raise InputError(f"threads is {threads}; expected 1 or more")
    with threadpool_limits(1, user_api="blas"):
        if threads == 1:
            yield lambda function, *items: list(map(function, *items))
        else:
            with ThreadPoolExecutor(threads) as pool:
                yield lambda function, *items: list(pool.map(function, *items))


def default_threads():
    """OMP_NUM_THREADS where it is set to a number, else the cores this process may use."""
    stated = os.environ.get("OMP_NUM_THREADS", "")
    return max(int(stated), 1) if stated.isdigit() else len(os.sched_getaffinity(0))
