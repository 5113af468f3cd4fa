-- The sum over sellers of each month's turnover, commission and units is the month's figure of the whole shop.
select seller.month, seller.turnover as of_sellers, whole.turnover as of_the_shop
from (
    select month, sum(turnover) as turnover, sum(commission) as commission, sum(units) as units
    from mart.sales_by_seller_month
    group by month
) seller
full join mart.sales_by_month whole on whole.month = seller.month
where seller.turnover is distinct from whole.turnover
   or seller.commission is distinct from whole.commission
   or seller.units is distinct from whole.units
