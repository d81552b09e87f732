"""What determines a network's weights, and the name it gives the place of their states."""

import hashlib
import importlib.metadata
import json
import os
from pathlib import Path

from geomem.config.code import fingerprint, network_checksums
from geomem.errors import InputError
from geomem.storage.tables import read_document, write_document
from geomem.training import portable

# Modules whose code can change a weight or a recorded accuracy, besides those of the network.
_MODULES = (
    "models/build.py",
    "training/batches.py",
    "training/device.py",
    "training/evaluate.py",
    "training/optimizers.py",
    "training/recipe.py",
    "training/trainer.py",
)


def determinants(spec, recipe, images, targets, device):
    """All that determines the weights after a given epoch, as a dict of plain values.

    Left out: the number of epochs (unless the schedule depends on it), which epochs are kept,
    when to stop, threads, paths and the batch size of evaluation.

    Parameters
    ----------
    spec : dict
        With `model`, `width`, `seed`, `training`.
    recipe : Recipe
    images : ImageSet
    targets : Targets
    device : torch.device
    """
    return {
        "model": spec["model"],
        "width": spec["width"],
        "seed": spec["seed"],
        "training": recipe.determining(),
        "images": images.fingerprint,
        "labels": _labels_digest(targets),
        "sources": _source_digests([spec["model"]["name"], *recipe.own_functions()]),
        "torch": importlib.metadata.version("torch"),
        "device": device.type,
        **portable.determining(spec["training"]),
    }


def content_key(determining):
    """A short name for `determinants`: the first 24 hexadecimal digits of their SHA-256."""
    text = json.dumps(determining, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:24]


def note_use(folder, determining):
    """Say in a training's folder what it belongs to, and that it is being used."""
    path = folder / "key.json"
    if path.exists():
        os.utime(path)
    else:
        write_document(path, determining, provenance={})


def check_same(determining, folder):
    """Raise InputError unless the training in `folder` is the one that `determining` describes."""
    if folder.name == content_key(determining):
        return
    path = folder / "key.json"
    changed = _changed(determining, read_document(path)) if path.exists() else ["unknown"]
    raise InputError(
        "the snapshot must be trained again, but its training.json was made otherwise (changed: "
        f"{', '.join(changed)}); run the training again first"
    )


def _changed(now, then):
    both = {**now, **then}
    names = [name for name in both if name != "sources" and now.get(name) != then.get(name)]
    sources = now["sources"]
    return names + [x for x in sources if sources[x] != then["sources"].get(x)]


def _labels_digest(targets):
    result = hashlib.sha256()
    for array in (targets.assigned, targets.true, targets.redrawn, targets.held_out):
        result.update(f"{array.dtype.str} {array.shape}\n".encode())
        result.update(array.tobytes())
    return result.hexdigest()


def _source_digests(names):
    package = Path(__file__).resolve().parents[1]
    own = {f"geomem/{name}": fingerprint(package / name) for name in _MODULES}
    return own | {k: v for name in names for k, v in network_checksums(name).items()}
