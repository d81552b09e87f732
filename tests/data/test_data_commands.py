"""The three commands, one after the other, through their files."""

import json

import choose_analysis_set
import make_dataset
import make_labels
import numpy as np
import pytest
from geomem.data.image_sets import load_images
from geomem.errors import DamagedFileError, InputError
from geomem.registry.datasets import load_spec
from geomem.storage.tables import read_table, table_provenance


def test_commands_hand_on_their_files(tmp_path):
    images, labels, analysis_set = (str(tmp_path / n) for n in ("i.npz", "l.parquet", "p.parquet"))
    data = {"name": "glyphs", "classes": 4, "train_per_class": 20, "test_per_class": 5}
    make_dataset.main(["--spec", json.dumps(load_spec(data)), "--output", images])
    spec = {"rule": "permute", "noise": 0.5, "seed": 1}
    make_labels.main(["--spec", json.dumps(spec), "--images", images, "--output", labels])
    choice = {"classes": "all", "per_class": 3, "seed": 0}
    choose_analysis_set.main(
        [
            "--spec",
            json.dumps(choice),
            "--images",
            images,
            "--labels",
            labels,
            "--output",
            analysis_set,
        ]
    )

    true = load_images(images).train_labels
    table = read_table(labels)
    assert table["true_label"].tolist() == true.tolist()
    assert np.bincount(table["assigned_label"]).tolist() == [20] * 4
    origin = table_provenance(labels)
    assert origin["spec"] == spec
    assert origin["wrong_fraction"] == (table["assigned_label"] != true).mean()
    assert len(read_table(analysis_set)) == 4 * 4 * 3

    with pytest.raises(InputError, match="noise is 2"):
        make_labels.main(
            ["--spec", '{"noise": 2}', "--images", images, "--output", str(tmp_path / "x")]
        )
    assert not (tmp_path / "x").exists()
    with pytest.raises(DamagedFileError, match="does not exist"):
        make_labels.main(["--spec", "{}", "--images", images + "x", "--output", labels])
