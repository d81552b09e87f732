"""What the trainings of a configuration cost: measured on this CPU, estimated for a GPU.

    python benchmarks/cost.py config.yaml presets/paper.yaml

For every network of the configuration, at its own width: images per second of training and of
evaluation with one thread, from a few steps timed in processor time (a busy machine gives the same
numbers), and floating-point operations per training image (forward and backward, two for each
multiply-add, counted by torch). Then, for every experiment and in all, epochs and hours: those of
the CPU from the rates measured; those of a GPU are an estimate, the operations divided by an
assumed sustained rate, `--sustained`. They are a lower bound for narrow networks, whose steps are
too short to keep a GPU busy. Trainings that several experiments share are counted once.
"""

import argparse
import time
from pathlib import Path

import numpy as np
import torch
from geomem.config.cli import combined
from geomem.config.experiments import resolve, runs, selected
from geomem.config.sharing import training_name, training_settings
from geomem.data.image_sets import ImageSet
from geomem.models import build_model
from geomem.planning.sizes import data_size
from geomem.training.device import compute_deterministically
from geomem.training.evaluate import EvaluationSet, Targets, predict_logits
from geomem.training.portable import recipe_section
from geomem.training.recipe import Recipe
from geomem.training.trainer import Trainer
from torch.utils.flop_counter import FlopCounterMode


def main():
    """Measure and print two Markdown tables."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("config", type=Path, nargs="+", help="config.yaml and presets over it")
    parser.add_argument("--batch", type=int, default=64, help="images per step that is timed")
    parser.add_argument("--steps", type=int, default=2, help="steps timed, after one that is not")
    parser.add_argument(
        "--sustained", type=float, default=1e13, help="of a GPU, operations per second (1e13)"
    )
    options = parser.parse_args()
    torch.set_num_threads(1)
    compute_deterministically()
    config = combined(options.config)
    trainings = distinct_trainings(config)
    rates = {}
    print("| network | width | parameters | Mflop / image | images/s, training | evaluation |")
    print("|---|---|---|---|---|---|")
    for _, experiment, width, _ in trainings:
        name = experiment["model"]["name"]
        if (name, width) not in rates:
            rates[name, width] = found = measure(experiment, width, options.batch, options.steps)
            print(
                f"| {name} | {width} | {found['parameters']:,} | {found['flops'] / 1e6:,.0f} "
                f"| {found['training']:.1f} | {found['evaluation']:.0f} |",
                flush=True,
            )
    print_hours(trainings, rates, options.sustained)


def distinct_trainings(config):
    """Every training once: list of (experiment's name, experiment, width, DataSize)."""
    known, found = set(), []
    for name in selected(config):
        experiment = resolve(config, name)
        size = data_size(experiment["data"])
        for width, noise, seed in runs(experiment).values():
            key = training_name(training_settings(experiment, width, noise, seed))
            if key not in known:
                known.add(key)
                found.append((name, experiment, width, size))
    return found


def measure(experiment, width, batch, steps):
    """Rates of one network, images per second, and its operations per training image."""
    size = data_size(experiment["data"])
    random = np.random.default_rng(0)
    pixels = random.integers(0, 256, (batch, *size.shape), dtype=np.uint8)
    labels = np.arange(batch, dtype=np.int64) % size.classes
    names = np.array([str(i) for i in range(size.classes)])
    targets = Targets(labels, labels, np.zeros(batch, bool), labels)
    images = ImageSet(pixels, labels, pixels, labels, names)
    material = EvaluationSet.of(images, targets, torch.device("cpu"))
    model = build_model(
        experiment["model"], width, n_classes=size.classes, image_shape=size.shape, seed=0
    )
    recipe = Recipe.read({**recipe_section(experiment["training"]), "batch_size": batch})
    trainer = Trainer(model, recipe, material, seed=0)
    with FlopCounterMode(display=False) as counter:
        trainer.advance()
    return {
        "parameters": sum(p.numel() for p in model.parameters()),
        "flops": counter.get_total_flops() / batch,
        "training": batch / _seconds(trainer.advance, steps),
        "evaluation": batch
        / _seconds(
            lambda: predict_logits(trainer.model, material.train_images, material.normalizer), steps
        ),
    }


def _seconds(call, count):
    call()
    start = time.process_time()
    for _ in range(count):
        call()
    return (time.process_time() - start) / count


def print_hours(trainings, rates, sustained):
    """Hours of every experiment and their sum."""
    rows = {}
    for name, experiment, width, size in trainings:
        rate = rates[experiment["model"]["name"], width]
        epochs = experiment["training"]["epochs"]
        evaluated = size.train + size.test
        cpu = epochs * (size.train / rate["training"] + evaluated / rate["evaluation"]) / 3600
        # A forward pass is a third of a step's operations.
        operations = epochs * (size.train + evaluated / 3) * rate["flops"]
        count, *sums = rows.get(name, (0, 0, 0.0, 0.0))
        rows[name] = (
            count + 1,
            *np.add(sums, (epochs, cpu, operations / sustained / 3600)).tolist(),
        )
    rows["together"] = tuple(map(sum, zip(*rows.values(), strict=True)))
    print("\n| experiment | networks | epochs | CPU hours | GPU hours, estimated |")
    print("|---|---|---|---|---|")
    for name, (count, epochs, cpu, gpu) in rows.items():
        print(f"| {name} | {count} | {epochs:,.0f} | {cpu:,.0f} | {gpu:,.1f} |")


if __name__ == "__main__":
    main()
