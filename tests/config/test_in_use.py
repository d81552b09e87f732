"""Every broken configuration as a user meets it: through snakemake and through `geomem check`."""

import pytest
import yaml

from tests.config.broken import BROKEN, BROKEN_FILES, changed, default_config
from tests.workflow.conftest import make_workspace

pytestmark = pytest.mark.slow
# What Snakemake says itself, before it comes to our rules, of a file that it cannot read.
SNAKEMAKE = ("Config file is not valid JSON or YAML", "Config file must be given as JSON or YAML")


@pytest.fixture(scope="module")
def workspace(tmp_path_factory):
    return make_workspace(tmp_path_factory.mktemp("broken"))


def refused(workspace, text):
    """What `geomem check` and snakemake say of a configuration; nothing may be written."""
    (workspace.path / "config.yaml").write_text(text)
    checked = workspace.geomem("check", "config.yaml")
    assert checked.returncode == 2 and checked.stdout == "", checked
    ran = workspace.snakemake(check=False)
    assert ran.returncode == 1
    said = checked.stderr, ran.stdout + ran.stderr
    for words in said:
        assert "Traceback" not in words
    assert not (workspace.path / "results").exists()
    return said


@pytest.mark.parametrize("case", range(len(BROKEN)))
def test_a_broken_key(workspace, case):
    path, value, message = BROKEN[case]
    text = yaml.safe_dump(changed(default_config(), path, value))
    checked, ran = refused(workspace, text)
    assert message in checked and message in ran


@pytest.mark.parametrize("name", BROKEN_FILES)
def test_a_broken_file(workspace, name):
    text, message = BROKEN_FILES[name]
    checked, ran = refused(workspace, text)
    assert message in checked
    assert any(words in ran for words in (message, *SNAKEMAKE)), ran


def test_a_network_of_ones_own_that_is_not_there(workspace):
    config = changed(default_config(), "defaults.model", {"name": "no_such_file:network"})
    (workspace.path / "config.yaml").write_text(yaml.safe_dump(config))
    ran = workspace.snakemake(check=False)
    text = ran.stdout + ran.stderr
    assert ran.returncode == 1 and "Traceback" not in text
    assert "model.name: there is no module for 'no_such_file:network'" in text
    assert not (workspace.path / "results").exists()
