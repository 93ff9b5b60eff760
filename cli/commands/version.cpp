#include <fmt/format.h>

#include "../command.hpp"
#include "../context.hpp"

namespace cdctl::cli {

int run_version(Context& context, const Arguments&) {
  if (context.out.tabular() || context.out.format() == Format::name) {
    context.out.text("cdctl " CDCTL_VERSION "\n");
    return 0;
  }
  context.out.write(Json::object({{"schema", "cdctl.version/1"}, {"name", "cdctl"}, {"version", CDCTL_VERSION}, {"interface", CDCTL_INTERFACE}, {"build", CDCTL_BUILD_TAG}}));
  return 0;
}

}  // namespace cdctl::cli
