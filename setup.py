"""What pyproject.toml cannot say: the workflow goes into the package as `geomem/_workflow`."""

from setuptools import find_packages, setup

setup(
    packages=[*find_packages("scripts"), "geomem._workflow"],
    package_dir={"": "scripts", "geomem._workflow": "."},
)
