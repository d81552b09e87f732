"""Tables of a whole experiment, and figures from them.

Needs:  the per-run files of training and analysis
Makes:  results/EXPERIMENT/tables/TABLE.parquet
        results/EXPERIMENT/figures/FIGURE.png and .svg
"""


rule table:
    input:
        script=script("collect_table.py"),
        receipts=per_run("results/shared/trained/{training}/training.json"),
        tables=table_parts,
    output:
        "results/{experiment}/tables/{table}.parquet",
    log:
        "results/{experiment}/logs/tables/{table}.log",
    benchmark:
        "results/{experiment}/benchmarks/tables/{table}.tsv"
    resources:
        runtime=runtime("table"),
        mem_mb=memory("table"),
    params:
        code=program("collect_table.py"),
        python=interpreter,
        spec=table_spec,
    shell:
        "{params.python} {input.script:q} --spec {params.spec:q} --threads {threads}"
        " --receipts {input.receipts:q} --tables {input.tables:q} --output {output:q} 2> {log:q}"


rule figure:
    input:
        unpack(figure_inputs),
        script=script("draw_figure.py"),
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
        runtime=runtime("figure"),
        mem_mb=memory("figure"),
    params:
        code=program("draw_figure.py", figure_function),
        python=interpreter,
        spec=figure_spec,
        inputs=lambda wildcards, input: options_of(figure_inputs(wildcards)),
        function=figure_function,
        caption=figure_caption,
    shell:
        "{params.python} {input.script:q} --spec {params.spec:q} --threads {threads}"
        " --figure {params.function:q} --inputs {params.inputs}"
        " --png {output.png:q} --svg {output.svg:q} 2> {log:q}"
