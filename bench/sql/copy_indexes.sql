-- ... and the same indexes.
select indexdef from pg_indexes where schemaname = 'main' and tablename = 'fact_line' order by 1
