#pragma once

#include <cdctl/record.hpp>

namespace cdctl::records {

/// `cdctl.error/1`: somebody could not be asked. Plugins write it, too. It travels down the pipe,
/// and nobody acts on the service.
struct ErrorRecord {
  static constexpr RecordRow k_head = head("cdctl.error/1", "Someone could not be asked");

  std::string service;  ///< empty: it may be any
  std::string target;   ///< of a landing, instead of a service
  std::string doing;
  std::string error;
  std::int64_t exit = 0;
  Time time;

  static constexpr auto rows() {
    return std::tuple{optional("service", &ErrorRecord::service, "text"),
                      optional("target", &ErrorRecord::target, "text", "of a landing"),
                      required("while", &ErrorRecord::doing, "text"),
                      required("error", &ErrorRecord::error, "text"),
                      required("exit", &ErrorRecord::exit, "integer"),
                      required("time", &ErrorRecord::time, "time")};
  }
};

/// The record of an error, as of now.
[[nodiscard]] inline ErrorRecord error_record(std::string_view service, std::string_view doing,
                                              const Error& error) {
  return {.service = std::string(service),
          .target = {},
          .doing = std::string(doing),
          .error = error.what,
          .exit = static_cast<std::int64_t>(error.exit),
          .time = now()};
}

}  // namespace cdctl::records
