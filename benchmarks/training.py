"""Speed of training: ratios between ways to do the same work, measured in one run.

    python benchmarks/training.py
    python benchmarks/training.py --network resnet18 --width 64 --channels 3 \
        --precision bfloat16

- `loop / bare`: images per second of the training loop against forward, backward and update on
  normalized tensors already in memory, same network, memory order and optimizer (target 0.9).
- `loop / plain`: against a loop over a torchvision data set and DataLoader without workers, with
  the same augmentation, network and number of threads (target 1.5).
- `two x 1 thread / one x 2 threads` (CPU): two processes side by side against one.
- Evaluation after an epoch and writing a state, as shares of the epoch.
- Peak memory of a process that only imports, runs the bare loop, or trains.

The ways take turns, a few steps each, so that a change of the machine's load meets all of them.
On a CPU they are timed in processor time, for which other work on the machine hardly matters; two
processes against one are timed on the clock and need a machine at rest.
"""

import argparse
import json
import multiprocessing
import re
import statistics
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from geomem.data.image_sets import ImageSet
from geomem.models import build_model
from geomem.training.device import (
    autocast,
    choose_device,
    compute_deterministically,
    device_name,
)
from geomem.training.evaluate import KINDS, MEASURES, EvaluationSet, Targets, evaluate
from geomem.training.recipe import Recipe
from geomem.training.state import State, StateStore
from geomem.training.trainer import Trainer
from PIL import Image
from torch.nn import functional
from torchvision import transforms

CROP = 4
PARTS = ("loops", "epoch", "memory", "processes")


def main():
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--network", default="vgg-small")
    parser.add_argument("--width", type=int, default=8)
    parser.add_argument("--channels", type=int, default=1)
    parser.add_argument("--images", type=int, default=9800, help="training images")
    parser.add_argument("--classes", type=int, default=98)
    parser.add_argument("--batch", type=int, default=128)
    parser.add_argument("--precision", default="float32")
    parser.add_argument("--steps", type=int, default=8, help="steps in one turn")
    parser.add_argument("--turns", type=int, default=9)
    parser.add_argument(
        "--parts", nargs="+", choices=PARTS, default=list(PARTS), help="what to measure (all)"
    )
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    compute_deterministically()
    about = {
        "machine": device_name(choose_device()),
        "setting": f"{arguments.network} width {arguments.width}, {arguments.images} images, "
        f"batch {arguments.batch}, {arguments.precision}, one thread",
    }
    print(json.dumps(about, indent=1), flush=True)
    measures = {
        "loops": compare_loops,
        "epoch": shares_of_an_epoch,
        "memory": peak_memory,
        "processes": side_by_side,
    }
    for part in arguments.parts:
        if part != "processes" or choose_device().type == "cpu":
            print(json.dumps(measures[part](arguments), indent=1), flush=True)


def image_set(arguments):
    """Random images and labels of the size asked for."""
    random = np.random.default_rng(0)

    def draw(n):
        shape = (n, arguments.channels, 32, 32)
        return random.integers(0, 256, shape, np.uint8), random.integers(0, arguments.classes, n)

    names = np.array([str(i) for i in range(arguments.classes)])
    return ImageSet(*draw(arguments.images), *draw(arguments.images // 5), class_names=names)


def recipe(arguments, augmented=False):
    """The default recipe, with or without crop and flip."""
    return Recipe.read(
        {
            "epochs": 60,
            "batch_size": arguments.batch,
            "optimizer": {"name": "sgd", "lr": 0.02, "momentum": 0.9},
            "augmentation": {"crop": CROP, "flip": True} if augmented else {},
            "precision": arguments.precision,
        }
    )


def network(arguments):
    """A fresh network."""
    return build_model(
        {"name": arguments.network},
        arguments.width,
        n_classes=arguments.classes,
        image_shape=(arguments.channels, 32, 32),
        seed=0,
    )


def prepared(arguments):
    """All images on the device."""
    images = image_set(arguments)
    labels = images.train_labels
    targets = Targets(labels, labels, np.arange(len(labels)) % 2 == 0, images.test_labels)
    return EvaluationSet.of(images, targets, choose_device())


def loop_step(arguments, images, augmented=False):
    """One step of geomem's loop, as a function."""
    return Trainer(network(arguments), recipe(arguments, augmented), images, seed=0).advance


def bare_step(arguments, images):
    """Forward, backward and update on a tensor in memory, as a function."""
    device = images.train_images.device
    model = network(arguments).to(device, memory_format=torch.channels_last).train()
    optimizer = recipe(arguments).make_optimizer(model.parameters())
    batch = images.normalizer(images.train_images[: arguments.batch])
    labels = torch.tensor(images.targets.assigned[: arguments.batch], device=device)

    def step():
        optimizer.zero_grad(set_to_none=True)
        with autocast(device, arguments.precision):
            loss = functional.cross_entropy(model(batch), labels)
        loss.backward()
        optimizer.step()

    return step


class PlainSet(torch.utils.data.Dataset):
    """Images as a torchvision data set hands them out."""

    def __init__(self, images):
        pixels = images.train_images.permute(0, 2, 3, 1).cpu().numpy()
        self._pixels = pixels[..., 0] if pixels.shape[-1] == 1 else pixels
        self._labels = images.targets.assigned.tolist()
        mean, std = ([x / 255 for x in v] for v in (images.normalizer.mean, images.normalizer.std))
        self._transform = transforms.Compose(
            [
                transforms.RandomCrop(32, padding=CROP),
                transforms.RandomHorizontalFlip(),
                transforms.ToTensor(),
                transforms.Normalize(mean, std),
            ]
        )

    def __len__(self):
        return len(self._labels)

    def __getitem__(self, index):
        return self._transform(Image.fromarray(self._pixels[index])), self._labels[index]


def plain_step(arguments, images):
    """One step of the loop that tutorials show, as a function."""
    device = images.train_images.device
    loader = torch.utils.data.DataLoader(PlainSet(images), arguments.batch, shuffle=True)
    model = network(arguments).to(device).train()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.02, momentum=0.9)
    batches = iter(())

    def step():
        nonlocal batches
        pair = next(batches, None)
        if pair is None:
            batches = iter(loader)
            pair = next(batches)
        batch, labels = (part.to(device) for part in pair)
        optimizer.zero_grad()
        with autocast(device, arguments.precision):
            loss = functional.cross_entropy(model(batch), labels)
        loss.backward()
        optimizer.step()
        loss.item()

    return step


def seconds_of(work, steps, clock=None):
    """Seconds for so many calls: of the processor on a CPU, on the clock with a GPU's work."""
    gpu = choose_device().type == "cuda"
    clock = clock or (time.perf_counter if gpu else time.process_time)
    wait = torch.cuda.synchronize if gpu else lambda: None
    wait()
    start = clock()
    for _ in range(steps):
        work()
    wait()
    return clock() - start


def compare_loops(arguments):
    """Images per second of every way, and the median ratios over turns."""
    images = prepared(arguments)
    ways = {
        "bare": bare_step(arguments, images),
        "loop": loop_step(arguments, images),
        "plain": plain_step(arguments, images),
        "loop, augmented": loop_step(arguments, images, augmented=True),
    }
    for step in ways.values():
        seconds_of(step, 3)
    turns = [
        {name: seconds_of(step, arguments.steps) for name, step in ways.items()}
        for _ in range(arguments.turns)
    ]

    def ratio(one, other):
        values = sorted(turn[other] / turn[one] for turn in turns)
        return f"{statistics.median(values):.2f} ({values[0]:.2f} to {values[-1]:.2f})"

    speeds = {
        f"images/s, {name}": round(
            arguments.steps * arguments.batch / statistics.median(turn[name] for turn in turns)
        )
        for name in ways
    }
    return {
        **speeds,
        "loop / bare": ratio("loop", "bare"),
        "loop / plain": ratio("loop, augmented", "plain"),
    }


def shares_of_an_epoch(arguments):
    """Evaluation and the writing of a state, against the steps of an epoch."""
    images = prepared(arguments)
    trainer = Trainer(network(arguments), recipe(arguments), images, seed=0)
    seconds_of(trainer.advance, 3)
    model = trainer.model
    precision = arguments.precision
    measure = [
        (
            seconds_of(trainer.advance, arguments.steps) / arguments.steps,
            seconds_of(lambda: evaluate(model, images, precision=precision), 1),
        )
        for _ in range(3)
    ]
    step, evaluation = (statistics.median(values) for values in zip(*measure, strict=True))
    with tempfile.TemporaryDirectory() as folder:
        store = StateStore(folder)
        history = np.zeros((61, len(KINDS), len(MEASURES)))
        correct = np.zeros((61, 2, len(images.train_images) // 8 + 1), dtype=np.uint8)
        state = State(trainer.epoch, trainer.step, trainer.state(), history, correct)
        writing = statistics.median(
            seconds_of(
                lambda: store.save("epoch", replace(state, arrays=trainer.state())),
                1,
                time.perf_counter,
            )
            for _ in range(5)
        )
        size = sum(path.stat().st_size for path in Path(folder).glob("*.safetensors"))
    epoch = step * trainer.steps_per_epoch
    return {
        "seconds per epoch, steps": round(epoch, 2),
        "evaluation / steps": round(evaluation / epoch, 3),
        "seconds to write a state": round(writing, 4),
        "MB of a state": round(size / 1e6, 2),
    }


def peak_memory(arguments):
    """MB of a process of its own for every kind of work."""
    found = {}
    for work in ("imports", "bare", "train"):
        found[f"peak MB, {work}"] = round(in_process(_peak, arguments, work))
    return found


def _peak(arguments, work):
    if work != "imports":
        images = prepared(arguments)
        step = (bare_step if work == "bare" else loop_step)(arguments, images)
        seconds_of(step, 5)
        if work == "train":
            model = network(arguments).to(images.train_images.device)
            evaluate(model, images, precision=arguments.precision)
    if choose_device().type == "cuda":
        return torch.cuda.max_memory_allocated() / 1e6
    # Not getrusage, whose maximum a process inherits from the one that started it.
    status = Path("/proc/self/status").read_text()
    return int(re.search(r"VmHWM:\s+(\d+) kB", status)[1]) / 1e3


def side_by_side(arguments):
    """Images per second of two processes with a thread each, and of one with two."""
    pairs = [
        (
            in_processes(_speed, [(arguments, 1)] * 2),
            in_processes(_speed, [(arguments, 2)]),
        )
        for _ in range(3)
    ]
    ratios = sorted(sum(two) / one[0] for two, one in pairs)
    return {
        "images/s, two processes x 1 thread": round(
            statistics.median(sum(two) for two, _ in pairs)
        ),
        "images/s, one process x 2 threads": round(statistics.median(one[0] for _, one in pairs)),
        "two x 1 thread / one x 2 threads": f"{ratios[1]:.2f} "
        f"({ratios[0]:.2f} to {ratios[-1]:.2f})",
    }


def _speed(arguments, threads):
    torch.set_num_threads(threads)
    step = loop_step(arguments, prepared(arguments))
    seconds_of(step, 3)
    _barrier.wait()
    steps = 5 * arguments.steps
    return steps * arguments.batch / seconds_of(step, steps, time.perf_counter)


def in_process(function, *arguments):
    """Call in a fresh process and return what it returns."""
    return in_processes(function, [arguments])[0]


def in_processes(function, calls):
    """Call in fresh processes at once; they can meet at a barrier."""
    context = multiprocessing.get_context("spawn")
    barrier = context.Barrier(len(calls))
    with context.Pool(len(calls), _set_barrier, (barrier,)) as pool:
        return pool.starmap(function, calls, chunksize=1)


def _set_barrier(barrier):
    global _barrier
    _barrier = barrier
    compute_deterministically()


if __name__ == "__main__":
    main()
