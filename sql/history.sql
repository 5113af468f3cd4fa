-- History of a keyed table is a projection of its change log, rebuilt for the keys a batch touches. So it depends on the
-- set of accepted changes only: order, batching and repetition cannot show.
-- Tables of a step are dropped with the last step that reads them: they count as memory.
-- Variables: x the table; there and log what staged rows are compared with, the table and its log or what near.sql fetched of them; see
-- src/warehouse/plan.h.

-- :repeated
-- Changes that the batch has twice, but for one of each.
drop table if exists repeated_{{x}};
create temp table repeated_{{x}} as
with told_twice as (
    select _key, _at, _seq, _hash, min(_row) as _first
    from stage_{{x}}
    group by _key, _at, _seq, _hash
    having count(*) > 1
)
select s._row
from stage_{{x}} s
join told_twice t on t._key = s._key and t._at = s._at and t._seq = s._seq and t._hash = s._hash
where s._row <> t._first;

-- :double
-- Those, and what the log has already: duplicates.
drop table if exists double_{{x}};
create temp table double_{{x}} as
select _row from repeated_{{x}}
union
select s._row
from stage_{{x}} s
where exists (
    select 1 from {{log}} l
    where l._key = s._key and l._at = s._at and l._seq = s._seq and l._hash = s._hash
);
drop table repeated_{{x}};

-- :fresh
-- The others are fresh. The stage itself becomes their table where nobody looks into it any more: most of a batch is fresh, and rows are wide.
drop table if exists fresh_{{x}};
{{last?}}delete from stage_{{x}} where _row in (select _row from double_{{x}});
alter table stage_{{x}} rename to fresh_{{x}};{{else}}create temp table fresh_{{x}} as
select * from stage_{{x}} s where not exists (select 1 from double_{{x}} d where d._row = s._row);{{end}}

-- :compared
-- Fresh changes beside what is in force at their time, after their key's first change: _news_at where they tell something else. All versions show
-- the last value of type 1 and the first of type 0, so what a late change tells beside these is a question to the log (_late). A type 3
-- attribute that is told again in between may part two equal values that came one after the other.
drop table if exists compared_{{x}};
create temp table compared_{{x}} as
-- A server looks into the log once a key, by its index, and again where a change is late: as a join with the grouped log, PostgreSQL may group it
-- anew for each key; unless what is looked up is materialized, it looks again for each change, and for each place that names the answer. A file
-- is read in one pass.
with {{server?}}latest as materialized (
    select k._key, k._least_at, (select max(l._at) from {{log}} l where l._key = k._key) as _last_at
    from (select _key, min(_at) as _least_at from fresh_{{x}} group by _key) k
),
span as materialized (
    select k._key, k._last_at,
           case
               when k._last_at < k._least_at then k._last_at
               else (select min(l._at) from {{log}} l where l._key = k._key)
           end as _first_at -- or any of them, where all fresh ones are later
    from latest k
){{else}}span as materialized (
    select k._key, min(l._at) as _first_at, max(l._at) as _last_at
    from (select distinct _key from fresh_{{x}}) k
    left join {{log}} l on l._key = k._key
    group by k._key
){{end}}
select f._row, f._key, f._at,
       case
           when s._first_at is null or d.{{key}} is null or d.is_inferred or f._at <= s._first_at{{type3?}} or f._at <= s._last_at{{end}}
                or f._deleted is distinct from d.is_deleted{{type2||
                or ((f._present & $bit) <> 0 and f.$ is distinct from d.$)}}{{type3||
                or ((f._present & $bit) <> 0 and f.$ is distinct from d.$)}}{{type1||
                or ((f._present & $bit) <> 0 and f.$ is distinct from d.$ and f._at > s._last_at)}}{{type0||
                or ((f._present & $bit) <> 0 and f.$ is distinct from d.$ and d.$ is null and f._at > s._last_at)}} then f._at
       end as _news_at,
       f._at <= s._last_at and (false{{type1||
           or ((f._present & $bit) <> 0 and f.$ is distinct from d.$)}}{{type0||
           or ((f._present & $bit) <> 0 and f.$ is distinct from d.$)}}) as _late,
       d.{{key}} is not null and ({{keys| or |d.$ is distinct from f.$}}) as _collides
from fresh_{{x}} f
join span s on s._key = f._key
left join {{there}} d on d.{{key}} = f._key and d.valid_from <= f._at and f._at < d.valid_to;

-- :n_late
select count(*) from compared_{{x}} where _late and _news_at is null;

-- :late
-- No news: a type 1 attribute that was in force at its time already, a type 0 one that an earlier change has sent.
with late as materialized (
    select f.*
    from compared_{{x}} c
    join fresh_{{x}} f on f._row = c._row
    where c._late and c._news_at is null
),
logged as not materialized (
    select * from log.{{x}}
)
update compared_{{x}} as c
set _news_at = f._at
from late f
where f._row = c._row
    and (false{{type1||
        or ((f._present & $bit) <> 0 and f.$ is distinct from (
            select l.$ from logged l
            where l._key = f._key and l._at <= f._at and (l._present & $bit) <> 0
            order by l._at desc, l._seq desc, l._hash desc limit 1))}}{{type0||
        or ((f._present & $bit) <> 0 and not exists (
            select 1 from logged l
            where l._key = f._key and l._at < f._at and (l._present & $bit) <> 0))}});

-- :late_in_one_pass
-- The same in a file, where a look into the log a change would be a pass over it a change: what was in force comes from one pass over the
-- logged and the late changes of their keys. Of equal event times, what is logged comes first.
with late as materialized (
    select f.*
    from compared_{{x}} c
    join fresh_{{x}} f on f._row = c._row
    where c._late and c._news_at is null
),
told as (
    select _key, _at, _seq, _hash, _present{{type1||, $}}{{type0||, $}}, cast(null as bigint) as _row
    from log.{{x}}
    where _key in (select _key from late)
    union all
    select _key, _at, _seq, _hash, _present{{type1||, $}}{{type0||, $}}, _row
    from late
),
ordered as (
    select *, row_number() over (
        partition by _key
        order by _at, case when _row is null then 0 else 1 end nulls last, _seq, _hash
    ) as _nth
    from told
),
source as (
    select *{{type1||,
           max(case when _row is null and (_present & $bit) <> 0 then _nth end) over (partition by _key order by _nth) as $from}}{{type0||,
           min(case when _row is null and (_present & $bit) <> 0 then _at end) over (partition by _key) as $from}}
    from ordered
),
known as (
    select _row, _at, _present{{type1||, $,
           nth_value($, cast($from as integer)) over whole as $now}}{{type0||, $from}}
    from source
    window whole as (partition by _key order by _nth rows between unbounded preceding and unbounded following)
)
update compared_{{x}} as c
set _news_at = k._at
from known k
where k._row = c._row
    and (false{{type1||
        or ((k._present & $bit) <> 0 and k.$ is distinct from k.$now)}}{{type0||
        or ((k._present & $bit) <> 0 and (k.$from is null or k.$from >= k._at))}});

-- :late_is_news
-- Where the log is not at hand, as on several nodes.
update compared_{{x}} set _news_at = _at where _late;

-- :quiet
-- Fresh changes that repeat what is in force at their time, before any with news: nothing to project. Most changes are of this kind (an order
-- repeats its customer and products), and this keeps the cost of a batch from growing with the log.
drop table if exists quiet_{{x}};
create temp table quiet_{{x}} as
with told as (
    select _row, _at, _news_at, min(_news_at) over (partition by _key) as _first_news_at from compared_{{x}}
)
select _row
from told
where _news_at is null and (_first_news_at is null or _at < _first_news_at);
drop table compared_{{x}};

-- :log_quiet
insert into log.{{x}} (_key, _at, _seq, _hash, _present, _deleted, {{stored|, |$}}, _outcome, _record, _load_id, _recorded_at)
select _key, _at, _seq, _hash, _present, _deleted, {{stored|, |$}}, 3, _record, _load_id, {{now}}
from fresh_{{x}}
where _row in (select _row from quiet_{{x}});
delete from fresh_{{x}} where _row in (select _row from quiet_{{x}});

-- :few_left
-- An engine that plans by figures has to be told: it would read the whole log for them.
analyze fresh_{{x}};

-- :input
-- All changes ever accepted of the keys at hand, old and fresh. Only the latter have a _row.
select _key, _at, _seq, _hash, _present, _deleted, {{stored|, |$}}, _record, _load_id, cast(null as bigint) as _row
from log.{{x}}
where _key in (select _key from fresh_{{x}})
union all
select _key, _at, _seq, _hash, _present, _deleted, {{stored|, |$}}, _record, _load_id, _row
from fresh_{{x}}

-- :is_partial
-- 1 when some change does not carry every attribute.
select case when exists (select 1 from ({{input}}) i where _present <> {{full}}) then 1 else 0 end;

-- :fill
-- An absent attribute keeps the value it had: per attribute, the last change that carried it gives the value.
-- Type 0 attributes take the first value ever sent.
drop table if exists filled_{{x}};
create temp table filled_{{x}} as
with ordered as (
    select *, row_number() over (partition by _key order by _at, _seq, _hash) as _nth
    from ({{input}}) i
),
source as (
    select *{{type0||,
           min(case when (_present & $bit) <> 0 then _nth end) over (partition by _key order by _nth) as $from}}{{carried||,
           max(case when (_present & $bit) <> 0 then _nth end) over (partition by _key order by _nth) as $from}}
    from ordered
)
select _key, _at, _seq, _hash, _present, _deleted, {{keys|, |$}}{{own||, $}}{{type0||,
       nth_value($, cast($from as integer)) over whole as $}}{{carried||,
       nth_value($, cast($from as integer)) over whole as $}}, _record, _load_id, _row
from source
window whole as (partition by _key order by _nth rows between unbounded preceding and unbounded following);

-- :first
-- Every change carries everything: type 0 attributes take the first one's value. The same as fill would give, in one pass.
drop table if exists filled_{{x}};
create temp table filled_{{x}} as
select _key, _at, _seq, _hash, _present, _deleted, {{keys|, |$}}{{own||, $}}{{type0||,
       first_value($) over w as $}}{{carried||,
       $}}, _record, _load_id, _row
from ({{input}}) i
window w as (partition by _key order by _at, _seq, _hash);

-- :state
-- The state after each change, and whether the change did anything: 1 inserted, 2 changed, 3 unchanged. A change that left its own
-- moment as it was may still be the first that ever sent a type 0 attribute, which later states then show (_flips).
drop table if exists state_{{x}};
create temp table state_{{x}} as
select *,
       row_number() over w as _nth,
       lead(_at) over w as _next_at,
       case
           when row_number() over w = 1 then 1
           when _deleted is distinct from lag(_deleted) over w{{attributes||
                or $ is distinct from lag($) over w}} then 2
           else 3
       end as _outcome
from ({{input}}) i
window w as (partition by _key order by _at, _seq, _hash);
drop table if exists touched_{{x}};
create temp table touched_{{x}} as
select _key, max(_flips) as _flips
from (
    select s._key, s._outcome,
           {{type0?}}case when exists (
               select 1 from {{there}} d
               where d.{{key}} = s._key and ({{type0| or |((s._present & $bit) <> 0 and d.$ is distinct from s.$)}})
           ) then 1 else 0 end{{else}}0{{end}} as _flips
    from state_{{x}} s
    where s._row is not null
) f
where _outcome <> 3 or _flips = 1
group by _key;
drop table if exists filled_{{x}};

-- :is_tied
-- 1 when several changes of a key happened at the same moment.
select case when exists (select 1 from state_{{x}} where _next_at = _at) then 1 else 0 end;

-- :changed
-- For scripts of derive/, which look at the facts of these keys alone.
create temp table if not exists changed_{{x}} (_key bigint);
insert into changed_{{x}} select _key from touched_{{x}};

-- :forget_changed
drop table if exists changed_{{x}};

-- :versions
-- Versions of the touched keys: of equal event times the last counts; type 0, 1 and 3 show their last state everywhere (that of
-- type 0 is the first value sent); a version begins where a type 2 attribute (or the deletion) changes; the first reaches back to
-- the beginning of time. What a version is since its first moment on (natural key, type 2) stays in state_x, at _nth.
-- Variable: plain when a change begins a version if and only if it did anything.
drop table if exists version_{{x}};
create temp table version_{{x}} as
with spread as (
    select _key, _at, _nth, _row, _deleted, _outcome{{type2||, $}}{{type0||,
           last_value($) over whole as $}}{{type1||,
           last_value($) over whole as $}}{{type3||,
           $ as $now,
           last_value($) over whole as $}}
    from state_{{x}}
    where _key in (select _key from touched_{{x}}) and (_next_at is null or _next_at <> _at)
    window whole as (partition by _key order by _nth rows between unbounded preceding and unbounded following)
){{type3?}},
before as (
    select *{{type3||,
           max(case when $now is distinct from $ then _nth end) over (partition by _key) as $from}}
    from spread
){{end}},
marked as (
    select *{{type3||,
           max(case when _nth = $from then $now end) over (partition by _key) as $previous}},
           {{plain?}}_outcome <> 3{{else}}row_number() over w = 1 or _deleted is distinct from lag(_deleted) over w{{type2||
           or $ is distinct from lag($) over w}}{{end}} as _begins
    from {{type3?}}before{{else}}spread{{end}}
    window w as (partition by _key order by _nth)
)
select _key, _nth, _row{{type0||, $}}{{type1||, $}}{{type3||, $, $previous}},
       case when row_number() over w = 1 then {{min}} else _at end as valid_from,
       coalesce(lead(_at) over w, {{max}}) as valid_to,
       lead(_at) over w is null as is_current,
       _deleted as is_deleted
from marked
where _begins
window w as (partition by _key order by _nth);

-- :rebind
-- Where the versions of a known key changed: facts of that key from that moment on point to another version now.
drop table if exists rebind_{{x}};
create temp table rebind_{{x}} as
with old_version as (
    select {{key}} as _key, valid_from from {{x}} where {{key}} in (select _key from touched_{{x}})
),
new_version as (
    select _key, valid_from from version_{{x}} where _key in (select _key from old_version)
),
differing as (
    (select * from old_version except select * from new_version)
    union all
    (select * from new_version except select * from old_version)
)
select _key, min(valid_from) as _since from differing group by _key;

-- :stored
-- What becomes of the stored versions of the touched keys: with _nth they stay, as the version that begins there. Their end may move, in a file:
-- a server writes the row anew then, and to find it twice, for that and for those that go, is dearer.
-- Most are older than the key's fresh changes. What a version shows of its own moment (type 2) comes from the change it began with. A change
-- that was known made the stored one, too, unless it leaves attributes out, which others fill in, or the history types are new
-- (variable: compared).
drop table if exists stored_{{x}};
create temp table stored_{{x}} as
select d.{{key}} as _key, d.valid_from, v.valid_to, v.is_current,
       d.valid_to is distinct from v.valid_to or d.is_current is distinct from v.is_current as _ends_elsewhere,
       case
           when not d.is_inferred and d.is_deleted is not distinct from v.is_deleted{{server?}}
                and d.valid_to is not distinct from v.valid_to and d.is_current is not distinct from v.is_current{{end}}{{type0||
                and d.$ is not distinct from v.$}}{{type1||
                and d.$ is not distinct from v.$}}{{type3||
                and d.$ is not distinct from v.$ and d.$previous is not distinct from v.$previous}}{{compared?}}{{type2||
                and d.$ is not distinct from s.$}}{{end}} then v._nth
       end as _nth
from {{there}} d
left join (select * from version_{{x}} where _row is null) v on v._key = d.{{key}} and v.valid_from = d.valid_from{{compared?}}
left join state_{{x}} s on s._key = v._key and s._nth = v._nth{{end}}
where d.{{key}} in (select _key from touched_{{x}});

-- :apply
-- Versions that are none any more go, some end elsewhere, the new ones come.
delete from {{x}} where ({{key}}, valid_from) in (select _key, valid_from from stored_{{x}} where _nth is null);{{server?}}{{else}}
update {{x}} as d set valid_to = v.valid_to, is_current = v.is_current
from (select * from stored_{{x}} where _nth is not null and _ends_elsewhere) v
where v._key = d.{{key}} and v.valid_from = d.valid_from;{{end}}
delete from version_{{x}} where (_key, _nth) in (select _key, _nth from stored_{{x}} where _nth is not null);
insert into {{x}} ({{key}}{{keys||, $}}{{type2||, $}}{{type0||, $}}{{type1||, $}}{{type3||, $, $previous}}, valid_from, valid_to, is_current, is_deleted, is_inferred)
select v._key{{keys||, s.$}}{{type2||, s.$}}{{type0||, v.$}}{{type1||, v.$}}{{type3||, v.$, v.$previous}}, v.valid_from, v.valid_to, v.is_current, v.is_deleted, false
from version_{{x}} v
join state_{{x}} s on s._key = v._key and s._nth = v._nth;
drop table stored_{{x}};
drop table version_{{x}};
drop table state_{{x}};

-- :log
insert into log.{{x}} (_key, _at, _seq, _hash, _present, _deleted, {{stored|, |$}}, _outcome, _record, _load_id, _recorded_at)
select f._key, f._at, f._seq, f._hash, f._present, f._deleted, {{stored|, |f.$}}, s._outcome, f._record, f._load_id, {{now}}
from fresh_{{x}} f
join state_{{x}} s on s._row = f._row;
drop table fresh_{{x}};

-- :inferred
-- Parents that nobody has described yet: one version that holds since ever, completed in place when the real row arrives.
insert into {{x}} ({{key}}, {{keys|, |$}}, valid_from, valid_to, is_current, is_deleted, is_inferred)
select p._key, {{keys|, |p.$}}, {{min}}, {{max}}, true, false, true
from ({{parents}}) p
where not exists (select 1 from {{there}} d where d.{{key}} = p._key);
