#ifndef EP_CONTRACT_QUICK_H
#define EP_CONTRACT_QUICK_H

#include "contract/contract.h"

/**
 * The usual case of ep_contract_read without its preparations: text that a decoder gave (valid UTF-8 without NUL), read the
 * contract's own way.
 * @return false: nothing was stored, ask ep_contract_read (which knows every other case, and says what is wrong).
 */
__attribute__((always_inline)) static inline bool ep_quick_read(const ep_contract_field *field, size_t column,
                                                                ep_raw_kind kind, ep_str text,
                                                                ep_batch *batch, size_t row) {
    int64_t value;
    ep_int128 wide;
    if (kind > EP_RAW_NUMBER)
        return false;
    switch (field->quick) {
    case EP_QUICK_TEXT: ep_batch_set_text(batch, row, column, text); return true;
    case EP_QUICK_INT:
        if (ep_int_parse(text, &value) != EP_NUM_OK)
            return false;
        ep_batch_set_i64(batch, row, column, value);
        return true;
    case EP_QUICK_DECIMAL:
        if (ep_decimal_parse(text, field->column.precision, field->column.scale, &wide) != EP_NUM_OK)
            return false;
        ep_batch_set_i128(batch, row, column, wide);
        return true;
    case EP_QUICK_MOMENT: /* the last instant of all may be refused */
        if (!ep_time_parse_utc(text, &value) || value == EP_TS_MAX)
            return false;
        ep_batch_set_i64(batch, row, column, value);
        return true;
    case EP_QUICK_NONE: break;
    }
    return false;
}

#endif
