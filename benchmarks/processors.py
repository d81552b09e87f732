"""Which operations give other bits on another processor, with and without `portable` training.

    python benchmarks/processors.py
    python benchmarks/processors.py --digests   # to compare with those of another machine
    python benchmarks/processors.py --cost      # processor seconds, portable over default
    python benchmarks/processors.py --like 'AMD Zen 3' geomem run   # any program, on that processor

Every operation of training is computed, forward and backward, from the same numbers, and so are a
few steps of every network. One process does it as the processor is. Others believe that they run on
another one: `processors.c` answers the instruction CPUID in its place (Linux on an Intel processor
with CPUID faulting, and a C compiler). What such a process computes is rounded by this processor,
which only matters for instructions that IEEE 754 leaves open (`rcpps`, `rsqrtps`).

The column `default` says whether this processor and the first of the others agree. The column
`portable` says whether all of them do, with the switches of `training.reproducible: portable`. The
last column says which of the three switches alone changes a result on this processor.
"""

import argparse
import hashlib
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from geomem.training.portable import SWITCHES

HERE = Path(__file__).resolve()
# Vendor, AVX-512 and AMX, kilobytes of level 1 and level 2.
PROCESSORS = {
    "AMD Zen 3": "amd,0,32,512",
    "AMD Zen 4": "amd,1,32,1024",
    "Intel Skylake client": "intel,0,32,256",
    "large caches": "intel,0,64,8192",
}
TIMED, TURNS, STEPS = {"vgg-small": 8, "vgg16": 16}, 7, 4
NETWORKS = {"vgg-small": 8, "vgg16": 8, "resnet18": 8, "alexnet": 4, "densenet121": 4}


def main():
    """Print a row for each operation."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--digests", action="store_true", help="print digests of this processor, portable"
    )
    parser.add_argument("--cost", action="store_true", help="time steps with and without")
    parser.add_argument("--like", choices=PROCESSORS, help="run COMMAND so that it believes this")
    parser.add_argument("command", nargs=argparse.REMAINDER, metavar="COMMAND")
    parser.add_argument("--child", choices=("digests", "steps"), help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.child == "digests":
        print(json.dumps(digests()))
        return
    if arguments.child == "steps":
        time_steps()
        return
    if arguments.cost:
        cost()
        return
    if arguments.like:
        with tempfile.TemporaryDirectory() as folder:
            done = subprocess.run(
                arguments.command,
                env={**os.environ, **pretence(arguments.like, pretender(Path(folder)))},
            )
        sys.exit(done.returncode)
    if arguments.digests:
        for name, digest in computed(SWITCHES).items():
            print(f"{name:44} {digest}")
        return
    with tempfile.TemporaryDirectory() as folder:
        compare(Path(folder))


def compare(folder):
    """Compute in one process for each processor and set of switches; print what agrees."""
    library = pretender(folder)
    pretended = [pretence(name, library) for name in PROCESSORS]
    free = [computed({}), computed(pretended[0])]
    fixed = [computed(SWITCHES), *(computed({**SWITCHES, **each}) for each in pretended)]
    alone = {key: computed({key: value}) for key, value in SWITCHES.items()}
    print("processors: this one,", ", ".join(PROCESSORS))
    print(f"{'operation':44} {'default':8} {'portable':9} changed by")
    for name in free[0]:
        same = [len({each[name] for each in found}) == 1 for found in (free, fixed)]
        words = ["same" if each else "differ" for each in same]
        by = ", ".join(key for key, found in alone.items() if found[name] != free[0][name])
        print(f"{name:44} {words[0]:8} {words[1]:9} {by}")


def pretender(folder):
    """The library made of `processors.c`, in a folder."""
    library = folder / "processors.so"
    source = HERE.with_suffix(".c")
    subprocess.run(["cc", "-O1", "-shared", "-fPIC", "-o", library, source], check=True)
    return library


def pretence(name, library):
    """Environment variables of a process that believes to run on one of `PROCESSORS`."""
    return {"LD_PRELOAD": str(library), "PRETEND": PROCESSORS[name]}


def computed(variables):
    """`digests()` of a process with these environment variables."""
    done = subprocess.run(
        [sys.executable, HERE, "--child", "digests"],
        env=_environment(variables),
        check=True,
        stdout=subprocess.PIPE,
    )
    return json.loads(done.stdout)


def _environment(variables):
    kept = {k: v for k, v in os.environ.items() if k not in SWITCHES}
    return {**kept, "OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1", **variables}


def cost():
    """Print processor seconds of a step of two networks; two processes take turns."""
    command = [sys.executable, HERE, "--child", "steps"]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    default, portable = (
        subprocess.Popen(command, env=_environment(variables), **pipes)
        for variables in ({}, SWITCHES)
    )
    found = [(_turn(default), _turn(portable)) for _ in range(TURNS)]
    for process in (default, portable):
        process.communicate()
    for name in TIMED:
        seconds = [statistics.median(turn[i][name] for turn in found) for i in (0, 1)]
        ratios = sorted(portable[name] / default[name] for default, portable in found)
        print(
            f"{name} width {TIMED[name]}: {seconds[0]:.4f} s, portable {seconds[1]:.4f} s, ratio "
            f"{statistics.median(ratios):.2f} ({ratios[0]:.2f} to {ratios[-1]:.2f})"
        )


def _turn(process):
    process.stdin.write("\n")
    process.stdin.flush()
    return json.loads(process.stdout.readline())


def time_steps():
    """For every line read, take steps of each network and print their processor seconds."""
    trainers = {name: _trainer(name, width, 512, 128) for name, width in TIMED.items()}
    for trainer in trainers.values():
        trainer.advance()
    for _ in sys.stdin:
        found = {}
        for name, trainer in trainers.items():
            start = time.process_time()
            for _ in range(STEPS):
                trainer.advance()
            found[name] = (time.process_time() - start) / STEPS
        print(json.dumps(found), flush=True)


def digests():
    """A digest of the result of every operation, by its name."""
    import torch
    from geomem.training.device import compute_deterministically

    torch.set_num_threads(1)
    compute_deterministically()
    torch.manual_seed(0)
    found = {}
    for part in (_elementwise, _products, _convolutions, _layers, _optimizers, _networks):
        for name, tensors in part():
            digest = hashlib.sha256()
            for tensor in tensors:
                digest.update(tensor.detach().contiguous().numpy().tobytes())
            found[name] = digest.hexdigest()[:12]
    return found


def _numbers(*shape):
    """Random numbers from -2 to 2 that are the same on every processor."""
    import torch

    return torch.randint(-(2**20), 2**20, shape).double().div(2**19).float()


def _passes(name, function, *inputs):
    """`function` of these and of the gradients of its result with respect to them."""
    leaves = [each.requires_grad_() for each in inputs]
    output = function(*leaves)
    yield f"{name}, forward", [output]
    output.backward(_numbers(*output.shape).to(memory_format=_format_of(output)))
    yield f"{name}, backward", [leaf.grad for leaf in leaves]


def _format_of(tensor):
    import torch

    last = tensor.ndim == 4 and not tensor.is_contiguous()
    return torch.channels_last if last else torch.contiguous_format


def _elementwise():
    import torch
    from torch.nn import functional

    generator = torch.get_rng_state()
    yield "initialization, uniform", [torch.nn.Linear(300, 70).weight]
    yield "initialization, normal", [torch.randn(1000), torch.randn(7)]
    yield "dropout", [functional.dropout(torch.ones(10000), 0.3)]
    torch.set_rng_state(generator)
    values, positive = _numbers(1000, 61), _numbers(1000, 61).abs() + 0.01
    for name in ("exp", "tanh", "sigmoid", "erf", "cos", "sin"):
        yield name, [getattr(torch, name)(values)]
    for name in ("log", "sqrt", "rsqrt"):
        yield name, [getattr(torch, name)(positive)]
    yield "gelu", [functional.gelu(values)]
    yield "silu", [functional.silu(values)]
    yield "sums", [values.sum(), values.sum(0), values.sum(1), values.mean(), values.norm()]
    yield "variances", [values.var(), values.var(0), values.std(1)]


def _products():
    import torch
    from torch.nn import functional

    for images, inputs, outputs in ((128, 512, 60), (64, 2048, 512), (13, 77, 5)):
        tensors = (_numbers(images, inputs), _numbers(outputs, inputs), _numbers(outputs))
        yield from _passes(f"linear {inputs} to {outputs}", functional.linear, *tensors)
    yield "matrix by matrix", [_numbers(100, 90) @ _numbers(90, 80)]
    yield "matrix by vector", [_numbers(100, 90) @ _numbers(90)]
    yield "batches of matrices", [torch.bmm(_numbers(6, 50, 40), _numbers(6, 40, 30))]
    queries = [_numbers(2, 4, 16, 32) for _ in range(3)]
    yield from _passes("attention", functional.scaled_dot_product_attention, *queries)


def _convolutions():
    import torch
    from torch.nn import functional

    shapes = (  # images, channels before, after, side, kernel, stride
        (32, 1, 8, 32, 3, 1),
        (16, 3, 8, 32, 3, 1),
        (32, 8, 16, 16, 3, 1),
        (17, 2, 5, 7, 3, 1),
        (16, 64, 64, 4, 3, 1),
        (16, 128, 128, 8, 3, 1),
        (8, 512, 512, 2, 3, 1),
        (8, 16, 16, 64, 3, 1),
        (8, 3, 16, 16, 5, 1),
        (16, 16, 32, 8, 3, 2),
        (16, 16, 32, 8, 1, 2),
        (16, 512, 128, 4, 1, 1),
    )
    for images, before, after, side, kernel, stride in shapes:
        for layout in (torch.channels_last, torch.contiguous_format):
            tensors = (
                _numbers(images, before, side, side),
                _numbers(after, before, kernel, kernel),
            )
            tensors = [each.contiguous(memory_format=layout) for each in tensors]

            def convolve(inputs, weight, bias, stride=stride, padding=kernel // 2):
                return functional.conv2d(inputs, weight, bias, stride, padding)

            order = "NHWC" if layout is torch.channels_last else "NCHW"
            name = f"conv {kernel}x{kernel}/{stride} {before} to {after}, {side}x{side} {order}"
            yield from _passes(name, convolve, *tensors, _numbers(after))


def _layers():
    import torch
    from torch.nn import functional

    labels = torch.randint(0, 60, (128,))
    loss = _passes(
        "cross-entropy", lambda x: functional.cross_entropy(x, labels), _numbers(128, 60)
    )
    yield from loss
    for layout, order in ((torch.channels_last, "NHWC"), (torch.contiguous_format, "NCHW")):
        mean, variance = torch.zeros(24), torch.ones(24)
        inputs = _numbers(32, 24, 9, 9).contiguous(memory_format=layout)

        def normalize(x, weight, bias, mean=mean, variance=variance):
            return functional.batch_norm(x, mean, variance, weight, bias, training=True)

        parameters = (_numbers(24), _numbers(24))
        yield from _passes(f"batch norm {order}", normalize, inputs.clone(), *parameters)
        yield f"batch norm {order}, running", [mean, variance]
        yield (
            f"batch norm {order}, evaluation",
            [functional.batch_norm(inputs, mean, variance, *parameters)],
        )
        for name, pool in (
            ("max pool", lambda x: functional.max_pool2d(x, 2)),
            ("average pool", lambda x: functional.avg_pool2d(x, 2)),
            ("global average pool", lambda x: functional.adaptive_avg_pool2d(x, 1)),
        ):
            yield from _passes(f"{name} {order}", pool, inputs.clone())
    yield from _passes(
        "layer norm", lambda x, w, b: functional.layer_norm(x, (64,), w, b),
        _numbers(16, 64), _numbers(64), _numbers(64),
    )  # fmt: skip


def _optimizers():
    import torch
    from geomem.training.optimizers import Fused

    kinds = {"sgd": {"momentum": 0.9, "nesterov": True}, "adam": {}, "adamw": {}}
    for kind, settings in kinds.items():
        parameters = [torch.nn.Parameter(_numbers(50, 33)), torch.nn.Parameter(_numbers(7))]
        optimizer = Fused(kind, parameters, {"lr": 0.01, "weight_decay": 1e-4, **settings})
        for _ in range(3):
            for parameter in parameters:
                parameter.grad = _numbers(*parameter.shape)
            optimizer.step()
        yield f"{kind}, 3 steps", parameters


def _networks():
    import torch
    from geomem.training.evaluate import evaluate_each

    for name, width in NETWORKS.items():
        trainer = _trainer(name, width, 96, 32, crop=2, flip=True, rotation=10)
        for _ in range(2):
            trainer.advance()
        measured, _ = evaluate_each(trainer.model, _images(96))
        arrays = [torch.from_numpy(each) for each in (*trainer.state().values(), measured)]
        yield f"{name} width {width}, 2 steps", arrays


def _trainer(name, width, count, batch, **augmentation):
    """A network that is trained on so many images of noise, in batches of `batch`, by Adam."""
    import torch
    from geomem.models import build_model
    from geomem.training.device import compute_deterministically
    from geomem.training.recipe import Recipe
    from geomem.training.trainer import Trainer

    torch.set_num_threads(1)
    compute_deterministically()
    settings = {"optimizer": {"name": "adam", "lr": 0.001}, "augmentation": augmentation}
    recipe = Recipe.read({"epochs": 1, "batch_size": batch, **settings})
    spec = {"name": name, "dropout": 0.1}
    model = build_model(spec, width, n_classes=10, image_shape=(3, 32, 32), seed=0)
    return Trainer(model, recipe, _images(count), 0)


def _images(count):
    """An EvaluationSet of images of noise with 10 classes."""
    import numpy as np
    import torch
    from geomem.data.image_sets import ImageSet
    from geomem.training.evaluate import EvaluationSet, Targets

    pixels = np.random.default_rng(0).integers(0, 256, (count, 3, 32, 32), dtype=np.uint8)
    labels = np.arange(count) % 10
    images = ImageSet(pixels, labels, pixels, labels, np.array([str(i) for i in range(10)]))
    targets = Targets(labels, labels, np.zeros(count, bool), labels)
    return EvaluationSet.of(images, targets, torch.device("cpu"))


if __name__ == "__main__":
    main()
