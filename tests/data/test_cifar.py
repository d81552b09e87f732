"""CIFAR files in their real format, but few images, through the real loader."""

import hashlib
import io
import pickle
import tarfile

import numpy as np
import pytest
from geomem.data.sources import make_images
from geomem.errors import InputError

N_CLASSES = 10


def _batch(rng, count, key):
    labels = [i % N_CLASSES for i in range(count)]
    pixels = rng.integers(256, size=(count, 3072), dtype=np.uint8)
    return {"data": pixels, key: labels}


def _write(folder, dataset, monkeypatch):
    """Write an archive as `dataset` (torchvision's class) has it; expect its checksums."""
    rng = np.random.default_rng(0)
    key = "labels" if dataset.__name__ == "CIFAR10" else "fine_labels"
    members = {name: _batch(rng, 20, key) for name, _ in dataset.train_list}
    members |= {name: _batch(rng, 10, key) for name, _ in dataset.test_list}
    contents = {name: pickle.dumps(batch) for name, batch in members.items()}
    names = {dataset.meta["key"]: [f"class {i}" for i in range(N_CLASSES)]}
    contents[dataset.meta["filename"]] = pickle.dumps(names)

    folder.mkdir()
    archive = folder / dataset.filename
    with tarfile.open(archive, "w:gz") as tar:
        for name, content in contents.items():
            member = tarfile.TarInfo(f"{dataset.base_folder}/{name}")
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))

    md5 = {name: hashlib.md5(content).hexdigest() for name, content in contents.items()}
    for part in ("train_list", "test_list"):
        listed = [[name, md5[name]] for name, _ in getattr(dataset, part)]
        monkeypatch.setattr(dataset, part, listed)
    monkeypatch.setattr(dataset, "meta", {**dataset.meta, "md5": md5[dataset.meta["filename"]]})
    monkeypatch.setattr(dataset, "tgz_md5", hashlib.md5(archive.read_bytes()).hexdigest())
    return archive, members


@pytest.fixture(params=["cifar10", "cifar100"])
def cifar(request, tmp_path, monkeypatch):
    datasets = pytest.importorskip("torchvision.datasets")
    dataset = getattr(datasets, request.param.upper())
    archive, members = _write(tmp_path / "my data", dataset, monkeypatch)
    return {"name": request.param, "path": str(archive.parent)}, archive, dataset, members


def test_archive_put_there_by_hand(cifar):
    spec, archive, dataset, members = cifar
    images = make_images(spec)
    first = members[dataset.train_list[0][0]]["data"]
    assert np.array_equal(images.train_images[:20], first.reshape(20, 3, 32, 32))
    assert images.train_images.flags.c_contiguous
    assert len(images.train_labels) == 20 * len(dataset.train_list)
    assert images.test_labels.tolist() == list(range(10))
    assert images.class_names[3] == "class 3"
    archive.unlink()  # from now on the unpacked files do
    assert make_images(spec).fingerprint == images.fingerprint

    few = make_images({**spec, "train_per_class": 2})
    assert np.array_equal(few.train_images, images.train_images[:20])
    with pytest.raises(InputError, match="train_per_class is 999"):
        make_images({**spec, "train_per_class": 999})


def test_damaged_archive(cifar):
    spec, archive, dataset, _ = cifar
    archive.write_bytes(archive.read_bytes()[:-10])
    with pytest.raises(InputError, match=rf"{dataset.filename} is damaged .*data.download to true"):
        make_images(spec)


def test_damaged_batch_without_archive(cifar):
    spec, archive, dataset, _ = cifar
    make_images(spec)
    archive.unlink()
    batch = archive.parent / dataset.base_folder / dataset.train_list[0][0]
    batch.write_bytes(batch.read_bytes()[:-1])
    with pytest.raises(InputError, match=rf"{dataset.filename} is not there.*{dataset.url}"):
        make_images(spec)


def test_failed_download(cifar, monkeypatch):
    spec, archive, dataset, _ = cifar
    archive.unlink()
    monkeypatch.setattr(dataset, "url", (archive.parent / "nowhere.tar.gz").as_uri())
    with pytest.raises(InputError, match="could not be downloaded from file:"):
        make_images({**spec, "download": True})


def test_path_is_a_file(cifar):
    spec, archive, _, _ = cifar
    with pytest.raises(InputError, match="is a file; expected the folder"):
        make_images({**spec, "path": str(archive)})
