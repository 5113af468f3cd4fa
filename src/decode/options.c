#include "decode/decode.h"

static const ep_option_doc docs[] = {
    {"format", "json | jsonl | csv", "by the file's name",
     "json: the whole source is one document; jsonl: one value a line; csv: one row a line."},
    {"encoding", "auto | utf-8 | utf-16le | utf-16be | windows-1252", "auto",
     "auto: what the byte order mark says, else UTF-8. Bytes that are no character of the encoding quarantine their record (text_encoding)."},
    {"delimiter", "one character", "found in the first line",
     "CSV: what stands between cells. Found as the most frequent of , ; tab | outside quotes in the first line."},
    {"quote", "one character or none", "\"",
     "CSV: begins and ends a quoted cell; doubled inside it, it stands for itself. A quote in the middle of an unquoted cell is text."},
    {"header", "true | false", "true",
     "CSV: the first line names the columns. A name that is empty or comes twice is an error of the source."},
    {"columns", "list of names", "",
     "CSV: names of the cells when there is no header; with a header the columns it must have."},
    {"emptyIsText", "true | false", "false",
     "CSV: an empty cell without quotes is the empty text instead of null. An empty quoted cell is always a text."},
    {"trim", "true | false", "false",
     "CSV: blanks and tabs around unquoted cells, and between quotes and delimiters, are cut."},
    {"backslash", "true | false", "false",
     "CSV: a backslash makes the next character text, instead of doubled quotes."},
};

const ep_option_doc *ep_decode_option_docs(size_t *ret_n) {
    *ret_n = sizeof(docs) / sizeof(docs[0]);
    return docs;
}
