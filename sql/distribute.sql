-- Tables spread over the nodes of a Citus cluster: by owner where they have one, a copy on every node for what all join, one node for the rest.
-- Variables: table (schema.name, a literal), column a literal, with a literal: the table it lies beside, or 'none' for the first of its kind.

-- :present
select count(*) from pg_extension where extname = 'citus';

-- :known
-- What is distributed already.
select n.nspname || '.' || c.relname
from pg_dist_partition p
join pg_class c on c.oid = p.logicalrelid
join pg_namespace n on n.oid = c.relnamespace;

-- :owner
select create_distributed_table({{table}}, {{column}}, colocate_with => {{with}});

-- :everywhere
select create_reference_table({{table}});

-- :one_node
select create_distributed_table({{table}}, null, colocate_with => {{with}});
