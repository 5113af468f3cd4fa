#include "contract/valid_private.h"

#include <string.h>

bool ep_digits_zero(ep_str digits) {
    for (size_t i = 0; i < digits.len; i++) {
        if (digits.ptr[i] != '0')
            return false;
    }
    return true;
}

int64_t ep_digits_value(ep_str digits) {
    int64_t value = 0;
    for (size_t i = 0; i < digits.len && i < 18; i++)
        value = 10 * value + (digits.ptr[i] - '0');
    return value;
}

int ep_digits_weighted(ep_str digits, const signed char *weights, size_t n_weights) {
    int sum = 0;
    for (size_t i = 0; i < n_weights && i < digits.len; i++)
        sum += weights[i] * (digits.ptr[i] - '0');
    return sum;
}

int ep_luhn(ep_str digits) {
    int sum = 0;
    for (size_t i = 0; i < digits.len; i++) {
        int digit = digits.ptr[digits.len - 1 - i] - '0';
        if (i % 2 == 1)
            digit = digit < 5 ? 2 * digit : 2 * digit - 9;
        sum += digit;
    }
    return sum % 10;
}

int ep_mod97(int remainder, ep_str text) {
    for (size_t i = 0; i < text.len; i++) {
        char c = text.ptr[i];
        remainder =
            ep_is_digit(c) ? (10 * remainder + (c - '0')) % 97 : (100 * remainder + (c - 'A' + 10)) % 97;
    }
    return remainder;
}

bool ep_mod11_10(ep_str digits) {
    if (digits.len < 2)
        return false;
    int product = 10;
    for (size_t i = 0; i + 1 < digits.len; i++) {
        int sum = (product + digits.ptr[i] - '0') % 10;
        product = 2 * (sum == 0 ? 10 : sum) % 11;
    }
    return (product + digits.ptr[digits.len - 1] - '0') % 10 == 1;
}

bool ep_is_date(int64_t year, int64_t month, int64_t day) {
    static const signed char days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    if (month < 1 || month > 12 || day < 1)
        return false;
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    return day <= days[month - 1] + (month == 2 && leap);
}

const void *ep_code_find(ep_str code, const void *table, size_t n, size_t size) {
    size_t low = 0, high = n;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        const char *record = (const char *)table + middle * size;
        int order = memcmp(code.ptr, record, code.len);
        if (order == 0)
            return record;
        if (order < 0)
            high = middle;
        else
            low = middle + 1;
    }
    return NULL;
}
