"""Pages: the explorer of all experiments, where numbers come from, and the page to open first.

Needs:  the collected tables, figures and claims; the images; the config
Makes:  results/explorer.html                tables to look through, in a browser
        results/EXPERIMENT/provenance.html   settings, versions, networks, files, time taken
        results/EXPERIMENT/headline.json     what came out of it, in a few numbers
        results/index.html                   the headlines of all experiments, with links
"""


rule explorer:
    input:
        tables=list(files.explored_tables().values()),
        images=sorted({*files.explored_images().values()}),
    output:
        report(
            "results/explorer.html",
            caption="report/explorer.rst",
            category="Interactive explorer",
            labels={"experiment": "all", "what": "tables to look through"},
        ),
    log:
        "results/shared/logs/explorer.log",
    benchmark:
        "results/shared/benchmarks/explorer.tsv"
    resources:
        runtime=needs.runtime("explorer"),
        mem_mb=needs.memory("explorer"),
    params:
        code=settings.program("write_explorer.py"),
        command=command("write_explorer.py"),
        spec=settings.explorer_spec,
        tables=lambda wildcards, input: options_of(files.explored_tables()),
        images=lambda wildcards, input: options_of(files.explored_images()),
    shell:
        "{params.command} --spec {params.spec:q} --threads {threads}"
        " --tables {params.tables} --images {params.images} --output {output:q} 2> {log:q}"


rule provenance:
    input:
        records=files.per_run("results/shared/trained/{training}/training.json"),
        files=lambda wildcards: files.results_of(wildcards.experiment),
    output:
        report(
            "results/{experiment}/provenance.html",
            caption="report/provenance.rst",
            category="Provenance",
            labels={"experiment": "{experiment}", "what": "settings, versions, files, time taken"},
        ),
    log:
        "results/{experiment}/logs/provenance.log",
    benchmark:
        "results/{experiment}/benchmarks/provenance.tsv"
    resources:
        runtime=needs.runtime("provenance"),
        mem_mb=needs.memory("provenance"),
    params:
        code=settings.program("write_provenance.py"),
        command=command("write_provenance.py"),
        spec=settings.provenance_spec,
    shell:
        "{params.command} --spec {params.spec:q} --threads {threads}"
        " --records {input.records:q} --files {input.files:q} --output {output:q} 2> {log:q}"


rule headline:
    input:
        unpack(files.headline_tables),
        claims="results/{experiment}/claims/claims.parquet",
    output:
        "results/{experiment}/headline.json",
    log:
        "results/{experiment}/logs/headline.log",
    benchmark:
        "results/{experiment}/benchmarks/headline.tsv"
    resources:
        runtime=needs.runtime("headline"),
        mem_mb=needs.memory("headline"),
    params:
        code=settings.program("write_headline.py"),
        command=command("write_headline.py"),
        spec=settings.headline_spec,
        inputs=lambda wildcards, input: options_of(files.headline_tables(wildcards)),
    shell:
        "{params.command} --spec {params.spec:q} --threads {threads}"
        " --tables {params.inputs} --claims {input.claims:q} --output {output:q} 2> {log:q}"


rule landing:
    input:
        unpack(files.landing_inputs),
    output:
        report(
            "results/index.html",
            caption="report/landing.rst",
            category="Headlines",
            labels={"what": "what came out of every experiment"},
        ),
    log:
        "results/shared/logs/landing.log",
    benchmark:
        "results/shared/benchmarks/landing.tsv"
    resources:
        runtime=needs.runtime("landing"),
        mem_mb=needs.memory("landing"),
    params:
        code=settings.program("write_landing.py"),
        command=command("write_landing.py"),
    shell:
        "{params.command} --threads {threads}"
        " --headlines {input.headlines:q} --output {output:q} 2> {log:q}"
