"""Compile a function once, and keep it on disk in files that cannot be damaged unnoticed.

Numba keeps compiled functions beside the module, or in NUMBA_CACHE_DIR or the user's cache folder.
It fails on files that were cut off, and runs machine code that was altered. Here every file begins
with a checksum of the rest. A file that does not match it counts as absent, so that the function
is compiled again; where no place can be written, it is compiled in every process.
"""

import contextlib
import hashlib
import pickle
import sys

import numba
from numba.core.caching import FunctionCache, IndexDataCacheFile
from numba.core.registry import cpu_target

# LLVM's level 3 takes twice as long for Newton's method, and makes it 0 to 7 % faster.
LEVEL = 2
# For `fastmath`: sums in any order, a product and a sum as one operation.
FAST = {"reassoc", "contract"}
_DIGEST = hashlib.sha256().digest_size
_said = set()


def njit(*signatures, **options):
    """`numba.njit` for these signatures (any, when called first, if none), kept on disk.

    Parameters
    ----------
    signatures : str
    options
        Of `numba.njit`, without `cache`.
    """

    def decorate(function):
        compiled = numba.njit(nogil=True, error_model="numpy", **options)(function)
        if not hasattr(compiled, "compile"):  # NUMBA_DISABLE_JIT is set: a plain function
            return compiled
        try:
            compiled._cache = _SealedCache(function)
        except RuntimeError:  # no place for the files can be written
            _say("compiled code cannot be kept; every process compiles it, for 15 seconds. Set "
                 "NUMBA_CACHE_DIR to a folder that can be written")  # fmt: skip
        with _level_of_optimization():
            for signature in signatures:
                compiled.compile(signature)
        if signatures:
            compiled.disable_compile()
        return compiled

    return decorate


@contextlib.contextmanager
def _level_of_optimization():
    """Numba has no option for it: its setting is another one meanwhile."""
    _ = cpu_target.target_context  # is made with the level that holds for all functions
    before = numba.config.OPT
    numba.config.OPT = type(before)(LEVEL)
    try:
        yield
    finally:
        numba.config.OPT = before


class _SealedCache(FunctionCache):
    """Numba's cache of one function, in sealed files; one that cannot be written is passed over."""

    def __init__(self, function):
        super().__init__(function)
        plain = self._cache_file
        self._cache_file = _SealedFiles(
            self._cache_path, plain._index_name.removesuffix(".nbi"), plain._source_stamp
        )

    def save_overload(self, sig, data):
        try:
            super().save_overload(sig, data)
        except OSError as error:
            _say(f"compiled code cannot be kept in {self._cache_path} ({error.strerror})")


class _SealedFiles(IndexDataCacheFile):
    """Numba's index and data files of one function, each with a checksum."""

    def _dump(self, obj):
        content = super()._dump(obj)
        return hashlib.sha256(content).digest() + content

    def _load_index(self):
        try:
            with open(self._index_path, "rb") as file:
                if pickle.load(file) != self._version:
                    return {}
                stamp, overloads = _unsealed(file.read())
        except Exception:  # absent, unreadable, or pickle's many errors of what is cut off
            return {}
        return overloads if stamp == self._source_stamp else {}

    def _load_data(self, name):
        with open(self._data_path(name), "rb") as file:
            return _unsealed(file.read())


def _unsealed(content):
    """What was pickled; OSError, which Numba takes for absence, if the checksum does not match."""
    digest, content = content[:_DIGEST], content[_DIGEST:]
    if hashlib.sha256(content).digest() != digest:
        raise OSError("its checksum does not match")
    return pickle.loads(content)


def _say(text):
    """A warning on standard error, once."""
    if text not in _said:
        _said.add(text)
        print(f"warning: {text}", file=sys.stderr, flush=True)
