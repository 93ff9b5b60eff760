#include "plugins/local/supervise/quick_write.hpp"

#include <cerrno>
#include <cstdio>
#include <string>

#include <fcntl.h>
#include <unistd.h>

#include <fmt/format.h>

#include <cdctl/fs.hpp>

namespace cdctl::local {

namespace {

bool write_over(const char* name, std::string_view bytes) {
  const Fd fd(::open(name, O_WRONLY | O_CLOEXEC | O_NOFOLLOW));
  const auto size = static_cast<ssize_t>(bytes.size());
  return fd.valid() && ::pwrite(fd.get(), bytes.data(), bytes.size(), 0) == size &&
         ::ftruncate(fd.get(), size) == 0;
}

}  // namespace

Result<> write_quickly(const char* name, std::string_view bytes) {
  const auto beside = std::string(name) + ".new";
  const Fd fd(::open(beside.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (fd.valid() && write_all(fd.get(), bytes) && ::rename(beside.c_str(), name) == 0) return {};
  const int error = errno;
  ::unlink(beside.c_str());
  if ((error == ENOSPC || error == EDQUOT) && write_over(name, bytes)) return {};
  return fail(fmt::format("writing {}: {}", name, errno_text(error)));
}

}  // namespace cdctl::local
