-- The history as it is held, for the model.
copy (
    select item_id, name, category, cast(price as varchar) as price, status, cast(_dlt_valid_from as varchar) as valid_from,
        cast(_dlt_valid_to as varchar) as valid_to
    from dim_scd2
) to '/dev/stdout' (format csv, header true);
