#ifndef EP_WAREHOUSE_PERIOD_H
#define EP_WAREHOUSE_PERIOD_H

#include "warehouse/warehouse.h"

/**
 * Closes a month of business days (Europe/Paris): what derive scripts made of it is booked, see derive/12_commission_adjustments.sql.
 * One transaction; closing a closed month does nothing.
 * @param month       "2026-03"
 * @param ret_closed  false when it was closed before.
 * @return EP_OK; EP_E_USAGE no month, or one that has not ended in Paris by the program's clock.
 */
EP_CHECK ep_code ep_period_close(ep_warehouse *w, const char *month, const char *actor, bool *ret_closed,
                                 ep_error *err);

#endif
