"""What every command in `scripts/` shares: its parser, and how it ends.

Commands take `--spec`, the JSON text of exactly the settings that determine their result, and
name each input and output file. Log lines go to standard error.
"""

import argparse
import contextlib
import json
import os
import sys
import traceback

from geomem.errors import GeomemError


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


def limit_threads(threads):
    """Give BLAS, OpenMP and torch `threads` threads; call before numpy or torch is imported.

    Idle threads that spin on a loaded machine slow every job on it several times over.
    """
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ[name] = str(threads)


def log(*words):
    """One line to standard error, at once."""
    print(*words, file=sys.stderr, flush=True)


def run(main):
    """Call `main()`; end the process with a one-line message and status where it fails.

    A `GeomemError` is the user's to mend and shows no traceback. Anything else is a fault of
    ours and shows one.
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
