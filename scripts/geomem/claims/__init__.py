"""The paper's claims against the tables of an experiment: effects, intervals and verdicts."""
