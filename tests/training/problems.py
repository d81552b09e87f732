"""Small training problems, and trainings of them in processes of their own."""

import multiprocessing
import os
import pathlib
import resource
import signal
import sys
import time

import numpy as np
import torch
from geomem.data.image_sets import ImageSet
from geomem.errors import GeomemError
from geomem.training import loop
from geomem.training.evaluate import Targets
from geomem.training.signals import stop_requests

N_CLASSES = 5
STEPS = 4  # of an epoch: 60 images in batches of at most 16


def image_set(train_per_class=12, test_per_class=4, size=16, channels=1, seed=0):
    """Classes that differ by a fixed pattern under noise."""
    random = np.random.default_rng(seed)
    patterns = random.integers(40, 216, (N_CLASSES, channels, size, size))
    parts = []
    for count in (train_per_class, test_per_class):
        labels = np.repeat(np.arange(N_CLASSES), count)
        noise = random.normal(0, 40, (len(labels), channels, size, size))
        pixels = np.clip(patterns[labels] + noise, 0, 255).astype(np.uint8)
        parts += [pixels, labels.astype(np.int64)]
    return ImageSet(*parts, class_names=np.array([f"class {i}" for i in range(N_CLASSES)]))


def targets_of(images, noise=0.5, seed=0):
    """A fraction of the labels replaced by any class."""
    random = np.random.default_rng(seed)
    true = images.train_labels
    redrawn = random.permutation(len(true)) < round(noise * len(true))
    assigned = np.where(redrawn, random.integers(0, N_CLASSES, len(true)), true)
    return Targets(assigned, true, redrawn, images.test_labels)


def spec_of(model="vgg-small", width=2, seed=0, dropout=0.0, **training):
    """A train spec with small defaults."""
    return {
        "model": {"name": model, "dropout": dropout},
        "width": width,
        "seed": seed,
        "training": {
            "epochs": 6,
            "batch_size": 16,
            "optimizer": {"name": "sgd", "lr": 0.05, "momentum": 0.9},
            **training,
        },
    }


def training_of(spec, cache, images=None, noise=0.5, **settings):
    """A `Training` of the usual images, on the CPU unless `device` says otherwise."""
    images = image_set() if images is None else images
    settings = {"device": torch.device("cpu"), **settings}
    return loop.Training(spec, images, targets_of(images, noise), cache=cache, **settings)


def differing(one, other):
    """Names of the arrays that are not bit-identical in two states, "history" and "correct" too."""
    first, second = (
        {**state.arrays, "history": state.history, "correct": state.correct}
        for state in (one, other)
    )
    assert first.keys() == second.keys()
    return [k for k in first if first[k].tobytes() != second[k].tobytes()]


def start(spec, cache, **settings):
    """Start `_train` in a process of its own, from a server that has torch loaded.

    What it says goes to the file `log_of(cache)`.
    """
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([__name__])
    process = context.Process(target=_train, args=(spec, str(cache)), kwargs=settings)
    process.start()
    return process


def log_of(cache):
    """Where the processes started on a cache write their log."""
    return pathlib.Path(f"{cache}.log")


def steps_saved(cache):
    """Steps of the most advanced state in a cache of one training; -1 without any."""
    saved = -1
    for path in pathlib.Path(cache).rglob("*.safetensors"):
        _, epoch, step = f"{path.stem}-0".split("-")[:3]
        saved = max(saved, int(epoch) * STEPS + int(step))
    return saved


def kill_at(process, cache, steps, delay=0.0):
    """SIGKILL a process `delay` seconds after the state of so many steps is there."""
    while process.is_alive() and steps_saved(cache) < steps:
        time.sleep(0.003)
    process.join(delay)
    process.kill()
    process.join()


def _train(
    spec, cache, *, keep=(), save_seconds=0.0, largest_file=None, die_in_write=None, snapshot=None
):
    """Train, saving a state every `save_seconds`; ways to fail are the test's to choose.

    Parameters
    ----------
    largest_file : int, optional
        Bytes; the file system takes no file above that.
    die_in_write : int, optional
        SIGKILL itself in the middle of so manieth write, counted from 1.
    snapshot : int, optional
        The state after this epoch is asked for instead of the end.
    """
    sys.stderr = open(log_of(cache), "a", buffering=1)  # noqa: SIM115 - until the process ends
    torch.set_num_threads(1)
    loop._SAVE_SECONDS, loop._SAVE_SHARE = save_seconds, 1.0
    if largest_file is not None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (largest_file, largest_file))
    if die_in_write is not None:
        _die_in_write(die_in_write)
    training = training_of(spec, cache, asked_to_stop=stop_requests())
    try:
        if snapshot is None:
            training.complete(keep)
        else:
            training.state_after(snapshot)
    except GeomemError as error:
        print(error, file=sys.stderr)
        sys.exit(error.status)


def _die_in_write(number):
    write, count = pathlib.Path.write_bytes, 0

    def write_half(path, content):
        nonlocal count
        count += 1
        if count < number:
            return write(path, content)
        write(path, content[: len(content) // 2])
        os.kill(os.getpid(), signal.SIGKILL)

    pathlib.Path.write_bytes = write_half
