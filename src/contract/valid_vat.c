/* VAT numbers of the Union: the formats of the VIES questions and answers, the check digits of the national
 * tax offices as far as they are published and agreed upon. Every check gets the part after the country
 * prefix. */
#include "contract/valid_private.h"

static const char *verdict(bool good) {
    return good ? NULL : EP_BAD_CHECK_DIGIT;
}

/* The shape of most: nothing but digits, a fixed number of them, not all zero. */
static const char *check_digits(ep_str number, size_t len) {
    if (!ep_str_all(number, ep_is_digit))
        return EP_BAD_CHARACTER;
    if (number.len != len)
        return EP_BAD_LENGTH;
    return ep_digits_zero(number) ? EP_BAD_ZEROS : NULL;
}

static int digit_at(ep_str number, size_t at) {
    return number.ptr[at] - '0';
}

#define WEIGHTED(number, ...)                                        \
    ep_digits_weighted((number), (const signed char[]){__VA_ARGS__}, \
                       sizeof((const signed char[]){__VA_ARGS__}))

/* U and 8 digits; the doubled digits as in Luhn's method, then 4 more. */
static const char *check_at(ep_str number) {
    if (number.len == 0 || number.ptr[0] != 'U')
        return EP_BAD_FORMAT;
    ep_str digits = ep_str_part(number, 1, SIZE_MAX);
    const char *wrong = check_digits(digits, 8);
    if (wrong)
        return wrong;
    /* Weights 1 2 1 2 1 2 1: the seven digits as they stand have the odd ones doubled from the right. */
    return verdict((ep_luhn(ep_str_part(digits, 0, 7)) + 4 + digit_at(digits, 7)) % 10 == 0);
}

/* Enterprise number: 97 minus the remainder of the first eight digits; 0 or 1 in front. */
static const char *check_be(ep_str number) {
    const char *wrong = check_digits(number, 10);
    if (wrong)
        return wrong;
    if (number.ptr[0] > '1')
        return EP_BAD_FORMAT;
    return verdict(97 - ep_digits_value(ep_str_part(number, 0, 8)) % 97 ==
                   ep_digits_value(ep_str_part(number, 8, 2)));
}

static bool is_bulgarian_person(ep_str number) {
    /* EGN: year, month (plus 20 before 1900, plus 40 from 2000), day. */
    int64_t year = 1900 + ep_digits_value(ep_str_part(number, 0, 2)),
            month = ep_digits_value(ep_str_part(number, 2, 2));
    if (month > 40) {
        year += 100;
        month -= 40;
    } else if (month > 20) {
        year -= 100;
        month -= 20;
    }
    return ep_is_date(year, month, ep_digits_value(ep_str_part(number, 4, 2))) &&
           WEIGHTED(number, 2, 4, 8, 5, 10, 9, 7, 3, 6) % 11 % 10 == digit_at(number, 9);
}

static const char *check_bg(ep_str number) {
    const char *wrong = check_digits(number, number.len == 10 ? 10 : 9);
    if (wrong)
        return wrong;
    if (number.len == 9) {
        int check = WEIGHTED(number, 1, 2, 3, 4, 5, 6, 7, 8) % 11;
        if (check == 10)
            check = WEIGHTED(number, 3, 4, 5, 6, 7, 8, 9, 10) % 11;
        return verdict(check % 10 == digit_at(number, 8));
    }
    /* A person, a foreigner or another: each has its own method. */
    bool foreigner = WEIGHTED(number, 21, 19, 17, 13, 11, 9, 7, 3, 1) % 10 == digit_at(number, 9);
    bool other = (11 - WEIGHTED(number, 4, 3, 2, 7, 6, 5, 4, 3, 2) % 11) % 11 == digit_at(number, 9);
    return verdict(is_bulgarian_person(number) || foreigner || other);
}

static const char *check_cy(ep_str number) {
    static const signed char odd[] = {1, 0, 5, 7, 9, 13, 15, 17, 19, 21};
    if (number.len != 9)
        return EP_BAD_LENGTH;
    const char *wrong = check_digits(ep_str_part(number, 0, 8), 8);
    if (wrong)
        return wrong;
    if (!ep_is_upper(number.ptr[8]))
        return EP_BAD_CHARACTER;
    if (ep_str_starts(number, "12"))
        return EP_BAD_PREFIX;
    int sum = 0;
    for (size_t i = 0; i < 8; i++)
        sum += i % 2 ? digit_at(number, i) : odd[digit_at(number, i)];
    return verdict('A' + sum % 26 == number.ptr[8]);
}

/* Birth number: day of birth, women 50 more in the month, 20 more when a day's numbers ran out; 9 digits
 * until 1953, then 10 and the whole is a multiple of 11 (before 1985 a remainder of 10 was written 0). */
static bool is_birth_number(ep_str number) {
    int64_t year = 1900 + ep_digits_value(ep_str_part(number, 0, 2));
    int64_t month = ep_digits_value(ep_str_part(number, 2, 2)) % 50 % 20;
    if (number.len == 9) {
        if (year >= 1980)
            year -= 100;
        if (year > 1953)
            return false;
    } else if (year < 1954) {
        year += 100;
    }
    if (!ep_is_date(year, month, ep_digits_value(ep_str_part(number, 4, 2))))
        return false;
    if (number.len == 9)
        return true;
    int64_t check = ep_digits_value(ep_str_part(number, 0, 9)) % 11;
    return (year < 1985 ? check % 10 : check) == digit_at(number, 9);
}

static const char *check_cz(ep_str number) {
    const char *wrong = check_digits(number, number.len == 9 || number.len == 10 ? number.len : 8);
    if (wrong)
        return wrong;
    if (number.len == 8) {
        if (number.ptr[0] == '9')
            return EP_BAD_PREFIX;
        int check = (11 - WEIGHTED(number, 8, 7, 6, 5, 4, 3, 2) % 11) % 11;
        return verdict((check == 0 ? 1 : check % 10) == digit_at(number, 7));
    }
    if (number.len == 9 && number.ptr[0] == '6') {
        int rest = WEIGHTED(ep_str_part(number, 1, 7), 8, 7, 6, 5, 4, 3, 2) % 11;
        return verdict((18 - (21 - rest) % 11) % 10 == digit_at(number, 8));
    }
    return verdict(is_birth_number(number));
}

static const char *check_de(ep_str number) {
    const char *wrong = check_digits(number, 9);
    if (wrong)
        return wrong;
    return number.ptr[0] == '0' ? EP_BAD_FORMAT : verdict(ep_mod11_10(number));
}

static const char *check_dk(ep_str number) {
    const char *wrong = check_digits(number, 8);
    if (wrong)
        return wrong;
    return number.ptr[0] == '0' ? EP_BAD_FORMAT : verdict(WEIGHTED(number, 2, 7, 6, 5, 4, 3, 2, 1) % 11 == 0);
}

static const char *check_ee(ep_str number) {
    const char *wrong = check_digits(number, 9);
    return wrong ? wrong : verdict(WEIGHTED(number, 3, 7, 1, 3, 7, 1, 3, 7, 1) % 10 == 0);
}

static const char *check_el(ep_str number) {
    const char *wrong = check_digits(number, 9);
    if (wrong)
        return wrong;
    int sum = 0;
    for (size_t i = 0; i < 8; i++)
        sum = 2 * (sum + digit_at(number, i));
    return verdict(sum % 11 % 10 == digit_at(number, 8));
}

static bool is_spanish_letter(int64_t value, char letter) {
    return "TRWAGMYFPDXBNJZSQVHLCKE"[value % 23] == letter;
}

/* DNI of residents, NIE of foreigners (X Y Z as 0 1 2), K L M of other persons: the letter by modulus 23.
 * Legal persons: a letter in front and Luhn, whose check digit is written as digit or letter; which of both
 * depends on the kind of body, on which the sources disagree, so either is taken. */
static const char *check_es(ep_str number) {
    if (!ep_str_all(number, ep_is_upper_alnum))
        return EP_BAD_CHARACTER;
    if (number.len != 9)
        return EP_BAD_LENGTH;
    char first = number.ptr[0], last = number.ptr[8];
    ep_str middle = ep_str_part(number, 1, 7);
    if (!ep_str_all(middle, ep_is_digit) || first == 'I' || first == 'O' || first == 'T')
        return EP_BAD_FORMAT;
    int64_t value = ep_digits_value(middle);
    if (ep_is_digit(first))
        return verdict(is_spanish_letter((first - '0') * INT64_C(10000000) + value, last));
    if (first >= 'X')
        return verdict(is_spanish_letter((first - 'X') * INT64_C(10000000) + value, last));
    if (first == 'K' || first == 'L' || first == 'M')
        return verdict(is_spanish_letter(value, last));
    char digits[8];
    for (size_t i = 0; i < 7; i++)
        digits[i] = middle.ptr[i];
    digits[7] = '0';
    int check = (10 - ep_luhn((ep_str){digits, 8})) % 10;
    return verdict(last == '0' + check || last == "JABCDEFGHI"[check]);
}

static const char *check_fi(ep_str number) {
    const char *wrong = check_digits(number, 8);
    return wrong ? wrong : verdict(WEIGHTED(number, 7, 9, 10, 5, 8, 4, 2, 1) % 11 == 0);
}

static const char *check_hr(ep_str number) {
    const char *wrong = check_digits(number, 11);
    return wrong ? wrong : verdict(ep_mod11_10(number));
}

static const char *check_hu(ep_str number) {
    const char *wrong = check_digits(number, 8);
    return wrong ? wrong : verdict(WEIGHTED(number, 9, 7, 3, 1, 9, 7, 3, 1) % 10 == 0);
}

/* W is 0, A is 1 ... V is 22; -1 for anything else. */
static int irish_letter(char c) {
    return c == 'W' ? 0 : c >= 'A' && c <= 'V' ? c - 'A' + 1 : -1;
}

/* Seven digits, check letter, since 2013 a second letter of weight 9; before 2013 also a digit, a letter or
 * sign, five digits and the check letter, where the first digit comes last. */
static const char *check_ie(ep_str number) {
    if (number.len != 8 && number.len != 9)
        return EP_BAD_LENGTH;
    if (!ep_is_digit(number.ptr[0]) || !ep_str_all(ep_str_part(number, 2, 5), ep_is_digit))
        return EP_BAD_FORMAT;
    char second = number.ptr[1];
    int check = irish_letter(number.ptr[7]), extra = number.len == 9 ? irish_letter(number.ptr[8]) : 0;
    if (check < 0 || extra < 0)
        return EP_BAD_CHARACTER;
    if (ep_is_digit(second))
        return verdict((WEIGHTED(number, 8, 7, 6, 5, 4, 3, 2) + 9 * extra) % 23 == check);
    if (number.len == 9 || !(ep_is_upper(second) || second == '+' || second == '*'))
        return EP_BAD_FORMAT;
    return verdict((WEIGHTED(ep_str_part(number, 2, 5), 7, 6, 5, 4, 3) + 2 * digit_at(number, 0)) % 23 ==
                   check);
}

/* Seven digits of the firm, three of the tax office, Luhn. */
static const char *check_it(ep_str number) {
    const char *wrong = check_digits(number, 11);
    if (wrong)
        return wrong;
    int64_t office = ep_digits_value(ep_str_part(number, 7, 3));
    bool known =
        (office >= 1 && office <= 100) || office == 120 || office == 121 || office == 888 || office == 999;
    if (!known || ep_digits_zero(ep_str_part(number, 0, 7)))
        return EP_BAD_FORMAT;
    return verdict(ep_luhn(number) == 0);
}

/* 9 digits for legal persons, 12 for others, a 1 before the check digit. */
static const char *check_lt(ep_str number) {
    const char *wrong = check_digits(number, number.len == 12 ? 12 : 9);
    if (wrong)
        return wrong;
    size_t last = number.len - 1;
    if (number.ptr[last - 1] != '1')
        return EP_BAD_FORMAT;
    int sum = 0, other = 0;
    for (size_t i = 0; i < last; i++) {
        sum += (int)(1 + i % 9) * digit_at(number, i);
        other += (int)(1 + (i + 2) % 9) * digit_at(number, i);
    }
    int check = sum % 11 == 10 ? other % 11 % 10 : sum % 11;
    return verdict(check == digit_at(number, last));
}

static const char *check_lu(ep_str number) {
    const char *wrong = check_digits(number, 8);
    if (wrong)
        return wrong;
    return verdict(ep_digits_value(ep_str_part(number, 0, 6)) % 89 ==
                   ep_digits_value(ep_str_part(number, 6, 2)));
}

/* Legal persons begin with 4 to 9. No method is published for the codes of persons, which carry no date any
 * more when they begin with 32 (since 2017): only their form is checked. */
static const char *check_lv(ep_str number) {
    const char *wrong = check_digits(number, 11);
    if (wrong || number.ptr[0] <= '3')
        return wrong;
    return verdict(WEIGHTED(number, 9, 1, 4, 8, 3, 10, 2, 5, 7, 6, 1) % 11 == 3);
}

static const char *check_mt(ep_str number) {
    const char *wrong = check_digits(number, 8);
    if (wrong)
        return wrong;
    if (number.ptr[0] == '0')
        return EP_BAD_FORMAT;
    return verdict(37 - WEIGHTED(number, 3, 4, 6, 7, 8, 9) % 37 ==
                   ep_digits_value(ep_str_part(number, 6, 2)));
}

/* Nine digits, B, two digits. Firms: the "elfproef" of the nine digits. Sole traders, since 2020: the whole
 * with its prefix by ISO 7064 MOD 97-10. */
static const char *check_nl(ep_str number) {
    if (number.len != 12)
        return EP_BAD_LENGTH;
    ep_str digits = ep_str_part(number, 0, 9), suffix = ep_str_part(number, 10, 2);
    if (number.ptr[9] != 'B')
        return EP_BAD_FORMAT;
    if (!ep_str_all(digits, ep_is_digit) || !ep_str_all(suffix, ep_is_digit))
        return EP_BAD_CHARACTER;
    if (ep_digits_zero(digits) || ep_digits_zero(suffix))
        return EP_BAD_ZEROS;
    bool firm = WEIGHTED(digits, 9, 8, 7, 6, 5, 4, 3, 2, -1) % 11 == 0;
    return verdict(firm || ep_mod97(ep_mod97(0, EP_STR("NL")), number) == 1);
}

static const char *check_pl(ep_str number) {
    const char *wrong = check_digits(number, 10);
    return wrong ? wrong : verdict(WEIGHTED(number, 6, 5, 7, 2, 3, 4, 5, 6, 7) % 11 == digit_at(number, 9));
}

static const char *check_pt(ep_str number) {
    const char *wrong = check_digits(number, 9);
    if (wrong)
        return wrong;
    if (number.ptr[0] == '0')
        return EP_BAD_FORMAT;
    return verdict((11 - WEIGHTED(number, 9, 8, 7, 6, 5, 4, 3, 2) % 11) % 11 % 10 == digit_at(number, 8));
}

/* Two to ten digits, weights from the right 2 3 5 7 1 2 3 5 7. */
static const char *check_ro(ep_str number) {
    static const signed char weights[] = {2, 3, 5, 7, 1, 2, 3, 5, 7};
    if (!ep_str_all(number, ep_is_digit))
        return EP_BAD_CHARACTER;
    if (number.len < 2 || number.len > 10)
        return EP_BAD_LENGTH;
    if (number.ptr[0] == '0')
        return EP_BAD_FORMAT;
    int sum = 0;
    for (size_t i = 0; i + 1 < number.len; i++)
        sum += weights[i] * digit_at(number, number.len - 2 - i);
    return verdict(10 * sum % 11 % 10 == digit_at(number, number.len - 1));
}

static const char *check_se(ep_str number) {
    const char *wrong = check_digits(number, 12);
    if (wrong)
        return wrong;
    if (!ep_str_ends(number, "01"))
        return EP_BAD_FORMAT;
    return verdict(ep_luhn(ep_str_part(number, 0, 10)) == 0);
}

static const char *check_si(ep_str number) {
    const char *wrong = check_digits(number, 8);
    if (wrong)
        return wrong;
    if (number.ptr[0] == '0')
        return EP_BAD_FORMAT;
    /* A remainder of 0 would need the digit 11: such numbers are not issued. */
    int check = 11 - WEIGHTED(number, 8, 7, 6, 5, 4, 3, 2) % 11;
    return verdict((check == 10 ? 0 : check) == digit_at(number, 7));
}

static const char *check_sk(ep_str number) {
    const char *wrong = check_digits(number, 10);
    if (wrong)
        return wrong;
    char third = number.ptr[2];
    if (number.ptr[0] == '0' || third < '2' || third == '5')
        return EP_BAD_FORMAT;
    return verdict(ep_digits_value(number) % 11 == 0);
}

/* Northern Ireland has the numbers of the United Kingdom: 9 digits, 12 with a branch, GD and HA for
 * government and health; the sum with the two check digits is a multiple of 97, or of 97 when 55 is added
 * (since 2009). */
static const char *check_xi(ep_str number) {
    if (number.len == 5) {
        ep_str digits = ep_str_part(number, 2, 3);
        bool government = ep_str_starts(number, "GD"), health = ep_str_starts(number, "HA");
        if (!government && !health)
            return EP_BAD_FORMAT;
        if (!ep_str_all(digits, ep_is_digit))
            return EP_BAD_CHARACTER;
        return (digits.ptr[0] < '5') == government ? NULL : EP_BAD_FORMAT;
    }
    const char *wrong = check_digits(number, number.len == 12 ? 12 : 9);
    if (wrong)
        return wrong;
    if (ep_digits_zero(ep_str_part(number, 0, 9)))
        return EP_BAD_ZEROS;
    int rest = WEIGHTED(number, 8, 7, 6, 5, 4, 3, 2, 10, 1) % 97;
    bool recent = ep_digits_value(ep_str_part(number, 0, 3)) >= 100;
    return verdict(rest == 0 || (recent && rest == 42));
}

static const struct member {
    char code[3];
    const char *(*check)(ep_str number); /* NULL: France, whose check takes the prefix too */
} members[] = {
    {"AT", check_at}, {"BE", check_be}, {"BG", check_bg}, {"CY", check_cy}, {"CZ", check_cz},
    {"DE", check_de}, {"DK", check_dk}, {"EE", check_ee}, {"EL", check_el}, {"ES", check_es},
    {"FI", check_fi}, {"FR", NULL},     {"HR", check_hr}, {"HU", check_hu}, {"IE", check_ie},
    {"IT", check_it}, {"LT", check_lt}, {"LU", check_lu}, {"LV", check_lv}, {"MT", check_mt},
    {"NL", check_nl}, {"PL", check_pl}, {"PT", check_pt}, {"RO", check_ro}, {"SE", check_se},
    {"SI", check_si}, {"SK", check_sk}, {"XI", check_xi},
};

/* + and * stand in old Irish numbers. */
static bool is_vat_character(char c) {
    return ep_is_upper_alnum(c) || c == '+' || c == '*';
}

const char *ep_check_eu_vat(ep_str value) {
    if (!ep_str_all(value, is_vat_character))
        return EP_BAD_CHARACTER;
    if (value.len < 4)
        return EP_BAD_LENGTH;
    const struct member *member =
        ep_code_find(ep_str_part(value, 0, 2), members, sizeof members / sizeof *members, sizeof *members);
    if (!member)
        return EP_BAD_COUNTRY;
    return member->check ? member->check(ep_str_part(value, 2, SIZE_MAX)) : ep_check_fr_vat(value);
}
