"""A run, as far as its jobs must know it: the settings and the sources that it began with.

Jobs start minutes or days after the run was planned, on other machines too. Its file holds the
settings, so that jobs do not read a configuration that was edited meanwhile, and tells them whether
sources were. While a job works it holds the file: a later run sees that jobs outlived their run,
and a job that starts when its run is over finds the file gone.
"""

import contextlib
import fcntl
import json
import os
import sys
from pathlib import Path

from geomem.errors import InputError
from geomem.storage.atomic import replacing

_VARIABLE = "GEOMEM_RUN"  # path of the file, in the environment of the run's jobs
_FOLDER = ".run"  # below the results


def begin(results, settings, sources):
    """Start a run: from now on, processes started by this one are its jobs.

    Parameters
    ----------
    results : path
        Folder of the results; this process holds it (`geomem.storage.lock.hold`).
    settings : dict
        The whole configuration.
    sources : dict of str to (int, int, str)
        Time, size and checksum of source files, as `geomem.config.code.read_files`.

    Raises
    ------
    InputError
        If jobs of an earlier run are still at work.
    """
    folder = Path(results) / _FOLDER
    for path in folder.glob("*.json"):
        if _is_held(path):
            raise InputError(
                f"{results}: jobs of an earlier run that was killed are still at work"
                f"{_where(path)}, and would write over what this one makes: wait until they end, "
                "or end them"
            )
        path.unlink()
    path = folder / f"{os.urandom(8).hex()}.json"
    with replacing(path) as temporary:
        temporary.write_text(json.dumps({"settings": settings, "sources": sources}))
    os.environ[_VARIABLE] = str(path)


def settings_of_run():
    """The settings of the run that this process is a job of; None outside of one.

    Raises
    ------
    InputError
        If that run is over.
    """
    path = os.environ.get(_VARIABLE)
    return None if path is None else _read(path)["settings"]


@contextlib.contextmanager
def joined():
    """Take part, as a job, in the run that started this process; does nothing outside of one.

    Raises
    ------
    InputError
        If that run is over; or if a module that was imported, before or within the block, is
        another file than when the run began.
    """
    path = os.environ.get(_VARIABLE)
    if path is None:
        yield
        return
    with contextlib.ExitStack() as stack:
        sources = _read(path)["sources"]
        with contextlib.suppress(OSError):  # a file system without locks
            fcntl.flock(stack.enter_context(open(path, "rb")), fcntl.LOCK_SH)
        seen = _require_unchanged(sources, set())
        yield
        _require_unchanged(sources, seen)


def _read(path):
    try:
        return json.loads(Path(path).read_bytes())
    except FileNotFoundError:
        raise InputError(
            f"the run that this job belongs to is over ({path} is gone), so it makes nothing; "
            "start the run again if its results are wanted"
        ) from None


def _require_unchanged(sources, seen):
    """Compare what is imported with `sources`, but for the files of `seen`; all files compared."""
    imported = {getattr(module, "__file__", None) for module in list(sys.modules.values())}
    files = sources.keys() & imported
    for path in sorted(files - seen):
        if _differs(path, *sources[path]):
            raise InputError(
                f"{path} was changed after the run began, and the result would count as made by "
                "what it was then: start the run again (finished results are kept), and edit code "
                "while no run goes on"
            )
    return files


def _differs(path, time, size, checksum):
    from geomem.config.code import fingerprint

    try:
        now = os.stat(path)
        return (now.st_mtime_ns, now.st_size) != (time, size) and fingerprint(path) != checksum
    except FileNotFoundError:
        return True


def _is_held(path):
    try:
        with open(path, "rb") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    return False


def _where(path):
    """` (here: process 17, 21)`, those of this machine that have a file open, else ""."""
    target, found = os.path.realpath(path), []
    for link in Path("/proc").glob("[0-9]*/fd/*"):
        with contextlib.suppress(OSError):
            if os.readlink(link) == target:
                found.append(link.parts[2])
    return f" (here: process {', '.join(sorted(set(found), key=int))})" if found else ""
