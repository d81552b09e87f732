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
from geomem.storage.lock import try_lock

_VARIABLE = "GEOMEM_RUN"  # path of the file, in the environment of the run's jobs
_FOLDER = ".run"  # below the results
_taken = []  # the open file of the run that this process is a job of: held until the process ends


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
        If jobs of an earlier run are still at work, or nothing can be written there.
    """
    # Jobs of a rule may have another working directory.
    path = Path(results).absolute() / _FOLDER / f"{os.urandom(8).hex()}.json"
    sources = {os.path.abspath(source): known for source, known in sources.items()}
    try:
        for earlier in path.parent.glob("*.json"):
            _require_over(earlier, results)
            earlier.unlink()
        with replacing(path) as temporary:
            temporary.write_text(json.dumps({"settings": settings, "sources": sources}))
    except OSError as error:
        raise InputError(
            f"{path.parent}: cannot write there ({error.strerror}); make room, or make it writable"
        ) from error
    os.environ[_VARIABLE] = str(path)


def left_at_work(results):
    """Whether jobs of a run are at work; if nothing holds `results`, that run was killed."""
    for path in (Path(results) / _FOLDER).glob("*.json"):
        with contextlib.suppress(OSError), open(path, "rb") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return True
    return False


def settings_of_run():
    """The settings of the run that this process is a job of; None outside of one.

    From now on this process counts as a job at work, until it ends.

    Raises
    ------
    InputError
        If that run is over.
    """
    path = os.environ.get(_VARIABLE)
    return None if path is None else _take(path)["settings"]


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
    sources = _take(path)["sources"]
    seen = _require_unchanged(sources, set())
    yield
    _require_unchanged(sources, seen)


def _take(path):
    """What a run's file holds; it is held from now on."""
    try:
        file = open(path, "rb")  # noqa: SIM115 (held until the process ends)
        _taken.append(file)
        with contextlib.suppress(OSError):  # a file system without locks
            fcntl.flock(file, fcntl.LOCK_SH)
        if not os.fstat(file.fileno()).st_nlink:  # removed before it was locked
            raise FileNotFoundError
        return json.loads(file.read())
    except FileNotFoundError:
        raise InputError(
            f"the run that this job belongs to is over ({path} is gone), so it makes nothing; "
            "start the run again if its results are wanted"
        ) from None
    except (OSError, ValueError) as error:
        raise InputError(
            f"{path}, what this job's run began with, cannot be read ({error}); start the run again"
        ) from error


def _require_over(path, results):
    with open(path, "r+b") as file:  # NFS locks for one process alone only what it may write
        if not try_lock(file, results):
            raise InputError(
                f"{results}: jobs of an earlier run that was killed are still at work"
                f"{_where(path)}, and would write over what this one makes: wait until they end, "
                f"or end them (if there are none, whatever holds it, delete {path.parent})"
            )


def _require_unchanged(sources, seen):
    """Compare what is imported with `sources`, but for the files of `seen`; all files compared."""
    files = sources.keys() & {_file_of(module) for module in list(sys.modules.values())}
    for path in sorted(files - seen):
        if _differs(path, *sources[path]):
            raise InputError(
                f"{path} was changed after the run began, and the result would count as made by "
                "what it was then: start the run again (finished results are kept), and edit code "
                "while no run goes on"
            )
    return files


def _file_of(module):
    """Where a module was imported from; does not load one that is only loaded when it is used."""
    try:
        file = object.__getattribute__(module, "__dict__").get("__file__")
    except AttributeError:
        return None
    return os.path.abspath(file) if isinstance(file, str) else None


def _differs(path, time, size, checksum):
    from geomem.config.code import fingerprint

    try:
        now = os.stat(path)
        return (now.st_mtime_ns, now.st_size) != (time, size) and fingerprint(path) != checksum
    except FileNotFoundError:
        return True


def _where(path):
    """` (here: process 17, 21)`, those of this machine that have a file open, else ""."""
    target, found = os.path.realpath(path), []
    for link in Path("/proc").glob("[0-9]*/fd/*"):
        with contextlib.suppress(OSError):
            if os.readlink(link) == target:
                found.append(link.parts[2])
    return f" (here: process {', '.join(sorted(set(found), key=int))})" if found else ""
