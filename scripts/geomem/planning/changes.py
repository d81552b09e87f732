"""What the settings of experiments differ in from those of their last finished run.

Results that are new because a setting changed have another name, or are missing: Snakemake does not
say which setting it was. The page provenance.html of a finished experiment holds all of them.
"""

from pathlib import Path

from geomem.config.cli import combined
from geomem.config.experiments import written
from geomem.errors import GeomemError
from geomem.storage.pages import page_provenance

_GIVEN = ("--config", "-C")  # settings that stand in no file


def last_settings(names, results):
    """Settings of each experiment at its last finished run; those without one are left out.

    Parameters
    ----------
    names : iterable of str
    results : pathlib.Path

    Returns
    -------
    dict of str to dict
    """
    found = {}
    for name in names:
        try:
            found[name] = page_provenance(results / name / "provenance.html")["spec"]["settings"]
        except (GeomemError, KeyError):  # not finished, or of an early version
            continue
    return found


def pairs(names, options, overlays):
    """Settings then and now of each experiment that has finished before.

    Parameters
    ----------
    names : iterable of str
    options : sequence of str
        Of snakemake. With `--config` among them nothing is compared: settings stand elsewhere.
    overlays : sequence of path
        Configurations that lie over config.yaml.

    Returns
    -------
    dict of str to (dict, dict)
    """
    if any(option.partition("=")[0] in _GIVEN for option in options):
        return {}
    now = combined([Path("config.yaml"), *overlays])
    then = last_settings(names, Path("results"))
    return {name: (settings, written(now, name)) for name, settings in then.items()}
