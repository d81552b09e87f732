"""The paper's claims against an experiment's tables.

Needs:  the collected tables, the figures; the config's `claims` section
Makes:  results/EXPERIMENT/claims/claims.parquet and .csv   effects, intervals, verdicts
        results/EXPERIMENT/claims/claims.html               the same to read
"""


rule claims:
    input:
        unpack(files.judged_tables),
        figures=lambda wildcards: list(files.claimed_figures(wildcards).values()),
    output:
        table="results/{experiment}/claims/claims.parquet",
        csv="results/{experiment}/claims/claims.csv",
        page=report(
            "results/{experiment}/claims/claims.html",
            caption="report/claims.rst",
            category="Claims",
            labels={"experiment": "{experiment}", "what": "claims and verdicts"},
        ),
    log:
        "results/{experiment}/logs/claims.log",
    benchmark:
        "results/{experiment}/benchmarks/claims.tsv"
    resources:
        runtime=needs.runtime("claims"),
        mem_mb=needs.memory("claims"),
    params:
        code=settings.program("judge_claims.py", settings.effects),
        command=command("judge_claims.py"),
        spec=settings.claims_spec,
        inputs=lambda wildcards, input: options_of(files.judged_tables(wildcards)),
        figures=lambda wildcards, input: options_of(files.claimed_figures(wildcards)),
    shell:
        "{params.command} --spec {params.spec:q} --threads {threads}"
        " --tables {params.inputs} --figures {params.figures} --output {output.table:q}"
        " --csv {output.csv:q} --page {output.page:q} 2> {log:q}"
