"""Files that people send: put down before a transaction, named by a row of whoever owns them.

    stored = store(settings, content, area="tickets")  # ahead of the transaction
    with needed(settings, stored), unit_of_work():
        ticket.file_id = keep(stored, name="scan.pdf").id  # a foreign key to `stored_file`

A file has no address of its own: the owner loads its record through the scope, and its view ends in
`portal.web.files.download(file)`. Who needs a file no longer lets go of the row (deletes its own,
or sets the key to NULL) and the job `files.sweep` deletes it; `forget(file)` deletes the content
alone, at once. What a crash leaves unnamed is swept after a day.
"""
