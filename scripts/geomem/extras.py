"""Packages that come with an extra of geomem, such as `geomem[tables]`, and not with geomem."""

_TABLES = ("pandas", "pyarrow")


def how_to_install(package):
    """The end of a message about a package that is not installed."""
    extra = "tables" if package in _TABLES else "workflow"
    return (
        f"the package {package}, which is not installed; pip install 'geomem[{extra}]' installs it"
    )


def pandas():
    """The module pandas.

    Raises
    ------
    ModuleNotFoundError
        Where it is not installed, with the command that installs it.
    """
    try:
        import pandas
    except ModuleNotFoundError as error:
        if error.name != "pandas":
            raise
        message = f"a table needs {how_to_install('pandas')}"
        raise ModuleNotFoundError(message, name="pandas") from None
    return pandas
