-- The warehouse's own books. Every table is created once; later releases add columns at the end.
-- Variables: text, blob the engine's types for text that is compared bytewise and for bytes. Times are UTC. Nothing here holds a value of a record except quarantine.raw and quarantine.row_text.

-- :create
create schema if not exists main;
create schema if not exists books;
create schema if not exists log;
create schema if not exists mart;
create schema if not exists legacy;

-- Settings of this file, one row a name ("schema_version", "secret_fingerprint" ...).
create table if not exists books.setting (
    name {{text}} not null,
    value {{text}} not null,
    constraint setting_pk primary key (name)
);

-- Its one row is what a process locks before it changes tables (sql/lock.sql).
create table if not exists books.writer (
    writer_id bigint not null,
    constraint writer_pk primary key (writer_id)
);
insert into books.writer (writer_id) values (0) on conflict (writer_id) do nothing;

-- The columns each contract table has, with the bit that marks a sent attribute in _present and the history type in force.
create table if not exists books.schema_column (
    table_name {{text}} not null,
    column_name {{text}} not null,
    ordinal bigint not null,
    present_bit bigint not null,
    type_text {{text}} not null,
    history bigint not null,
    added_at timestamp not null,
    constraint schema_column_pk primary key (table_name, column_name)
);

-- Each version of a contract or feed that ever loaded something.
create table if not exists books.definition (
    kind {{text}} not null,          -- contract, feed, derive, mart
    name {{text}} not null,
    hash {{text}} not null,
    version {{text}},
    text {{text}} not null,
    first_used_at timestamp not null,
    constraint definition_pk primary key (kind, name, hash)
);

-- One row a committed batch: a range of records of one source. The equation of invariant 1 holds in every row.
create table if not exists books.load (
    load_id bigint not null,
    run_id {{text}} not null,
    feed {{text}} not null,
    feed_hash {{text}} not null,
    source {{text}} not null,
    generation {{text}} not null,
    from_record bigint not null,
    to_record bigint not null,   -- exclusive
    received bigint not null,
    applied bigint not null,
    unchanged bigint not null,
    duplicate bigint not null,
    quarantined bigint not null,
    waiting bigint not null,
    ignored bigint not null,
    discarded bigint not null,   -- set aside for good by a steward
    erased bigint not null,
    expired bigint not null,
    received_at timestamp not null,
    started_at timestamp not null,
    committed_at timestamp not null,
    constraint load_pk primary key (load_id)
);

-- Why records were ignored, by the name of the feed's rule.
create table if not exists books.load_ignored (
    load_id bigint not null,
    rule {{text}} not null,
    n_records bigint not null,
    constraint load_ignored_pk primary key (load_id, rule)
);

-- Rows a contract and seller got out of a batch.
create table if not exists books.load_rows (
    load_id bigint not null,
    table_name {{text}} not null,
    owner {{text}} not null,         -- '' for the platform's rows
    emitted bigint not null,
    inserted bigint not null,
    changed bigint not null,
    unchanged bigint not null,
    duplicate bigint not null,
    quarantined bigint not null,
    waiting bigint not null,
    constraint load_rows_pk primary key (load_id, table_name, owner)
);

-- How far each source was read. `digest` is over the raw records before next_record: a changed file is another generation.
create table if not exists books.position (
    feed {{text}} not null,
    source {{text}} not null,
    generation {{text}} not null,
    next_raw bigint not null,    -- documents, for formats that hold several records in one
    next_record bigint not null,
    digest {{text}} not null,
    complete boolean not null,
    updated_at timestamp not null,
    constraint position_pk primary key (feed, source)
);

-- Groups that were not accepted (status open, replayed, discarded) or wait for a parent (waiting, released).
create table if not exists books.quarantine (
    quarantine_id bigint not null,
    load_id bigint not null,
    feed {{text}} not null,
    feed_hash {{text}} not null,
    contract_versions {{text}} not null,
    source {{text}} not null,
    record bigint not null,
    line bigint not null,
    byte_offset bigint not null,
    size_bytes bigint not null,
    group_no bigint not null,    -- ordinal of the group within the record
    owner {{text}},                  -- null: the seller could not be told
    n_rows bigint not null,
    rows_by_table {{text}} not null, -- JSON {"table": rows}
    status {{text}} not null,
    codes {{text}} not null,         -- distinct reason codes, comma separated
    reasons {{text}} not null,       -- JSON array of {code, severity, contract, field, row, detail}
    raw {{blob}} not null,           -- the whole record as received
    occurrence bigint not null,
    columns {{text}},                -- CSV: JSON array of the header's names, with the delimiter first
    received_at timestamp not null,
    recorded_at timestamp not null,
    closed_at timestamp,
    closed_load_id bigint,
    constraint quarantine_pk primary key (quarantine_id)
);

-- What was done with a quarantined group: opened, corrected, replayed, refused_again, discarded, released.
create table if not exists books.quarantine_event (
    quarantine_id bigint not null,
    happened_at timestamp not null,
    event {{text}} not null,
    actor {{text}} not null,
    detail {{text}} not null
);

-- Groups that wait: the parent they need.
create table if not exists books.waiting_parent (
    quarantine_id bigint not null,
    table_name {{text}} not null,
    parent_key bigint not null
);

-- Warnings about accepted rows: broken warning rules, sums that do not match.
create table if not exists books.finding (
    load_id bigint not null,
    record bigint not null,
    code {{text}} not null,
    severity {{text}} not null,
    table_name {{text}} not null,
    field {{text}} not null,
    rule {{text}} not null,
    owner {{text}},
    found_at timestamp not null
);

-- Failed set rules, until they pass again.
create table if not exists books.incident (
    incident_id bigint not null,
    rule {{text}} not null,
    table_name {{text}} not null,
    severity {{text}} not null,
    opened_at timestamp not null,
    closed_at timestamp,
    detail {{text}} not null,
    constraint incident_pk primary key (incident_id)
);

-- Compressed raw records of accepted groups, one file a batch.
create table if not exists books.archive (
    load_id bigint not null,
    feed {{text}} not null,
    source {{text}} not null,
    day date not null,
    path {{text}} not null,
    n_records bigint not null,
    size_bytes bigint not null,
    columns {{text}},                -- as in quarantine
    constraint archive_pk primary key (load_id)
);

-- What happened, one row an event; categories and severities are closed lists (see journal.h).
create table if not exists books.journal (
    happened_at timestamp not null,
    run_id {{text}} not null,
    category {{text}} not null,
    severity {{text}} not null,
    event {{text}} not null,
    feed {{text}} not null,
    message {{text}} not null,
    n_received bigint,
    n_applied bigint,
    n_quarantined bigint
);

-- Moments on which derived columns depend: closed periods keep their commission.
create table if not exists books.closed_period (
    period_start date not null,
    period_end date not null,    -- exclusive
    closed_at timestamp not null,
    constraint closed_period_pk primary key (period_start)
);

-- Snapshots: complete statements of what a feed knows, by table and seller, each by its own event time. A key that was held before
-- and is not held now is retired; which is a function of the set of snapshots, in whatever order they come.
create table if not exists books.snapshot (
    table_name {{text}} not null,
    feed {{text}} not null,
    owner {{text}} not null,
    event_at timestamp not null,
    load_id bigint not null,     -- of what it retired
    constraint snapshot_pk primary key (table_name, feed, owner, event_at)
);

-- The first snapshot that held a key ...
create table if not exists books.snapshot_key (
    table_name {{text}} not null,
    feed {{text}} not null,
    owner {{text}} not null,
    key bigint not null,
    first_at timestamp not null
);

-- ... and the later ones that did not. Those between that are not named here held it.
create table if not exists books.snapshot_absence (
    table_name {{text}} not null,
    feed {{text}} not null,
    owner {{text}} not null,
    key bigint not null,
    event_at timestamp not null
);

-- Keys of sources that are still being read: a snapshot may need several transactions.
create table if not exists books.snapshot_held (
    feed {{text}} not null,
    source {{text}} not null,
    generation {{text}} not null,
    table_name {{text}} not null,
    owner {{text}} not null,
    key bigint not null,
    event_at timestamp not null,
    deleted boolean not null
);
