#include "contract/odcs_keys.h"
#include "feed/parse.h"

#include <string.h>

static const ep_feed_key_doc keys[] = {
    {"feed", "feed", "text", "", "Name of the feed, unique in the warehouse: a-z 0-9 _ . -"},
    {"feed", "version", "text", "", "Version of the mapping, free text."},
    {"feed", "description", "text", "", "What arrives here, for people."},
    {"feed", "delivery", "append | upsert | snapshot", "append",
     "append: each record is an event or a change; upsert: each record is the state of its key; snapshot: each source is the whole state, "
     "what it no longer holds is retired."},
    {"feed", "atomic", "group | record", "group",
     "What is quarantined together: the platform's rows and each seller's rows of a record apart, or the whole record."},
    {"feed", "archive", "true | false", "true",
     "Keep the bytes of accepted records too, so that they can be mapped again."},
    {"feed", "source", "map", "", "Where records come from: `files`."},
    {"feed", "decode", "map", "by the pattern's ending", "How bytes become records."},
    {"feed", "records", "map", "{each: $}", "Which values of a document are the records."},
    {"feed", "lists", "map", "", "The feed's own code lists, by name: {name: {external: internal}}."},
    {"feed", "cut_over", "moment with a zone", "",
     "Until here a missing seller may have a `default`; needed by such a default."},
    {"feed", "ignore", "list", "",
     "Named rules: a record that matches is counted as ignored under that name."},
    {"feed", "emit", "list", "", "The rows that a record yields, contract by contract."},
    {"feed", "checks", "list", "", "Checks over all rows of a record."},
    {"source", "files", "map", "", "Files of the warehouse's incoming folder."},
    {"source.files", "pattern", "text", "", "Glob of the files, such as orders/*.jsonl."},
    {"decode", "format", "json | jsonl | csv", "by the pattern's ending",
     "json: a file is one document; jsonl: one value a line; csv: one row a line."},
    {"decode", "encoding", "auto | utf-8 | utf-16le | utf-16be | windows-1252", "auto",
     "auto: the byte order mark, else UTF-8."},
    {"decode", "delimiter", "one character or tab", "found in the first line",
     "CSV: what stands between cells."},
    {"decode", "quote", "one character or none", "\"", "CSV: what begins and ends a quoted cell."},
    {"decode", "header", "true | false", "true", "CSV: the first line names the columns."},
    {"decode", "columns", "list of names", "",
     "CSV: names of the cells without a header; with one, columns it must have."},
    {"decode", "empty", "null | text", "null", "CSV: what an empty cell without quotes is."},
    {"decode", "trim", "true | false", "false", "CSV: cut blanks around cells without quotes."},
    {"decode", "escape", "double | backslash", "double", "CSV: how a quote stands inside a quoted cell."},
    {"records", "each", "path", "$",
     "$ is the document itself; $[*] or $.items[*] makes each item a record."},
    {"ignore", "name", "text", "", "The name under which such records are counted."},
    {"ignore", "when", "condition", "", "Which records."},
    {"emit", "contract", "text", "", "The table of the contract."},
    {"emit", "when", "condition", "", "This emit only if it holds for the record."},
    {"emit", "each", "path", "",
     "A row for each item of a list: items[*]; in it paths start at the item, ^. at the record."},
    {"emit", "each_optional", "true | false", "false",
     "A missing, null or empty list gives no row instead of the reason empty_list."},
    {"emit", "fields", "map", "", "What each field of the contract is made of: a path, or a mapping."},
    {"mapping", "path", "path", "",
     "A value of the record: a.b, a['b c'], a[0], a[-1], ^.a of the scope around, $.a of the record."},
    {"mapping", "const", "scalar", "", "Always this value; null is NULL."},
    {"mapping", "meta",
     "source | record | line | offset | received_at | seller | content | occurrence | feed", "",
     "Where the record lay: file, number, line, byte offset, time of receipt, the source's seller, hash of its bytes, n-th record of "
     "these bytes in the source, name of the feed."},
    {"mapping", "template", "text", "",
     "Text with {field}, {path:a.b}, {meta:line} and {occurrence}: 1 for the first row of the record's emit and seller with an equal rest, "
     "then 2 ... NULL when a part is; {{ and }} are braces."},
    {"mapping", "coalesce", "list of mappings", "", "The first that is neither absent nor NULL."},
    {"mapping", "conflict", "error | first", "first; error for the owner",
     "coalesce: whether two different values are an error."},
    {"mapping", "when", "list", "", "Branches: the first whose `if` holds; absent when none does."},
    {"mapping", "trim", "true | false", "false",
     "Cut blanks at both ends. Modifiers apply in the order of this table."},
    {"mapping", "null_if", "text or list of texts", "", "These texts mean NULL."},
    {"mapping", "split", "map", "", "Take one part of the text; out of range is the reason mapping."},
    {"mapping", "regex", "map or pattern", "",
     "Take what a pattern (PCRE2) finds; nothing found is the reason mapping."},
    {"mapping", "map", "name of a code list, or map", "", "Translate by a code list; see else."},
    {"mapping", "else", "error | keep | null | seller", "error",
     "map: what becomes of a value without line; seller: kept when it is an identity of the platform, else x_ and 24 hex of its SHA-256."},
    {"mapping", "case", "lower | upper", "", "Change the letters A-Z, a-z."},
    {"mapping", "negate", "true | false", "false", "Change the sign of a number."},
    {"mapping", "default", "scalar", "",
     "The value when it is absent or NULL. For the owner only before the feed's cut_over."},
    {"mapping", "default_when", "absent | absent_or_null", "absent_or_null", "When the default stands in."},
    {"mapping", "formats", "list", "the contract's",
     "Moments: rfc3339, local, epoch_s, epoch_s_float, epoch_ms, epoch_us, date, pattern:yyyy-MM-dd; tried in this order."},
    {"mapping", "zone", "text", "the contract's", "Zone of moments without one: Europe/Paris, UTC, +02:00."},
    {"mapping", "decimal_mark", ". | ,", ".", "What stands before decimals."},
    {"mapping", "group_mark", "blank | . | ,", "", "What stands between thousands."},
    {"mapping", "type", "type", "",
     "What the author expects, compared with the contract: decimal(18,4), integer, timestamp ..."},
    {"when", "if", "condition", "", "When this branch holds."},
    {"when", "then", "mapping", "", "What it gives."},
    {"when", "else", "mapping", "", "What the last branch gives when none held."},
    {"split", "by", "text", "", "The separator."},
    {"split", "index", "whole number", "0", "Which part, from 0; -1 is the last."},
    {"regex", "pattern", "text", "", "PCRE2; found anywhere unless anchored with ^ and $."},
    {"regex", "group", "whole number", "1, or 0 without groups",
     "Which group is taken; 0 is all of what was found."},
    {"regex", "no_match", "error | null", "error", "Nothing found: the reason mapping, or NULL."},
    {"condition", "path", "path", "", "Look at a value of the record."},
    {"condition", "meta", "as in a mapping", "", "Look at a coordinate of the record."},
    {"condition", "field", "text", "", "Look at a field of the same emit, as mapped."},
    {"condition", "is", "scalar", "", "Equal; null holds for NULL and absent."},
    {"condition", "is_not", "scalar", "", "Not equal: also holds for NULL and absent, unless it is null."},
    {"condition", "in", "list", "", "One of these."},
    {"condition", "not_in", "list", "", "None of these."},
    {"condition", "matches", "pattern", "", "The whole text matches (PCRE2)."},
    {"condition", "exists", "true | false", "", "It is there, be it null."},
    {"condition", "lt", "number", "", "Less; what is no number never is."},
    {"condition", "le", "number", "", "Less or equal."},
    {"condition", "gt", "number", "", "Greater."},
    {"condition", "ge", "number", "", "Greater or equal."},
    {"condition", "all", "list of conditions", "", "All hold."},
    {"condition", "any", "list of conditions", "", "At least one holds."},
    {"condition", "not", "condition", "", "It does not hold."},
    {"check", "name", "text", "", "The check's name, shown with its findings."},
    {"check", "sum", "map", "", "The sum over a record's rows."},
    {"check", "equals", "mapping", "", "What it must be; a missing total is not compared."},
    {"check", "severity", "info | warning | error", "warning",
     "error rejects the whole record; the others leave a finding."},
    {"check.sum", "contract", "text", "", "A contract that the feed emits."},
    {"check.sum", "of", "list of 1 to 4 fields", "", "Numbers that are multiplied row by row."},
    {"check.sum", "scale", "whole number", "2",
     "Decimals to which both sides are rounded, half away from zero."},
};

const ep_feed_key_doc *ep_feed_key_docs(size_t *ret_n) {
    *ret_n = sizeof(keys) / sizeof(keys[0]);
    return keys;
}

bool ep_feed_has_key(const char *section, const char *key) {
    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
        if (!strcmp(keys[i].section, section) && !strcmp(keys[i].key, key))
            return true;
    return false;
}

void ep_feed_nearest_key(const char *section, const char *key, char out[64]) {
    ep_nearest nearest;
    ep_nearest_init(&nearest, key);
    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
        if (!strcmp(keys[i].section, section))
            ep_nearest_try(&nearest, ep_str_from(keys[i].key));
    memcpy(out, nearest.best, 64);
}
