"""Delete calls for good: a batch, some calls, everything about a person, or what retention lets go.

Where words are, and what forgetting a call does to each place:

    calls               the row stays as an outcome (status, address, times, product, attempts); its payload, cells,
                        findings, texts, agent, conversation and start are gone. A call that was never sent is deleted.
    edits, marks, earlier_payloads, removed_codes, personal_data, silenced_recordings
                        deleted, as are rows about a call in tables that a later version adds
    attempts, past_outcomes, resends                     numbers and times stay; words, reasons and request ids are gone
    recordings          the state of the upload stays; name, path and hash are gone, and so are the files that the workbench
                        keeps, with the copies that were silenced. Files in folders of other people are only counted.
    operations          deleted with their batch; else emptied where they changed no other call
    selections          deleted with their batch; they hold row numbers
    facts               holds draws of calls: deleted with their batch, or where they name agents or values
    batches             name, file name, hash, mapping and products are gone; the row stays for the counts
    profiles, recipes   samples and edits of single calls are gone; with `settings`, deleted
    deliveries, former_keys
                        stay, without digests of the words: hashes of conversation and agent, and the address. They are
                        what keeps the call from being sent again. The near key of a call stays for the same reason.
    submissions         stay; the reason why one was paused is deleted with its batch
    reconciliations, corrections, workers, paces, worker_paces, upload_hosts, ramps, questions, restore_answers,
    schema_versions, forgettings, retention, access_log, personal_rules
                        hold ids, numbers, addresses and names of users of the workbench: they stay
    the engine's tables tasks of the batch's submissions are deleted: their inputs are ids, their errors may be more
    the sandbox         calls and recordings of the same conversations are deleted, in its memory and in its record
    files beside the ledger: copies before a migration, damaged engine files and unfinished copies are deleted

Then the databases are written anew (`Database.purge`): SQLite keeps deleted rows in free pages and in its -wal,
PostgreSQL in dead rows. Backups, downloads and PostgreSQL's own log archive are not reached from here.

Each forgetting is a row of `forgettings`, begun in one transaction and carried out in pieces that can be repeated. One
whose process died is finished by `finish_forgetting`, which the app and the workers call by themselves.
"""
