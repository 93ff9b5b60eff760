#pragma once

#include <cdctl/record.hpp>

namespace cdctl::records {

/// `cdctl.import/1`: what became of a key of another lander's configuration.
struct ImportRecord {
  static constexpr ColumnRow k_columns[] = {{"SECTION", "section"},
                                            {"KEY", "key"},
                                            {"TARGET", "target", Show::blank},
                                            {"HERE", "to", Show::text},
                                            {"WHY", "why", Show::blank}};
  static constexpr RecordRow k_head =
      head("cdctl.import/1", "Where a key of another lander's configuration went", k_columns);

  std::string section, key, target;
  std::optional<std::string> to;
  std::string why;

  static constexpr auto rows() {
    return std::tuple{
        required("section", &ImportRecord::section, "text"),
        required("key", &ImportRecord::key, "text"),
        optional("target", &ImportRecord::target, "text", "of which it is a key now"),
        required("to", &ImportRecord::to, "text or null",
                 "the key of the target's file; null: it was dropped"),
        optional("why", &ImportRecord::why, "text", "what is different, or why it was dropped")};
  }
};

}  // namespace cdctl::records
