#include "cli/top/screen.hpp"
#include "core/plugins/module.hpp"

namespace cdctl::cli {

Result<std::unique_ptr<Screen>> open_screen(bool colour, bool utf8) {
  CDCTL_TRY_ASSIGN(void* const found, plugins::open_module("cdctl-top.so", "cdctl_make_screen",
                                                           "the module that draws"));
  using Make = Screen* (*)(bool, bool, std::string&);
  std::string why;
  auto* const made = reinterpret_cast<Make>(found)(colour, utf8, why);
  if (!made) return fail(ExitCode::usage, "top: " + why + "; cdctl ls works anywhere");
  return std::unique_ptr<Screen>(made);
}

}  // namespace cdctl::cli
