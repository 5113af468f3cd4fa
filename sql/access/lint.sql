-- What a seller could reach without a policy, looked for in the catalogue of the running database and compared with the contracts. Every row is a
-- mistake: its rule, the object, what is wrong, how to mend it. Needs no right on any data.

-- :lint
with recursive
-- The contracts' side: tables with an owner column, public tables, the columns sellers may read, personal columns.
owned (schema, name, owner) as (values {{owned|, |($)}}),
public_table (schema, name, condition) as (values {{public|, |($)}}),
allowed (schema, name, attribute) as (values {{allowed|, |($)}}),
personal (schema, name, attribute) as (values {{personal|, |($)}}),
-- Every role whose rights a seller has: the group, its members, and whatever those are members of. 0 is PUBLIC.
seller_role as (
    select oid from pg_roles where rolname = 'sellers' or rolname ~ '^seller_'
    union
    select m.member from pg_auth_members m join seller_role s on s.oid = m.roleid
),
reach as (
    select oid from seller_role
    union
    select m.roleid from pg_auth_members m join reach r on r.oid = m.member
),
grantee (oid, name) as (
    select r.oid, p.rolname::text from reach r join pg_roles p on p.oid = r.oid union all select 0, 'PUBLIC'
),
relation as (
    select c.oid, n.nspname as schema, c.relname as name, c.relkind, c.relrowsecurity, c.relispartition, c.relowner, c.reloptions, c.relacl,
        format('%I.%I', n.nspname, c.relname) as shown
    from pg_class c
    join pg_namespace n on n.oid = c.relnamespace
    where n.nspname not in ('pg_catalog', 'information_schema', 'pg_toast') and n.nspname !~ '^pg_(toast_)?temp_'
        and c.relkind in ('r', 'p', 'v', 'm', 'f', 'S')
),
-- Rights on whole relations and on columns (attribute null: the whole).
held as (
    select r.oid, null::name as attribute, a.privilege_type as privilege, g.name as grantee
    from relation r
    cross join lateral aclexplode(r.relacl) a
    join grantee g on g.oid = a.grantee
    union all
    select r.oid, t.attname, a.privilege_type, g.name
    from relation r
    join pg_attribute t on t.attrelid = r.oid and not t.attisdropped
    cross join lateral aclexplode(t.attacl) a
    join grantee g on g.oid = a.grantee
),
readable as (
    select r.*, (select min(h.grantee) from held h where h.oid = r.oid and h.privilege = 'SELECT') as grantee
    from relation r
    where exists (select 1 from held h where h.oid = r.oid and h.privilege = 'SELECT')
),
-- Columns a seller may name: granted one by one, or with the whole table.
open_column as (
    select r.shown, r.schema, r.name, t.attname::text as attribute
    from readable r
    join pg_attribute t on t.attrelid = r.oid and not t.attisdropped
    where r.relkind in ('r', 'p', 'f')
        and exists (select 1 from held h where h.oid = r.oid and h.privilege = 'SELECT' and (h.attribute = t.attname or h.attribute is null))
        -- The engine's own columns come with a whole table only: one row stands for all of them.
        and (t.attnum > 0 or t.attname = 'ctid')
),
policy as (
    select r.*, p.polname, p.polpermissive,
        replace(replace(regexp_replace(coalesce(pg_get_expr(p.polqual, p.polrelid), 'true'), '[()"\s]|::(text|name)', '', 'g'), '''', ''), 'CURRENT_USER', 'current_user') as said
    from relation r
    join pg_policy p on p.polrelid = r.oid
    where p.polpermissive and p.polcmd in ('r', '*')
        and exists (select 1 from unnest(p.polroles) role join grantee g on g.oid = role)
),
expected as (
    select schema, name, owner || '=substrcurrent_user,lengthseller_+1' as wanted from owned
    union all
    select schema, name, condition from public_table
),
ours as (select oid, rolname, rolsuper, rolbypassrls, rolcreaterole, rolcreatedb, rolreplication, rolcanlogin, rolconnlimit
         from pg_roles where oid in (select oid from seller_role)),
-- The server's own, which only its superuser can close.
open_function as (
{{functions}}
),
open_view as (
{{views}}
),
open_class as (
{{class_columns}}
),
on_citus as (select 1 from pg_extension where extname = 'citus'),
finding (rule, object, wrong, mend) as (
    select 'rls_off', shown, format('%s may read it and row-level security is off', grantee), format('alter table %s enable row level security', shown)
    from readable where relkind in ('r', 'p') and not relrowsecurity
    union all
    select 'no_policy', r.shown, format('%s may read it and no policy is for sellers', r.grantee), 'entrepot access apply'
    from readable r where r.relkind in ('r', 'p') and not exists (select 1 from policy p where p.oid = r.oid)
    union all
    select 'open_policy', p.shown, format('the policy %s does not compare the owner with the current role', p.polname), format('drop policy %I on %s; entrepot access apply', p.polname, p.shown)
    from policy p where not exists (select 1 from expected e where e.schema = p.schema and e.name = p.name and e.wanted = p.said)
    union all
    select 'unknown_table', r.shown, format('%s may read it and no contract says that sellers may', r.grantee), format('revoke all on %s from %s', r.shown, r.grantee)
    from readable r where r.relkind in ('r', 'p') and not exists (select 1 from expected e where e.schema = r.schema and e.name = r.name)
    union all
    select 'partition', r.shown, format('%s may read a partition or child by itself, past the policy of its parent', r.grantee), format('revoke all on %s from %s', r.shown, r.grantee)
    from readable r where exists (select 1 from pg_inherits i where i.inhrelid = r.oid)
    union all
    select 'personal_column', c.shown || '.' || c.attribute, 'sellers may read a column that the contract calls personal', format('revoke select (%I), select on %s from public, sellers; entrepot access apply', c.attribute, c.shown)
    from open_column c join personal p on p.schema = c.schema and p.name = c.name and p.attribute = c.attribute
    union all
    select 'hidden_column', c.shown || '.' || c.attribute, 'sellers may read a column that is not for them', format('revoke select (%I), select on %s from public, sellers; entrepot access apply', c.attribute, c.shown)
    from open_column c
    where not exists (select 1 from allowed a where a.schema = c.schema and a.name = c.name and a.attribute = c.attribute)
        and not exists (select 1 from personal a where a.schema = c.schema and a.name = c.name and a.attribute = c.attribute)
    union all
    select 'definer_view', shown, format('%s may read it and it asks with its owner''s rights', grantee), format('alter view %s set (security_invoker = true)', shown)
    from readable where relkind = 'v' and oid not in (select oid from open_view) and not coalesce(reloptions && array['security_invoker=true', 'security_invoker=on', 'security_invoker=1'], false)
    union all
    select case relkind when 'm' then 'materialized_view' when 'f' then 'foreign_table' else 'sequence' end, shown,
        format('%s may read it and no policy can hold it', grantee), format('revoke all on %s from %s', shown, grantee)
    from readable where relkind in ('m', 'f', 'S')
    union all
    select 'write', r.shown, format('%s has %s on it', h.grantee, h.privilege), format('revoke all on %s from %s; entrepot access apply', r.shown, h.grantee)
    from relation r join held h on h.oid = r.oid where h.privilege <> 'SELECT'
    union all
    select 'schema', n.nspname, format('%s has %s on the schema', g.name, a.privilege_type), format('revoke %s on schema %I from %s', lower(a.privilege_type), n.nspname, g.name)
    from pg_namespace n cross join lateral aclexplode(n.nspacl) a join grantee g on g.oid = a.grantee
    where n.nspname !~ '^pg_' and n.nspname <> 'information_schema'
        and not (a.privilege_type = 'USAGE' and n.nspname in ('seller', 'mart', 'public'))
        -- Nodes of a cluster are asked by the tables' own names; the extension's schema holds nothing but its functions.
        and not (a.privilege_type = 'USAGE' and exists (select 1 from on_citus) and n.nspname in (select schema from owned union all select 'citus_internal'))
    union all
    select 'database', d.datname, format('%s has %s on the database', g.name, a.privilege_type), format('revoke %s on database %I from %s', lower(a.privilege_type), d.datname, g.name)
    from pg_database d cross join lateral aclexplode(coalesce(d.datacl, acldefault('d', d.datdba))) a join grantee g on g.oid = a.grantee
    where d.datname = current_database() and not (a.privilege_type = 'CONNECT' and g.oid <> 0)
    union all
    select 'attribute', o.rolname, format('the role has %s', w.word), format('alter role %I no%s', o.rolname, lower(w.word))
    from ours o cross join lateral (values ('SUPERUSER', o.rolsuper), ('BYPASSRLS', o.rolbypassrls), ('CREATEROLE', o.rolcreaterole), ('CREATEDB', o.rolcreatedb), ('REPLICATION', o.rolreplication)) w (word, has)
    where w.has
    union all
    select 'group_login', 'sellers', 'the group may log in', 'alter role sellers nologin' from ours where rolname = 'sellers' and rolcanlogin
    union all
    select 'no_limit', rolname, 'the login may open any number of connections', format('alter role %I connection limit {{connections}}', rolname)
    from ours where rolcanlogin and rolconnlimit < 0
    union all
    select 'login_setting', l.rolname, format('the login has not %s', w.setting), format('alter role %I set %s', l.rolname, w.setting)
    from ours l cross join (values ('search_path=seller, mart'), ('default_transaction_read_only=on'), ('statement_timeout={{statement_ms}}'),
        ('lock_timeout=5000'), ('idle_in_transaction_session_timeout=60000'), ('work_mem=16MB'), ('max_parallel_workers_per_gather=0')) w (setting)
    where l.rolcanlogin and not exists (
        select 1 from pg_db_role_setting s where s.setrole = l.oid and s.setdatabase = 0 and w.setting = any (s.setconfig))
    union all
    -- Those of one database count there before those of all.
    select 'login_setting', l.rolname, format('the login has settings of its own in %s: %s', d.datname, array_to_string(s.setconfig, ', ')),
        format('alter role %I in database %I reset all', l.rolname, d.datname)
    from ours l join pg_db_role_setting s on s.setrole = l.oid join pg_database d on d.oid = s.setdatabase
    union all
    select 'member_admin', m.rolname, format('it may make others members of %s', g.rolname), format('revoke admin option for %I from %I', g.rolname, m.rolname)
    from pg_auth_members a join ours m on m.oid = a.member join pg_roles g on g.oid = a.roleid
    where a.admin_option
    union all
    select 'member_of', m.rolname, format('it is a member of %s', g.rolname), format('revoke %I from %I', g.rolname, m.rolname)
    from pg_auth_members a join ours m on m.oid = a.member join pg_roles g on g.oid = a.roleid
    where g.rolname <> 'sellers'
    union all
    select 'member_name', m.rolname, 'it is a member of sellers and its name is not seller_ID', format('revoke sellers from %I', m.rolname)
    from pg_auth_members a join pg_roles g on g.oid = a.roleid join pg_roles m on m.oid = a.member
    where g.rolname = 'sellers' and m.rolname !~ '^seller_[a-z0-9_]{1,40}$'
    union all
    select 'member_name', m.rolname, format('it is a member of %s, a seller''s login', g.rolname), format('revoke %I from %I', g.rolname, m.rolname)
    from pg_auth_members a join pg_roles g on g.oid = a.roleid join pg_roles m on m.oid = a.member
    where g.rolname ~ '^seller_' and not m.rolsuper
    union all
    select 'owns', r.shown, format('%s owns it', g.name), format('alter table %s owner to the loading role', r.shown)
    from relation r join grantee g on g.oid = r.relowner
    union all
    select 'owns', n.nspname, format('%s owns the schema', g.name), format('drop schema %I', n.nspname) from pg_namespace n join grantee g on g.oid = n.nspowner
    union all
    select 'owner', r.rolname, format('the role that owns the tables has %s', w.word), format('alter role %I no%s', r.rolname, lower(w.word))
    from pg_roles r cross join lateral (values ('SUPERUSER', r.rolsuper), ('BYPASSRLS', r.rolbypassrls)) w (word, has)
    where w.has and r.oid in (select relowner from relation x join expected e on e.schema = x.schema and e.name = x.name)
    union all
    select case when p.prosecdef then 'definer_function' else 'function' end, p.oid::regprocedure::text,
        format('%s may call it%s', g.name, case when p.prosecdef then ' and it runs with its owner''s rights' else '' end),
        format('revoke execute on function %s from %s', p.oid::regprocedure, g.name)
    from pg_proc p cross join lateral aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) a join grantee g on g.oid = a.grantee
    where (p.prosecdef or p.pronamespace not in ('pg_catalog'::regnamespace, 'information_schema'::regnamespace))
        and p.oid not in (select oid from open_function)
    union all
    -- What the engine and its extensions did not come with: rights on their functions, tables and columns, and what somebody put beside them.
    select 'engine_object', p.oid::regprocedure::text, format('%s may call it, which the engine lets nobody', g.name), format('revoke execute on function %s from %s', p.oid::regprocedure, g.name)
    from pg_proc p cross join lateral aclexplode(p.proacl) a join grantee g on g.oid = a.grantee
    where p.pronamespace in ('pg_catalog'::regnamespace, 'information_schema'::regnamespace) and p.oid not in (select oid from open_function)
        and not exists (
            select 1
            from (
                select initprivs from pg_init_privs i where i.classoid = 'pg_proc'::regclass and i.objoid = p.oid
                union all
                select acldefault('f', p.proowner)
                where not exists (select 1 from pg_init_privs i where i.classoid = 'pg_proc'::regclass and i.objoid = p.oid)
            ) i
            cross join lateral aclexplode(i.initprivs) b
            where b.grantee in (0, a.grantee))
    union all
    select 'engine_object', concat_ws('.', c.oid::regclass::text, x.attname), format('%s has %s on it, which the engine gives nobody', g.name, a.privilege_type),
        format('revoke all%s on %I.%I from %s', ' (' || quote_ident(x.attname) || ')', n.nspname, c.relname, g.name)
    from pg_class c
    join pg_namespace n on n.oid = c.relnamespace and n.nspname in ('pg_catalog', 'information_schema')
    cross join lateral (
        select cast(null as name), 0, c.relacl
        union all
        select t.attname, t.attnum, t.attacl from pg_attribute t where t.attrelid = c.oid and t.attacl is not null
    ) x (attname, attnum, acl)
    cross join lateral aclexplode(x.acl) a
    join grantee g on g.oid = a.grantee
    where not exists (
            select 1 from pg_init_privs i cross join lateral aclexplode(i.initprivs) b
            where i.classoid = 'pg_class'::regclass and i.objoid = c.oid and i.objsubid = x.attnum and b.grantee in (0, a.grantee) and b.privilege_type = a.privilege_type)
        -- The engine keeps no record of what it gives of information_schema, whose objects are as old as the database (FirstNormalObjectId).
        and not (n.nspname = 'information_schema' and c.oid < 16384 and x.attnum = 0 and a.privilege_type = 'SELECT' and g.oid = 0)
        and not (c.oid = 'pg_class'::regclass and a.privilege_type = 'SELECT' and g.oid = 0 and x.attnum in (select attnum from open_class))
    union all
    select 'default_grant', coalesce(n.nspname, current_database()), format('what %s makes later is open to %s', o.rolname, g.name),
        format('alter default privileges for role %I revoke all on %s from %s', o.rolname,
            case d.defaclobjtype when 'r' then 'tables' when 'S' then 'sequences' when 'f' then 'functions' when 'T' then 'types' else 'schemas' end, g.name)
    from pg_default_acl d cross join lateral aclexplode(d.defaclacl) a join grantee g on g.oid = a.grantee
        join pg_roles o on o.oid = d.defaclrole left join pg_namespace n on n.oid = d.defaclnamespace
    where d.defaclobjtype in ('r', 'S', 'n') or (d.defaclobjtype = 'f' and (g.oid <> 0 or d.defaclnamespace <> 0))
    union all
    select 'foreign_server', s.srvname, format('%s has %s on it', g.name, a.privilege_type), format('revoke all on foreign server %I from %s', s.srvname, g.name)
    from pg_foreign_server s cross join lateral aclexplode(s.srvacl) a join grantee g on g.oid = a.grantee
    union all
    select 'large_object', l.oid::text, format('%s has %s on it', g.name, a.privilege_type), format('revoke all on large object %s from %s', l.oid, g.name)
    from pg_largeobject_metadata l cross join lateral aclexplode(l.lomacl) a join grantee g on g.oid = a.grantee
    union all
    select 'parameter', p.parname, format('%s may change it', g.name), format('revoke all on parameter %s from %s', p.parname, g.name)
    from pg_parameter_acl p cross join lateral aclexplode(p.paracl) a join grantee g on g.oid = a.grantee
    union all
    select 'password', 'password_encryption', 'passwords set from now on would not be kept as SCRAM', 'alter system set password_encryption = ''scram-sha-256'''
    where current_setting('password_encryption') <> 'scram-sha-256'
    union all
    select 'open_server_function', p.oid::regprocedure::text, format('%s may call it and it tells of others', g.name), 'as superuser: entrepot access apply'
    from open_function p cross join lateral aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) a join grantee g on g.oid = a.grantee
    union all
    select 'open_catalog', v.shown, format('%s may read it whole and it tells of others', g.name), 'as superuser: entrepot access apply'
    from open_view v join pg_class c on c.oid = v.oid cross join lateral aclexplode(c.relacl) a join grantee g on g.oid = a.grantee
    where a.privilege_type = 'SELECT'
)
select distinct rule, object, wrong, mend from finding order by rule, object, wrong;
