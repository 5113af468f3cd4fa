-- Small statements around the merges of history.sql, single.sql and transaction.sql.

-- :stage
drop table if exists stage_{{x}};
create temp table stage_{{x}} ({{definition}});

-- :known_collision
-- A durable key that stands for two natural keys.
select count(*) from stage_{{x}} s join {{there}} d on d.{{key}} = s._key
where {{keys| or |d.$ is distinct from s.$}};

-- :compared_collision
-- The same of a dimension's fresh changes, which history.sql has beside a version of their key.
select count(*) from compared_{{x}} where _collides;

-- :staged_collision
select count(*) from (
    select _key from stage_{{x}} group by _key
    having {{keys| or |min($) is distinct from max($)}}) c;

-- :latest
select max(_at) from {{x}};

-- :duplicates
-- Staged rows that are nothing new, with their seller.
select s._load_id, s._record, {{owner}} from stage_{{x}} s
where not exists (select 1 from fresh_{{x}} f where f._row = s._row);

-- :double
select s._load_id, s._record, {{owner}} from stage_{{x}} s where s._row in (select _row from double_{{x}});

-- :single_duplicates
-- Staged rows that were neither a first row nor a fresh change.
select s._load_id, s._record, {{owner}} from stage_{{x}} s
where not exists (select 1 from fresh_{{x}} f where f._row = s._row)
  and not exists (
    select 1 from once_{{x}} o
    where o._row = s._row and o._key not in (select _key from again_{{x}})
  );

-- :quiet
select s._load_id, s._record, {{owner}} from fresh_{{x}} s where s._row in (select _row from quiet_{{x}});

-- :unchanged
select s._load_id, s._record, {{owner}} from state_{{x}} s where s._row is not null and s._outcome = 3;

-- :changed
select s._load_id, {{owner}}, count(*) from state_{{x}} s where s._row is not null and s._outcome = 2 group by 1, 2;

-- :staged_losers
select s._load_id, s._record, {{owner}}, s._group from stage_{{x}} s
where s._row in (select _row from rival_{{x}} where _place > 1 and _row is not null);

-- :stored_losers
select r._load_id, r._record, {{stored_owner}} from rival_{{x}} r
where r._place > 1 and r._row is null;

-- :since_versions
-- From when on facts can look different. Type 0, 1 and 3 attributes show on all versions; so does the first description of a key that was inferred.
select least(
    min(case when _outcome = 1 or _wide then {{min}} else _at end),
    (select min({{min}}) from touched_{{x}} where _flips = 1))
from (
    select _key, _at, _row, _outcome,
           false{{type0|| or $ is distinct from lag($) over w}}{{type1|| or $ is distinct from lag($) over w}}{{type3|| or $ is distinct from lag($) over w}} as _wide
    from state_{{x}}
    window w as (partition by _key order by _nth)
) s
where _row is not null and _outcome <> 3
  and (_outcome = 2 or _key in (
    select {{key}} from {{there}} where {{key}} in (select _key from state_{{x}} where _row is not null and _outcome = 1)));

-- :since_staged
select min({{time}}) from stage_{{x}};

-- :rebind
-- Facts of the keys whose versions changed point to the version valid at their own time.
update {{fact}} as f set {{from_column}} = v.valid_from
from (
    select r._key, r._since, d.valid_from, d.valid_to
    from rebind_{{x}} r
    join {{there}} d on d.{{key}} = r._key
) v
where f.{{role_key}} = v._key
  and f.{{bind}} >= {{since}}
  and f.{{bind}} >= v._since
  and v.valid_from <= f.{{bind}} and f.{{bind}} < v.valid_to
  and f.{{from_column}} is distinct from v.valid_from;

-- :orphans
-- Rows whose parent nobody has described, nor does this batch.
select s._load_id, s._record, s._group, s.{{role_key}} from stage_{{x}} s
where s.{{role_key}} is not null
  and not exists (select 1 from {{parent_there}} d where d.{{parent_key}} = s.{{role_key}} and {{described}})
  {{staged_parent?}}and not exists (select 1 from stage_{{parent}} p where p._key = s.{{role_key}}){{end}};
