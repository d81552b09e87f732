"""What logs of jobs say."""

import pytest
from geomem.terminal import logs
from geomem.terminal.words import duration, label

BEGAN = "2026-01-01T00:00:00Z on node: geomem 0.2.0, commit 0123456789ab\n"
EPOCHS = """\
epoch 3/30: loss 2.1, accuracy train 0.204, test 0.151, permuted 0.031; 2.00 s/epoch, 54 s left
epoch 8/30: loss 1.2, accuracy train 0.604, test 0.351, permuted 0.131; 2.00 s/epoch, 44 s left
"""


@pytest.fixture
def log(tmp_path):
    def write(text):
        path = tmp_path / "job.log"
        path.write_text(text)
        return path

    return write


def test_a_training_tells_its_last_epoch(log):
    text, left = logs.progress(log(BEGAN + EPOCHS))
    assert text == "epoch 8 of 30, accuracy: train 60 %, test 35 %, permuted 13 %"
    assert left == 44
    assert logs.progress(log(BEGAN)) == ("", None)
    assert logs.progress("no such file") == ("", None)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (
            "noise\nerror: 'a.png' is cut off\nreplace it\nended with status 2 after 1.0 s\n",
            ["error: 'a.png' is cut off", "replace it"],
        ),
        (
            "Traceback (most recent call last):\n  File\nKeyError: 'a'\n"
            "ended with status 1 after 1.0 s\n",
            ["a fault of geomem, not of yours: KeyError: 'a'"],
        ),
        ("interrupted\nended with status 130 after 1.0 s\n", ["interrupted"]),
        ("ended with status 1 after 1.0 s\n", ["its log does not say why"]),
        (
            "one\ntwo\nthree\n",
            ["its log breaks off: it was killed, or out of memory or time", "two", "three"],
        ),
        ("", ["its log breaks off: it was killed, or out of memory or time"]),
    ],
)
def test_a_failed_job_says_why(log, text, reason):
    assert logs.reason(log(BEGAN + text)) == reason


def test_jobs_in_few_words():
    run = {"experiment": "depth", "width": "8", "noise": "0.5", "seed": "0"}
    geometry = {**run, "measure": "geometry", "epoch": "last"}
    assert label("measure", geometry) == "measure geometry, depth w8_n0.5_s0, epoch last"
    assert label("figure", {"experiment": "depth", "figure": "width"}) == "figure width, depth"
    assert label("train", {"training": "vgg_w8_n0_s1-0123abcd"}) == "train, vgg_w8_n0_s1"
    assert label("landing", {}) == "landing"


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.4, "0 s"), (99, "99 s"), (360, "6 min"), (7500, "2 h 5 min"), (273600, "3 days 4 h")],
)
def test_durations(seconds, text):
    assert duration(seconds) == text
