-- What each role may read, from the contracts. Run by the role that owns the tables, in one transaction: it begins by taking everything back, so
-- what is not granted here is not reachable. Sellers and analysts get columns, never whole tables: a column that a contract adds later, the engine's
-- own (ctid, xmin) and the program's own (names with _ in front) stay out.

-- :schemas
create schema if not exists seller;
create schema if not exists analyst;
revoke all on schema {{star}}, books, log, mart, legacy, seller, analyst from public;
revoke all on schema {{star}}, books, log, mart, legacy, seller, analyst from {{groups|, |$}};
grant usage on schema seller, mart to sellers;
grant usage on schema {{star}}, mart, legacy, analyst to entrepot_analyst, entrepot_auditor;
grant usage on schema {{star}}, mart, legacy, analyst, books, log to entrepot_steward;
grant usage on schema {{star}}, legacy, books, log to entrepot_privacy;
grant usage on schema books to entrepot_auditor, entrepot_admin;
alter default privileges revoke execute on functions from public;

-- :spread
-- On Citus a query goes to the nodes with the tables' own names, so their schemas must be open to whoever reads them. What is granted in them stays what
-- it is.
select 'grant usage on schema {{star}}, books to sellers' where exists (select 1 from pg_extension where extname = 'citus')

-- :database
-- PUBLIC could connect and make temporary tables. Run by the database's owner.
revoke all on database {{database}} from public;
revoke all on database {{database}} from {{groups|, |$}};
grant connect on database {{database}} to {{groups|, |$}};
grant connect, temporary on database {{database}} to {{loader}};

-- :clear
-- Statements that take back what was given on tables and views, and drop the views made for roles: what a contract no longer has must not stay.
select format('revoke all on %I.%I from public, {{groups|, |$}}', n.nspname, c.relname)
from pg_class c
join pg_namespace n on n.oid = c.relnamespace
where n.nspname in ({{star_literal}}, 'books', 'log', 'mart', 'legacy') and c.relkind in ('r', 'p', 'v', 'm', 'S', 'f')
union all
select format('drop view %I.%I', n.nspname, c.relname)
from pg_class c
join pg_namespace n on n.oid = c.relnamespace
where n.nspname in ('seller', 'analyst') and c.relkind = 'v'
union all
select format('drop policy %I on %I.%I', p.polname, n.nspname, c.relname)
from pg_policy p
join pg_class c on c.oid = p.polrelid
join pg_namespace n on n.oid = c.relnamespace
where n.nspname in ({{star_literal}}, 'books') and p.polname in ('seller', 'inside');

-- :table
alter table {{table}} enable row level security;
{{owner?}}create policy seller on {{table}} for select to sellers using ({{owner}} = substr(current_user, length('seller_') + 1));{{end}}
{{open?}}create policy seller on {{table}} for select to sellers using ({{open}});{{end}}
create policy inside on {{table}} for select to entrepot_analyst, entrepot_auditor, entrepot_steward, entrepot_privacy using (true);
{{for_sellers?}}grant select ({{for_sellers|, |$}}) on {{table}} to sellers;
create view seller.{{name}} with (security_invoker = true) as select {{for_sellers|, |$}} from {{table}};
grant select on seller.{{name}} to sellers;{{end}}
{{for_analysts?}}grant select ({{for_analysts|, |$}}) on {{table}} to entrepot_analyst, entrepot_auditor;
create view analyst.{{name}} with (security_invoker = true) as select {{masked|, |$}} from {{table}};
grant select on analyst.{{name}} to entrepot_analyst, entrepot_auditor;{{end}}
grant select on {{table}} to entrepot_steward;
{{is_personal?}}grant select on {{table}} to entrepot_privacy;{{end}}

-- :log
grant select on {{table}} to entrepot_steward, entrepot_privacy;

-- :books
-- The ledger is for the inside. A seller gets its own rejected groups and the remarks on its own rows, without what would tell of others: places in a
-- shared stream, ids made of them, bytes as received.
grant select on books.setting, books.schema_column to entrepot_admin, entrepot_analyst, entrepot_auditor, entrepot_steward, entrepot_privacy;
grant insert on books.journal to entrepot_admin;
grant select on all tables in schema books to entrepot_steward;
grant select on books.quarantine, books.quarantine_event, books.archive, books.journal, books.definition to entrepot_privacy;
grant select on books.definition, books.load, books.load_ignored, books.load_rows, books.position, books.quarantine_event, books.waiting_parent,
    books.finding, books.incident, books.archive, books.journal, books.closed_period, books.snapshot to entrepot_auditor;
grant select (quarantine_id, load_id, feed, feed_hash, source, record, line, group_no, owner, n_rows, rows_by_table, status, codes, reasons,
    received_at, recorded_at, closed_at, closed_load_id) on books.quarantine to entrepot_auditor;
alter table books.quarantine enable row level security;
create policy seller on books.quarantine for select to sellers using (owner = substr(current_user, length('seller_') + 1));
create policy inside on books.quarantine for select to entrepot_auditor, entrepot_steward, entrepot_privacy using (true);
alter table books.finding enable row level security;
create policy seller on books.finding for select to sellers using (owner = substr(current_user, length('seller_') + 1));
create policy inside on books.finding for select to entrepot_auditor, entrepot_steward using (true);
grant select (owner, feed, rows_by_table, status, codes, reasons, received_at) on books.quarantine to sellers;
grant select (owner, code, severity, table_name, field, rule, found_at) on books.finding to sellers;
-- The day is enough to find the record again; the moment is when the whole batch came, everybody's.
create view seller.rejected with (security_invoker = true) as
    select
        owner as seller_id, feed, cast(received_at as date) as received_on, status, rows_by_table, codes,
        -- Whether the lines of a shared order add up to its total is a matter of all its sellers.
        (select cast(json_agg(r.value order by r.ordinality) as text) from json_array_elements(cast(reasons as json)) with ordinality r
         where r.value ->> 'code' <> 'sum_mismatch') as reasons
    from books.quarantine;
create view seller.remark with (security_invoker = true) as
    select owner as seller_id, cast(found_at as date) as found_on, code, severity, table_name, field, rule from books.finding;
grant select on seller.rejected, seller.remark to sellers;

-- :invoker
-- Statements that make every view ask with the rights of who reads it.
select format('alter view %I.%I set (security_invoker = true)', n.nspname, c.relname)
from pg_class c
join pg_namespace n on n.oid = c.relnamespace
where n.nspname in ('mart', 'legacy') and c.relkind = 'v'
    and not coalesce('security_invoker=true' = any (c.reloptions), false);

-- :marts
-- Statements that open to {{reader}} the marts which rest on nothing but columns it may read. For sellers a mart must also tell the seller a row
-- belongs to: a figure of the whole platform, cut down to one seller's rows, would keep its name and mean something else.
with recursive view as (
    select c.oid, n.nspname, c.relname
    from pg_class c
    join pg_namespace n on n.oid = c.relnamespace
    where n.nspname in ({{schemas|, |$}}) and c.relkind = 'v'
),
uses as (
    select distinct v.oid as view, d.refobjid as relation, d.refobjsubid as attribute
    from view v
    join pg_rewrite r on r.ev_class = v.oid
    join pg_depend d on d.classid = 'pg_rewrite'::regclass and d.objid = r.oid and d.refclassid = 'pg_class'::regclass
    where d.refobjid <> v.oid
),
rests_on as (
    select view, relation, attribute from uses
    union
    select r.view, u.relation, u.attribute from rests_on r join uses u on u.view = r.relation
),
nameless as (
    select v.oid from view v
    where not exists (
        select 1 from pg_attribute a
        where a.attrelid = v.oid and a.attnum > 0 and a.attname in ({{owners|, |$}})
    )
)
select format('grant select on %I.%I to {{reader}}', v.nspname, v.relname)
from view v
where not exists (
    select 1 from rests_on u
    join pg_class c on c.oid = u.relation
    where u.view = v.oid and c.relkind <> 'v'
        and not case when u.attribute > 0 then has_column_privilege('{{reader}}', u.relation, cast(u.attribute as smallint), 'select')
                     else has_any_column_privilege('{{reader}}', u.relation, 'select') end
)
and not ({{named}} and (v.oid in (select oid from nameless) or exists (
    select 1 from rests_on u where u.view = v.oid and u.relation in (select oid from nameless))))
order by v.nspname, v.relname;

-- :inside
-- Stewards read all marts.
grant select on all tables in schema mart, legacy to entrepot_steward;

-- :relations
-- The tables and views that rights are given on. One that was dropped and made again has lost them, and has another oid. Those of seller and analyst
-- are the grants' own.
select coalesce(string_agg(format('%s %s.%s', c.oid, n.nspname, c.relname), ' ' order by c.oid), '')
from pg_class c
join pg_namespace n on n.oid = c.relnamespace
where n.nspname in ({{star_literal}}, 'books', 'log', 'mart', 'legacy') and c.relkind in ('r', 'p', 'v', 'm', 'f')
