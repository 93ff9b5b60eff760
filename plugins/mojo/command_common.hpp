#pragma once

#include <exception>

#include <cdctl/args.hpp>
#include <cdctl/error.hpp>
#include <cdctl/host.hpp>

namespace cdctl::mojo {

/// Runs a command's body; its error, and anything thrown, is reported and becomes the exit code.
template <class Body>
int guarded(const plugin::CommandArguments& given, Body&& body) noexcept {
  try {
    const Result<> done = body();
    if (done) return 0;
    given.report(done.error());
    return static_cast<int>(done.error().exit);
  } catch (const std::exception& error) {
    given.report({ExitCode::failed, std::string("internal error: ") + error.what()});
    return static_cast<int>(ExitCode::failed);
  }
}

/// The value of a DURATION option. Exit code `usage`.
[[nodiscard]] Result<Millis> duration_option(const Arguments& args, std::string_view name, Millis otherwise);

}  // namespace cdctl::mojo
