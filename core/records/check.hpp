#pragma once

#include <cdctl/record.hpp>

namespace cdctl::records {

/// `cdctl.check/1`: what `doctor` found, and the cure.
struct CheckRecord {
  static constexpr ColumnRow k_columns[] = {
      {"CHECK", "what"}, {"STATE", "state"}, {"FOUND", "found"}, {"CURE", "cure"}};
  static constexpr RecordRow k_head =
      head("cdctl.check/1", "One thing that cdctl doctor looked at", k_columns);

  std::string what, state, found, plugin, cure;
  Time time;

  static constexpr auto rows() {
    return std::tuple{required("what", &CheckRecord::what, "text"),
                      required("state", &CheckRecord::state, "one of ok warning bad unknown"),
                      required("found", &CheckRecord::found, "text"),
                      optional("plugin", &CheckRecord::plugin, "text"),
                      optional("cure", &CheckRecord::cure, "text"),
                      required("time", &CheckRecord::time, "time")};
  }
};

}  // namespace cdctl::records
