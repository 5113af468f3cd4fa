-- What a snapshot no longer holds is retired, by changes in the same change log as everything else. Retired and returned keys depend
-- on the set of snapshots only: for each snapshot, the keys that an earlier one held are there or not there.
-- Variables besides the table's: feed, source, generation, load_id literals; owner the seller's column of staged rows.

-- :collect
insert into books.snapshot_held (feed, source, generation, table_name, owner, key, event_at, deleted)
select {{feed}}, {{source}}, {{generation}}, '{{x}}', {{owner}}, s._key, s._at, s._deleted
from stage_{{x}} s
where s._load_id = {{load_id}};

-- :set_aside
-- Records of the source that did not come in: what they would have held is not known.
select coalesce(cast(sum(quarantined + waiting + discarded) as bigint), 0)
from books.load
where feed = {{feed}} and source = {{source}} and generation = {{generation}};

-- :held
-- The snapshot's keys, and its event time: the greatest of its rows, for each seller that is in it. A row that says deleted holds nothing.
-- And what the books know of these sellers, fetched once: the books may lie on other nodes.
drop table if exists held_{{x}};
create temp table held_{{x}} as
select owner, key as _key
from books.snapshot_held
where feed = {{feed}} and source = {{source}} and generation = {{generation}} and table_name = '{{x}}' and not deleted
group by owner, key;
drop table if exists snap_{{x}};
create temp table snap_{{x}} as
select owner, max(event_at) as event_at
from books.snapshot_held
where feed = {{feed}} and source = {{source}} and generation = {{generation}} and table_name = '{{x}}'
group by owner;
drop table if exists told_{{x}};
create temp table told_{{x}} as
select owner, event_at
from books.snapshot
where table_name = '{{x}}' and feed = {{feed}} and owner in (select owner from snap_{{x}});
drop table if exists first_{{x}};
create temp table first_{{x}} as
select owner, key as _key, first_at
from books.snapshot_key
where table_name = '{{x}}' and feed = {{feed}} and owner in (select owner from snap_{{x}});
-- Those that are told for the first time.
drop table if exists new_{{x}};
create temp table new_{{x}} as
select owner, event_at from snap_{{x}} except select owner, event_at from told_{{x}};

-- :gone
-- Keys held before that this snapshot lacks; and keys new to the books that later snapshots, which are known already, lacked.
drop table if exists gone_{{x}};
create temp table gone_{{x}} as
select n.owner, k._key, n.event_at
from new_{{x}} n
join first_{{x}} k on k.owner = n.owner and k.first_at < n.event_at
where not exists (select 1 from held_{{x}} h where h.owner = n.owner and h._key = k._key)
union
select n.owner, h._key, s.event_at
from snap_{{x}} n
join held_{{x}} h on h.owner = n.owner
join told_{{x}} s on s.owner = n.owner and s.event_at > n.event_at
left join first_{{x}} k on k.owner = n.owner and k._key = h._key
where k.first_at is null or s.event_at < k.first_at;
delete from gone_{{x}} where (owner, _key, event_at) in (
    select owner, key, event_at from books.snapshot_absence
    where table_name = '{{x}}' and feed = {{feed}} and owner in (select owner from snap_{{x}}));
insert into books.snapshot_absence (table_name, feed, owner, key, event_at)
select '{{x}}', {{feed}}, owner, _key, event_at from gone_{{x}};
insert into books.snapshot (table_name, feed, owner, event_at, load_id)
select '{{x}}', {{feed}}, owner, event_at, {{load_id}} from new_{{x}};

-- :register
-- Keys that the feed brought, by the earliest snapshot that held them.
drop table if exists earlier_{{x}};
create temp table earlier_{{x}} as
select h.owner, h._key, n.event_at as first_at
from held_{{x}} h
join snap_{{x}} n on n.owner = h.owner
left join first_{{x}} k on k.owner = h.owner and k._key = h._key
where k.first_at is null or n.event_at < k.first_at;
delete from books.snapshot_key
where table_name = '{{x}}' and feed = {{feed}} and (owner, key) in (select owner, _key from earlier_{{x}});
insert into books.snapshot_key (table_name, feed, owner, key, first_at)
select '{{x}}', {{feed}}, owner, _key, first_at from earlier_{{x}};

-- :absent
-- The absences of the sellers at hand, and all their snapshots, with this one.
drop table if exists absent_{{x}};
create temp table absent_{{x}} as
select owner, key as _key, event_at
from books.snapshot_absence
where table_name = '{{x}}' and feed = {{feed}} and owner in (select owner from snap_{{x}});
insert into told_{{x}} select owner, event_at from new_{{x}};

-- :change
-- A key that was retired once is told apart by every later snapshot: there, or not there.
drop table if exists change_{{x}};
create temp table change_{{x}} as
with first_absence as (
    select owner, _key, min(event_at) as event_at from absent_{{x}} group by owner, _key
)
select _key, event_at, true as deleted, {{hash_gone}} as _hash from absent_{{x}}
union
select f._key, s.event_at, false, {{hash_back}}
from first_absence f
join told_{{x}} s on s.owner = f.owner and s.event_at > f.event_at
where not exists (select 1 from absent_{{x}} a where a.owner = f.owner and a._key = f._key and a.event_at = s.event_at);

-- :stage
-- What the log has already is left out.
insert into stage_{{x}} (_row, _load_id, _record, _group, _key, _at, _seq, _hash, _present, _deleted{{time?}}, {{time}}{{end}}, {{keys|, |$}})
select row_number() over (order by t._key, t.event_at, t._hash), {{load_id}}, 0, 0, t._key, t.event_at, 0, t._hash, 0, t.deleted
       {{time?}}, cast(t.event_at as {{time_type}}){{end}}, {{keys|, |d.$}}
from change_{{x}} t
join {{there}} d on d.{{key}} = t._key{{current?}} and d.is_current{{end}}
where not exists (select 1 from {{log}} l where l._key = t._key and l._at = t.event_at and l._seq = 0 and l._hash = t._hash);

-- :staged
select {{owner}}, count(*), count(case when s._deleted then 1 end), min(s._at), max(s._at)
from stage_{{x}} s
group by 1;

-- :forget
delete from books.snapshot_held where feed = {{feed}} and source = {{source}};
