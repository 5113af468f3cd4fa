/* Code lists of ISO 4217 and ISO 3166-1, each sorted for ep_code_find(). */
#include "contract/validators.h"

#include "contract/valid_private.h"

#define N_OF(table) (sizeof(table) / sizeof *(table))

/* List one of 2026-09-17 (amendments up to 180): minor units, -1 where it says that there are none. The codes
 * for tests and for no currency are left out: reserved_codes below. */
static const struct currency {
    char code[4];
    signed char minor_units;
} currencies[] = {
    {"AED", 2},  {"AFN", 2},  {"ALL", 2},  {"AMD", 2},  {"AOA", 2}, {"ARS", 2},  {"AUD", 2},  {"AWG", 2},
    {"AZN", 2},  {"BAM", 2},  {"BBD", 2},  {"BDT", 2},  {"BHD", 3}, {"BIF", 0},  {"BMD", 2},  {"BND", 2},
    {"BOB", 2},  {"BOV", 2},  {"BRL", 2},  {"BSD", 2},  {"BTN", 2}, {"BWP", 2},  {"BYN", 2},  {"BZD", 2},
    {"CAD", 2},  {"CDF", 2},  {"CHE", 2},  {"CHF", 2},  {"CHW", 2}, {"CLF", 4},  {"CLP", 0},  {"CNY", 2},
    {"COP", 2},  {"COU", 2},  {"CRC", 2},  {"CUP", 2},  {"CVE", 2}, {"CZK", 2},  {"DJF", 0},  {"DKK", 2},
    {"DOP", 2},  {"DZD", 2},  {"EGP", 2},  {"ERN", 2},  {"ETB", 2}, {"EUR", 2},  {"FJD", 2},  {"FKP", 2},
    {"GBP", 2},  {"GEL", 2},  {"GHS", 2},  {"GIP", 2},  {"GMD", 2}, {"GNF", 0},  {"GTQ", 2},  {"GYD", 2},
    {"HKD", 2},  {"HNL", 2},  {"HTG", 2},  {"HUF", 2},  {"IDR", 2}, {"ILS", 2},  {"INR", 2},  {"IQD", 3},
    {"IRR", 2},  {"ISK", 0},  {"JMD", 2},  {"JOD", 3},  {"JPY", 0}, {"KES", 2},  {"KGS", 2},  {"KHR", 2},
    {"KMF", 0},  {"KPW", 2},  {"KRW", 0},  {"KWD", 3},  {"KYD", 2}, {"KZT", 2},  {"LAK", 2},  {"LBP", 2},
    {"LKR", 2},  {"LRD", 2},  {"LSL", 2},  {"LYD", 3},  {"MAD", 2}, {"MDL", 2},  {"MGA", 2},  {"MKD", 2},
    {"MMK", 2},  {"MNT", 2},  {"MOP", 2},  {"MRU", 2},  {"MUR", 2}, {"MVR", 2},  {"MWK", 2},  {"MXN", 2},
    {"MXV", 2},  {"MYR", 2},  {"MZN", 2},  {"NAD", 2},  {"NGN", 2}, {"NIO", 2},  {"NOK", 2},  {"NPR", 2},
    {"NZD", 2},  {"OMR", 3},  {"PAB", 2},  {"PEN", 2},  {"PGK", 2}, {"PHP", 2},  {"PKR", 2},  {"PLN", 2},
    {"PYG", 0},  {"QAR", 2},  {"RON", 2},  {"RSD", 2},  {"RUB", 2}, {"RWF", 0},  {"SAR", 2},  {"SBD", 2},
    {"SCR", 2},  {"SDG", 2},  {"SEK", 2},  {"SGD", 2},  {"SHP", 2}, {"SLE", 2},  {"SOS", 2},  {"SRD", 2},
    {"SSP", 2},  {"STN", 2},  {"SVC", 2},  {"SYP", 2},  {"SZL", 2}, {"THB", 2},  {"TJS", 2},  {"TMT", 2},
    {"TND", 3},  {"TOP", 2},  {"TRY", 2},  {"TTD", 2},  {"TWD", 2}, {"TZS", 2},  {"UAH", 2},  {"UGX", 0},
    {"USD", 2},  {"USN", 2},  {"UYI", 0},  {"UYU", 2},  {"UYW", 4}, {"UZS", 2},  {"VED", 2},  {"VES", 2},
    {"VND", 0},  {"VUV", 0},  {"WST", 2},  {"XAD", 2},  {"XAF", 0}, {"XAG", -1}, {"XAU", -1}, {"XBA", -1},
    {"XBB", -1}, {"XBC", -1}, {"XBD", -1}, {"XCD", 2},  {"XCG", 2}, {"XDR", -1}, {"XOF", 0},  {"XPD", -1},
    {"XPF", 0},  {"XPT", -1}, {"XSU", -1}, {"XUA", -1}, {"YER", 2}, {"ZAR", 2},  {"ZMW", 2},  {"ZWG", 2},
};

static const char reserved_codes[][4] = {"XTS", "XXX"};

/* Days since 1970-01-01 as a constant: years begin in March, 719468 days lie between 0000-03-01 and then. */
#define MARCH_YEAR(y, m) ((y) - ((m) < 3))
#define YEAR_DAY(m, d)   ((153 * ((m) < 3 ? (m) + 9 : (m)-3) + 2) / 5 + (d)-1)
#define DAY(y, m, d)                                                                                   \
    (365 * MARCH_YEAR(y, m) + MARCH_YEAR(y, m) / 4 - MARCH_YEAR(y, m) / 100 + MARCH_YEAR(y, m) / 400 + \
     YEAR_DAY(m, d) - 719468)

/*
 * List three: minor units (-1: none, or withdrawn before 1999) and the last day.
 *
 * What became the euro ends on the eve of the changeover of cash: accounts turned over that night (Council
 * Regulation (EC) No 974/98), though notes were taken some weeks more. For others it is the last day as legal
 * tender where the amendment or the central bank names one; else, and for all before 1999, the end of the
 * month of list three, of the last year where it gives a span.
 */
static const struct withdrawn {
    char code[4];
    signed char minor_units;
    int32_t end_day;
} withdrawn[] = {
    {"ADP", 0, DAY(2001, 12, 31)},  {"AFA", 2, DAY(2002, 12, 31)},  {"ALK", -1, DAY(1989, 12, 31)},
    {"ANG", 2, DAY(2025, 6, 30)},   {"AOK", -1, DAY(1991, 3, 31)},  {"AON", 2, DAY(2000, 1, 31)},
    {"AOR", 2, DAY(2000, 1, 31)},   {"ARA", -1, DAY(1992, 1, 31)},  {"ARP", -1, DAY(1985, 7, 31)},
    {"ARY", -1, DAY(1990, 12, 31)}, {"ATS", 2, DAY(2001, 12, 31)},  {"AYM", 2, DAY(2005, 10, 31)},
    {"AZM", 2, DAY(2006, 12, 31)},  {"BAD", -1, DAY(1998, 7, 31)},  {"BEC", -1, DAY(1990, 3, 31)},
    {"BEF", 0, DAY(2001, 12, 31)},  {"BEL", -1, DAY(1990, 3, 31)},  {"BGJ", -1, DAY(1990, 12, 31)},
    {"BGK", -1, DAY(1990, 12, 31)}, {"BGL", 2, DAY(1999, 7, 4)},    {"BGN", 2, DAY(2025, 12, 31)},
    {"BOP", -1, DAY(1987, 2, 28)},  {"BRB", -1, DAY(1986, 3, 31)},  {"BRC", -1, DAY(1989, 2, 28)},
    {"BRE", -1, DAY(1993, 3, 31)},  {"BRN", -1, DAY(1990, 3, 31)},  {"BRR", -1, DAY(1994, 7, 31)},
    {"BUK", -1, DAY(1990, 2, 28)},  {"BYB", 0, DAY(2000, 12, 31)},  {"BYR", 0, DAY(2016, 12, 31)},
    {"CHC", 2, DAY(2004, 11, 30)},  {"CSD", 2, DAY(2006, 10, 24)},  {"CSJ", -1, DAY(1990, 12, 31)},
    {"CSK", -1, DAY(1993, 3, 31)},  {"CUC", 2, DAY(2021, 6, 30)},   {"CYP", 2, DAY(2007, 12, 31)},
    {"DDM", -1, DAY(1990, 9, 30)},  {"DEM", 2, DAY(2001, 12, 31)},  {"ECS", 2, DAY(2000, 9, 10)},
    {"ECV", 2, DAY(2000, 9, 10)},   {"EEK", 2, DAY(2010, 12, 31)},  {"ESA", -1, DAY(1981, 12, 31)},
    {"ESB", -1, DAY(1994, 12, 31)}, {"ESP", 0, DAY(2001, 12, 31)},  {"FIM", 2, DAY(2001, 12, 31)},
    {"FRF", 2, DAY(2001, 12, 31)},  {"GEK", -1, DAY(1995, 10, 31)}, {"GHC", 2, DAY(2007, 12, 31)},
    {"GHP", 2, DAY(2007, 6, 30)},   {"GNE", -1, DAY(1989, 12, 31)}, {"GNS", -1, DAY(1986, 2, 28)},
    {"GQE", -1, DAY(1986, 6, 30)},  {"GRD", 0, DAY(2001, 12, 31)},  {"GWE", -1, DAY(1981, 12, 31)},
    {"GWP", -1, DAY(1997, 5, 31)},  {"HRD", -1, DAY(1995, 1, 31)},  {"HRK", 2, DAY(2022, 12, 31)},
    {"IEP", 2, DAY(2001, 12, 31)},  {"ILP", -1, DAY(1981, 12, 31)}, {"ILR", -1, DAY(1990, 12, 31)},
    {"ISJ", -1, DAY(1990, 12, 31)}, {"ITL", 0, DAY(2001, 12, 31)},  {"LAJ", -1, DAY(1979, 12, 31)},
    {"LSM", -1, DAY(1985, 5, 31)},  {"LTL", 2, DAY(2014, 12, 31)},  {"LTT", -1, DAY(1993, 7, 31)},
    {"LUC", -1, DAY(1990, 3, 31)},  {"LUF", 0, DAY(2001, 12, 31)},  {"LUL", -1, DAY(1990, 3, 31)},
    {"LVL", 2, DAY(2013, 12, 31)},  {"LVR", -1, DAY(1994, 12, 31)}, {"MGF", 0, DAY(2004, 12, 31)},
    {"MLF", -1, DAY(1984, 11, 30)}, {"MRO", 2, DAY(2017, 12, 31)},  {"MTL", 2, DAY(2007, 12, 31)},
    {"MTP", -1, DAY(1983, 6, 30)},  {"MVQ", -1, DAY(1989, 12, 31)}, {"MXP", -1, DAY(1993, 1, 31)},
    {"MZE", -1, DAY(1981, 12, 31)}, {"MZM", 2, DAY(2006, 12, 31)},  {"NIC", -1, DAY(1990, 10, 31)},
    {"NLG", 2, DAY(2001, 12, 31)},  {"PEH", -1, DAY(1990, 12, 31)}, {"PEI", -1, DAY(1991, 7, 31)},
    {"PES", -1, DAY(1986, 2, 28)},  {"PLZ", -1, DAY(1997, 1, 31)},  {"PTE", 0, DAY(2001, 12, 31)},
    {"RHD", -1, DAY(1981, 12, 31)}, {"ROK", -1, DAY(1990, 12, 31)}, {"ROL", 2, DAY(2006, 12, 31)},
    {"RUR", 2, DAY(1998, 12, 31)},  {"SDD", 2, DAY(2007, 6, 30)},   {"SDP", -1, DAY(1998, 6, 30)},
    {"SIT", 2, DAY(2006, 12, 31)},  {"SKK", 2, DAY(2008, 12, 31)},  {"SLL", 2, DAY(2023, 12, 31)},
    {"SRG", 2, DAY(2003, 12, 31)},  {"STD", 2, DAY(2017, 12, 31)},  {"SUR", -1, DAY(1990, 12, 31)},
    {"TJR", 0, DAY(2000, 10, 29)},  {"TMM", 2, DAY(2008, 12, 31)},  {"TPE", 0, DAY(2002, 5, 19)},
    {"TRL", 0, DAY(2005, 12, 31)},  {"UAK", -1, DAY(1996, 9, 30)},  {"UGS", -1, DAY(1987, 5, 31)},
    {"UGW", -1, DAY(1990, 12, 31)}, {"USS", 2, DAY(2014, 3, 27)},   {"UYN", -1, DAY(1989, 12, 31)},
    {"UYP", -1, DAY(1993, 3, 31)},  {"VEB", 2, DAY(2007, 12, 31)},  {"VEF", 2, DAY(2018, 8, 19)},
    {"VNC", -1, DAY(1990, 12, 31)}, {"XEU", -1, DAY(1998, 12, 31)}, {"XFO", -1, DAY(2006, 10, 31)},
    {"XFU", -1, DAY(2013, 11, 30)}, {"XRE", -1, DAY(1999, 11, 30)}, {"YDD", -1, DAY(1991, 9, 30)},
    {"YUD", -1, DAY(1990, 1, 31)},  {"YUM", 2, DAY(2003, 7, 2)},    {"YUN", -1, DAY(1995, 11, 30)},
    {"ZAL", -1, DAY(1995, 3, 31)},  {"ZMK", 2, DAY(2012, 12, 31)},  {"ZRN", 2, DAY(1999, 6, 30)},
    {"ZRZ", -1, DAY(1994, 2, 28)},  {"ZWC", -1, DAY(1989, 12, 31)}, {"ZWD", 2, DAY(2008, 7, 31)},
    {"ZWL", 2, DAY(2024, 8, 31)},   {"ZWN", 2, DAY(2006, 9, 30)},   {"ZWR", 2, DAY(2009, 6, 30)},
};

/* Officially assigned: not EU, UK or XK. */
static const char countries[][3] = {
    "AD", "AE", "AF", "AG", "AI", "AL", "AM", "AO", "AQ", "AR", "AS", "AT", "AU", "AW", "AX", "AZ", "BA",
    "BB", "BD", "BE", "BF", "BG", "BH", "BI", "BJ", "BL", "BM", "BN", "BO", "BQ", "BR", "BS", "BT", "BV",
    "BW", "BY", "BZ", "CA", "CC", "CD", "CF", "CG", "CH", "CI", "CK", "CL", "CM", "CN", "CO", "CR", "CU",
    "CV", "CW", "CX", "CY", "CZ", "DE", "DJ", "DK", "DM", "DO", "DZ", "EC", "EE", "EG", "EH", "ER", "ES",
    "ET", "FI", "FJ", "FK", "FM", "FO", "FR", "GA", "GB", "GD", "GE", "GF", "GG", "GH", "GI", "GL", "GM",
    "GN", "GP", "GQ", "GR", "GS", "GT", "GU", "GW", "GY", "HK", "HM", "HN", "HR", "HT", "HU", "ID", "IE",
    "IL", "IM", "IN", "IO", "IQ", "IR", "IS", "IT", "JE", "JM", "JO", "JP", "KE", "KG", "KH", "KI", "KM",
    "KN", "KP", "KR", "KW", "KY", "KZ", "LA", "LB", "LC", "LI", "LK", "LR", "LS", "LT", "LU", "LV", "LY",
    "MA", "MC", "MD", "ME", "MF", "MG", "MH", "MK", "ML", "MM", "MN", "MO", "MP", "MQ", "MR", "MS", "MT",
    "MU", "MV", "MW", "MX", "MY", "MZ", "NA", "NC", "NE", "NF", "NG", "NI", "NL", "NO", "NP", "NR", "NU",
    "NZ", "OM", "PA", "PE", "PF", "PG", "PH", "PK", "PL", "PM", "PN", "PR", "PS", "PT", "PW", "PY", "QA",
    "RE", "RO", "RS", "RU", "RW", "SA", "SB", "SC", "SD", "SE", "SG", "SH", "SI", "SJ", "SK", "SL", "SM",
    "SN", "SO", "SR", "SS", "ST", "SV", "SX", "SY", "SZ", "TC", "TD", "TF", "TG", "TH", "TJ", "TK", "TL",
    "TM", "TN", "TO", "TR", "TT", "TV", "TW", "TZ", "UA", "UG", "UM", "US", "UY", "UZ", "VA", "VC", "VE",
    "VG", "VI", "VN", "VU", "WF", "WS", "YE", "YT", "ZA", "ZM", "ZW",
};

static const char countries3[][4] = {
    "ABW", "AFG", "AGO", "AIA", "ALA", "ALB", "AND", "ARE", "ARG", "ARM", "ASM", "ATA", "ATF", "ATG", "AUS",
    "AUT", "AZE", "BDI", "BEL", "BEN", "BES", "BFA", "BGD", "BGR", "BHR", "BHS", "BIH", "BLM", "BLR", "BLZ",
    "BMU", "BOL", "BRA", "BRB", "BRN", "BTN", "BVT", "BWA", "CAF", "CAN", "CCK", "CHE", "CHL", "CHN", "CIV",
    "CMR", "COD", "COG", "COK", "COL", "COM", "CPV", "CRI", "CUB", "CUW", "CXR", "CYM", "CYP", "CZE", "DEU",
    "DJI", "DMA", "DNK", "DOM", "DZA", "ECU", "EGY", "ERI", "ESH", "ESP", "EST", "ETH", "FIN", "FJI", "FLK",
    "FRA", "FRO", "FSM", "GAB", "GBR", "GEO", "GGY", "GHA", "GIB", "GIN", "GLP", "GMB", "GNB", "GNQ", "GRC",
    "GRD", "GRL", "GTM", "GUF", "GUM", "GUY", "HKG", "HMD", "HND", "HRV", "HTI", "HUN", "IDN", "IMN", "IND",
    "IOT", "IRL", "IRN", "IRQ", "ISL", "ISR", "ITA", "JAM", "JEY", "JOR", "JPN", "KAZ", "KEN", "KGZ", "KHM",
    "KIR", "KNA", "KOR", "KWT", "LAO", "LBN", "LBR", "LBY", "LCA", "LIE", "LKA", "LSO", "LTU", "LUX", "LVA",
    "MAC", "MAF", "MAR", "MCO", "MDA", "MDG", "MDV", "MEX", "MHL", "MKD", "MLI", "MLT", "MMR", "MNE", "MNG",
    "MNP", "MOZ", "MRT", "MSR", "MTQ", "MUS", "MWI", "MYS", "MYT", "NAM", "NCL", "NER", "NFK", "NGA", "NIC",
    "NIU", "NLD", "NOR", "NPL", "NRU", "NZL", "OMN", "PAK", "PAN", "PCN", "PER", "PHL", "PLW", "PNG", "POL",
    "PRI", "PRK", "PRT", "PRY", "PSE", "PYF", "QAT", "REU", "ROU", "RUS", "RWA", "SAU", "SDN", "SEN", "SGP",
    "SGS", "SHN", "SJM", "SLB", "SLE", "SLV", "SMR", "SOM", "SPM", "SRB", "SSD", "STP", "SUR", "SVK", "SVN",
    "SWE", "SWZ", "SXM", "SYC", "SYR", "TCA", "TCD", "TGO", "THA", "TJK", "TKL", "TKM", "TLS", "TON", "TTO",
    "TUN", "TUR", "TUV", "TWN", "TZA", "UGA", "UKR", "UMI", "URY", "USA", "UZB", "VAT", "VCT", "VEN", "VGB",
    "VIR", "VNM", "VUT", "WLF", "WSM", "YEM", "ZAF", "ZMB", "ZWE",
};

static const struct currency *find_active(ep_str code) {
    return code.len == 3 ? ep_code_find(code, currencies, N_OF(currencies), sizeof *currencies) : NULL;
}

static const struct withdrawn *find_withdrawn(ep_str code) {
    return code.len == 3 ? ep_code_find(code, withdrawn, N_OF(withdrawn), sizeof *withdrawn) : NULL;
}

/* What all four have in common: capitals, `len` of them. */
static const char *check_form(ep_str value, size_t len) {
    if (!ep_str_all(value, ep_is_upper))
        return EP_BAD_CHARACTER;
    return value.len == len ? NULL : EP_BAD_LENGTH;
}

static const char *check_currency(ep_str value, bool historic) {
    const char *wrong = check_form(value, 3);
    if (wrong)
        return wrong;
    if (find_active(value))
        return NULL;
    if (find_withdrawn(value))
        return historic ? NULL : EP_BAD_WITHDRAWN;
    bool reserved = ep_code_find(value, reserved_codes, N_OF(reserved_codes), sizeof *reserved_codes) != NULL;
    return reserved ? EP_BAD_RESERVED : EP_BAD_UNASSIGNED;
}

const char *ep_check_currency(ep_str value) {
    return check_currency(value, false);
}

const char *ep_check_currency_historic(ep_str value) {
    return check_currency(value, true);
}

const char *ep_check_country(ep_str value) {
    const char *wrong = check_form(value, 2);
    if (wrong)
        return wrong;
    return ep_code_find(value, countries, N_OF(countries), sizeof *countries) ? NULL : EP_BAD_UNASSIGNED;
}

const char *ep_check_country3(ep_str value) {
    const char *wrong = check_form(value, 3);
    if (wrong)
        return wrong;
    return ep_code_find(value, countries3, N_OF(countries3), sizeof *countries3) ? NULL : EP_BAD_UNASSIGNED;
}

int ep_currency_minor_units(ep_str code) {
    const struct currency *active = find_active(code);
    if (active)
        return active->minor_units;
    const struct withdrawn *old = find_withdrawn(code);
    return old ? old->minor_units : -1;
}

int32_t ep_currency_end_day(ep_str code) {
    if (find_active(code))
        return INT32_MAX;
    const struct withdrawn *old = find_withdrawn(code);
    return old ? old->end_day : INT32_MIN;
}
