-- The history as it is held, for the model.
copy (
    select item_id, name, category, cast(price as varchar) as price, status, cast(valid_from as varchar) as valid_from,
        cast(valid_to as varchar) as valid_to
    from dim_item
) to '/dev/stdout' (format csv, header true);
