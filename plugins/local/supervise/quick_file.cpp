#include "quick_file.hpp"

#include <cerrno>
#include <string>

#include <fcntl.h>
#include <unistd.h>

#include <fmt/format.h>

#include <cdctl/fs.hpp>

namespace cdctl::local {

Result<> write_quickly(const char* name, std::string_view bytes) {
  const auto beside = std::string(name) + ".new";
  const Fd fd(::open(beside.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600));
  auto written = fd.valid() ? ::write(fd.get(), bytes.data(), bytes.size()) : -1;
  if (written == static_cast<ssize_t>(bytes.size()) && ::rename(beside.c_str(), name) == 0) return {};
  const auto error = written >= 0 && written < static_cast<ssize_t>(bytes.size()) ? ENOSPC : errno;
  ::unlink(beside.c_str());
  return fail(fmt::format("writing {}: {}", name, errno_text(error)));
}

}  // namespace cdctl::local
