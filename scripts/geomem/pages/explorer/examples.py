"""Single training images as the explorer shows them: a picture of each, and when it is learned."""

import base64
import io

import numpy as np
import pandas as pd

from geomem.config.experiments import noise_text

MOST_IMAGES = 2000  # of all data sets together: a page has to stay small
SIDE = 48  # pixels of a picture, at most
_QUALITY = 70
_ENDS = {
    True: {"permuted": "permuted, memorized"},
    False: {"permuted": "permuted, not memorized"},
}


def chosen(n, most):
    """Which of n images the page has: at most `most`, evenly over the data set; sorted indices."""
    return np.unique(np.linspace(0, n - 1, min(n, most)).round().astype(int))


def thumbnails(images, indices):
    """Small pictures as text for the page.

    Parameters
    ----------
    images : ndarray of uint8, shape (n, C, H, W)
        C is 1 or 3.
    indices : sequence of int
        Of the images wanted.

    Returns
    -------
    dict of str to str
        By index, base64 of a WebP file of at most `SIDE` pixels a side.
    """
    return {str(index): _thumbnail(images[index]) for index in indices}


def _thumbnail(image):
    from PIL import Image

    pixels = np.moveaxis(image, 0, -1)
    picture = Image.fromarray(pixels[..., 0] if pixels.shape[-1] == 1 else pixels).convert("RGB")
    picture.thumbnail((SIDE, SIDE), Image.Resampling.LANCZOS)
    file = io.BytesIO()
    picture.save(file, "WEBP", quality=_QUALITY)
    return base64.b64encode(file.getvalue()).decode("ascii")


def records(table, names, indices):
    """What the page holds of the table of single training images.

    Parameters
    ----------
    table : DataFrame
        Collected table, see docs/examples.md.
    names : sequence of str
        Of the classes.
    indices : sequence of int
        Of the images that the page has.

    Returns
    -------
    rows : DataFrame
        Columns width, noise, seed, `group`, `index`, `true_label`, `assigned_label` (names of
        classes) and `suffix_layer` as text, numbers `first_learned`, `last_learned`,
        `forgetting_events`, `rewound` (1 where the table tells that it was evaluated with layers
        rewound) and `suffix_layer_index`; and what every table of the page has.
    notes : list of str
        What was left out.
    """
    rows = table[table["index"].isin(indices)]
    labels = {
        column: rows[column].map(lambda label: f"{names[label]}")
        for column in ("true_label", "assigned_label")
    }
    groups = [
        _ENDS[bool(right)].get(kind, f"{kind}, {'learned' if right else 'not learned'}")
        for kind, right in zip(rows["kind"], rows["right_at_end"], strict=True)
    ]
    found = pd.DataFrame(
        {
            "width": rows["width"].map(str),
            "noise": rows["noise"].map(noise_text),
            "seed": rows["seed"].map(str),
            "group": groups,
            "index": rows["index"].map(str),
            **labels,
            "suffix_layer": rows["suffix_layer"].fillna("").map(str),
            "suffix_layer_index": rows["suffix_layer_index"].astype(float),
            "first_learned": rows["value"].astype(float),
            "last_learned": rows["last_learned"].astype(float),
            "forgetting_events": rows["forgetting_events"].astype(float),
            "rewound": rows[["suffix_layer", "single_layers"]].notna().any(axis=1).astype(float),
            "at": rows["epoch"].map(str),
            "seeds": "1",
            "warnings": "",
        }
    )
    total = table["index"].nunique()
    note = f"{len(indices):,} of {total:,} training images, evenly chosen: "
    return found, [note + "tables/examples.parquet has all."] if len(indices) < total else []
