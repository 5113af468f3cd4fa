-- What an offer cost and promised, and when. Grain: one version of an offer.
select seller_id, sku, condition, valid_from, valid_to, price, currency, stock_policy, lead_time_days, available, is_deleted
from dim_offer
where not is_inferred
