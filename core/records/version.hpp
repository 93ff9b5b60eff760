#pragma once

#include <cdctl/record.hpp>

namespace cdctl::records {

/// `cdctl.version/1`: what `version` says.
struct VersionRecord {
  static constexpr RecordRow k_head = head("cdctl.version/1", "The program");

  std::string name, version;
  std::int64_t interface = 0;
  std::string build;

  static constexpr auto rows() {
    return std::tuple{required("name", &VersionRecord::name, "text"),
                      required("version", &VersionRecord::version, "text"),
                      required("interface", &VersionRecord::interface, "integer"),
                      required("build", &VersionRecord::build, "text")};
  }
};

}  // namespace cdctl::records
