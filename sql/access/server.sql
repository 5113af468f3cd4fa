-- What every role of a PostgreSQL server may ask though it tells of others: sizes, statistics, activity, counters, locks, large objects, and whatever an
-- extension brings (on Citus, sizes and places of everybody's shards). The engine's own objects belong to its superuser, so only one can close
-- them; where there is none (managed servers), sellers come in through the gate alone. Inside roles keep them. It holds for this database, and dumps
-- carry it; with several nodes, it is run on all of them.

-- :functions
-- The functions, as a list that the lint uses too. Of extensions all, by the catalogue and not by name, but for those that Citus itself calls in the
-- session of whoever asks a distributed table; they show what that session may see.
select p.oid, p.proname, pg_get_function_identity_arguments(p.oid) as arguments, p.proacl, p.proowner
from pg_proc p
where p.pronamespace = 'pg_catalog'::regnamespace and p.prokind in ('f', 'w')
    and (p.proname ~ '^(pg_stat_|pg_logical_|pg_xact_|pg_control_|pg_lock_|pg_walfile|pg_wal_|pg_current_wal|pg_last_wal|pg_advisory_|pg_try_advisory_|txid_|lo_)'
        or p.proname ~ '^pg_(database|tablespace|relation|total_relation|table|indexes)_size$'
        or p.proname ~ '^pg_(current_xact_id|current_xact_id_if_assigned|current_snapshot|visible_in_snapshot|export_snapshot|prepared_xact|notify|notification_queue_usage|blocking_pids|safe_snapshot_blocking_pids|isolation_test_session_is_blocked|sequence_last_value|get_multixact_members|get_replication_slots|get_wal_replay_pause_state|relation_filenode|relation_filepath|filenode_relation|terminate_backend|cancel_backend|last_xact_replay_timestamp|last_committed_xact|nextoid|get_shmem_allocations)$'
        or p.proname in ('loread', 'lowrite', 'lo_creat')
        or (p.proname in ('age', 'mxid_age') and pg_get_function_identity_arguments(p.oid) = 'xid'))
union
select p.oid, p.proname, pg_get_function_identity_arguments(p.oid), p.proacl, p.proowner
from pg_proc p
join pg_depend d on d.classid = 'pg_proc'::regclass and d.objid = p.oid and d.refclassid = 'pg_extension'::regclass and d.deptype = 'e'
join pg_extension e on e.oid = d.refobjid
where not (e.extname = 'citus' and p.proname in ('assign_distributed_transaction_id', 'read_intermediate_result', 'read_intermediate_results', 'array_cat_agg',
    'json_cat_agg', 'jsonb_cat_agg', 'worker_partial_agg', 'coord_combine_agg'))

-- :views
-- The views that tell of more than the asking role may see: the engine's, and those of extensions (of Citus: sizes, and who does what).
select c.oid, format('%I.%I', n.nspname, c.relname) as shown
from pg_class c
join pg_namespace n on n.oid = c.relnamespace
where (n.nspname = 'pg_catalog' and c.relname in ('pg_stats', 'pg_stats_ext', 'pg_stats_ext_exprs', 'pg_class'))
    or c.relkind = 'v' and exists (
        select 1 from pg_depend d
        where d.classid = 'pg_class'::regclass and d.objid = c.oid and d.refclassid = 'pg_extension'::regclass and d.deptype = 'e')

-- :class_columns
-- What stays open of pg_class: everything but how large a table is, and where.
select attname, attnum
from pg_attribute
where attrelid = 'pg_catalog.pg_class'::regclass and attnum > 0
    and attname not in ('relpages', 'reltuples', 'relallvisible', 'relfilenode', 'relfrozenxid', 'relminmxid')

-- :close
-- Statements in the order to run them. On Citus each goes to all nodes, whose functions and views are their own; a node that refuses one makes the
-- statement fail with what the node said.
with open_function as (
{{functions}}
),
open_view as (
{{views}}
),
statement (place, text) as (
    select 1, format('revoke execute on routine %s from public', string_agg(cast(oid::regprocedure as text), ', ' order by oid)) from open_function
    having count(*) > 0
    union all
    select 2, format('grant execute on routine %s to pg_monitor, entrepot_admin, {{loader}}', string_agg(cast(oid::regprocedure as text), ', ' order by oid))
    from open_function
    having count(*) > 0
    union all
    -- How a query moves rows between nodes when it joins by another column than the one that spreads them.
    select 3, format('grant execute on routine %s to entrepot_analyst, entrepot_auditor, entrepot_steward', string_agg(cast(oid::regprocedure as text), ', '))
    from open_function where proname in ('worker_partition_query_result', 'fetch_intermediate_results')
    having count(*) > 0
    union all
    select 4, format('revoke all on %s from public', string_agg(shown, ', ' order by shown)) from open_view
    union all
    select 5, format('grant select on %s to pg_monitor, entrepot_admin, {{loader}}', string_agg(shown, ', ' order by shown)) from open_view
    union all
    select 6, format('grant select (%s) on pg_catalog.pg_class to public', string_agg(quote_ident(attname), ', ' order by attnum))
    from ({{class_columns}}) c
)
select case when exists (select 1 from pg_extension where extname = 'citus')
    then format('select cast(result as integer) from run_command_on_all_nodes(%L) where not success', text)
    else text end
from statement order by place;
