#include "core/records/book.hpp"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include <cdctl/error_record.hpp>
#include <cdctl/text.hpp>

#include "core/records/candidate.hpp"
#include "core/records/check.hpp"
#include "core/records/commit.hpp"
#include "core/records/file.hpp"
#include "core/records/force.hpp"
#include "core/records/hold.hpp"
#include "core/records/import.hpp"
#include "core/records/key.hpp"
#include "core/records/log_line.hpp"
#include "core/records/outcome.hpp"
#include "core/records/path.hpp"
#include "core/records/plugin.hpp"
#include "core/records/problem.hpp"
#include "core/records/proposal.hpp"
#include "core/records/receiver.hpp"
#include "core/records/retire.hpp"
#include "core/records/revision.hpp"
#include "core/records/set.hpp"
#include "core/records/setting.hpp"
#include "core/records/signal.hpp"
#include "core/records/timeline.hpp"
#include "core/records/verdict.hpp"
#include "core/records/version.hpp"
#include "core/records/want.hpp"

namespace cdctl::records {

namespace {

constexpr std::array k_own{
    row_of<Revision>(),      row_of<Set>(),           row_of<Signal>(),
    row_of<Verdict>(),       row_of<Explain>(),       row_of<Outcome>(),
    row_of<Proposal>(),      row_of<Candidate>(),     row_of<TimelineRecord>(),
    row_of<ForceRecord>(),   row_of<HoldRecord>(),    row_of<RetireRecord>(),
    row_of<CheckRecord>(),   row_of<FileRecord>(),    row_of<ImportRecord>(),
    row_of<SettingRecord>(), row_of<KeyRecord>(),     row_of<ProblemRecord>(),
    row_of<PathRecord>(),    row_of<PluginRecord>(),  row_of<VersionRecord>(),
    row_of<Receiver>(),      row_of<LogLineRecord>(), row_of<CommitRecord>(),
    row_of<Want>(),          row_of<ErrorRecord>()};
constexpr std::array k_views{Outcome::k_log};

constexpr std::array<std::string_view, 16> k_shows{
    "text", "blank", "brief", "age",   "clock",   "millis", "units", "yes",
    "cut",  "words", "names", "pairs", "sources", "roles",  "note",  "phrase"};

Json members_json(const MemberRow* rows, std::size_t count) {
  auto out = Json::array();
  for (const auto& row : std::span(rows, count)) {
    auto one = Json::object({{"name", row.name}, {"type", row.type}});
    if (*row.meaning) one.set("meaning", row.meaning);
    if (row.presence == Presence::optional) one.set("optional", true);
    if (row.shape_count > 0) one.set("shape", members_json(row.shape, row.shape_count));
    out.push_back(std::move(one));
  }
  return out;
}

Json columns_json(const ColumnRow* rows, std::size_t count) {
  auto out = Json::array();
  for (const auto& row : std::span(rows, count)) {
    auto one = Json::object({{"heading", row.heading}, {"member", row.member}});
    if (row.show != Show::text) one.set("show", k_shows[static_cast<std::size_t>(row.show)]);
    if (row.wide_only) one.set("wide", true);
    if (row.width > 0) one.set("width", row.width);
    if (*row.note) one.set("note", row.note);
    out.push_back(std::move(one));
  }
  return out;
}

}  // namespace

std::span<const RecordRow> own_records() { return k_own; }
std::span<const RecordRow> own_views() { return k_views; }

const RecordRow* own_record(std::string_view schema) {
  const auto in = [&](std::span<const RecordRow> rows) -> const RecordRow* {
    const auto at = std::ranges::find(rows, schema, &RecordRow::schema);
    return at == rows.end() ? nullptr : &*at;
  };
  const auto* row = in(k_own);
  return row ? row : in(k_views);
}

Json to_json(const RecordRow& row) {
  return Json::object({{"schema", row.schema},
                       {"title", row.title},
                       {"stream", row.stream},
                       {"members", members_json(row.members, row.member_count)},
                       {"columns", columns_json(row.columns, row.column_count)}});
}

const char* RowStore::keep(const Json& text) {
  return texts_.emplace_back(text.as_string()).c_str();
}

std::span<const MemberRow> RowStore::keep_members(const Json& list) {
  std::vector<MemberRow> rows;
  for (const auto& item : list.items()) {
    const auto shape = keep_members(item["shape"]);
    rows.push_back({keep(item["name"]), keep(item["type"]), keep(item["meaning"]),
                    item["optional"].as_bool() ? Presence::optional : Presence::required,
                    shape.data(), shape.size()});
  }
  return members_.emplace_back(std::move(rows));
}

std::span<const ColumnRow> RowStore::keep_columns(const Json& list) {
  std::vector<ColumnRow> rows;
  for (const auto& item : list.items()) {
    const auto show = std::ranges::find(k_shows, item["show"].view());
    rows.push_back({keep(item["heading"]), keep(item["member"]),
                    show == k_shows.end() ? Show::text : static_cast<Show>(show - k_shows.begin()),
                    item["wide"].as_bool(), static_cast<std::uint32_t>(item["width"].as_int()),
                    keep(item["note"])});
  }
  return columns_.emplace_back(std::move(rows));
}

Result<> RowStore::add(const Json& json) {
  if (json["schema"].view().empty() || json["members"].items().empty())
    return fail(ExitCode::config,
                fmt::format("'{}' does not describe a kind of record", printable(json.dump(), 60)));
  const auto members = keep_members(json["members"]);
  const auto columns = keep_columns(json["columns"]);
  rows_.push_back({keep(json["schema"]), keep(json["title"]), json["stream"].as_bool(),
                   members.data(), members.size(), columns.data(), columns.size()});
  return {};
}

const RecordRow* RowStore::find(std::string_view schema) const {
  const auto at = std::ranges::find(rows_, schema, &RecordRow::schema);
  return at == rows_.end() ? nullptr : &*at;
}

}  // namespace cdctl::records
