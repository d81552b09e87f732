"""The logger plugin, as Snakemake uses it."""

import logging

import pytest
from snakemake_interface_logger_plugins.registry import LoggerPluginRegistry
from snakemake_interface_logger_plugins.tests import MockOutputSettings, TestLogHandlerBase
from snakemake_logger_plugin_geomem import LogHandler

from tests.terminal.events import finished, record, started, totals


class TestContract(TestLogHandlerBase):
    """Snakemake's own tests of a plugin."""

    __test__ = True

    def get_log_handler_cls(self):
        return LogHandler

    def get_log_handler_settings(self):
        return None


@pytest.fixture
def show(capsys, tmp_path, monkeypatch):
    """What is printed of a run with these records."""
    monkeypatch.chdir(tmp_path)

    def shown(*records, **settings):
        common = MockOutputSettings()
        for name, value in settings.items():
            setattr(common, name, value)
        handler = LogHandler(common, None)
        for each in (record("workflow_started"), totals(table=1), *records):
            handler.emit(each)
        handler.close()
        return capsys.readouterr().err

    return shown


def test_nothing_is_asked_of_a_run_that_got_to_no_job(capsys):
    """There are no jobs that could be asked, and nothing is said."""
    handler = LogHandler(MockOutputSettings(), None)
    handler.emit(record(geomem_asked=lambda: pytest.fail("it is asked")))
    handler.emit(record("workflow_started"))
    handler.close()
    assert capsys.readouterr().err == ""


def message(text, level=logging.WARNING):
    made = record(message=text)
    made.levelno = level
    return made


def test_snakemake_finds_it():
    assert "geomem" in LoggerPluginRegistry().get_registered_plugins()


def test_warnings_are_shown_once_and_chatter_not_at_all(show):
    text = show(message("mind this"), message("mind this"), message("chatter", logging.INFO))
    assert text.count("mind this") == 1 and "chatter" not in text


def test_the_end_tells_the_jobs_and_the_log(show, tmp_path):
    log = message(f"Complete log(s): {tmp_path}/.snakemake/log/x.log", logging.INFO)
    text = show(started(1, "table", table="a"), finished(1, 3.0), log)
    assert "1 job: table 1" in text and "Done: 1 job in " in text
    assert text.endswith("Snakemake's log: .snakemake/log/x.log\n")


def test_what_cannot_be_shown_stops_no_run_and_hides_no_error(show, monkeypatch):
    monkeypatch.setattr(logging, "raiseExceptions", False)
    text = show(record("job_info"), message("a job failed", logging.ERROR), quiet=set())
    assert "Progress cannot be shown; the run goes on" in text and "a job failed" in text


@pytest.mark.parametrize("name", ["verbose", "debug_dag"])
def test_with_these_options_snakemakes_own_lines_are_shown(show, name):
    assert "chatter" in show(message("chatter", logging.INFO), **{name: True, "quiet": set()})


def test_a_refused_run_does_not_end_as_one_that_stopped(show):
    assert "Not done" in show()
    assert "Not done" not in show(record(geomem_refused=True))


def test_a_run_without_jobs_says_that_there_is_nothing_to_do(capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    handler = LogHandler(MockOutputSettings(), None)
    handler.emit(record(geomem_unrecorded=lambda: [("mine", ["out.csv"], "")]))
    for each in (record("workflow_started"), totals()):
        handler.emit(each)
    handler.close()
    said = capsys.readouterr().err
    assert "0 jobs" not in said and "Nothing to do" in said
    assert "Warning: 1 result would count as up to date" in said
