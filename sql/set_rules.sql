-- Set rules count over a table as it stands. Every count gives two numbers: what the rule counts, and out of how many rows.
-- Of a keyed table only members that are described and not deleted count, as they are now: {{where}}.

-- :rows
select count(*), count(*) from {{x}} where {{where}};

-- :nulls
select count(case when {{field}} is null then 1 end), count(*) from {{x}} where {{where}};

-- :missing
select count(case when {{field}} is null or {{listed}} then 1 end), count(*) from {{x}} where {{where}};

-- :invalid
-- A missing value is not an invalid one.
select count(case when {{field}} is not null and not ({{listed}}) then 1 end), count(*) from {{x}} where {{where}};

-- :duplicates
-- Rows beyond the first of each value; a NULL equals nothing.
select coalesce(cast(sum(n - 1) as bigint), 0), (select count(*) from {{x}} where {{where}})
from (
    select count(*) as n from {{x}} where {{where}} and {{not_null}} group by {{fields}}
) g;

-- :query
-- The owner's own query, fenced: it is one SELECT or the statement cannot be read.
select * from (
{{query}}
) q limit 2;

-- :open_incidents
select rule, severity, detail from books.incident where table_name = $1 and closed_at is null order by rule nulls first;

-- :open
insert into books.incident (incident_id, rule, table_name, severity, opened_at, closed_at, detail)
values ($1, $2, $3, $4, $5, null, $6);

-- :update
update books.incident set severity = $3, detail = $4
where table_name = $1 and rule = $2 and closed_at is null and (severity <> $3 or detail <> $4);

-- :close
update books.incident set closed_at = $3 where table_name = $1 and rule = $2 and closed_at is null;
