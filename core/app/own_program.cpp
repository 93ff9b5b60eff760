#include "core/app/own_program.hpp"

#include <filesystem>

namespace cdctl::app {

std::string own_program() {
  std::error_code error;
  const auto file = std::filesystem::read_symlink("/proc/self/exe", error);
  return std::filesystem::exists(file, error) ? file.string() : "/proc/self/exe";
}

}  // namespace cdctl::app
