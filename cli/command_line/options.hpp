#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include <cdctl/args.hpp>
#include <cdctl/time.hpp>

#include "cli/output/context.hpp"

namespace cdctl::cli {

/// A duration option of a command. Exit code `usage` when it cannot be read.
[[nodiscard]] Result<Millis> duration_option(const Arguments& args, std::string_view name,
                                             Millis otherwise);
/// The same without a default.
[[nodiscard]] Result<std::optional<Millis>> optional_duration(const Arguments& args,
                                                              std::string_view name);
/// A whole number option from 0.
[[nodiscard]] Result<std::int64_t> number_option(const Arguments& args, std::string_view name,
                                                 std::int64_t otherwise);

/// Runs the body of a command: an error that ends it is reported.
template <class Body>
int complete(Context& context, Body&& body) {
  if (auto done = body(); !done) context.report(done.error());
  return context.exit_code();
}

}  // namespace cdctl::cli
