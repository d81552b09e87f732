"""The errors a user can cause or meet, each with one clear message and a documented exit status.

A message names the thing (key, file, argument), its value, what was expected and what to do.
`geomem.process.run` prints it without a traceback and exits with the class's `status`.
"""


class GeomemError(Exception):
    """Base of every error with a message meant for the user."""

    status = 1


class InputError(GeomemError, ValueError):
    """A config key, argument, array or image folder that cannot be used as given.

    A `ValueError` as well, as Python's own functions raise for a wrong argument.
    """

    status = 2


class DamagedFileError(GeomemError):
    """A file that exists but is truncated, altered or not what its name says."""

    status = 3


class PreemptedError(GeomemError):
    """A training job asked to stop (SIGTERM, SIGUSR1); its state is saved (EX_TEMPFAIL)."""

    status = 75
