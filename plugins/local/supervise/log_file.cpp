#include "plugins/local/supervise/log_file.hpp"

#include <cerrno>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fmt/format.h>

#include <cdctl/time.hpp>

namespace cdctl::local {

namespace {
constexpr std::uint64_t k_most = 8u << 20;
}

void LogFile::open() {
  fd_ = Fd(::open(path_.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
  struct stat info{};
  size_ =
      fd_.valid() && ::fstat(fd_.get(), &info) == 0 ? static_cast<std::uint64_t>(info.st_size) : 0;
}

void LogFile::rotate() {
  ::rename(path_.c_str(), (path_ + ".1").c_str());
  open();
}

bool LogFile::put(std::string_view bytes) {
  if (!fd_.valid()) open();
  if (fd_.valid() && size_ + bytes.size() > k_most && size_ > 0) rotate();
  while (fd_.valid() && !bytes.empty()) {
    const auto got = ::write(fd_.get(), bytes.data(), bytes.size());
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) break;
    size_ += static_cast<std::uint64_t>(got);
    bytes.remove_prefix(static_cast<std::size_t>(got));
  }
  dropped_ += bytes.size();
  return bytes.empty();
}

void LogFile::write(std::string_view bytes) {
  if (bytes.empty()) return;
  if (dropped_ > 0) {
    const auto before = std::exchange(dropped_, 0);
    if (!put(fmt::format("\n[cdctl {}] {} bytes could not be written here\n", to_rfc3339(now()),
                         before)))
      dropped_ = before;
  }
  put(bytes);
  mid_line_ = bytes.back() != '\n';
}

void LogFile::note(std::string_view text) {
  write(fmt::format("{}[cdctl {}] {}\n", mid_line_ ? "\n" : "", to_rfc3339(now()), text));
}

}  // namespace cdctl::local
