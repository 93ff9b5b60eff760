#pragma once

#include <deque>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <cdctl/error.hpp>
#include <cdctl/json.hpp>
#include <cdctl/record_rows.hpp>

namespace cdctl::records {

/// The kinds of record that the front end writes.
[[nodiscard]] std::span<const plugin::RecordRow> own_records();
/// Tables that show a kind of record in another way than its own: `history`.
[[nodiscard]] std::span<const plugin::RecordRow> own_views();
/// The front end's row of a kind of record or of a view; nullptr for another's.
[[nodiscard]] const plugin::RecordRow* own_record(std::string_view schema);

/// A row as JSON: how the manifests of plugins carry them.
[[nodiscard]] Json to_json(const plugin::RecordRow& row);

/// Rows that were read from manifests. They stay where they are as long as this does.
class RowStore {
 public:
  /// Exit code `config` for what is no row.
  [[nodiscard]] Result<> add(const Json& json);
  [[nodiscard]] const std::deque<plugin::RecordRow>& rows() const { return rows_; }
  [[nodiscard]] const plugin::RecordRow* find(std::string_view schema) const;

 private:
  const char* keep(const Json& text);
  std::span<const plugin::MemberRow> keep_members(const Json& list);
  std::span<const plugin::ColumnRow> keep_columns(const Json& list);

  std::deque<std::string> texts_;
  std::deque<std::vector<plugin::MemberRow>> members_;
  std::deque<std::vector<plugin::ColumnRow>> columns_;
  std::deque<plugin::RecordRow> rows_;
};

}  // namespace cdctl::records
