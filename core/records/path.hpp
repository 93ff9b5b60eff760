#pragma once

#include <cdctl/record.hpp>

namespace cdctl::records {

/// `cdctl.path/1`: what `config path` found.
struct PathRecord {
  static constexpr ColumnRow k_columns[] = {{"FILE", "file"}, {"TRUSTED", "trusted", Show::yes}};
  static constexpr RecordRow k_head =
      head("cdctl.path/1", "The configuration that holds here", k_columns);

  std::string file;
  bool trusted = false;

  static constexpr auto rows() {
    return std::tuple{required("file", &PathRecord::file, "text"),
                      required("trusted", &PathRecord::trusted, "flag",
                               "false: it was found by walking up, and may name no programs")};
  }
};

}  // namespace cdctl::records
