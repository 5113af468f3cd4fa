#include "contract/odcs_keys.h"

#include <string.h>

#define TEXT    EP_KT_TEXT
#define BOOL    EP_KT_BOOL
#define INT     EP_KT_INT
#define NUM     EP_KT_NUMBER
#define LIST    EP_KT_LIST
#define MAP     EP_KT_MAP
#define SCALAR  EP_KT_SCALAR
#define ANY     EP_KT_ANY
#define REQ     EP_KF_REQUIRED
#define N(keys) (sizeof(keys) / sizeof((keys)[0]))
#define V31     EP_ODCS_3_1
#define V32     EP_ODCS_3_2

/* clang-format off: one row a key */

#define ID_KEY                                                                                          \
    {                                                                                                   \
        "id", TEXT, EP_KF_ID, .since = V31,                                                             \
                              .text = "stable identifier, unique in its list: letters, digits, _ and -" \
    }
#define TAGS_KEY \
    { "tags", LIST, .item_types = TEXT, .text = "free words to group by" }
#define CUSTOM_KEY                                                                                    \
    {                                                                                                 \
        "customProperties", LIST, .item_types = MAP, .level = &level_custom,                          \
                                  .text = "what the standard does not say; ours begin with entrepot." \
    }
#define LINKS_KEY                                                                  \
    {                                                                              \
        "authoritativeDefinitions", LIST, .item_types = MAP, .level = &level_link, \
                                          .text = "links to definitions elsewhere" \
    }
#define SYNONYMS_KEY                                                                \
    {                                                                               \
        "synonyms", LIST, .item_types = MAP, .level = &level_synonym, .since = V32, \
                          .text = "other names that people use"                     \
    }
#define CONTEXT_KEY \
    { "context", TEXT | MAP, .level = &level_context, .since = V32, .text = "guidance for tools and people" }

static const ep_key custom_keys[] = {
    ID_KEY,
    {"property", TEXT, REQ, .text = "name of the addition"},
    {"value", ANY, REQ, .text = "its value"},
    {"description", TEXT, .since = V31, .text = "what it is for"},
    {"vendor", TEXT, .since = V32, .text = "who defined it"},
};
static const ep_level level_custom = {"customProperties", custom_keys, N(custom_keys), false};

static const ep_key link_keys[] = {
    ID_KEY,
    {"url", TEXT, REQ, .text = "address of the definition"},
    {"type", TEXT, REQ,
     .text =
         "businessDefinition, canonicalUrl, glossary, implementation, ontology, taxonomy, transformationImplementation, tutorial, videoTutorial"},
    {"description", TEXT, .since = V31, .text = "what stands there"},
};
static const ep_level level_link = {"authoritativeDefinitions", link_keys, N(link_keys), false};

static const ep_key synonym_keys[] = {
    ID_KEY,
    {"synonym", TEXT, REQ, .text = "the other name"},
    {"description", TEXT, .text = "where it is used"},
    {"locale", TEXT, .text = "language, BCP 47"},
    {"source", TEXT, .text = "where it comes from"},
    {"status", TEXT, .text = "state of the synonym"},
    CUSTOM_KEY,
};
static const ep_level level_synonym = {"synonyms", synonym_keys, N(synonym_keys), false};

static const ep_key statement_keys[] = {
    {"id", TEXT, .text = "identifier of the entry"},
    {"question", TEXT, REQ, .text = "the question"},
    {"answer", TEXT, .text = "its checked answer"},
    LINKS_KEY,
    TAGS_KEY,
    CUSTOM_KEY,
};
static const ep_level level_statement = {"context.verifiedStatements", statement_keys, N(statement_keys),
                                         false};

static const ep_key constraint_keys[] = {
    {"id", TEXT, .text = "identifier of the entry"},
    {"constraint", TEXT, REQ, .text = "what must not be done"},
    LINKS_KEY,
    TAGS_KEY,
    CUSTOM_KEY,
};
static const ep_level level_constraint = {"context.constraints", constraint_keys, N(constraint_keys), false};

static const ep_key context_keys[] = {
    {"instructions", TEXT, .text = "how to use the data"},
    {"verifiedStatements", LIST, .item_types = MAP, .level = &level_statement,
     .text = "questions with checked answers"},
    {"constraints", LIST, .item_types = MAP, .level = &level_constraint,
     .text = "what must not be done with the data"},
};
static const ep_level level_context = {"context", context_keys, N(context_keys), false};

static const ep_key description_keys[] = {
    {"usage", TEXT, .text = "what the data is meant for"},
    {"purpose", TEXT, .text = "why the data exists"},
    {"limitations", TEXT, .text = "what it must not be used for"},
    LINKS_KEY,
    CUSTOM_KEY,
};
static const ep_level level_description = {"description", description_keys, N(description_keys), true};

static const ep_key role_keys[] = {
    ID_KEY,
    {"role", TEXT, REQ, .text = "name of the role"},
    {"description", TEXT, .text = "what the role may do"},
    {"access", TEXT, .text = "kind of access"},
    {"firstLevelApprovers", TEXT, .text = "who approves first"},
    {"secondLevelApprovers", TEXT, .text = "who approves second"},
    CUSTOM_KEY,
};
static const ep_level level_role = {"roles", role_keys, N(role_keys), false};

static const ep_key server_keys[] = {
    ID_KEY,
    {"server", TEXT, REQ, .text = "name of the server"},
    {"type", TEXT, REQ, .text = "kind of server; each kind has keys of its own"},
    {"description", TEXT, .text = "what it is"},
    {"environment", TEXT, .text = "prod, preprod, dev, uat"},
    {"roles", LIST, .item_types = MAP, .level = &level_role, .text = "roles with access"},
    CUSTOM_KEY,
};
static const ep_level level_server = {"servers", server_keys, N(server_keys), false};

static const ep_key support_keys[] = {
    ID_KEY,
    {"channel", TEXT, REQ, .text = "name of the channel"},
    {"url", TEXT, .text = "its address"},
    {"description", TEXT, .text = "what it is for"},
    {"tool", TEXT, .text = "email, slack, teams, discord, ticket, googlechat, other"},
    {"scope", TEXT, .text = "interactive, announcements, issues, notifications"},
    {"invitationUrl", TEXT, .text = "where to ask for access"},
    CUSTOM_KEY,
};
static const ep_level level_support = {"support", support_keys, N(support_keys), false};

static const ep_key price_keys[] = {
    ID_KEY,
    {"priceAmount", NUM, .text = "price of one unit"},
    {"priceCurrency", TEXT, .text = "its currency"},
    {"priceUnit", TEXT, .text = "the unit: megabyte, gigabyte"},
};
static const ep_level level_price = {"price", price_keys, N(price_keys), false};

static const ep_key member_keys[] = {
    ID_KEY,
    {"username", TEXT, REQ, .text = "account or e-mail address"},
    {"name", TEXT, .text = "name of the person"},
    {"description", TEXT, .text = "what the person does"},
    {"role", TEXT, .text = "owner, data steward ..."},
    {"dateIn", TEXT, EP_KF_DATE, .text = "first day in the team, 2026-03-01"},
    {"dateOut", TEXT, EP_KF_DATE, .text = "last day in the team"},
    {"replacedByUsername", TEXT, .text = "who came after"},
    {"comment", TEXT, EP_KF_DEPRECATED, .text = "description"},
    TAGS_KEY,
    CUSTOM_KEY,
    LINKS_KEY,
};
static const ep_level level_member = {"team.members", member_keys, N(member_keys), false};

static const ep_key team_keys[] = {
    ID_KEY,
    {"name", TEXT, .text = "name of the team"},
    {"description", TEXT, .text = "what it is"},
    {"members", LIST, .item_types = MAP, .level = &level_member, .text = "the people"},
    TAGS_KEY,
    CUSTOM_KEY,
    LINKS_KEY,
};
const ep_level ep_level_team = {"team", team_keys, N(team_keys), false};

static const ep_key sla_keys[] = {
    ID_KEY,
    {"property", TEXT, REQ, .text = "latency, retention, frequency, availability ..."},
    {"value", SCALAR, REQ, .text = "the agreed value"},
    {"valueExt", SCALAR, .text = "a second value where one is not enough"},
    {"unit", TEXT, .text = "d, day, days; y, yr, years"},
    {"element", TEXT, .text = "table.column it applies to"},
    {"driver", TEXT, .text = "regulatory, analytics, operational"},
    {"description", TEXT, .since = V31, .text = "what was agreed"},
    {"scheduler", TEXT, .text = "what starts the check"},
    {"schedule", TEXT, .text = "when it runs"},
    {"customProperties", LIST, .item_types = MAP, .level = &level_custom, .since = V32,
     .text = "what the standard does not say"},
    {"authoritativeDefinitions", LIST, .item_types = MAP, .level = &level_link, .since = V32,
     .text = "links to definitions elsewhere"},
};
static const ep_level level_sla = {"slaProperties", sla_keys, N(sla_keys), false};

static const ep_key relationship_keys[] = {
    {"id", TEXT, EP_KF_ID, .since = V32, .text = "stable identifier"},
    {"type", TEXT, .values = "foreignKey", .text = "foreignKey, the default"},
    {"from", TEXT | LIST, EP_KF_NOT_EMPTY, .item_types = TEXT,
     .text = "dataset level only: fields here, as many as in `to`"},
    {"to", TEXT | LIST, REQ | EP_KF_NOT_EMPTY, .item_types = TEXT,
     .text = "key fields of the parent: table.column or schema/ID/properties/ID"},
    CUSTOM_KEY,
};
static const ep_level level_relationship = {"relationships", relationship_keys, N(relationship_keys), false};

#define OPERATOR(name, sign) \
    { name, NUM, .text = "the metric must be " sign " this" }
static const ep_key quality_keys[] = {
    ID_KEY,
    {"name", TEXT, .text = "name of the rule, unique in the dataset; reasons and findings carry it"},
    {"description", TEXT, .text = "what it checks"},
    {"type", TEXT, .values = "text library sql custom",
     .text = "library is the default; text is documentation only"},
    {"metric", TEXT, .values = "nullValues missingValues invalidValues duplicateValues rowCount",
     .since = V31, .text = "what is counted"},
    {"rule", TEXT, EP_KF_DEPRECATED, .text = "metric"},
    {"arguments", MAP, .since = V31,
     .text = "of the metric: missingValues, validValues, pattern, properties"},
    {"mustBe", ANY, .text = "the metric must equal this"},
    {"mustNotBe", ANY, .text = "the metric must differ from this"},
    OPERATOR("mustBeGreaterThan", "greater than"),
    OPERATOR("mustBeGreaterOrEqualTo", "at least"),
    OPERATOR("mustBeLessThan", "less than"),
    OPERATOR("mustBeLessOrEqualTo", "at most"),
    {"mustBeBetween", LIST, EP_KF_PAIR | EP_KF_UNIQUE, .item_types = NUM,
     .text = "[low, high], both included"},
    {"mustNotBeBetween", LIST, EP_KF_PAIR | EP_KF_UNIQUE, .item_types = NUM,
     .text = "[low, high], both included"},
    {"unit", TEXT, .text = "rows (default) or percent"},
    {"query", TEXT, .text = "type sql: one SELECT of one value; {object} and {property} are replaced"},
    {"engine", TEXT, .text = "type custom: who runs it; entrepot: rules over several fields"},
    {"implementation", TEXT | MAP, .text = "type custom: the rule in the engine's own language"},
    {"dimension", TEXT,
     .values = "accuracy completeness conformity consistency coverage timeliness uniqueness",
     .text = "aspect of quality"},
    {"method", TEXT, .text = "reconciliation ..."},
    {"severity", TEXT, .text = "error (default), warning or info"},
    {"businessImpact", TEXT, .text = "what a failure means"},
    {"schedule", TEXT, .text = "when it runs"},
    {"scheduler", TEXT, .text = "what starts it"},
    TAGS_KEY,
    CUSTOM_KEY,
    LINKS_KEY,
};
const ep_level ep_level_quality = {"quality", quality_keys, N(quality_keys), false};

static const ep_key enum_keys[] = {
    ID_KEY,
    {"value", SCALAR, REQ, .text = "the allowed value"},
    {"label", TEXT, .text = "its name for people"},
    {"description", TEXT, .text = "what it means"},
    TAGS_KEY,
    CUSTOM_KEY,
    LINKS_KEY,
};
static const ep_level level_enum = {"enum", enum_keys, N(enum_keys), false};

static const ep_key map_keys[] = {
    {"key", MAP, REQ, .level = &ep_level_property, .text = "what the keys are"},
    {"value", MAP, REQ, .level = &ep_level_property, .text = "what the values are"},
};
static const ep_level level_map = {"map", map_keys, N(map_keys), false};

#define ELEMENT_KEYS                                                                                      \
    ID_KEY, {"name", TEXT, .text = "name; table or column unless physicalName is given"},                 \
        {"physicalName", TEXT, .text = "table or column name"},                                           \
        {"physicalType", TEXT, .text = "type in the engine; decimal(p,s) gives a number its digits"},     \
        {"description", TEXT, .text = "what it holds: the data dictionary"},                              \
        {"businessName", TEXT, .text = "its name in the business"},                                       \
        {"deprecated", BOOL, .since = V32, .text = "not to be used any more"}, SYNONYMS_KEY, LINKS_KEY,   \
        TAGS_KEY, CUSTOM_KEY, {"relationships",   LIST,                                                   \
                               .item_types = MAP, .level = &level_relationship,                           \
                               .since = V31,      .text = "parents of these rows"},                       \
    {                                                                                                     \
        "quality", LIST, .item_types = MAP, .level = &ep_level_quality, .text = "rules over rows or sets" \
    }

static const ep_key property_keys[] = {
    ELEMENT_KEYS,
    {"logicalType", TEXT,
     .values = "string date timestamp time number integer object array boolean map vector",
     .text = "the type; object, array, map and vector are kept as JSON text"},
    {"logicalTypeOptions", MAP, .text = "limits of the type, see below"},
    {"primaryKey", BOOL, .text = "part of the natural key"},
    {"primaryKeyPosition", INT, .text = "place in the key, from 1"},
    {"required", BOOL, .text = "neither missing nor null"},
    {"unique", BOOL, .text = "no value twice: checked over the set"},
    {"partitioned", BOOL, .text = "documentation"},
    {"partitionKeyPosition", INT, .text = "documentation"},
    {"classification", TEXT, .text = "public, restricted, confidential ..."},
    {"encryptedName", TEXT, .text = "documentation"},
    {"transformSourceObjects", LIST, .item_types = TEXT, .text = "documentation"},
    {"transformLogic", TEXT, .text = "documentation"},
    {"transformDescription", TEXT, .text = "documentation"},
    {"examples", LIST, .item_types = ANY, .text = "sample values; they must pass the field's own checks"},
    {"enum", LIST, EP_KF_NOT_EMPTY | EP_KF_UNIQUE, .item_types = MAP, .level = &level_enum, .since = V32,
     .text = "the allowed values"},
    {"semanticType", TEXT, .values = "column measure dimension", .since = V32, .text = "documentation"},
    {"criticalDataElement", BOOL, .text = "documentation"},
    {"properties", LIST, .item_types = MAP, .level = &ep_level_property, .text = "members of an object"},
    {"items", MAP, .level = &ep_level_property, .text = "what an array holds"},
    {"map", MAP, .level = &level_map, .since = V32, .text = "key and value of a map"},
};
const ep_level ep_level_property = {"properties", property_keys, N(property_keys), false};

static const ep_key dataset_keys[] = {
    ELEMENT_KEYS,
    {"logicalType", TEXT, .values = "object blob", .text = "object"},
    {"dataGranularityDescription", TEXT, .text = "what one row is"},
    {"properties", LIST, .item_types = MAP, .level = &ep_level_property, .text = "the columns"},
    CONTEXT_KEY,
};
const ep_level ep_level_dataset = {"schema", dataset_keys, N(dataset_keys), false};

static const ep_key contract_keys[] = {
    {"apiVersion", TEXT, REQ, .values = "v3.0.0 v3.0.1 v3.0.2 v3.1.0 v3.2.0",
     .text = "version of the standard"},
    {"kind", TEXT, REQ, .values = "DataContract", .text = "DataContract"},
    {"id", TEXT, REQ, .text = "identifier of the contract"},
    {"version", TEXT, REQ, .text = "version of the contract"},
    {"status", TEXT, EP_KF_REQUIRED_BEFORE_3_2, .text = "proposed, draft, active, deprecated, retired"},
    {"name", TEXT, .text = "name of the contract"},
    {"tenant", TEXT, .text = "who it belongs to"},
    {"domain", TEXT, .text = "business domain"},
    {"dataProduct", TEXT, .text = "name of the data product"},
    {"description", MAP, .level = &level_description, .text = "purpose, usage, limitations"},
    {"schema", LIST, .item_types = MAP, .level = &ep_level_dataset, .text = "the datasets"},
    {"servers", LIST, .item_types = MAP, .level = &level_server,
     .text = "where the data lives (documentation)"},
    {"support", LIST, .item_types = MAP, .level = &level_support, .text = "whom to ask"},
    {"price", MAP, .level = &level_price, .text = "what it costs"},
    {"team", MAP | LIST, .item_types = MAP, .level = &ep_level_team, .text = "who owns it"},
    {"roles", LIST, .item_types = MAP, .level = &level_role, .text = "who has access"},
    {"slaDefaultElement", TEXT, EP_KF_DEPRECATED, .text = "element in each entry of slaProperties"},
    {"slaProperties", LIST, .item_types = MAP, .level = &level_sla, .text = "service levels"},
    TAGS_KEY,
    LINKS_KEY,
    CUSTOM_KEY,
    CONTEXT_KEY,
    {"contractCreatedTs", TEXT, EP_KF_MOMENT, .text = "when the contract was made, 2026-03-01T12:00:00Z"},
};
const ep_level ep_level_contract = {"contract", contract_keys, N(contract_keys), false};

/* A team as a list of members is the form of 3.0. */
const ep_level *ep_level_team_member(void) {
    return &level_member;
}
