-- Returned lines with the sale they belong to. Grain: one return of a line. is_line_known is false for a return of a line nobody ordered.
select
    r.seller_id,
    r.return_id,
    r.order_id,
    r.line_id,
    r.product_id,
    r.quantity,
    r.reason,
    r.refund_amount,
    r.currency,
    r.refund_reporting,
    r.returned_at,
    r.returned_on,
    l.ordered_on,
    r.returned_on - l.ordered_on as days_after_order,
    l.order_id is not null as is_line_known
from fact_return r
left join fact_order_line l
    on l.seller_id = r.seller_id
    and l.order_id = r.order_id
    and l.line_id = r.line_id
