"""Imports: a file of rows is received at once and taken in by a job, safe against a crash.

A module declares an import as data and names it in its `Module(imports=…)`:

    IMPORT = ImportDefinition(
        name="crates",
        title=_l("Import crates"),
        choose=_l("Choose a file of crates, CSV or Excel (.xlsx)."),
        capability="crates.import",
        columns=lambda settings, epoch_1904: COLUMNS,
        begin=CrateIntake,
        record_label=_l("Crate"),
        link=links_of,
    )
    register_import(blueprint, IMPORT)

`CrateIntake(beginning)` is made once a run. `read(rows)` judges a batch ahead of the transaction,
`take_in(good)` writes it and says what became of each row. All else is the platform's: progress,
lease and resume, errors by row and column, the corrected copy, the page, the job.
"""
