"""Why a target cannot be judged."""


class NotMeasuredError(Exception):
    """The tables lack what an effect needs; the message says what."""
