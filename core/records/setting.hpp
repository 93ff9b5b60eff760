#pragma once

#include <cdctl/record.hpp>

namespace cdctl::records {

/// `cdctl.setting/1`: a line of `config show`.
struct SettingRecord {
  static constexpr ColumnRow k_columns[] = {
      {"OF", "", Show::note, false, 0, "only service: {service}\nonly target: {target}"},
      {"KEY", "key"},
      {"VALUE", "value"},
      {"FROM", "from"}};
  static constexpr RecordRow k_head =
      head("cdctl.setting/1", "A key of the configuration with the value in force", k_columns);

  std::string service, target, key;
  Json value = {};
  std::string from;

  static constexpr auto rows() {
    return std::tuple{
        optional("service", &SettingRecord::service, "text", "absent: of cdctl.toml, or a target"),
        optional("target", &SettingRecord::target, "text", "of targets.d"),
        required("key", &SettingRecord::key, "text"),
        required("value", &SettingRecord::value, "free",
                 "as it stands in the file, passwords left out; a default is a text for people"),
        required("from", &SettingRecord::from, "text", "FILE:LINE, or default")};
  }
};

}  // namespace cdctl::records
