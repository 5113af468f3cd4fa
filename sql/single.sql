-- Tables with one row a key (reference, accumulating): the state after the last change by (event time, sequence, content).
-- A key's first change lives only in its row; the second brings both into the log. Most keys never get a second.
-- _n: 0 inferred, 1 its only change lives here, else 1 + its changes in the log.

-- :once
-- Each distinct change of the batch; the same change twice is a duplicate already here. Often a few are staged beside many that are held: an engine
-- that plans by figures has to be told, or it reads whole tables for them.
analyze stage_{{x}};
drop table if exists once_{{x}};
create temp table once_{{x}} as
select _key, min(_row) as _row from stage_{{x}} group by _key, _at, _seq, _hash;
analyze once_{{x}};

-- :again
-- Keys with several changes in the batch, or known already.
drop table if exists again_{{x}};
create temp table again_{{x}} as
select _key from once_{{x}} group by _key having count(*) > 1
union
select {{key}} from {{x}} where {{key}} in (select _key from once_{{x}});

-- :known
-- Held rows whose key the table has already.
select p._row from probe_{{x}} p join {{x}} t on t.{{key}} = p._key;

-- :take_known
-- The same of rows that were sent ahead: those are not inserted from there.
delete from held_{{x}} as h
where exists (select 1 from {{x}} t where t.{{key}} = h._key)
returning h._row;

-- :insert_first
-- The first change of keys that have only one: staged ones, or all rows that are held.
insert into {{x}} ({{key}}, {{stored|, |$}}{{deleted?}}, is_deleted{{end}}{{roles||, $}}, _at, _seq, _hash, _present, _deleted, _n, _record, _load_id, _recorded_at)
select s._key, {{stored|, |s.$}}{{deleted?}}, s._deleted{{end}}{{bound||, $}}, s._at, s._seq, s._hash, s._present, s._deleted, 1, s._record, s._load_id, {{now}}
from {{rows}} s{{binds||
$}}{{staged?}}
where s._row in (select _row from once_{{x}} where _key not in (select _key from again_{{x}})){{end}};

-- :fresh
-- Of the others, the changes that neither the row nor the log has.
drop table if exists fresh_{{x}};
create temp table fresh_{{x}} as
select s.*
from stage_{{x}} s
where s._row in (select _row from once_{{x}} where _key in (select _key from again_{{x}}))
and not exists (
    select 1 from {{there}} t
    where t.{{key}} = s._key and t._at = s._at and t._seq = s._seq and t._hash = s._hash
) and not exists (
    select 1 from {{log}} l
    where l._key = s._key and l._at = s._at and l._seq = s._seq and l._hash = s._hash
);
analyze fresh_{{x}};

-- :log_first
insert into log.{{x}} (_key, _at, _seq, _hash, _present, _deleted, {{stored|, |$}}, _outcome, _record, _load_id, _recorded_at)
select {{key}}, _at, _seq, _hash, _present, _deleted, {{stored|, |$}}, 1, _record, _load_id, _recorded_at
from {{x}}
where _n = 1 and {{key}} in (select _key from fresh_{{x}});

-- :last
-- The one row of each touched key.
drop table if exists version_{{x}};
create temp table version_{{x}} as
with spread as (
    select _key, _at, _seq, _hash, _present, _deleted, _record, _load_id, _nth, {{keys|, |$}}{{type0||, $}}{{type1||, $}},
           1 + count(*) over (partition by _key) as _n
    from state_{{x}}
)
select * from spread where _nth + 1 = _n;

-- :replace
delete from {{x}} where {{key}} in (select _key from version_{{x}});
insert into {{x}} ({{key}}, {{stored|, |$}}{{deleted?}}, is_deleted{{end}}{{roles||, $}}, _at, _seq, _hash, _present, _deleted, _n, _record, _load_id, _recorded_at)
select s._key, {{stored|, |s.$}}{{deleted?}}, s._deleted{{end}}{{bound||, $}}, s._at, s._seq, s._hash, s._present, s._deleted, s._n, s._record, s._load_id, {{now}}
from version_{{x}} s{{binds||
$}};

-- :inferred
-- A reference row that nobody has described yet.
insert into {{x}} ({{key}}, {{keys|, |$}}{{deleted?}}, is_deleted{{end}}, _at, _seq, _hash, _present, _deleted, _n, _record, _load_id, _recorded_at)
select p._key, {{keys|, |p.$}}{{deleted?}}, false{{end}}, {{min}}, 0, 0, 0, false, 0, -1, 0, {{now}}
from ({{parents}}) p
where not exists (select 1 from {{there}} d where d.{{key}} = p._key);
