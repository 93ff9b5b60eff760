#pragma once

#include <cdctl/record.hpp>

namespace cdctl::records {

/// `cdctl.plugin/1`: a line of `plugins`.
struct PluginRecord {
  static constexpr ColumnRow k_columns[] = {{"PLUGIN", "name"},
                                            {"VERSION", "version"},
                                            {"OK", "ok", Show::yes},
                                            {"ROLES", "roles", Show::roles},
                                            {"REFUSED", "refused", Show::blank},
                                            {"FILE", "file", Show::text, true}};
  static constexpr RecordRow k_head =
      head("cdctl.plugin/1", "A plugin as its manifest tells", k_columns);

  std::string name, version;
  bool ok = false;
  std::string refused;
  std::vector<std::string> roles;
  std::string file;
  std::int64_t interface = 0;

  static constexpr auto rows() {
    return std::tuple{required("name", &PluginRecord::name, "text"),
                      required("version", &PluginRecord::version, "text"),
                      required("ok", &PluginRecord::ok, "flag"),
                      optional("refused", &PluginRecord::refused, "text"),
                      required("roles", &PluginRecord::roles, "list of text"),
                      required("file", &PluginRecord::file, "text"),
                      required("interface", &PluginRecord::interface, "integer")};
  }
};

}  // namespace cdctl::records
