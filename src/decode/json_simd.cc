#include "decode/json_simd.h"

#include <memory>
#include <new>
#include <simdjson.h>

struct ep_json_simd {
    std::unique_ptr<simdjson::internal::dom_parser_implementation> stage;
    size_t capacity = 0;
};

static const size_t first_capacity = 64 * 1024;
static const size_t max_depth = 1; // of the stages that are not used here

static bool grow(ep_json_simd *simd, size_t len) {
    size_t capacity = simd->capacity;
    while (capacity < len)
        capacity *= 2;
    simd->capacity = simd->stage->allocate(capacity, max_depth) == simdjson::SUCCESS ? capacity : 0;
    return simd->capacity > 0;
}

ep_json_simd *ep_json_simd_new(void) {
    try {
        std::unique_ptr<ep_json_simd> simd(new ep_json_simd);
        if (simdjson::get_active_implementation()->create_dom_parser_implementation(
                first_capacity, max_depth, simd->stage) != simdjson::SUCCESS)
            return nullptr;
        simd->capacity = first_capacity;
        return simd.release();
    } catch (...) {
        return nullptr;
    }
}

void ep_json_simd_free(ep_json_simd **simd) {
    if (simd) {
        delete *simd;
        *simd = nullptr;
    }
}

ep_json_simd_result ep_json_simd_index(ep_json_simd *simd, const char *text, size_t len, const uint32_t **ret,
                                       size_t *ret_n) {
    if (len == 0)
        return EP_JSON_SIMD_REFUSED;
    try {
        if (simd->capacity == 0)
            simd->capacity = first_capacity;
        if ((len > simd->capacity || !simd->stage->structural_indexes) && !grow(simd, len))
            return EP_JSON_SIMD_NO_MEMORY;
        if (simd->stage->stage1(reinterpret_cast<const uint8_t *>(text), len,
                                simdjson::stage1_mode::regular) != simdjson::SUCCESS)
            return EP_JSON_SIMD_REFUSED;
        *ret = simd->stage->structural_indexes.get();
        *ret_n = simd->stage->n_structural_indexes;
        return EP_JSON_SIMD_OK;
    } catch (...) {
        return EP_JSON_SIMD_NO_MEMORY;
    }
}

bool ep_simd_utf8_valid(const char *text, size_t len) {
    try {
        return simdjson::validate_utf8(text, len);
    } catch (...) {
        return false;
    }
}
