-- Rows of stored tables that staged rows are compared with or bound to, fetched beside them. Only where the tables lie on several nodes:
-- there a temporary table is the session's own, and joins with it by anything but a list of values are refused or bring the whole table over.
-- Variables: rows the temporary table that names the keys (or a part of it), column its key.

-- :table
drop table if exists near_{{x}};
create temp table near_{{x}} as
select * from {{x}} where {{key}} in (select {{column}} from {{rows}});

-- :log
drop table if exists near_log_{{x}};
create temp table near_log_{{x}} as
select _key, _at, _seq, _hash from log.{{x}} where _key in (select _key from {{rows}});

-- :input
-- The changes of the keys at hand (variable: input, a query), which several statements read.
drop table if exists input_{{x}};
create temp table input_{{x}} as
{{input}};

-- :events
-- Events with an identity that is staged.
drop table if exists near_{{x}};
create temp table near_{{x}} as
select {{identity|, |$}}, _at, _seq, _hash, _record, _load_id
from {{x}}
where _at between {{from}} and {{to}} and ({{identity|, |$}}) in (select {{identity|, |$}} from stage_{{x}});

-- :parent
-- Versions of the parents that rows point to, under the name that the merges join.
drop table if exists near_{{from_column}};
create temp table near_{{from_column}} as
select {{parent_key}}, valid_from, valid_to from {{parent}} where {{parent_key}} in (select {{role_key}} from {{rows}});
