-- A table rebuilt from its change log: after a change of history types, and as the check of invariant 3.

-- :input
-- All changes; nothing is new. Keys of single rows with one change live in their row only and need no rebuilding.
select _key, _at, _seq, _hash, _present, _deleted, {{stored|, |$}}, _record, _load_id, cast(null as bigint) as _row
from log.{{x}}

-- :touch_all
drop table if exists touched_{{x}};
create temp table touched_{{x}} as
select distinct _key from state_{{x}};

-- :rebind_all
-- Facts of all keys: their column may be new.
drop table if exists rebind_{{x}};
create temp table rebind_{{x}} as
select distinct {{key}} as _key, {{min}} as _since from {{x}};

-- :single_apply
-- Everything that its last change decides (single.sql, last); versions it points to are bound by their own dimension.
update {{x}} as t
set _n = v._n, _at = v._at, _seq = v._seq, _hash = v._hash, _present = v._present, _deleted = v._deleted, _record = v._record,
    _load_id = v._load_id{{deleted?}}, is_deleted = v._deleted{{end}}{{type0||, $ = v.$}}{{type1||, $ = v.$}}
from (select * from version_{{x}}) v
where v._key = t.{{key}};
