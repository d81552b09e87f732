"""Independent random streams, one per purpose and key, so that nothing depends on call order."""

import zlib

import numpy as np

from geomem.errors import InputError


def generator(purpose, *keys):
    """A numpy Generator that depends on `purpose` and the whole numbers `keys` alone.

    Raises
    ------
    InputError
        If a key (usually a seed) is not a whole number of at least 0.
    """
    for key in keys:
        if isinstance(key, bool) or not isinstance(key, int | np.integer) or key < 0:
            raise InputError(f"seed {key!r} must be a whole number of at least 0")
    return np.random.default_rng([zlib.crc32(purpose.encode()), *map(int, keys)])
