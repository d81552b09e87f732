"""However a training gets to an epoch, it arrives with the same bits."""

import os
import signal
import time

import numpy as np
import pytest
import torch
from geomem.errors import InputError, PreemptedError
from geomem.training import loop, trainer
from geomem.training.batches import AugmentedImages
from geomem.training.recipe import Recipe
from geomem.training.state import State

from tests.training.problems import (
    STEPS,
    differing,
    image_set,
    kill_at,
    spec_of,
    start,
    targets_of,
    training_of,
)

RECIPES = {
    "sgd": spec_of(),
    "adam, dropout, augmented": spec_of(
        dropout=0.3,
        optimizer={"name": "adam", "lr": 0.003},
        augmentation={"crop": 2, "flip": True, "rotation": 15},
        schedule={"name": "inverse-sqrt", "every": 8},
    ),
    "adamw, cosine, bfloat16": spec_of(
        optimizer={"name": "adamw", "lr": 0.003, "weight_decay": 0.1},
        schedule={"name": "cosine"},
        precision="bfloat16",
    ),
}


@pytest.fixture(autouse=True)
def one_thread():
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def stops_after(steps):
    """Asked to stop once that many steps have been taken."""
    taken = iter(range(steps - 1))
    return lambda: next(taken, None) is None


@pytest.mark.parametrize("name", RECIPES)
def test_stopped_between_any_two_steps_it_goes_on_to_the_same_bits(name, tmp_path):
    spec = RECIPES[name]
    whole = training_of(spec, tmp_path / "whole")
    whole.complete()
    for steps in (1, 4, 7, 1):  # four steps make an epoch
        cut = training_of(spec, tmp_path / "cut", asked_to_stop=stops_after(steps))
        with pytest.raises(PreemptedError):
            cut.complete()
    cut = training_of(spec, tmp_path / "cut")
    cut.complete()
    assert differing(cut.store.at(6), whole.store.at(6)) == []


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
@pytest.mark.parametrize("precision", ["float32", "bfloat16", "float16"])
def test_on_a_gpu_too(precision, tmp_path):
    spec = spec_of(precision=precision, augmentation={"crop": 2, "flip": True, "rotation": 5})
    settings = {"device": torch.device("cuda")}
    whole = training_of(spec, tmp_path / "whole", **settings)
    whole.complete(keep=[4])
    with pytest.raises(PreemptedError):
        training_of(spec, tmp_path / "cut", asked_to_stop=stops_after(7), **settings).complete()
    cut = training_of(spec, tmp_path / "cut", **settings)
    cut.complete()
    assert differing(cut.store.at(6), whole.store.at(6)) == []
    assert differing(cut.state_after(4), whole.store.at(4)) == []


def test_more_epochs_go_on_from_the_last(tmp_path, capsys):
    long = training_of(spec_of(epochs=7), tmp_path / "once")
    long.complete()
    training_of(spec_of(epochs=3), tmp_path / "twice").complete()
    capsys.readouterr()
    extended = training_of(spec_of(epochs=7), tmp_path / "twice")
    outcome = extended.complete()
    assert "going on after epoch 3, step 0" in capsys.readouterr().err
    assert outcome.epochs == 7
    assert differing(extended.store.at(7), long.store.at(7)) == []


def test_fewer_epochs_need_no_training(tmp_path, monkeypatch):
    first = training_of(spec_of(epochs=5), tmp_path).complete()
    monkeypatch.setattr(loop, "Trainer", None)
    shorter = training_of(spec_of(epochs=3), tmp_path).complete()
    assert shorter.epochs == 3
    assert np.array_equal(shorter.history, first.history[:4], equal_nan=True)


def test_the_cosine_schedule_starts_again_for_another_number_of_epochs(tmp_path):
    keys = {
        training_of(spec_of(epochs=epochs, schedule={"name": "cosine"}), tmp_path).key
        for epochs in (3, 4)
    }
    assert len(keys) == 2


@pytest.mark.parametrize("kept", [(), (2,), (3,)])
def test_one_more_snapshot_is_retrained_to_the_same_bits(kept, tmp_path, capsys):
    every = training_of(spec_of(), tmp_path / "every")
    every.complete(keep=range(7))
    some = training_of(spec_of(), tmp_path / "some")
    outcome = some.complete(keep=kept)
    best = {outcome.best_epoch} & {1, 2, 3}
    again = training_of(spec_of(), tmp_path / "some")
    assert differing(again.state_after(3), every.store.at(3)) == []
    if 3 not in {*kept, *best}:
        nearest = max({0, *kept, *best})
        assert f"going on after epoch {nearest}, step 0" in capsys.readouterr().err
    assert again.store.at(outcome.best_epoch) is not None  # retraining leaves the best in place
    assert 3 in again.store.kept_epochs()


def test_kept_are_the_first_the_best_the_last_and_those_asked_for(tmp_path):
    training = training_of(spec_of(), tmp_path)
    outcome = training.complete(keep=[4])
    assert training.store.kept_epochs() == sorted({0, 4, 6, outcome.best_epoch})
    assert not list(training.store.folder.glob("resume-*"))


def test_of_the_states_to_go_on_from_two_are_left(tmp_path, monkeypatch):
    monkeypatch.setattr(loop, "_SAVE_SECONDS", 0.0)
    monkeypatch.setattr(loop, "_SAVE_SHARE", 1e9)
    training = training_of(spec_of(), tmp_path, asked_to_stop=stops_after(7))
    with pytest.raises(PreemptedError):
        training.complete()
    names = sorted(path.name for path in training.store.folder.glob("resume-*"))
    assert names == [f"resume-000001-00000{step}.safetensors" for step in (2, 3)]


def test_the_key_follows_the_weights_and_nothing_else(tmp_path):
    base = training_of(spec_of(), tmp_path)
    same = [
        spec_of(epochs=50),
        spec_of(stop_at_permuted_accuracy=0.9),
        spec_of(snapshots=[1, 2]),
        spec_of(schedule={"name": "constant"}, precision="float32"),
        spec_of(augmentation={"crop": 0}),
    ]
    other = [
        spec_of(seed=1),
        spec_of(width=3),
        spec_of(batch_size=8),
        spec_of(dropout=0.1),
        spec_of(augmentation={"crop": 1}),
        spec_of(precision="bfloat16"),
        spec_of(optimizer={"name": "sgd", "lr": 0.05, "momentum": 0.8}),
    ]
    assert {training_of(spec, tmp_path).key for spec in same} == {base.key}
    keys = {training_of(spec, tmp_path).key for spec in other}
    keys.add(training_of(spec_of(), tmp_path, noise=0.4).key)
    keys.add(training_of(spec_of(), tmp_path, images=image_set(seed=1)).key)
    assert len(keys - {base.key}) == len(other) + 2


def test_every_epoch_and_step_has_its_own_draws_and_rate(tmp_path, monkeypatch):
    asked = {}

    def recorded(owner, name, n_last):
        real = getattr(owner, name)

        def call(*arguments):
            asked.setdefault(name, []).append(arguments[-n_last:])
            return real(*arguments)

        monkeypatch.setattr(owner, name, call)

    recorded(AugmentedImages, "draw", 2)
    recorded(trainer, "epoch_batches", 2)
    recorded(trainer, "step_seeds", 2)
    recorded(Recipe, "learning_rate", 2)
    training_of(spec_of(seed=7, epochs=3, augmentation={"crop": 1}), tmp_path).complete()
    for name in ("draw", "epoch_batches", "step_seeds"):
        assert asked[name] == [(7, 0), (7, 1), (7, 2)], name
    assert asked["learning_rate"] == [(step, STEPS) for step in range(3 * STEPS)]


def test_threads_and_evaluation_batches_leave_order_and_augmentation_alone(tmp_path):
    spec = spec_of(augmentation={"crop": 2, "flip": True}, epochs=2)
    one = training_of(spec, tmp_path / "one")
    one.complete()
    torch.set_num_threads(2)
    two = training_of(spec, tmp_path / "two")
    two.complete()
    assert two.key == one.key
    first, second = one.store.at(2).arrays, two.store.at(2).arrays
    for name in first:  # sums may end in other last bits; another order would show everywhere
        np.testing.assert_allclose(first[name], second[name], rtol=1e-2, atol=1e-4)


def test_a_loss_that_is_not_finite_ends_training_and_says_where(tmp_path):
    spec = spec_of(optimizer={"name": "sgd", "lr": 1e30})
    training = training_of(spec, tmp_path)
    outcome = training.complete()
    assert outcome.status == "diverged"
    assert outcome.epochs == 0
    assert outcome.best_epoch == 0
    assert outcome.diverged_at == {"epoch": 1, "step": 1}
    with pytest.raises(InputError, match="diverges before"):
        training_of(spec, tmp_path).state_after(3)


def test_weights_that_fail_only_when_evaluated_count_as_diverged(tmp_path):
    # One step per epoch: the loss before the fatal step is finite.
    spec = spec_of(optimizer={"name": "sgd", "lr": 1e38}, batch_size=60)
    outcome = training_of(spec, tmp_path).complete()
    assert outcome.status == "diverged"
    assert outcome.diverged_at == {"epoch": 1, "step": 1}


def test_training_stops_at_the_permuted_accuracy_asked_for(tmp_path):
    spec = spec_of(epochs=40, width=8, optimizer={"name": "adam", "lr": 0.01})
    whole = training_of(spec, tmp_path / "whole").complete()
    permuted = whole.history[:, 3, 0] / targets_of(image_set()).permuted.sum()
    expected = next(epoch for epoch, value in enumerate(permuted) if epoch and value >= 0.6)
    spec["training"]["stop_at_permuted_accuracy"] = 0.6
    for place in ("whole", "alone"):  # from the history of the longer training, and anew
        outcome = training_of(spec, tmp_path / place).complete()
        assert outcome.epochs == expected < 40
        assert outcome.stopped_early


def test_a_second_process_waits_and_finds_the_work_done(tmp_path):
    spec = spec_of(epochs=4)
    processes = [start(spec, tmp_path) for _ in range(2)]
    for process in processes:
        process.join()
    assert [process.exitcode for process in processes] == [0, 0]
    once = training_of(spec, tmp_path / "alone")
    once.complete()
    assert differing(training_of(spec, tmp_path).store.at(4), once.store.at(4)) == []


def test_killed_at_any_moment_it_goes_on_to_the_same_bits(tmp_path):
    spec = spec_of(epochs=12)
    whole = training_of(spec, tmp_path / "whole")
    whole.complete(keep=[5])
    for steps in (1, 18, 30):
        process = start(spec, tmp_path / "cut", keep=[5])
        kill_at(process, tmp_path / "cut", steps)
        assert process.exitcode == -signal.SIGKILL
    process = start(spec, tmp_path / "cut", keep=[5])
    process.join()
    assert process.exitcode == 0
    cut = training_of(spec, tmp_path / "cut")
    for epoch in (5, 12):
        assert differing(cut.store.at(epoch), whole.store.at(epoch)) == []
    assert not list(tmp_path.rglob("*.tmp"))


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGUSR1])
def test_asked_to_stop_by_a_signal_it_saves_a_state_and_leaves_with_status_75(number, tmp_path):
    process = start(spec_of(epochs=100_000), tmp_path)
    deadline = time.monotonic() + 60
    while not list(tmp_path.rglob("resume-*.safetensors")):
        assert process.is_alive() and time.monotonic() < deadline
        time.sleep(0.01)
    os.kill(process.pid, number)
    process.join()
    assert process.exitcode == 75


def test_a_damaged_state_is_named_and_the_one_before_it_taken(tmp_path, capsys):
    spec = spec_of()
    whole = training_of(spec, tmp_path / "whole")
    whole.complete()
    cut = training_of(spec, tmp_path / "cut", asked_to_stop=stops_after(10))
    with pytest.raises(PreemptedError):
        cut.complete(keep=[1])
    (newest,) = cut.store.folder.glob("resume-*")
    content = bytearray(newest.read_bytes())
    content[len(content) // 2] ^= 4
    newest.write_bytes(content)
    again = training_of(spec, tmp_path / "cut")
    again.complete(keep=[1])
    said = capsys.readouterr().err
    assert f"{newest} is damaged" in said
    assert "going on after epoch" in said
    assert differing(again.store.at(6), whole.store.at(6)) == []


def test_a_state_under_another_name_is_not_believed(tmp_path):
    training = training_of(spec_of(epochs=1), tmp_path)
    training.complete()
    folder = training.store.folder
    (folder / "epoch-000001.safetensors").rename(folder / "epoch-000002.safetensors")
    assert training.store.at(2) is None
    assert isinstance(training.store.at(0), State)
