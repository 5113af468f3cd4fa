#ifndef EP_WAREHOUSE_CALENDAR_H
#define EP_WAREHOUSE_CALENDAR_H

#include "warehouse/warehouse.h"

/**
 * Fills a table whose contract says `entrepot.generated: calendar`, one row a day from 2000 to 2050, anew; others are left alone. Columns are found by name:
 * date, begins_at (its first moment in Europe/Paris), year, quarter, month, day, week (ISO 8601), week_year, day_of_week (1 Monday), is_weekend,
 * is_holiday, holiday (public holidays of metropolitan France, Code du travail L3133-1; Easter by the Gregorian computus of Meeus, Jones and Butcher).
 */
EP_CHECK ep_code ep_calendar_fill(ep_warehouse *w, const ep_table *table, ep_error *err);

/** Easter Sunday of a year, as days since 1970-01-01. */
int32_t ep_easter(int year);

#endif
