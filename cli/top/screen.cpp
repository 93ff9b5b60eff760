#include <cdctl/module.hpp>

#include "cli/top/screen.hpp"
#include "core/plugins/program_folder.hpp"

namespace cdctl::cli {

Result<std::unique_ptr<Screen>> open_screen(bool colour, bool utf8) {
  using Make = Screen*(bool, bool, std::string&);
  CDCTL_TRY_ASSIGN(Make* const make,
                   module_function<Make>(plugins::module_folder() / "cdctl-top.so",
                                         "cdctl_make_screen", "the module that draws"));
  std::string why;
  auto* const made = make(colour, utf8, why);
  if (!made) return fail(ExitCode::usage, "top: " + why + "; cdctl ls works anywhere");
  return std::unique_ptr<Screen>(made);
}

}  // namespace cdctl::cli
