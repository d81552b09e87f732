"""How many submissions the paper's run makes on a cluster: the plan of the Slurm profile."""

import re

from tests.workflow.conftest import ROOT, make_workspace


def test_the_papers_run_needs_at_most_150_submissions(tmp_path):
    workspace = make_workspace(tmp_path / "paper")
    (workspace.path / "config.yaml").write_text((ROOT / "config.yaml").read_text())
    preset = ROOT / "presets" / "paper.yaml"
    said = workspace.snakemake("--profile=profiles/slurm", "--dry-run", f"--configfile={preset}")
    text = said.stdout + said.stderr
    groups = re.findall(r"Group job (\S+) \(jobs in lexicogr", text)
    single = [rule for rule in re.findall(r"^rule (\w+):$", text, re.MULTILINE) if rule != "all"]
    jobs = int(re.search(r"^total +(\d+)$", text, re.MULTILINE)[1]) - 1
    inside = len(re.findall(r"^    rule \w+:$", text, re.MULTILINE))
    assert inside + len(single) == jobs > 1000
    assert len(groups) + len(single) <= 150
    assert len(set(groups)) == len(groups), "what belongs together is in one submission"
