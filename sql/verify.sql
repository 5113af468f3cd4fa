-- The invariants recounted and recomputed. Every query gives the offenders: one row each, a text that names the key. No row is good.

-- :load_equation
select 'load ' || load_id || ' of ' || feed || ': ' || received || ' received, the classes make '
       || (applied + unchanged + duplicate + quarantined + waiting + ignored + discarded + erased + expired)
from books.load
where received <> applied + unchanged + duplicate + quarantined + waiting + ignored + discarded + erased + expired
   or least(applied, unchanged, duplicate, quarantined, waiting, ignored, discarded, erased, expired) < 0;

-- :load_range
-- The ranges of a source's generation lie side by side from 0 on, and hold as many records as were received.
select 'load ' || load_id || ' of ' || feed || ', ' || source || ': records ' || from_record || ' to ' || to_record || ', before it ended at ' || before
       || ', received ' || received
from (
    select load_id, feed, source, from_record, to_record, received,
           coalesce(lag(to_record) over (partition by feed, source, generation order by from_record), 0) as before
    from books.load
    where to_record > 0
) l
where from_record <> before or to_record - from_record <> received;

-- :position_range
select 'position of ' || p.feed || ', ' || p.source || ': ' || p.next_record || ', the loads end at ' || coalesce(l.reached, 0)
from books.position p
left join (
    select feed, source, generation, max(to_record) as reached from books.load where to_record > 0 group by feed, source, generation
) l on l.feed = p.feed and l.source = p.source and l.generation = p.generation
where p.next_record <> coalesce(l.reached, 0);

-- :set_aside
-- A record is quarantined while a group of it is open, else waiting while one waits, else discarded when one was given up.
with record as (
    select load_id, record,
           max(case when status = 'open' then 1 else 0 end) as is_open,
           max(case when status = 'waiting' then 1 else 0 end) as waits,
           max(case when status = 'discarded' then 1 else 0 end) as given_up
    from books.quarantine
    group by load_id, record
),
counted as (
    select load_id, sum(is_open) as quarantined,
           sum(case when is_open = 0 then waits else 0 end) as waiting,
           sum(case when is_open = 0 and waits = 0 then given_up else 0 end) as discarded
    from record
    group by load_id
)
select 'load ' || l.load_id || ' of ' || l.feed || ': the books say ' || l.quarantined || ' quarantined, ' || l.waiting || ' waiting, '
       || l.discarded || ' discarded; there are ' || coalesce(c.quarantined, 0) || ', ' || coalesce(c.waiting, 0) || ', ' || coalesce(c.discarded, 0)
from books.load l
left join counted c on c.load_id = l.load_id
where l.quarantined <> coalesce(c.quarantined, 0) or l.waiting <> coalesce(c.waiting, 0) or l.discarded <> coalesce(c.discarded, 0);

-- :ignored
select 'load ' || l.load_id || ' of ' || l.feed || ': ' || l.ignored || ' ignored, the rules say ' || coalesce(i.n, 0)
from books.load l
left join (select load_id, sum(n_records) as n from books.load_ignored group by load_id) i on i.load_id = l.load_id
where l.ignored <> coalesce(i.n, 0);

-- :row_equation
select 'load ' || load_id || ', ' || table_name || ', seller ' || owner || ': ' || emitted || ' rows emitted, the outcomes make '
       || (inserted + changed + unchanged + duplicate + quarantined + waiting)
from books.load_rows
where emitted <> inserted + changed + unchanged + duplicate + quarantined + waiting
   or least(emitted, inserted, changed, unchanged, duplicate, quarantined, waiting) < 0;

-- :rows_versions
-- Every accepted change lies in the log.
with there as (select _load_id, {{owner}} as owner, count(*) as n from log.{{x}} s group by 1, 2)
{{row_count}}

-- :rows_single
-- A key's first change lies in its row until a second brings both into the log.
with there as (
    select _load_id, owner, sum(n) as n
    from (
        select _load_id, {{owner}} as owner, count(*) as n from log.{{x}} s group by 1, 2
        union all
        select _load_id, {{owner}}, count(*) from {{x}} s where _n = 1 group by 1, 2
    ) u
    group by 1, 2
)
{{row_count}}

-- :rows_events
with there as (select _load_id, {{owner}} as owner, count(*) as n from {{x}} s group by 1, 2)
{{row_count}}

-- :row_count
select '{{x}}, load ' || coalesce(r.load_id, t._load_id) || ', seller ' || coalesce(r.owner, t.owner) || ': ' || coalesce(t.n, 0) || ' rows, the books say '
       || coalesce(r.n, 0)
from (
    select load_id, owner, inserted + changed + unchanged as n from books.load_rows where table_name = '{{x}}'
) r
full join there t on t._load_id = r.load_id and t.owner = r.owner
where coalesce(t.n, 0) <> coalesce(r.n, 0);

-- :versions_differ
-- The stored history and the projection of the change log, both ways.
with stored as (
    select {{key}} as _key{{keys||, $}}{{type2||, $}}{{type0||, $}}{{type1||, $}}{{type3||, $, $previous}}, valid_from, valid_to, is_current, is_deleted
    from {{x}}
    where not is_inferred
),
computed as (
    select v._key{{keys||, s.$}}{{type2||, s.$}}{{type0||, v.$}}{{type1||, v.$}}{{type3||, v.$, v.$previous}}, v.valid_from, v.valid_to, v.is_current, v.is_deleted
    from version_{{x}} v
    join state_{{x}} s on s._key = v._key and s._nth = v._nth
)
select '{{x}}, key ' || {{key_text}} || ', valid from ' || cast(valid_from as text) || ': stored but not what its changes make'
from (select * from stored except select * from computed) a
union all
select '{{x}}, key ' || {{key_text}} || ', valid from ' || cast(valid_from as text) || ': made by its changes but not stored'
from (select * from computed except select * from stored) b;

-- :versions_shape
-- Per key: from the beginning of time, no gap, no overlap, one open version; an inferred member stands alone.
select '{{x}}, key ' || {{key_text}} || ', valid from ' || cast(valid_from as text) || ': gap, overlap or more than one open version'
from (
    select *,
           lag(valid_to) over w as _before,
           lead(valid_from) over w as _after
    from {{x}}
    window w as (partition by {{key}} order by valid_from)
) v
where valid_from <> coalesce(_before, {{min}})
   or valid_to <> coalesce(_after, {{max}})
   or is_current <> (_after is null)
   or (is_inferred and (_before is not null or _after is not null));

-- :single_differ
-- Keys with several changes: the stored row and the last state of the log, both ways.
with stored as (
    select {{key}} as _key, {{stored|, |$}} from {{x}} where _n > 1
),
computed as (
    select _key, {{stored|, |$}} from version_{{x}}
)
select '{{x}}, key ' || {{key_text}} || ': stored but not what its changes make' from (select * from stored except select * from computed) a
union all
select '{{x}}, key ' || {{key_text}} || ': made by its changes but not stored' from (select * from computed except select * from stored) b;

-- :single_keys
select '{{x}}, key ' || {{key_text}} || ': ' || count(*) || ' rows of one key' from {{x}} group by {{keys|, |$}} having count(*) > 1;

-- :generated_null
-- What the warehouse computes itself passes no door that checks it: a required column of it with nothing in it.
select '{{x}}, key ' || _row || ': ' || _missing || ' is null'
from (
    select {{key_text}} as _row, {{missing}} as _missing
    from {{x}}
    where {{described}}
) v
where _missing is not null;

-- :bound
-- As it was: a fact points to the version that holds its own time; with no such version the link is broken.
select '{{x}}, load ' || f._load_id || ', record ' || f._record || ': {{from_column}} is not the version of {{parent}} valid at its time'
from {{x}} f
left join {{parent}} d on d.{{parent_key}} = f.{{role_key}} and d.valid_from = f.{{from_column}}{{same_owner}}
where f.{{role_key}} is not null and f.{{bind}} is not null
  and (d.valid_from is null or d.valid_from > f.{{bind}} or f.{{bind}} >= d.valid_to);

-- :linked
select '{{x}}, load ' || f._load_id || ', record ' || f._record || ': {{role_key}} has no row in {{parent}}'
from {{x}} f
where f.{{role_key}} is not null
  and f.{{role_key}} not in (select {{parent_key}} from {{parent}});
