"""Why a target cannot be judged."""

from geomem.errors import GeomemError


class NotMeasuredError(GeomemError):
    """The tables lack what an effect needs; the message says what."""
