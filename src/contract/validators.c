#include "contract/validators.h"

#include "contract/valid_private.h"

/* No validator trims or changes case: a value is stored the one way it is written, or it is refused. */
static const ep_validator validators[] = {
    {"gtin", ep_check_gtin,
     "article number of 8, 12, 13 or 14 digits, unique in the world, no in-store or coupon number: 9506000134352",
     "GS1 General Specifications, 7.9 (mod 10) and 1.4 (prefixes)"},
    {"gtin8", ep_check_gtin8, "article number of 8 digits, no in-store number: 40123455",
     "GS1 General Specifications, 7.9 (mod 10) and 1.4.3 (GS1-8 prefixes)"},
    {"gtin12", ep_check_gtin12,
     "article number of 12 digits (UPC-A), no in-store or coupon number: 614141000036",
     "GS1 General Specifications, 7.9 (mod 10) and 1.4.2 (prefixes)"},
    {"gtin13", ep_check_gtin13,
     "article number of 13 digits (EAN-13), no in-store or coupon number: 4006381333931",
     "GS1 General Specifications, 7.9 (mod 10) and 1.4.2 (prefixes)"},
    {"gtin14", ep_check_gtin14,
     "article number of 14 digits, indicator first, or a shorter one with zeros in front: 10614141000415",
     "GS1 General Specifications, 7.9 (mod 10) and 1.4.2 (prefixes of the inner 13 digits)"},
    {"isbn", ep_check_isbn, "book number of 10 or 13 digits, hyphens allowed between them: 978-2-07-036002-4",
     "ISO 2108:2017; 979-0 belongs to ISO 10957 (music)"},
    {"siren", ep_check_siren, "French enterprise, 9 digits without blanks: 732829320",
     "Luhn (ISO/IEC 7812-1, annex B); INSEE, repertoire Sirene"},
    {"siret", ep_check_siret, "French establishment, 14 digits without blanks: 73282932000074",
     "Luhn over SIREN and over all; La Poste (356000000): sum of the digits a multiple of 5; INSEE"},
    {"fr_vat", ep_check_fr_vat, "French VAT number, FR, key and SIREN without blanks: FR44732829320",
     "key = (12 + 3 (SIREN mod 97)) mod 97, or the key with letters modulo 11; CGI, art. 286 ter"},
    {"eu_vat", ep_check_eu_vat,
     "VAT number of the Union or of Northern Ireland (XI), capitals, no blanks, Greece is EL: DE136695976",
     "formats of VIES; check digits of the national tax offices, Latvian persons by form only"},
    {"iban", ep_check_iban,
     "bank account, capitals, electronic form: blanks are refused: FR1420041010050500013M02606",
     "ISO 7064 MOD 97-10; ISO 13616-1:2020; structure a country from the registry, release 103"},
    {"rib", ep_check_rib, "French bank account, 23 characters without blanks: 20041010050500013M02606",
     "key = 97 - (89 bank + 15 branch + 3 account) mod 97, letters as digits; CFONB"},
    {"bic", ep_check_bic, "bank, 8 or 11 capitals and digits, country in the middle: DEUTDEFF500",
     "ISO 9362:2022"},
    {"lei", ep_check_lei, "legal entity, 20 capitals and digits: 506700GE1G29325QX363",
     "ISO 7064 MOD 97-10; ISO 17442-1:2020"},
    {"currency", ep_check_currency, "currency in use today, 3 capitals: EUR",
     "ISO 4217 list one of 2026-09-17, without the codes for tests and for none"},
    {"currency_historic", ep_check_currency_historic, "currency in use or withdrawn, 3 capitals: DEM",
     "ISO 4217 lists one and three"},
    {"country", ep_check_country, "country, 2 capitals, officially assigned: FR", "ISO 3166-1 alpha-2"},
    {"country3", ep_check_country3, "country, 3 capitals, officially assigned: FRA", "ISO 3166-1 alpha-3"},
    {"email", ep_check_email,
     "mailbox with a full domain, no display name, no [address]: jean.dupont@example.fr",
     "RFC 5321, 4.1.2; RFC 5322, 3.4.1; RFC 6531 (UTF-8)"},
    {"e164", ep_check_e164, "telephone number, + and 7 to 15 digits, country first, no blanks: +33123456789",
     "ITU-T E.164 (11/2010)"},
    {"uuid", ep_check_uuid, "8-4-4-4-12 hexadecimal digits: f81d4fae-7dec-11d0-a765-00a0c91e6bf6",
     "RFC 9562, 4"},
    {"uri", ep_check_uri, "address with a scheme, fragment allowed, ASCII only: urn:isbn:0451450523",
     "RFC 3986, 3 and appendix A"},
    {"url", ep_check_url, "web address with host, no user or password: https://www.example.fr/a?b=1#c",
     "RFC 3986; RFC 9110, 4.2"},
    {"hostname", ep_check_hostname, "name of a host, no dot at the end: www.example.fr",
     "RFC 1123, 2.1; RFC 1035, 2.3.4"},
    {"ipv4", ep_check_ipv4, "four decimal numbers without zeros in front: 192.0.2.1",
     "RFC 3986, 3.2.2; inet_pton"},
    {"ipv6", ep_check_ipv6, "address without zone and brackets: 2001:db8::1", "RFC 4291, 2.2; inet_pton"},
    {"seller_id", ep_check_seller_id, "seller of the platform, 1 to 40 of a-z, 0-9 and _: maison_dupont",
     "[a-z0-9_]{1,40}"},
    {"password", ep_check_password, "any text; says that it is to be hidden", "ODCS 3"},
    {"byte", ep_check_byte, "base64 with padding, no line ends: SGVsbG8=", "RFC 4648, 4"},
    {"binary", ep_check_binary, "any bytes", "ODCS 3"},
};

const ep_validator *ep_validator_find(ep_str name) {
    for (size_t i = 0; i < sizeof validators / sizeof *validators; i++) {
        if (ep_str_is(name, validators[i].name))
            return &validators[i];
    }
    return NULL;
}

const ep_validator *ep_validators(size_t *ret_n) {
    *ret_n = sizeof validators / sizeof *validators;
    return validators;
}
