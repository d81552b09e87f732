"""Files that exist whole or not at all."""

import contextlib
import errno
import glob
import hashlib
import os
import shlex
import tempfile
from pathlib import Path

from geomem.errors import DamagedFileError, InputError


@contextlib.contextmanager
def replacing(path):
    """Yield a temporary path beside `path`; on success flush it to disk and rename it.

    The temporary file is removed if the block raises, so an interrupted write leaves either the
    old file or none.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    for leftover in path.parent.glob(f".{glob.escape(path.name)}.*.tmp"):
        leftover.unlink(missing_ok=True)  # of a process killed while it wrote
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".tmp", dir=path.parent)
    os.close(handle)
    temporary = Path(name)
    try:
        yield temporary
        with open(temporary, "rb") as file:
            os.fsync(file.fileno())
        umask = os.umask(0)
        os.umask(umask)
        temporary.chmod(0o666 & ~umask)  # mkstemp makes files only their owner may read
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def require_writable(path):
    """Raise InputError if `path` cannot be written; to be called before the work, not after.

    Folders that `replacing` would make are made.
    """
    path = Path(path)
    try:
        if path.is_dir():
            raise IsADirectoryError(errno.EISDIR, "it is a folder")
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=path.parent):
            pass
    except OSError as error:
        raise InputError(
            f"{path} cannot be written ({error.strerror or error}); name a place that can"
        ) from error


def digest(path):
    """SHA-256 of a file's bytes, in hexadecimal."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


_OVERLAY = " (and the --configfile of the run, if it had one)"


def damaged(path, why):
    """The error for a result file that cannot be trusted, with the command that rebuilds it."""
    command = f"snakemake --cores 1 --force {shlex.quote(str(path))}"
    return DamagedFileError(f"{path} is damaged ({why}); rebuild it with: {command}{_OVERLAY}")


def missing(path):
    """The error for a result file that is not there, with the command that makes it."""
    command = f"snakemake --cores 1 {shlex.quote(str(path))}"
    return DamagedFileError(f"{path} does not exist; make it with: {command}{_OVERLAY}")
