"""How far a run is, from Snakemake's events, on a terminal and without one."""

import io
import re
from pathlib import Path

import pytest
import yaml
from geomem.registry.stages import STAGES
from geomem.terminal.left import expected, seconds_left
from geomem.terminal.screen import Moving, Plain, lines
from geomem.terminal.state import State
from geomem.workflow.plan import Plan

from tests.terminal.events import failed, finished, record, see, started, totals
from tests.terminal.test_logs import BEGAN, EPOCHS

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def state():
    return see(State(), record("resources_info", cores=2), totals(train=3, measure=4))


def test_jobs_are_counted_without_the_rule_all(state):
    assert state.jobs == (0, 7)
    see(state, started(0, "all"), finished(0, 1.0))
    assert state.jobs == (0, 7)
    see(state, started(1, "train", training="net-0123abcd"), finished(1, 10.0))
    assert state.jobs == (1, 7) and not state.running


def test_a_job_that_is_tried_again_has_not_failed(state, tmp_path):
    log = tmp_path / "log"
    log.write_text(f"{BEGAN}error: no memory\nended with status 1 after 1.0 s\n")
    see(state, started(1, "train", log=str(log)), failed(1, "train", str(log), "OUT_OF_MEMORY"))
    assert state.failed[1].reason == ["error: no memory", "OUT_OF_MEMORY"]
    assert not state.running
    see(state, started(1, "train", log=str(log)))
    assert not state.failed and list(state.running) == [1]


def test_of_a_submission_those_jobs_failed_whose_log_says_so(state, tmp_path):
    ends = {
        1: "ended with status 0 after 1.0 s\n",
        2: "error: no\nended with status 2 after 1.0 s\n",
    }
    for number, text in ends.items():
        (tmp_path / f"{number}.log").write_text(BEGAN + text)
    paths = {number: str(tmp_path / f"{number}.log") for number in (1, 2, 3)}  # 3 was not begun
    jobs = [{"jobid": n, "rule_name": "measure", "log": [path]} for n, path in paths.items()]
    see(state, *(started(n, "measure", log=path) for n, path in paths.items()))
    error = record("group_error", groupid="g", job_error_info=jobs, aux_logs=[])
    see(state, error, *(failed(n, "measure", path, indent=True) for n, path in paths.items()))
    assert list(state.failed) == [2] and state.failed[2].reason == ["error: no"]
    assert not state.running

    see(state, record("group_error", groupid="g", job_error_info=[jobs[0]], aux_logs=["slurm.log"]))
    assert state.failed["g"].job.log == "slurm.log"
    see(state, record("group_info", group_id="g"), started(2, "measure"))
    assert not state.failed, "both are tried again"


def test_time_left_of_equal_jobs_is_the_obvious_one(state):
    """Four of seven jobs took 10 s each on two cores: three more take 15."""
    for number in range(4):
        rule = "train" if number < 2 else "measure"
        see(state, started(number, rule, at=0.0), finished(number, 10.0))
    assert seconds_left(state, {}, 20.0) == pytest.approx(15)


def test_time_left_scales_what_was_expected_and_asks_who_knows(state):
    """A training took longer than expected, so other jobs will, too: 60 + 20 over 30 + 20 s."""
    assert seconds_left(state, {}, 0.0) is None
    costs = {"train": 30.0, "measure": 5.0}
    assert seconds_left(state, costs, 0.0) == pytest.approx((3 * 30 + 4 * 5) / 2)
    see(state, started(1, "train", at=0.0), finished(1, 60.0))
    assert seconds_left(state, costs, 60.0) == pytest.approx((2 * 60 + 4 * 8) / 2)
    see(state, started(2, "train", at=60.0))
    assert seconds_left(state, costs, 80.0) == pytest.approx((40 + 60 + 32) / 2)
    assert seconds_left(state, costs, 80.0, {2: 300.0}) == pytest.approx(300), "the longest job"


def test_short_jobs_at_the_start_say_little_about_long_ones(state):
    """An import that took ten times as long does not make hours of trainings of a minute."""
    see(state, started(1, "measure", at=0.0), finished(1, 10.0))
    slower = (10 + 20) / (1 + 20)
    left = seconds_left(state, {"train": 60.0, "measure": 1.0}, 10.0)
    assert left == pytest.approx((slower * 3 * 60 + 3 * 10) / 2)


def test_a_running_training_tells_of_those_that_wait_and_how_slow_the_machine_is(state):
    costs = {"train": 30.0, "measure": 5.0}
    see(state, started(1, "train", at=0.0))
    each = 10 + 290.0
    slower = (each + 20) / (30 + 20)
    expected_left = (290 + 2 * each + 4 * slower * 5) / 2
    assert seconds_left(state, costs, 10.0, {1: 290.0}) == pytest.approx(expected_left)
    see(state, finished(1, 60.0), started(2, "train", at=60.0))
    slower = (60 + 20) / (30 + 20)
    done = (290 + 60 + 4 * slower * 5) / 2
    assert seconds_left(state, costs, 70.0, {2: 290.0}) == pytest.approx(max(done, 290))


def test_every_rule_of_a_plan_has_a_cost():
    config = yaml.safe_load((ROOT / "config.yaml").read_text())
    costs = expected(Plan(config))
    elsewhere = {rule for rule, stage in STAGES.items() if stage.elsewhere}
    assert set(costs) == set(STAGES) - elsewhere and all(seconds > 0 for seconds in costs.values())
    assert costs["train"] > costs["table"]


def test_lines_tell_the_trainings(state, tmp_path):
    log = tmp_path / "log"
    log.write_text(BEGAN + EPOCHS)
    see(
        state,
        started(1, "train", log=str(log), training="net_w8_n0.5_s0-0123abcd"),
        started(2, "measure", measure="geometry", experiment="depth", epoch="0"),
    )
    head, stages, training, rest = lines(state, {}, 30.0, 0.0)
    assert head.startswith("0 of 7 jobs done, 30 s so far")
    assert stages == "train 0/3  measure 0/4"
    assert training.startswith("train, net_w8_n0.5_s0: epoch 8 of 30, accuracy: train 60 %")
    assert rest == "running: measure geometry, depth, epoch 0"


def test_on_a_cluster_jobs_are_submitted_and_nobody_knows_how_long(tmp_path):
    cluster = see(State(), record("resources_info", nodes=100), totals(table=9))
    see(cluster, *(started(number, "table", table=f"t{number}") for number in range(5)))
    head, _, rest = lines(cluster, {"table": 10.0}, 30.0, 0.0)
    assert "left" not in head
    assert rest == "submitted: table t0; table t1; table t2 and 2 more"


def test_plain_lines_come_rarely_and_later_more_rarely(state):
    stream = io.StringIO()
    plain = Plain(stream)
    for now in range(0, 36000, 2):
        plain.update(state, {}, float(now), 0.0)
    said = stream.getvalue().splitlines()
    assert 100 < len(said) < 250, "in ten hours"
    assert not re.search(r"[\x1b\r]", stream.getvalue())


def test_moving_lines_replace_themselves(state, monkeypatch):
    """Seen by a terminal that knows the few codes which are used, nothing piles up."""
    monkeypatch.setenv("COLUMNS", "60")
    monkeypatch.setenv("LINES", "20")
    stream = io.StringIO()
    moving = Moving(stream)
    for number in range(3):
        see(state, started(number, "train", training="a" * 100))
        moving.update(state, {}, 10.0 * number, 0.0)
        moving.say(f"message {number}")
    moving.update(state, {}, 30.0, 0.0)
    shown = terminal(stream.getvalue())
    assert [line for line in shown if line.startswith("message")] == [
        "message 0", "message 1", "message 2"
    ]  # fmt: skip
    assert sum("jobs done" in line for line in shown) == 1
    assert max(map(len, shown)) < 60


def terminal(text):
    """The lines that a terminal shows in the end."""
    screen, row = [""], 0
    for code in re.findall(r"\x1b\[\d*[A-Z]|\r|\n|[^\x1b\r\n]+", text):
        if code == "\n":
            row += 1
            screen += [""] * (row + 1 - len(screen))
        elif code.endswith("A") and code.startswith("\x1b"):
            row -= int(code[2:-1])
        elif code == "\x1b[J":
            screen = [*screen[:row], ""]
        elif code not in ("\r", "\x1b[K"):
            screen[row] = code
    return [line for line in screen if line]
