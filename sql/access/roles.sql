-- Who there is. Group roles cannot log in; people and sellers are members of one. The loading role, which owns the tables, is the login that
-- the warehouse's store names and is not made here. Sections are run by a role that may create roles.

-- :groups
-- Statements that make what is missing. The group of sellers has a name of exactly seven letters on purpose: a policy takes the seller from what follows the
-- seventh letter of the current role's name, so whoever becomes the group itself (SET ROLE sellers) is nobody.
select format('create role %I nologin%s', name, more)
from (values
    ('sellers', ''),
    ('entrepot_admin', ' createrole'),
    ('entrepot_analyst', ''),
    ('entrepot_steward', ''),
    ('entrepot_auditor', ''),
    ('entrepot_privacy', '')
) as wanted (name, more)
where not exists (select 1 from pg_roles r where r.rolname = wanted.name)
union all
-- Ends sessions of sellers who are revoked.
select 'grant pg_signal_backend to entrepot_admin'
where not exists (
    select 1 from pg_auth_members m where m.roleid = to_regrole('pg_signal_backend') and m.member = to_regrole('entrepot_admin')
);

-- :known
-- What is known of a seller's login: made, may log in, is a member.
select
    coalesce((select 'yes' from pg_roles r where r.rolname = $1), 'no') as made,
    coalesce((select 'yes' from pg_roles r where r.rolname = $1 and r.rolcanlogin), 'no') as may_log_in,
    coalesce((
        select 'yes' from pg_auth_members m join pg_roles r on r.oid = m.member
        where r.rolname = $1 and m.roleid = to_regrole('sellers')), 'no') as is_member;

-- :add
-- {{verifier}} is what SCRAM keeps in place of a password, so no log of the server ever holds one.
{{new?}}create role {{role}};{{end}}
-- What only a superuser may say (no superuser, no replication, no way past policies) is so by default, and the lint looks.
alter role {{role}} login inherit nocreatedb nocreaterole connection limit {{connections}} password {{verifier}};
grant sellers to {{role}};
alter role {{role}} set search_path = seller, mart;
alter role {{role}} set default_transaction_read_only = on;
alter role {{role}} set statement_timeout = {{statement_ms}};
alter role {{role}} set lock_timeout = 5000;
alter role {{role}} set idle_in_transaction_session_timeout = 60000;
alter role {{role}} set work_mem = '16MB';
alter role {{role}} set max_parallel_workers_per_gather = 0;

-- :limits
-- Only a superuser, or a role that was given this parameter, may set it; a managed server sets it for everybody.
alter role {{role}} set temp_file_limit = '256MB';

-- :revoke
-- Without the membership no policy lets a row through, also for statements that begin before the sessions are ended.
alter role {{role}} nologin;
revoke sellers from {{role}};

-- :end_sessions
select count(pg_terminate_backend(pid)) from pg_stat_activity where usename = $1;

-- :sessions
select count(*) from pg_stat_activity where usename = $1;

-- :list
select
    substr(r.rolname, length('seller_') + 1) as seller_id,
    case when r.rolcanlogin and m.member is not null then 'active' else 'revoked' end as state,
    r.rolconnlimit as connections,
    (select count(*) from pg_stat_activity a where a.usename = r.rolname) as sessions
from pg_roles r
left join pg_auth_members m on m.member = r.oid and m.roleid = to_regrole('sellers')
where r.rolname like 'seller\_%'
order by 1;
