#include <fmt/format.h>

#include "cli/command_line/command.hpp"
#include "cli/output/context.hpp"
#include "cli/version.hpp"
#include "core/records/version.hpp"

namespace cdctl::cli {

int run_version(Context& context, const Arguments&) {
  if (context.out.tabular() || context.out.format() == Format::name) {
    context.out.text(fmt::format("cdctl {}\n", version()));
    return 0;
  }
  context.out.write(records::encode(records::VersionRecord{.name = "cdctl",
                                                           .version = std::string(version()),
                                                           .interface = CDCTL_INTERFACE,
                                                           .build = CDCTL_BUILD_TAG}));
  return 0;
}

}  // namespace cdctl::cli
