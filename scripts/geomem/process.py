"""What every process shares: parser of a job, number of threads, log, and how it ends.

Commands in `scripts/` take `--spec`, the JSON text of exactly the settings that determine their
result, and name each input and output file. Log lines go to standard error.
"""

import argparse
import atexit
import contextlib
import functools
import json
import os
import re
import subprocess
import sys
import time
import traceback

from geomem import __version__
from geomem.errors import GeomemError
from geomem.places import ROOT
from geomem.processor import processor_name


def parser(description):
    """An argument parser with the options every command has: `--spec` and `--threads`."""
    result = argparse.ArgumentParser(
        description=description, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    result.add_argument(
        "--spec",
        type=json.loads,
        default={},
        metavar="JSON",
        help="settings that determine the result, as JSON text",
    )
    result.add_argument(
        "--threads", type=int, default=1, metavar="N", help="threads to compute with (default: 1)"
    )
    return result


def named_path(text):
    """`(name, path)` of an argument `NAME=PATH`."""
    name, equals, path = text.partition("=")
    if not (name and equals and path):
        raise argparse.ArgumentTypeError(f"{text!r} is not of the form NAME=PATH")
    return name, path


def add_tables(options, each="NAME"):
    """Add the option `--tables`: collected tables by what `each` says of them."""
    options.add_argument(
        "--tables",
        nargs="+",
        type=named_path,
        required=True,
        metavar=f"{each}=PARQUET",
        help="collected tables",
    )


def limit_threads(threads):
    """Give BLAS, OpenMP and torch `threads` threads; call before numpy or torch is imported.

    Idle threads that spin on a loaded machine slow every job on it several times over.
    """
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ[name] = str(threads)


def log(*words):
    """One line to standard error, at once."""
    print(*words, file=sys.stderr, flush=True)


def circumstances():
    """When, where and by which version something is done, as one line for a log.

    Results hold nothing of this, so that making one again gives the same bytes.
    """
    now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    made = f"geomem {__version__}, {_commit()}, {processor_name()}"
    return f"{now} on {os.uname().nodename}: {made}"


def _commit():
    if not (ROOT / ".git").exists():
        return "no Git commit known"
    command = ["git", "-C", str(ROOT), "describe", "--always", "--dirty", "--abbrev=12"]
    try:
        said = subprocess.run(command, capture_output=True, text=True, timeout=10)
    except (OSError, subprocess.TimeoutExpired):
        return "no Git commit known"
    return f"commit {said.stdout.strip()}" if said.returncode == 0 else "no Git commit known"


def job(main):
    """`run(main)` for a command of the workflow, whose log says when it began and how it ended.

    It keeps to the run that it is a job of (`geomem.workflow.run`). On a terminal it adds nothing.
    """
    statuses = []
    if main.__module__ == "__main__":
        atexit.register(_end_at_once, statuses)  # the first one, which is called last
    if sys.stderr.isatty():
        run(main)
    log(circumstances())
    start = time.monotonic()
    try:
        run(functools.partial(_as_job, main))
    except SystemExit as ended:
        statuses.append(ended.code or 0)
        log(f"{_END} {statuses[0]} after {time.monotonic() - start:.1f} s")
        raise


def _as_job(main):
    from geomem.workflow.run import joined

    with joined():
        return main()


def _end_at_once(statuses):
    """End a process that has loaded torch without unloading it: .6 s and 120 MB, measured."""
    if statuses and "torch" in sys.modules:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(statuses[0])


_END = "ended with status"


def exit_status(text):
    """The exit status in which the log of a `job` ends; None where it was cut off before."""
    found = re.search(rf"^{_END} (\d+) after [\d.]+ s\n\Z", text, re.MULTILINE)
    return int(found.group(1)) if found else None


def run(main):
    """Call `main()`; end the process with a one-line message and status where it fails.

    A `GeomemError` is the user's to fix and shows no traceback. Anything else is a fault of
    geomem and shows one.
    """
    # A notebook's backend, which its kernel hands on, cannot be loaded elsewhere.
    os.environ["MPLBACKEND"] = "agg"
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(AttributeError):  # names that the terminal's encoding lacks
            stream.reconfigure(errors="backslashreplace")
    try:
        status = main()
    except GeomemError as error:
        log(f"error: {error}")
        status = error.status
    except KeyboardInterrupt:
        log("interrupted")
        status = 130
    except MemoryError as error:
        log(f"error: not enough memory ({error or 'none is left'}); ask for less, or use a machine "
            "with more")  # fmt: skip
        status = 1
    except BrokenPipeError:  # whoever read the output has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        status = 0
    except OSError as error:
        if error.filename is None and error.errno is None:
            traceback.print_exc()
        else:
            log(f"error: {error}")
        status = 1
    except Exception:
        traceback.print_exc()
        status = 1
    sys.exit(status)
