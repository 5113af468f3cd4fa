-- What sellers were, and when. Grain: one version of a seller. No personal data.
select seller_id, valid_from, valid_to, name, status, category, tier, commission_rate, is_current, is_deleted
from dim_seller
where not is_inferred
