-- Archived records go through another mapping: what they once made is taken out first, inside the same transaction.
-- scope_load holds the loads that are read again.

-- :scope
drop table if exists scope_load;
create temp table scope_load as
select load_id, feed, source, generation, from_record, to_record, received, received_at, started_at
from books.load
where feed = {{feed}} and received_at >= {{since}} and received > 0;

-- :keep_before
-- The content of a table as it was, to show the difference.
drop table if exists before_{{x}};
create temp table before_{{x}} as select {{content}} from {{x}};

-- :difference
select (select count(*) from before_{{x}}) as n_before,
       (select count(*) from {{x}}) as n_after,
       (select count(*) from (select {{content}} from before_{{x}} except select {{content}} from {{x}}) a) as n_gone,
       (select count(*) from (select {{content}} from {{x}} except select {{content}} from before_{{x}}) b) as n_new;

-- :take_out_events
delete from {{x}} where _load_id in (select load_id from scope_load);

-- :take_out_log
-- Changes, first; lost_x has the keys of which none is left.
drop table if exists lost_{{x}};
create temp table lost_{{x}} as select distinct _key from log.{{x}} where _load_id in (select load_id from scope_load);
delete from log.{{x}} where _load_id in (select load_id from scope_load);
delete from lost_{{x}} where _key in (select _key from log.{{x}} where _key in (select _key from lost_{{x}}));

-- :take_out_single
-- Rows whose only change goes, or whose log becomes empty, go with it.
delete from {{x}} where _n = 1 and _load_id in (select load_id from scope_load);
delete from {{x}} where _n > 1 and {{key}} in (select _key from lost_{{x}});

-- :take_out_versions
-- A key without changes has no history; if facts point to it, it is inferred again below.
delete from {{x}} where not is_inferred and {{key}} in (select _key from lost_{{x}});

-- :infer_again
-- Parents that facts point to and that nobody describes any more.
insert into {{parent}} ({{parent_key}}, {{parent_columns}}, {{inferred_columns}})
select f.{{role_key}}, {{child_columns}}, {{inferred_values}}
from {{x}} f
where f.{{role_key}} is not null
  and f.{{role_key}} not in (select {{parent_key}} from {{parent}})
group by f.{{role_key}};

-- :forget_books
delete from books.load_rows where load_id in (select load_id from scope_load);
delete from books.load_ignored where load_id in (select load_id from scope_load);
delete from books.finding where load_id in (select load_id from scope_load);
delete from books.waiting_parent where quarantine_id in (
    select quarantine_id from books.quarantine where status in ('open', 'waiting') and load_id in (select load_id from scope_load));
delete from books.quarantine where status in ('open', 'waiting') and load_id in (select load_id from scope_load);
delete from books.load where load_id in (select load_id from scope_load);

-- :set_aside_raw
-- Raw records that were set aside and are still: the archive does not have them.
select distinct on (record) record, line, byte_offset, occurrence, raw
from books.quarantine
where load_id = $1 and status in ('open', 'waiting')
order by record, group_no;

-- :closed_records
-- Records that came back from quarantine before keep what they made; those given up stay given up.
select count(distinct case when status in ('replayed', 'released') then record end),
       count(distinct case when status = 'discarded' then record end)
from books.quarantine
where load_id = $1 and status not in ('open', 'waiting');
