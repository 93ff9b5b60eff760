#include <tuple>

#include <cdctl/error_record.hpp>

#include "core/breaker/verdict_record.hpp"
#include "core/records/check.hpp"
#include "core/records/file.hpp"
#include "core/records/force.hpp"
#include "core/records/hold.hpp"
#include "core/records/key.hpp"
#include "core/records/outcome.hpp"
#include "core/records/path.hpp"
#include "core/records/plugin.hpp"
#include "core/records/problem.hpp"
#include "core/records/retire.hpp"
#include "core/records/revision.hpp"
#include "core/records/set.hpp"
#include "core/records/setting.hpp"
#include "core/records/signal.hpp"
#include "core/records/timeline.hpp"
#include "core/records/version.hpp"
#include "tests/fuzz/property.hpp"

using namespace cdctl;
using namespace cdctl::records;
using cdctl::fuzz::must;

namespace {

/// The records of core/records/book.
using Book = std::tuple<Revision, Set, Signal, breaker::VerdictRecord, breaker::ExplainRecord,
                        Outcome, TimelineRecord, ForceRecord, HoldRecord, RetireRecord, CheckRecord,
                        FileRecord, SettingRecord, KeyRecord, ProblemRecord, PathRecord,
                        PluginRecord, VersionRecord, ErrorRecord>;

/// Whether what was written can be of a row's type.
bool fits(std::string_view type, const Json& value) {
  if (value.is_null()) return type.ends_with(" or null") || type == "free";
  const auto is = [&](std::string_view word) { return type.starts_with(word); };
  if (is("flag") || is("true")) return value.is_bool();
  if (is("integer")) return value.is_int();
  if (is("number")) return value.is_number();
  if (is("list") || is("pairs")) return value.is_array();
  if (is("object") || is("map")) return value.is_object();
  if (is("time")) return parse_rfc3339(value.view()).has_value();
  return is("free") || value.is_string();
}

template <class Record, class Value>
void check_field(const Json& json, const Field<Record, Value>& field) {
  const auto* written = json.find(field.row.name);
  must(written || field.row.presence == Presence::optional, "what is required is written");
  // Free JSON travels on as it came.
  if constexpr (!std::is_same_v<Value, Json> && !std::is_same_v<Value, std::optional<Json>>)
    must(!written || fits(field.row.type, *written), "a member has the type of its row");
}
void check_field(const Json&, const auto&) {}

/// What is read, written and read again says the same.
template <class Record>
void check(const Json& json) {
  const auto written = encode(decode<Record>(json));
  std::apply([&](const auto&... field) { (check_field(written, field), ...); }, Record::rows());
  const auto text = written.dump();
  must(!text.contains('\n'), "a record is one line");
  const auto again = Json::parse(text);
  must(again.has_value(), "a record is JSON");
  must(again->dump() == text, "JSON that was printed reads as the same text");
  must(encode(decode<Record>(*again)).dump() == text, "a record that was written reads as it was");
}

template <std::size_t... Index>
void check_one(const Json& json, std::size_t otherwise, std::index_sequence<Index...>) {
  const bool known = ((records::is<std::tuple_element_t<Index, Book>>(json) &&
                       (check<std::tuple_element_t<Index, Book>>(json), true)) ||
                      ...);
  if (!known) ((Index == otherwise ? check<std::tuple_element_t<Index, Book>>(json) : void()), ...);
}

}  // namespace

/// A record of the kind that it says it is; of any kind when it says none.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto json = Json::parse(cdctl::fuzz::as_text(data, size));
  if (!json) return 0;
  constexpr auto k_kinds = std::tuple_size_v<Book>;
  check_one(*json, size % k_kinds, std::make_index_sequence<k_kinds>());
  const auto text = json->dump();
  const auto again = Json::parse(text);
  must(again && again->dump() == text, "any JSON passes through unchanged");
  return 0;
}
