#include "plugins/local/supervise/log_file.hpp"

#include <algorithm>
#include <cerrno>
#include <utility>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fmt/format.h>

#include <cdctl/time.hpp>

#include "plugins/local/log_lines.hpp"

namespace cdctl::local {

namespace {
constexpr std::uint64_t k_most = 8u << 20;
}

void LogFile::open() {
  fd_ = Fd(::open(path_.c_str(), O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
  struct stat info{};
  size_ =
      fd_.valid() && ::fstat(fd_.get(), &info) == 0 ? static_cast<std::uint64_t>(info.st_size) : 0;
  // The supervisor before us was killed in the middle of a line
  char last = '\n';
  mid_line_ =
      size_ > 0 && ::pread(fd_.get(), &last, 1, static_cast<off_t>(size_) - 1) == 1 && last != '\n';
}

void LogFile::make_ready(std::size_t bytes) {
  if (!fd_.valid()) open();
  if (!fd_.valid() || size_ + bytes <= k_most || size_ == 0) return;
  ::rename(path_.c_str(), (path_ + ".1").c_str());
  open();
}

bool LogFile::put(std::string_view bytes) {
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
  if (dropped_ > 0)
    if (const auto before = std::exchange(dropped_, 0); true)
      note(fmt::format("{} bytes could not be written here", before));
  const auto stamp = line_stamp(now(), false);
  const auto lines = static_cast<std::size_t>(std::ranges::count(bytes, '\n')) + 1;
  const auto most = bytes.size() + lines * stamp.size();
  make_ready(most);
  std::string text;
  text.reserve(most);
  while (!bytes.empty()) {
    if (!mid_line_) text += stamp;
    const auto end = std::min(bytes.find('\n'), bytes.size() - 1) + 1;
    text += bytes.substr(0, end);
    mid_line_ = text.back() != '\n';
    bytes.remove_prefix(end);
  }
  put(text);
}

void LogFile::note(std::string_view text) {
  make_ready(text.size() + 64);
  put(fmt::format("{}{}{}\n", mid_line_ ? "\n" : "", line_stamp(now(), true), text));
  mid_line_ = false;
}

}  // namespace cdctl::local
