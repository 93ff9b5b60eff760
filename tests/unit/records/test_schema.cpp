#include <catch2/catch.hpp>

#include "core/records/book.hpp"
#include "core/records/schema.hpp"
#include "tests/support/show_result.hpp"

using namespace cdctl;

namespace {

std::string schema_of(const char* type, const char* meaning = "") {
  const auto out = records::schema_of_type({"x", type, meaning});
  return out ? out->dump() : out.error().what;
}

constexpr plugin::MemberRow k_shape[] = {{"a", "text"},
                                         {"b", "integer", "", plugin::Presence::optional}};

std::string schema_with_shape(const char* type) {
  const auto out = records::schema_of_type({"x", type, "", plugin::Presence::required, k_shape, 2});
  return out ? out->dump() : out.error().what;
}

}  // namespace

TEST_CASE("each type of the little language has its schema") {
  CHECK(schema_of("text") == R"({"type":"string"})");
  CHECK(schema_of("text or null") == R"({"type":["string","null"]})");
  CHECK(schema_of("date or null") == R"({"type":["string","null"]})");
  CHECK(schema_of("word") == R"({"type":"string","pattern":"^[a-z]+(-[a-z]+)*$"})");
  CHECK(schema_of("revision") == R"({"type":"string","pattern":"^r[0-9a-f]{10}$"})");
  CHECK(schema_of("set") ==
        R"({"type":"string","pattern":"^[a-z][a-z0-9]*(-[a-z][a-z0-9]*)*-r[0-9a-f]{10}$"})");
  CHECK(schema_of("service") ==
        R"({"type":"string","pattern":"^[a-z][a-z0-9]*(-[a-z][a-z0-9]*)*$","maxLength":38})");
  CHECK(schema_of("uuid").find("[0-9a-f]{8}") != std::string::npos);
  CHECK(schema_of("date") == R"({"type":"string","format":"date-time"})");
  CHECK(
      schema_of("time") ==
      R"({"type":"string","format":"date-time","pattern":"^\\d{4}-\\d{2}-\\d{2}T\\d{2}:\\d{2}:\\d{2}\\.\\d{3}Z$"})");
  CHECK(schema_of("flag") == R"({"type":"boolean"})");
  CHECK(schema_of("true") == R"({"const":true})");
  CHECK(schema_of("free") == "{}");
  CHECK(schema_of("integer") == R"({"type":"integer"})");
  CHECK(schema_of("integer >= 1 or null") == R"({"type":["integer","null"],"minimum":1})");
  CHECK(schema_of("number >= 0") == R"({"type":"number","minimum":0})");
  CHECK(schema_of("number 0 to 1") == R"({"type":"number","minimum":0,"maximum":1})");
  CHECK(schema_of("one of a b or null") == R"({"enum":["a","b",null]})");
  CHECK(schema_of("list") == R"({"type":"array"})");
  CHECK(schema_of("list of text") == R"({"type":"array","items":{"type":"string"}})");
  CHECK(schema_of("list to 20 of text") ==
        R"({"type":"array","maxItems":20,"items":{"type":"string"}})");
  CHECK(
      schema_of("pairs") ==
      R"({"type":"array","items":{"type":"array","items":{"type":"string"},"minItems":2,"maxItems":2}})");
  CHECK(schema_of("object") == R"({"type":"object"})");
  CHECK(schema_of("text", "what it is") == R"({"type":"string","description":"what it is"})");
  const std::string shape =
      R"({"type":"object","required":["a"],"properties":{"a":{"type":"string"},"b":{"type":"integer"}}})";
  CHECK(schema_with_shape("object") == shape);
  CHECK(schema_with_shape("list of object") == R"({"type":"array","items":)" + shape + "}");
  CHECK(schema_with_shape("map of object") ==
        R"({"type":"object","additionalProperties":)" + shape + "}");
}

TEST_CASE("what is not a type is said, and the member with it") {
  for (const auto* bad : {"", "texts", "integer > 1", "integer >= x", "number 0 to", "number 0 1",
                          "list of", "list of x", "list to x of text", "map of", "or null"}) {
    INFO(bad);
    CHECK_FALSE(records::schema_of_type({"x", bad}));
  }
  CHECK(schema_of("texts") == "x: 'texts' is not a type of a record's member");
}

TEST_CASE("every record has a schema, and its row is the same after a manifest has carried it") {
  for (const auto& row : records::own_records()) {
    INFO(row.schema);
    const auto schema = records::schema_of(row);
    REQUIRE(schema);
    CHECK((*schema)["properties"]["schema"]["const"].view() == row.schema);
    CHECK((*schema)["properties"].members().size() == row.member_count + 1);
    records::RowStore store;
    REQUIRE(store.add(*Json::parse(records::to_json(row).dump())));
    const auto* carried = store.find(row.schema);
    REQUIRE(carried);
    CHECK(records::to_json(*carried) == records::to_json(row));
    CHECK(records::schema_of(*carried)->dump() == schema->dump());
  }
  records::RowStore store;
  CHECK_FALSE(store.add(Json::object({{"schema", "cdctl.x/1"}})));
  CHECK_FALSE(store.add(Json(7)));
  CHECK(store.rows().empty());
}
