#pragma once

#include <cdctl/record.hpp>

namespace cdctl::records {

/// `cdctl.problem/1`: a line of `config check`.
struct ProblemRecord {
  static constexpr ColumnRow k_columns[] = {
      {"FILE", "file"}, {"LINE", "line"}, {"COLUMN", "column"}, {"WHAT", "what"}};
  static constexpr RecordRow k_head =
      head("cdctl.problem/1", "One thing that is wrong in the configuration", k_columns);

  std::string file;
  std::optional<std::int64_t> line, column;
  std::string what;

  static constexpr auto rows() {
    return std::tuple{required("file", &ProblemRecord::file, "text"),
                      optional("line", &ProblemRecord::line, "integer >= 1"),
                      optional("column", &ProblemRecord::column, "integer >= 1"),
                      required("what", &ProblemRecord::what, "text")};
  }
};

}  // namespace cdctl::records
