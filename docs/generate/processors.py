"""Verdicts of the same experiment on several processors, side by side.

    python -m docs.generate.processors RESULTS EXPERIMENT --name "AMD Zen 3, emulated"

docs/verdicts.csv keeps the verdicts of each, so that a page can show those of machines that are
not at hand. Prints the section of that page.
"""

import argparse
from pathlib import Path

import pandas as pd
from geomem.claims.compare import network_names
from geomem.storage.tables import read_table

from docs.generate import markdown
from docs.generate.origin import ROOT, origin

KEPT = ROOT / "docs" / "verdicts.csv"
_TARGET = ["target", "estimator", "noise", "width"]
_FOUND = ["n_seeds", "effect", "total_lo", "total_hi", "verdict"]
_NOT_MEASURED = "not measured"


def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("results", type=Path)
    parser.add_argument("experiment")
    parser.add_argument("--name", help="of the processor, else as the results' log says")
    arguments = parser.parse_args(argv)
    folder = arguments.results / arguments.experiment
    made = origin(folder)
    made = made._replace(processor=arguments.name or made.processor)
    claims = read_table(folder / "claims" / "claims.parquet")
    print("\n\n".join(beside(claims, arguments.experiment, made)))


def keep(claims, experiment, origin, path=KEPT):
    """Write the verdicts of one processor, in place of those of it that are there."""
    name = origin.processor
    made = {"experiment": experiment, "processor": name, "commit": origin.commit}
    parts = [claims.assign(**made)[[*made, *_TARGET, *_FOUND]]]
    if path.exists():
        old = read_kept(path)
        parts.insert(0, old[(old["experiment"] != experiment) | (old["processor"] != name)])
    pd.concat(parts).to_csv(path, index=False, float_format="%.5g", lineterminator="\n")


def read_kept(path=KEPT):
    """All kept verdicts; an empty estimator is one."""
    empty = {name: [""] for name in _FOUND}
    return pd.read_csv(path, keep_default_na=False, na_values=empty, dtype={"commit": str})


def beside(claims, experiment, origin):
    """Keep the verdicts of a processor; `side_by_side` of all that are kept."""
    keep(claims, experiment, origin)
    kept = read_kept()
    return side_by_side(kept[kept["experiment"] == experiment])


def side_by_side(kept):
    """Heading, what agrees, and a table with columns for each processor of one experiment."""
    kept = kept[kept["verdict"] != _NOT_MEASURED]
    of = {name: rows.set_index(_TARGET) for name, rows in kept.groupby("processor", sort=False)}
    targets = kept[_TARGET].drop_duplicates()
    verdicts = pd.concat([rows["verdict"] for rows in of.values()], axis=1).fillna(_NOT_MEASURED)
    decided = verdicts.isin(("supported", "contradicted"))
    alike = verdicts.nunique(axis=1) == 1
    opposite = (verdicts == "supported").any(axis=1) & (verdicts == "contradicted").any(axis=1)
    yield "### On several processors"
    yield (
        f"Of {len(verdicts)} verdicts, {alike.sum()} are the same on all of them: "
        f"{(alike & decided.all(axis=1)).sum()} decided, {(alike & ~decided.any(axis=1)).sum()} "
        f"undecided. Supported on one and contradicted on another: {opposite.sum() or 'none'}."
    )
    yield markdown.table(
        ["processor", "commit", "seeds"],
        [[name, rows["commit"].iloc[0], f"{rows['n_seeds'].max()}"] for name, rows in of.items()],
    )
    yield markdown.table(
        ["target", *of],
        [
            [
                markdown.target_name(row, network),
                *(_entry(rows, tuple(row)) for rows in of.values()),
            ]
            for row, network in zip(
                targets.itertuples(index=False), network_names(targets), strict=True
            )
        ],
    )


def _entry(rows, key):
    """Effect, interval and verdict of one target."""
    if key not in rows.index:
        return _NOT_MEASURED
    row = rows.loc[key]
    interval = f"({row['total_lo']:.3f} to {row['total_hi']:.3f})"
    return f"{row['effect']:.3f} {interval} **{row['verdict']}**"


if __name__ == "__main__":
    main()
