"""Whether the images that a configuration names are there, and enough.

For `geomem check` alone. A run looks at a folder of images in the job that reads them all, since
listing large folders would hold up every start.
"""

from pathlib import Path

from geomem.config.amounts import not_analysed, too_few
from geomem.config.folders import is_clutter
from geomem.registry.datasets import DATASETS


def image_problems(experiment):
    """Lines that say what is missing.

    Parameters
    ----------
    experiment : dict
        As it will run, and sound.

    Yields
    ------
    str
        Beginning with the key, from the experiment's sections on.
    """
    data = experiment.get("data", {})
    if "activations" in experiment or "path" not in data or data.get("download"):
        return
    folder = Path(data["path"]).expanduser()
    if not folder.is_dir():
        yield f"data.path: {folder} is no folder; correct the path or put the data there"
        return
    entry = DATASETS.get(data["name"])
    if entry is None or not entry.by_class:
        return
    held = {part: _least(folder / part) for part in ("train", "test")}
    for part, (classes, _) in held.items():
        if not classes:
            yield f"data.path: {folder / part} holds no folder of images, one for each class"
    if not all(classes for classes, _ in held.values()):
        return
    classes, train = held["train"]
    train = min(train, data.get("train_per_class") or train)
    analysis = experiment["analysis"]
    counted = {**analysis, "classes": classes} if analysis["classes"] == "all" else analysis
    yield from not_analysed(experiment, counted)
    test = held["test"][1]
    yield from too_few(experiment, (train * classes, test * classes, classes))


def _least(folder):
    """How many classes there are below a folder, and images of the one that has least."""
    if not folder.is_dir():
        return 0, 0
    counts = [
        sum(not is_clutter(file.name) for file in each.iterdir())
        for each in folder.iterdir()
        if each.is_dir() and not is_clutter(each.name)
    ]
    return len(counts), min(counts, default=0)
