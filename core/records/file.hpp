#pragma once

#include <cdctl/record.hpp>

namespace cdctl::records {

/// `cdctl.file/1`: a file of `init`.
struct FileRecord {
  static constexpr ColumnRow k_columns[] = {
      {"FILE", "path"},
      {"RESULT", "", Show::note, false, 0,
       "only ok=false: failed\nonly dry_run: would\nonly changed: written\nelse: unchanged"},
      {"TEXT", "text", Show::text, true}};
  static constexpr RecordRow k_head =
      head("cdctl.file/1", "A file that cdctl init, or land import, has made", k_columns);

  std::string path;
  bool changed = false, dry_run = false;
  std::optional<std::string> text;
  Time time;

  static constexpr auto rows() {
    return std::tuple{
        required("path", &FileRecord::path, "text"),
        required("changed", &FileRecord::changed, "flag", "false: it was there with the same text"),
        optional("dry_run", &FileRecord::dry_run, "true"),
        optional("text", &FileRecord::text, "text",
                 "with --dry-run: what it would hold; never a secret"),
        required("time", &FileRecord::time, "time")};
  }
};

}  // namespace cdctl::records
