#pragma once

#include <cdctl/record.hpp>

namespace cdctl::records {

/// `cdctl.key/1`: a key of `config explain`.
struct KeyRecord {
  static constexpr ColumnRow k_columns[] = {{"KEY", "key"},
                                            {"TYPE", "type"},
                                            {"DEFAULT", "default"},
                                            {"MEANING", "meaning"},
                                            {"WHERE", "place", Show::text, true},
                                            {"EXAMPLE", "example", Show::text, true},
                                            {"OBEYED BY", "commands", Show::text, true}};
  static constexpr RecordRow k_head =
      head("cdctl.key/1", "What a key of the configuration means", k_columns);

  std::string key, place, type, otherwise, example, commands, meaning, plugin;

  static constexpr auto rows() {
    return std::tuple{
        required("key", &KeyRecord::key, "text"),
        required("place", &KeyRecord::place, "text"),
        required("type", &KeyRecord::type,
                 "one of text word address addresses file duration count flag list table "
                 "text-or-table count-or-table share"),
        required("default", &KeyRecord::otherwise, "text"),
        required("example", &KeyRecord::example, "text"),
        required("commands", &KeyRecord::commands, "text"),
        required("meaning", &KeyRecord::meaning, "text"),
        optional("plugin", &KeyRecord::plugin, "text")};
  }
};

}  // namespace cdctl::records
