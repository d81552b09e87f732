"""Being asked to stop: SIGTERM from a scheduler, SIGUSR1 as its early warning."""

import signal


def stop_requests():
    """Note SIGTERM and SIGUSR1 from now on instead of dying from them.

    Returns
    -------
    callable
        Whether one has arrived.
    """
    arrived = []
    for number in (signal.SIGTERM, signal.SIGUSR1):
        signal.signal(number, lambda number, frame: arrived.append(number))
    return lambda: bool(arrived)
