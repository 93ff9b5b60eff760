#include "plugins/local/supervise/log_file.hpp"

#include <algorithm>
#include <cerrno>
#include <vector>

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

/// How many of the bytes are in the file now. A full disk may take some of them.
std::size_t LogFile::put(std::string_view bytes) {
  const auto all = bytes.size();
  while (fd_.valid() && !bytes.empty()) {
    const auto got = ::write(fd_.get(), bytes.data(), bytes.size());
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) break;
    size_ += static_cast<std::uint64_t>(got);
    bytes.remove_prefix(static_cast<std::size_t>(got));
  }
  return all - bytes.size();
}

/// Takes the last bytes off again: half a stamp would be read as words of the unit.
void LogFile::take_back(std::size_t bytes) {
  if (bytes == 0 || ::ftruncate(fd_.get(), static_cast<off_t>(size_ - bytes)) != 0) return;
  size_ -= bytes;
}

bool LogFile::put_note(std::string_view text) {
  const auto line = fmt::format("{}{}{}\n", mid_line_ ? "\n" : "", line_stamp(now(), true), text);
  make_ready(line.size());
  const auto got = put(line);
  if (got < line.size()) {
    take_back(got);
    return false;
  }
  mid_line_ = false;
  return true;
}

void LogFile::write(std::string_view bytes) {
  if (bytes.empty()) return;
  if (dropped_ > 0 && !put_note(fmt::format("{} bytes could not be written here", dropped_))) {
    dropped_ += bytes.size();
    return;
  }
  dropped_ = 0;
  const auto stamp = line_stamp(now(), false);
  const auto lines = static_cast<std::size_t>(std::ranges::count(bytes, '\n')) + 1;
  make_ready(bytes.size() + lines * stamp.size());
  std::string text;
  text.reserve(bytes.size() + lines * stamp.size());
  struct Piece {  // of a line, or all of it
    std::size_t end, size;
    bool whole;
  };
  std::vector<Piece> pieces;
  pieces.reserve(lines);
  bool mid_line = mid_line_;
  while (!bytes.empty()) {
    if (!mid_line) text += stamp;
    const auto size = std::min(bytes.find('\n'), bytes.size() - 1) + 1;
    text += bytes.substr(0, size);
    mid_line = text.back() != '\n';
    pieces.push_back({text.size(), size, !mid_line});
    bytes.remove_prefix(size);
  }
  const auto got = put(text);
  std::size_t kept = 0;
  for (const auto& piece : pieces) {
    if (piece.end <= got) {
      kept = piece.end;
      mid_line_ = !piece.whole;
    } else {
      dropped_ += piece.size;
    }
  }
  take_back(got - kept);
}

void LogFile::note(std::string_view text) {
  if (dropped_ > 0 && put_note(fmt::format("{} bytes could not be written here", dropped_)))
    dropped_ = 0;
  (void)put_note(text);
}

}  // namespace cdctl::local
