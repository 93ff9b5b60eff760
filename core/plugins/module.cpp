#include "core/plugins/module.hpp"

#include <dlfcn.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/plugins/program_folder.hpp"

namespace cdctl::plugins {

Result<void*> open_module(std::string_view name, const char* symbol, std::string_view what) {
  const auto file = program_folder().parent_path() / CDCTL_LIBDIR / name;
  struct stat info{};
  if (::stat(file.c_str(), &info) != 0 || (info.st_mode & 0022) != 0 ||
      (info.st_uid != 0 && info.st_uid != ::geteuid()))
    return fail(ExitCode::config,
                fmt::format("{}, {}, is not there or others may write to it", what, file.string()));
  void* const library = ::dlopen(file.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (!library)
    return fail(ExitCode::config, fmt::format("{} cannot be used: {}", what, ::dlerror()));
  void* const found = ::dlsym(library, symbol);
  if (!found)
    return fail(ExitCode::config, fmt::format("{} is no module of this version", file.string()));
  return found;
}

}  // namespace cdctl::plugins
