-- Sellers as they are, with the name readers may still know. Grain: one seller. No personal data.
select seller_id, name, previous_name, status, category, tier, country, first_country, commission_rate, is_inferred
from dim_seller
where is_current and not is_deleted
