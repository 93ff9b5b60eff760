#include <fmt/format.h>

#include "cli/command_line/command.hpp"
#include "cli/output/context.hpp"
#include "cli/version.hpp"

namespace cdctl::cli {

int run_version(Context& context, const Arguments&) {
  if (context.out.tabular() || context.out.format() == Format::name) {
    context.out.text(fmt::format("cdctl {}\n", version()));
    return 0;
  }
  context.out.write(Json::object({{"schema", "cdctl.version/1"},
                                  {"name", "cdctl"},
                                  {"version", version()},
                                  {"interface", CDCTL_INTERFACE},
                                  {"build", CDCTL_BUILD_TAG}}));
  return 0;
}

}  // namespace cdctl::cli
