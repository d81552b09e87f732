"""`geomem compare`: the effects of several experiments side by side."""

from pathlib import Path

from geomem import commands
from geomem.claims.compare import PANEL, compared, described, differences
from geomem.config.cli import combined
from geomem.config.experiments import resolve, selected
from geomem.errors import InputError
from geomem.planning.dry_run import planned_jobs
from geomem.storage.tables import read_table


def main(argv=None):
    """Print the effects of several experiments, with what differs in their settings.

    The first experiment is the one that the others are compared with. Experiments that have not
    been judged yet are left out, and named. Without --results, those that a run in this folder
    would judge again are named too.
    """
    parser = commands.parser("compare", main.__doc__)
    parser.add_argument("--configfile", type=Path, nargs="+", default=[], metavar="YAML")
    parser.add_argument("--results", type=Path, metavar="FOLDER")
    parser.add_argument("--targets", nargs="+", metavar="TARGET", help="such as T1-permuted T5")
    parser.add_argument("--csv", metavar="FILE", help="write the table there as well")
    parser.add_argument("--figure", metavar="FILE", help="draw it: a .png, .svg or .pdf")
    arguments = parser.parse_args(argv)
    config = combined([Path("config.yaml"), *arguments.configfile])
    names = selected(config)
    results = arguments.results or Path("results")
    paths = {name: results / name / "claims" / "claims.parquet" for name in names}
    missing = [name for name, path in paths.items() if not path.is_file()]
    if missing:
        print(f"not judged yet: {', '.join(missing)}")
    claims = {name: read_table(path) for name, path in paths.items() if name not in missing}
    if not claims:
        raise InputError(f"{results} has verdicts of none of them; run them first")
    if arguments.results is None and (old := outdated(arguments.configfile).intersection(claims)):
        print(f"settings or files have changed since, run it again: {', '.join(sorted(old))}")
    base = names[0]
    settings = {name: differences(resolve(config, base), resolve(config, name)) for name in claims}
    table = compared(claims, settings, arguments.targets)
    if table.empty:
        print(f"no target is measured in more than one of {', '.join(claims)}: give --targets")
        return 0
    for (target, statement), rows in table.groupby(PANEL, sort=False):
        print(f"\n{target}: {statement}\n\n{_markdown(rows)}")
    if arguments.csv:
        table.to_csv(arguments.csv, index=False)
    if arguments.figure:
        from geomem.figures import compare

        compare.draw(table).savefig(arguments.figure)
    return 0


def outdated(overlays):
    """Experiments whose verdicts a run in this folder would make; none if it is not a study's."""
    if not Path("Snakefile").is_file():
        return set()
    options = ["--configfile", *map(str, overlays)] if overlays else []
    return {job.wildcards["experiment"] for job in planned_jobs(options) if job.rule == "claims"}


def _markdown(rows):
    lines = ["| setting | estimator | effect | interval | verdict |", "|---|---|---|---|---|"]
    lines += [
        f"| {described(row)} | {row.estimator} | {row.effect:.3g} | {row.lo:.3g} to {row.hi:.3g} "
        f"| {row.verdict} |"
        for row in rows.itertuples()
    ]
    return "\n".join(lines)
