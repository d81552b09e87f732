"""Snakemake's logger plugin `geomem`: a few lines about a run instead of thousands.

`profiles/default` asks for it. While a run goes on it shows how far it is, and at its end what came
out (`geomem.terminal`). Snakemake writes its own log to `.snakemake/log/` as ever. Dry runs,
reports and what else runs no jobs print what Snakemake prints without it; so do `--verbose` and
`--debug-dag`.

Snakemake imports this module whenever it starts, in jobs on a cluster too, and before the Snakefile
has put its own folder first on the path. So geomem is imported only once a run has begun.
"""

import contextlib
import logging
import sys
import threading
import time
from pathlib import Path

from snakemake_interface_logger_plugins.base import LogHandlerBase

# A message that says nothing to a user, and those without which a run would seem to hang.
_NOISE = "Assuming unrestricted shared filesystem usage"
_WORTH_SAYING = ("Terminating processes", "Will exit after finishing currently running jobs")
# What the list of failed jobs says already.
_SAID = (
    "None",
    "RuleException:",
    "WorkflowError:\nAt least one job did not complete successfully",
    "Exiting because a job execution failed",
)
# What the rules tell this plugin by a record without a message, and what holds before they do.
_OF_RULES = {
    "geomem_plan": None,
    "geomem_asked": set,
    "geomem_unrecorded": list,
    "geomem_unfinished": (),
    "geomem_refused": False,
}
_BROKEN = "Progress cannot be shown; the run goes on, with Snakemake's own lines."


class LogHandler(LogHandlerBase):
    """Follows a run and shows it."""

    writes_to_stream = True
    writes_to_file = False
    has_filter = True
    has_formatter = True
    needs_rulegraph = False

    def __post_init__(self):
        self._as_ever = _snakemakes_own(self.common_settings)
        self._quiet = {str(each).lower() for each in self.common_settings.quiet or ()}
        self._run, self._of_rules = None, dict(_OF_RULES)
        self._unread, self._broken = False, False

    def emit(self, record):
        """Take in a record of Snakemake's log. Called by one thread, in order."""
        try:
            self._take(record)
        except BrokenPipeError:
            self._unread = True  # whoever read the output has seen enough
            self._give_up()
        except Exception:
            self._give_up()
            self.handleError(record)
            print(_BROKEN, file=sys.stderr)

    def _give_up(self):
        self._broken = True
        if self._run is not None:
            self._run.stop()

    def _take(self, record):
        common = self.common_settings
        event = str(getattr(record, "event", None) or "")
        told = {name: getattr(record, name) for name in _OF_RULES if hasattr(record, name)}
        self._of_rules |= told
        if self._unread or told:
            return
        if self._broken or common.dryrun or common.verbose or common.debug_dag:
            self._as_ever.handle(record)
        elif self._run is None and event == "workflow_started":
            plan = self._of_rules["geomem_plan"]
            self._run = _Run(plan, silent="all" in self._quiet, still=bool(self._quiet))
        elif self._run is None:
            if not str(record.msg).startswith(_NOISE):
                self._as_ever.handle(record)
        else:
            self._run.see(event, record)

    def close(self):
        """Say what came out. Called once, after the last record."""
        run, self._run = self._run, None
        if run is not None:
            run.stop()
            of_rules = self._of_rules
            if not (self._broken or of_rules["geomem_refused"]):
                with contextlib.suppress(BrokenPipeError):
                    run.end(
                        of_rules["geomem_asked"],
                        of_rules["geomem_unrecorded"],
                        of_rules["geomem_unfinished"],
                    )
        super().close()


class _Run:
    """A run that is shown."""

    def __init__(self, plan, silent, still):
        from geomem.terminal.left import expected
        from geomem.terminal.screen import screen
        from geomem.terminal.state import State

        self._plan, self._silent, self._still = plan, silent, still
        self._expected = expected(plan) if plan else {}
        self._state, self._screen = State(), screen(sys.stderr)
        self._began, self._log, self._told = time.time(), "", set()
        self._lock, self._ended = threading.Lock(), threading.Event()
        if not (silent or still):
            threading.Thread(target=self._follow, daemon=True).start()

    def see(self, event, record):
        """Take in a record, and say what cannot wait."""
        with self._lock:
            before = set(self._state.failed)
            self._state.see(event, record)
            for number in set(self._state.failed) - before:
                failure = self._state.failed[number]
                self._say(f"FAILED: {failure.job.name}: {failure.reason[0]}")
            if event == "run_info" and self._state.totals:
                self._say(self._start())
            text = record.getMessage()
            if text.startswith("Complete log(s): "):
                self._log = _relative(text.removeprefix("Complete log(s): "))
            worth = record.levelno >= logging.WARNING or text.startswith(_WORTH_SAYING)
            worth = worth and event in ("", "error") and not text.startswith(_SAID)
            if worth and text not in self._told:  # some are repeated for every job
                self._told.add(text)
                self._say(text)

    def _start(self):
        from geomem.headlines.sentences import counted

        totals = self._state.totals
        each = ", ".join(f"{rule} {count}" for rule, count in totals.items())
        return f"{counted(sum(totals.values()), 'job')}: {each}"

    def _follow(self):
        while not self._ended.wait(self._screen.pause):
            with self._lock:
                if not self._state.totals or self._ended.is_set():
                    continue
                try:
                    self._screen.update(self._state, self._expected, time.time(), self._began)
                except Exception as error:  # the terminal is gone, say
                    with contextlib.suppress(OSError, ValueError):
                        print(
                            f"Progress is drawn no more ({error!r}); the run goes on.",
                            file=sys.stderr,
                        )
                    return

    def stop(self):
        """Draw no more lines."""
        self._ended.set()

    def _say(self, text):
        if not self._silent:
            self._screen.say(text)

    def end(self, asked, unrecorded, unfinished):
        """Say what came out, if the run got as far as its jobs."""
        with self._lock:
            if self._state.totals or self._state.nothing:
                from geomem.terminal.ending import ending
                from geomem.terminal.unrecorded import in_words

                names = list(self._plan.experiments) if self._plan else []
                seconds = time.time() - self._began
                self._say(ending(self._state, names, asked(), unfinished, seconds, self._log))
                if warning := in_words(unrecorded()):
                    self._say(f"\nWarning: {warning}")


def _snakemakes_own(common):
    """The handler that Snakemake uses without a plugin."""
    from snakemake.logging import ColorizingTextHandler, DefaultFilter, DefaultFormatter

    stream = sys.stdout if common.stdout else sys.stderr
    handler = ColorizingTextHandler(nocolor=common.nocolor, stream=stream)
    handler.addFilter(
        DefaultFilter(
            common.quiet, common.debug_dag, common.verbose, common.dryrun, common.printshellcmds
        )
    )
    handler.setFormatter(DefaultFormatter(common.quiet, common.show_failed_logs))
    return handler


def _relative(paths):
    """Paths as they are seen from here."""
    here = Path.cwd()
    each = (Path(path) for path in paths.split(", "))
    return ", ".join(
        str(path.relative_to(here) if path.is_relative_to(here) else path) for path in each
    )
