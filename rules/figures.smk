"""Tables of a whole experiment, and figures from them.

Needs:  the per-run files of training and analysis; a style file of the user's, if any
Makes:  results/EXPERIMENT/tables/TABLE.parquet
        results/EXPERIMENT/figures/FIGURE.png and .svg
"""


rule table:
    input:
        records=files.per_run("results/shared/trained/{training}/training.json"),
        tables=files.table_parts,
    output:
        "results/{experiment}/tables/{table}.parquet",
    log:
        "results/{experiment}/logs/tables/{table}.log",
    benchmark:
        "results/{experiment}/benchmarks/tables/{table}.tsv"
    resources:
        runtime=needs.runtime("table"),
        mem_mb=needs.memory("table"),
    params:
        code=settings.program("collect_table.py"),
        command=command("collect_table.py"),
        spec=settings.table_spec,
    shell:
        "{params.command} --spec {params.spec:q} --threads {threads}"
        " --records {input.records:q} --tables {input.tables:q} --output {output:q} 2> {log:q}"


rule figure:
    input:
        unpack(files.figure_inputs),
        style=files.figure_style,
    output:
        png=report(
            "results/{experiment}/figures/{figure}.png",
            caption="report/figure.rst",
            category="Figures",
            labels={"experiment": "{experiment}", "figure": "{figure}"},
        ),
        svg="results/{experiment}/figures/{figure}.svg",
    log:
        "results/{experiment}/logs/figures/{figure}.log",
    benchmark:
        "results/{experiment}/benchmarks/figures/{figure}.tsv"
    resources:
        runtime=needs.runtime("figure"),
        mem_mb=needs.memory("figure"),
    params:
        code=settings.program("draw_figure.py", settings.figure_function),
        command=command("draw_figure.py"),
        spec=settings.figure_spec,
        files=settings.content(files.figure_style),
        inputs=lambda wildcards, input: options_of(files.figure_inputs(wildcards)),
        function=settings.figure_function,
        caption=settings.figure_caption,
    shell:
        "{params.command} --spec {params.spec:q} --threads {threads}"
        " --figure {params.function:q} --inputs {params.inputs} --style {input.style:q}"
        " --png {output.png:q} --svg {output.svg:q} 2> {log:q}"
