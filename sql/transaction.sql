-- Append-only events, each identity (owner, event id, event time) once. Equal content is a duplicate; of different contents the
-- greatest (sequence, hash) stays and the others go to quarantine. The time (_at) is part of the identity, and named besides where an
-- engine with an index on it should go from row to row.
-- Only the row that lost goes, not its group's rows in other tables: another record may have brought those too, and a duplicate
-- leaves no trace, so taking them back would make the content depend on the order of arrival.

-- :fresh
-- The few that are staged beside many that are held, told to an engine that plans by figures.
analyze stage_{{x}};
drop table if exists fresh_{{x}};
create temp table fresh_{{x}} as
with once as (
    select min(_row) as _row
    from stage_{{x}}
    group by {{identity|, |$}}, _seq, _hash
)
select s.*
from stage_{{x}} s
join once on once._row = s._row
where not exists (
    select 1 from {{there}} t
    where t._at between {{from}} and {{to}}
      and t._at = s._at and {{identity| and |t.$ = s.$}} and t._seq = s._seq and t._hash = s._hash
);

-- :rivals
-- Different contents under one identity, among fresh events and with what is stored.
drop table if exists rival_{{x}};
create temp table rival_{{x}} as
select {{identity|, |$}}, _seq, _hash, _load_id, _record, _row,
       row_number() over (partition by {{identity|, |$}} order by _seq desc, _hash desc) as _place
from (
    select {{identity|, |$}}, _seq, _hash, cast(null as bigint) as _load_id, _record, _row, count(*) over (partition by {{identity|, |$}}) as _many
    from fresh_{{x}}
    union all
    select {{identity|, |t.$}}, t._seq, t._hash, t._load_id, t._record, cast(null as bigint), 2
    from {{there}} t
    where t._at between {{from}} and {{to}}
      and exists (select 1 from fresh_{{x}} f where {{identity| and |f.$ = t.$}})
) c
where _many > 1 or exists (
    select 1 from {{there}} t where t._at between {{from}} and {{to}} and {{identity| and |t.$ = c.$}});

-- :drop_losers
delete from fresh_{{x}} where _row in (select _row from rival_{{x}} where _place > 1 and _row is not null);
delete from {{x}} where _at between {{from}} and {{to}} and ({{identity|, |$}}, _seq, _hash) in (
    select {{identity|, |$}}, _seq, _hash from rival_{{x}} where _place > 1 and _row is null);

-- :known
-- Held rows whose identity the table has already.
select p._row from probe_{{x}} p
where exists (
    select 1 from {{x}} t
    where t._at between {{from}} and {{to}} and {{identity| and |t.$ = p.$}}
);

-- :take_known
-- The same of rows that were sent ahead: those are not inserted from there. Counted, because what is counted is looked up row by row: a server
-- without figures of a young table would join with all of it.
delete from held_{{x}} as h
where (
    select count(*) from {{x}} t
    where t._at = h._at and {{identity| and |t.$ = h.$}}
) > 0
returning h._row;

-- :insert
-- Fresh rows, or those that are held.
insert into {{x}} ({{stored|, |$}}{{roles||, $}}, _at, _seq, _hash, _record, _load_id)
select {{stored|, |s.$}}{{bound||, $}}, s._at, s._seq, s._hash, s._record, s._load_id
from {{rows}} s{{binds||
$}};
