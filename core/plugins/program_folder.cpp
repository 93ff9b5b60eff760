#include "core/plugins/program_folder.hpp"

namespace cdctl::plugins {

namespace fs = std::filesystem;

fs::path program_folder() {
  std::error_code error;
  const auto program = fs::read_symlink("/proc/self/exe", error);
  return error ? fs::path("/usr/bin") : program.parent_path();
}

fs::path module_folder() {
  return (program_folder().parent_path() / CDCTL_LIBDIR).lexically_normal();
}

}  // namespace cdctl::plugins
