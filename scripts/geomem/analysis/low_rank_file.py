"""The file of the low-rank structures of one snapshot's layers, found once for all measures.

An .npz with `epoch`, `names` (JSON: layer index and manifold kind of each structure) and `found`
(JSON: for each of them everything but the directions), and for the structure with number I
`I/directions`, float64 (P, n): those used, those of each level of the profile and those of each
other plausible fit, side by side.
"""

import json
from dataclasses import asdict, fields

import numpy as np

from geomem.geometry.lowrank import LowRank, LowRankLevel
from geomem.storage.arrays import read_arrays, write_arrays
from geomem.warning import pack, unpack

_OF_LEVEL = [item.name for item in fields(LowRankLevel) if item.name != "weights"]


def write_low_rank(path, epoch, structures, provenance):
    """Write the `LowRank` of each (layer index, kind)."""
    described = [_description(found) for found in structures.values()]
    arrays = {
        "epoch": np.int64(epoch),
        "names": np.array(json.dumps(list(structures))),
        "found": np.array(json.dumps(described)),
    }
    for number, found in enumerate(structures.values()):
        each = (found.weights, *(level.weights for level in found.profile), *found.plausible)
        arrays[f"{number}/directions"] = np.concatenate(each, axis=1)
    write_arrays(path, arrays, provenance)


def read_low_rank(path):
    """The `LowRank` of each (layer index, kind).

    Raises
    ------
    DamagedFileError
        If the file is missing, truncated or altered.
    """
    arrays, _ = read_arrays(path)
    names = map(tuple, json.loads(str(arrays["names"])))
    described = json.loads(str(arrays["found"]))
    return {
        name: _structure(known, arrays[f"{number}/directions"])
        for number, (name, known) in enumerate(zip(names, described, strict=True))
    }


def _description(found):
    levels = [asdict(level) for level in found.profile]
    return {
        "columns": [found.weights.shape[1], *(weights.shape[1] for weights in found.plausible)],
        "profile": [{name: level[name] for name in _OF_LEVEL} for level in levels],
        "center_correlation": found.center_correlation,
        "hits": found.hits,
        "warnings": pack(found.warnings),
    }


def _structure(known, directions):
    used, *plausible = known["columns"]
    counts = [used, *(level["k"] for level in known["profile"]), *plausible]
    parts = np.split(directions, np.cumsum(counts)[:-1], axis=1)
    n_levels = len(known["profile"])
    return LowRank(
        weights=parts[0],
        center_correlation=known["center_correlation"],
        profile=tuple(
            LowRankLevel(**level, weights=weights)
            for level, weights in zip(known["profile"], parts[1 : 1 + n_levels], strict=True)
        ),
        plausible=tuple(parts[1 + n_levels :]),
        hits=known["hits"],
        warnings=unpack(known["warnings"]),
    )
