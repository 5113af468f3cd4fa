/* Keys that depend on a word beside them: options of a logicalType, keys of a server type, our own properties. */
#include "contract/odcs_keys.h"

#include <string.h>

#define TEXT    EP_KT_TEXT
#define BOOL    EP_KT_BOOL
#define INT     EP_KT_INT
#define NUM     EP_KT_NUMBER
#define LIST    EP_KT_LIST
#define N(keys) (sizeof(keys) / sizeof((keys)[0]))
#define V32     EP_ODCS_3_2
#define REQ     EP_KF_REQUIRED

/* clang-format off: one row a key */

#define ENUM_KEY                                                                                          \
    {                                                                                                     \
        "enum", LIST, EP_KF_NOT_EMPTY | EP_KF_UNIQUE,                                                     \
            .item_types = EP_KT_SCALAR,                                                                   \
            .text = "the allowed values, as a plain list; the property's own enum is the standard's form" \
    }

static const ep_key string_keys[] = {
    {"minLength", INT, EP_KF_NATURAL, .text = "least number of characters (code points)"},
    {"maxLength", INT, EP_KF_NATURAL, .text = "greatest number of characters (code points)"},
    {"pattern", TEXT, .text = "regular expression that the whole text must match (PCRE2, UTF)"},
    {"format", TEXT, .text = "a named check: gtin, siret, email ..."},
    ENUM_KEY,
};
#define RANGE_KEYS(type, what)                                                                   \
    {"minimum", type, .text = what " must be this or more"},                                     \
        {"maximum", type, .text = what " must be this or less"},                                 \
        {"exclusiveMinimum", type, EP_KF_FLAG_IN_3_0, .text = what " must be more than this"}, { \
        "exclusiveMaximum", type, .text = what " must be less than this"                         \
    }
static const ep_key date_keys[] = {
    {"format", TEXT, .text = "JDK pattern of the text; without it ISO 8601"},
    RANGE_KEYS(TEXT, "the date"),
    ENUM_KEY,
};
static const ep_key timestamp_keys[] = {
    {"format", TEXT, .text = "JDK pattern of the text; without it RFC 3339"},
    RANGE_KEYS(TEXT, "the time"),
    {"timezone", BOOL, .since = EP_ODCS_3_1, .text = "true: the text names its zone"},
    {"defaultTimezone", TEXT, .since = EP_ODCS_3_1, .text = "zone of texts that name none"},
    ENUM_KEY,
};
static const ep_key integer_keys[] = {
    RANGE_KEYS(NUM, "the number"),
    {"multipleOf", NUM, EP_KF_POSITIVE, .text = "the number must be a multiple of this, exactly"},
    {"format", TEXT, .values = "i8 i16 i32 i64 i128 u8 u16 u32 u64 u128",
     .text = "range of the number; u64 and the 128-bit ones are stored as decimals of 20 and 38 digits"},
    ENUM_KEY,
};
static const ep_key number_keys[] = {
    RANGE_KEYS(NUM, "the number"),
    {"multipleOf", NUM, EP_KF_POSITIVE, .text = "the number must be a multiple of this, exactly"},
    {"format", TEXT, .values = "f32 f64", .text = "documentation: numbers are stored as exact decimals"},
    ENUM_KEY,
};
static const ep_key object_keys[] = {
    {"minProperties", INT, EP_KF_NATURAL, .text = "least number of members"},
    {"maxProperties", INT, EP_KF_NATURAL, .text = "greatest number of members"},
    {"required", LIST, EP_KF_NOT_EMPTY | EP_KF_UNIQUE, .item_types = TEXT,
     .text = "members that must be there"},
};
static const ep_key array_keys[] = {
    {"minItems", INT, EP_KF_NATURAL, .text = "least number of items"},
    {"maxItems", INT, EP_KF_NATURAL, .text = "greatest number of items"},
    {"uniqueItems", BOOL, .text = "no two equal items"},
};
static const ep_key vector_keys[] = {
    {"dimensions", INT, REQ | EP_KF_POSITIVE, .since = V32, .text = "length of the vector"},
    {"elementType", TEXT, .values = "bfloat16 binary float16 float32 float64 int8 uint8", .since = V32,
     .text = "documentation"},
    {"distanceMetric", TEXT, .values = "cosine dotProduct euclidean hamming manhattan", .since = V32,
     .text = "documentation"},
    {"embeddingModel", TEXT, .since = V32, .text = "documentation"},
    {"embeddingModelVersion", TEXT, .since = V32, .text = "documentation"},
    {"normalized", BOOL, .since = V32, .text = "documentation"},
};
static const ep_key no_keys[] = {ENUM_KEY};

static const ep_level options[] = {
    {"string", string_keys, N(string_keys), false},
    {"date", date_keys, N(date_keys), false},
    {"timestamp", timestamp_keys, N(timestamp_keys), false},
    {"time", timestamp_keys, N(timestamp_keys), false},
    {"integer", integer_keys, N(integer_keys), false},
    {"number", number_keys, N(number_keys), false},
    {"object", object_keys, N(object_keys), false},
    {"array", array_keys, N(array_keys), false},
    {"vector", vector_keys, N(vector_keys), false},
    {"boolean", no_keys, 0, false},
    {"map", object_keys, 2, false},
};

const ep_level *ep_level_options(const char *logical_type) {
    for (size_t i = 0; i < N(options); i++)
        if (!strcmp(options[i].name, logical_type))
            return &options[i];
    return NULL;
}

#define T(key) \
    { key, TEXT, .text = "" }
#define R(key) \
    { key, TEXT, REQ, .text = "" }
#define ENCODING \
    { "encoding", TEXT, .since = V32, .text = "" }
#define PORT \
    { "port", INT | TEXT, .text = "" }
#define PORT_R \
    { "port", INT | TEXT, REQ, .text = "" }

static const ep_key api_keys[] = {R("location")};
static const ep_key athena_keys[] = {T("stagingDir"),
                                     R("schema"),
                                     T("catalog"),
                                     T("regionName"),
                                     {"workgroup", TEXT, .since = V32, .text = ""}};
static const ep_key azure_keys[] = {R("location"), R("format"), ENCODING, T("delimiter")};
static const ep_key bigquery_keys[] = {R("project"), R("dataset")};
static const ep_key host_port_database_keys[] = {R("host"), PORT_R, R("database")};
static const ep_key databricks_keys[] = {T("host"), R("catalog"), R("schema")};
static const ep_key denodo_keys[] = {R("host"), PORT_R, T("database")};
static const ep_key dremio_keys[] = {R("host"), PORT_R, T("schema")};
static const ep_key duckdb_keys[] = {R("database"), T("schema")};
static const ep_key exasol_keys[] = {R("host"), PORT, T("schema")};
static const ep_key glue_keys[] = {R("account"), R("database"), T("location"), T("format"), ENCODING};
static const ep_key postgres_keys[] = {R("host"), PORT_R, R("database"), R("schema")};
static const ep_key db2_keys[] = {R("host"), PORT_R, R("database"), T("schema")};
static const ep_key host_database_keys[] = {R("host"), PORT, R("database")};
static const ep_key database_keys[] = {T("host"), PORT, R("database")};
static const ep_key hana_keys[] = {R("host"), PORT, T("database"), T("schema")};
static const ep_key teradata_keys[] = {R("host"), PORT, T("database")};
static const ep_key iceberg_keys[] = {R("catalog"), R("catalogUrl"), T("namespace"), T("warehouse")};
static const ep_key kafka_keys[] = {R("host"), T("format"), ENCODING};
static const ep_key kinesis_keys[] = {T("region"), T("format"), ENCODING, T("stream")};
static const ep_key local_keys[] = {R("path"), R("format"), ENCODING};
static const ep_key oracle_keys[] = {R("host"), PORT_R, R("serviceName")};
static const ep_key presto_keys[] = {R("host"), T("catalog"), T("schema")};
static const ep_key pubsub_keys[] = {R("project")};
static const ep_key redshift_keys[] = {T("host"), R("database"), R("schema"), T("region"), T("account")};
static const ep_key s3_keys[] = {R("location"), T("endpointUrl"), T("format"), ENCODING, T("delimiter")};
static const ep_key sftp_keys[] = {R("location"), T("format"), ENCODING, T("delimiter")};
static const ep_key snowflake_keys[] = {T("host"),     PORT,        R("account"),
                                        R("database"), R("schema"), T("warehouse")};
static const ep_key sqlserver_keys[] = {R("host"), PORT, R("database"), R("schema")};
static const ep_key trino_keys[] = {R("host"), PORT_R, R("catalog"), R("schema")};
static const ep_key custom_keys[] = {
    T("account"),   T("catalog"), T("database"),   T("dataset"),  T("delimiter"),   T("endpointUrl"),
    T("format"),    ENCODING,     T("host"),       T("location"), T("path"),        PORT,
    T("project"),   T("region"),  T("regionName"), T("schema"),   T("serviceName"), T("stagingDir"),
    T("warehouse"), T("stream"),
};

#define SERVER(name, keys) \
    { name, keys, N(keys), false }
static const ep_level servers[] = {
    SERVER("api", api_keys),
    SERVER("athena", athena_keys),
    SERVER("azure", azure_keys),
    SERVER("bigquery", bigquery_keys),
    SERVER("btrieve", host_database_keys),
    SERVER("clickhouse", host_port_database_keys),
    SERVER("cloudsql", postgres_keys),
    SERVER("custom", custom_keys),
    SERVER("databricks", databricks_keys),
    SERVER("db2", db2_keys),
    SERVER("denodo", denodo_keys),
    SERVER("dremio", dremio_keys),
    SERVER("duckdb", duckdb_keys),
    SERVER("exasol", exasol_keys),
    SERVER("fastobjects", database_keys),
    SERVER("glue", glue_keys),
    SERVER("hana", hana_keys),
    SERVER("hive", host_database_keys),
    SERVER("iceberg", iceberg_keys),
    SERVER("impala", host_database_keys),
    SERVER("informix", host_database_keys),
    SERVER("ingres", host_database_keys),
    SERVER("kafka", kafka_keys),
    SERVER("kinesis", kinesis_keys),
    SERVER("local", local_keys),
    SERVER("mysql", host_port_database_keys),
    SERVER("oracle", oracle_keys),
    SERVER("poet", database_keys),
    SERVER("postgres", postgres_keys),
    SERVER("postgresql", postgres_keys),
    SERVER("presto", presto_keys),
    SERVER("pubsub", pubsub_keys),
    SERVER("redshift", redshift_keys),
    SERVER("s3", s3_keys),
    SERVER("sftp", sftp_keys),
    SERVER("snowflake", snowflake_keys),
    SERVER("sqlserver", sqlserver_keys),
    SERVER("synapse", host_port_database_keys),
    SERVER("teradata", teradata_keys),
    SERVER("trino", trino_keys),
    SERVER("vectorwise", host_database_keys),
    SERVER("versant", database_keys),
    SERVER("vertica", postgres_keys),
    SERVER("zen", host_database_keys),
};

const ep_level *ep_level_server(const char *type) {
    for (size_t i = 0; i < N(servers); i++)
        if (!strcmp(servers[i].name, type))
            return &servers[i];
    return NULL;
}

void ep_nearest_try_servers(ep_nearest *nearest) {
    for (size_t i = 0; i < N(servers); i++)
        ep_nearest_try(nearest, ep_str_from(servers[i].name));
}

const ep_custom_key ep_custom_dataset[] = {
    {"kind", TEXT, "dimension transaction accumulating snapshot reference", "one word",
     "what table it is: dimension keeps a change log and versions, reference and accumulating one row a key, transaction is append-only, snapshot is computed inside"},
    {"key", LIST | TEXT, NULL, "a list of property names",
     "the natural key; without it the primaryKey properties by position"},
    {"validTime", TEXT, NULL, "the name of a timestamp or date", "event time of a change or event"},
    {"bindTime", TEXT, NULL, "the name of a timestamp",
     "the moment at which a fact binds to dimension versions; validTime without it"},
    {"sequence", TEXT, NULL, "the name of an integer", "tells changes at the same event time apart"},
    {"owner", TEXT, NULL, "the name of a string", "the column that holds the seller"},
    {"deleted", TEXT, NULL, "the name of a boolean", "true marks a deletion of the key"},
    {"dedupe", LIST | TEXT, NULL, "a list of property names",
     "identity of an event besides owner and validTime; the key without it"},
    {"lookup", LIST | TEXT, NULL, "a list of property names",
     "by what scripts look rows up, besides the key and times: an index on a server"},
    {"onUnknownParent", TEXT, "inferred wait quarantine", "one word",
     "for all relationships: make an inferred member (default), wait for the parent, or set the row aside"},
    {"public", BOOL, NULL, "true or false", "the same rows for every seller"},
    {"generated", TEXT, "calendar", "calendar", "the rows are made by the program; no feed"},
    {"purpose", TEXT, NULL, "text", "why personal data is processed: the privacy register"},
    {"retention", TEXT, NULL, "an ISO 8601 duration: P3Y", "how long rows are kept"},
    {"history", INT, "0 1 2 3", "0, 1, 2 or 3", "default of all attributes: 2 of a dimension, else 1"},
};
const size_t ep_n_custom_dataset = N(ep_custom_dataset);

const ep_custom_key ep_custom_property[] = {
    {"history", INT, "0 1 2 3", "0, 1, 2 or 3",
     "Kimball type: first value, last value, versions, last and the one before in previous_<name>"},
    {"personal", BOOL, NULL, "true or false", "personal data: masked for those without need"},
    {"purpose", TEXT, NULL, "text", "why it is processed"},
    {"retention", TEXT, NULL, "an ISO 8601 duration: P3Y", "how long it is kept"},
    {"derived", BOOL, NULL, "true or false", "computed inside: feeds cannot set it"},
    {"dayOf", TEXT, NULL, "the name of a timestamp",
     "this date is its business day in Europe/Paris, computed after reading"},
    {"lookupValue", TEXT, NULL, "a text",
     "the dataset's lookup is for rows with this value alone: a small index"},
    {"onUnknownParent", TEXT, "inferred wait quarantine", "one word", "for this property's relationship"},
    {"role", TEXT, NULL, "a column prefix", "of this relationship: seller gives seller_key and seller_from"},
};
const size_t ep_n_custom_property = N(ep_custom_property);

const ep_custom_key ep_custom_relationship[] = {
    {"onUnknownParent", TEXT, "inferred wait quarantine", "one word", "for this relationship"},
    {"role", TEXT, NULL, "a column prefix", "seller gives seller_key and seller_from"},
};
const size_t ep_n_custom_relationship = N(ep_custom_relationship);
