-- The history as it is held, for the model.
copy (
    select item_id, name, category, cast(price as varchar) as price, status, cast(dbt_valid_from as varchar) as valid_from,
        cast(dbt_valid_to as varchar) as valid_to
    from dim_snapshot
) to '/dev/stdout' (format csv, header true);
