#include "base/asset.h"

#include <setjmp.h>
#include <stddef.h>

#include <cmocka.h>
#include <string.h>

static void assets_are_sorted_and_end_with_nul(void **state) {
    (void)state;
    for (size_t i = 0; i < ep_n_assets; i++) {
        assert_true(i == 0 || strcmp(ep_assets[i - 1].path, ep_assets[i].path) < 0);
        assert_int_equal(ep_assets[i].data[ep_assets[i].size_bytes], 0);
    }
}

static void every_asset_is_found_by_its_path(void **state) {
    (void)state;
    for (size_t i = 0; i < ep_n_assets; i++)
        assert_ptr_equal(ep_asset_find(ep_assets[i].path), &ep_assets[i]);
}

static void other_paths_are_not_found(void **state) {
    (void)state;
    assert_null(ep_asset_find(""));
    assert_null(ep_asset_find("aaaa"));
    assert_null(ep_asset_find("sql/no such file.sql"));
    assert_null(ep_asset_find("zzzz"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(assets_are_sorted_and_end_with_nul),
        cmocka_unit_test(every_asset_is_found_by_its_path),
        cmocka_unit_test(other_paths_are_not_found),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
