#include "core/records/outcome_log.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cdctl/text.hpp>

namespace cdctl::records {

namespace fs = std::filesystem;

namespace {

constexpr const char* k_current = "outcomes.ndjson";
constexpr std::size_t k_piece = 256 * 1024;
constexpr std::size_t k_longest_line = 4u << 20;

/// The number in `outcomes.12.ndjson`; 0 for any other name.
std::int64_t number_of(std::string_view name) {
  constexpr std::string_view head = "outcomes.", tail = ".ndjson";
  if (!name.starts_with(head) || !name.ends_with(tail) || name.size() <= head.size() + tail.size())
    return 0;
  const auto digits = name.substr(head.size(), name.size() - head.size() - tail.size());
  std::int64_t out = 0;
  const auto [stop, error] = std::from_chars(digits.data(), digits.data() + digits.size(), out);
  return error == std::errc() && stop == digits.data() + digits.size() && out > 0 ? out : 0;
}

/// The current file's; 0 while there is none.
ino_t current_inode(const fs::path& home) {
  struct stat info{};
  return ::stat((home / k_current).c_str(), &info) == 0 ? info.st_ino : 0;
}

std::vector<std::int64_t> list_numbers(const fs::path& home) {
  std::vector<std::int64_t> out;
  std::error_code error;
  for (fs::directory_iterator at(home, error), end; !error && at != end; at.increment(error))
    if (const auto number = number_of(at->path().filename().string()); number > 0)
      out.push_back(number);
  std::ranges::sort(out);
  return out;
}

/// Numbers of the files that were rotated away, rising. A folder that is read while a file in it
/// gets another name may show it under neither, so one rotation meanwhile means another look.
std::vector<std::int64_t> numbers_in(const fs::path& home) {
  for (int tries = 1;; ++tries) {
    const auto before = current_inode(home);
    auto out = list_numbers(home);
    if (before == current_inode(home) || tries == 100) return out;
  }
}

fs::path numbered(const fs::path& home, std::int64_t number) {
  return home / fmt::format("outcomes.{}.ndjson", number);
}

/// Gives the current file its number. Only while nobody appends to it: whoever has it locked shared
/// is about to write.
void rotate(const fs::path& home, int file, const LogBounds& bounds) {
  if (::flock(file, LOCK_EX | LOCK_NB) != 0) return;  // the next one will
  struct stat ours{}, there{};
  const auto current = home / k_current;
  if (::fstat(file, &ours) != 0 || ::stat(current.c_str(), &there) != 0 ||
      ours.st_ino != there.st_ino)
    return;
  auto numbers = numbers_in(home);
  const auto next = numbers.empty() ? 1 : numbers.back() + 1;
  if (::rename(current.c_str(), numbered(home, next).c_str()) != 0) return;
  numbers.push_back(next);
  for (std::size_t i = 0; i + bounds.files < numbers.size(); ++i)
    (void)::unlink(numbered(home, numbers[i]).c_str());
}

Error not_kept(const fs::path& home, const std::string& why) {
  return {ExitCode::failed, fmt::format("{}: {}", (home / k_current).string(), why)};
}

/// The current file, locked against a rotation while we write.
Result<Fd> open_for_append(const fs::path& home) {
  const auto path = home / k_current;
  for (int tries = 0; tries < 100; ++tries) {
    Fd file(::open(path.c_str(), O_RDWR | O_CREAT | O_APPEND | O_NONBLOCK | O_CLOEXEC | O_NOFOLLOW,
                   0600));
    if (!file.valid()) return fail(not_kept(home, errno_text(errno)));
    struct stat ours{}, there{};
    if (::fstat(file.get(), &ours) == 0 && !S_ISREG(ours.st_mode))
      return fail(not_kept(home, "it is no regular file"));  // a pipe or a device may never take it
    const bool locked =
        ::flock(file.get(), LOCK_SH | LOCK_NB) == 0;  // exclusive for as long as a rename takes
    if (locked && ::stat(path.c_str(), &there) == 0 && ours.st_ino == there.st_ino) return file;
    ::usleep(1000);
  }
  return fail(not_kept(home, "somebody holds its lock"));
}

}  // namespace

Result<> append_to_log(const fs::path& home, std::string_view line, const LogBounds& bounds) {
  CDCTL_TRY(make_directories(home, 0700));
  CDCTL_TRY_ASSIGN(const auto file, open_for_append(home));
  struct stat info{};
  if (::fstat(file.get(), &info) != 0) return fail(not_kept(home, errno_text(errno)));
  char last = '\n';
  // Someone was killed in the middle of a line: ours begins on one of its own.
  if (info.st_size > 0) (void)!::pread(file.get(), &last, 1, info.st_size - 1);
  std::string text = last == '\n' ? "" : "\n";
  text.append(line).push_back('\n');
  const auto written = ::write(file.get(), text.data(), text.size());
  if (written != static_cast<ssize_t>(text.size()))
    return fail(not_kept(home, errno_text(written < 0 ? errno : ENOSPC)));
  if (info.st_size + static_cast<std::int64_t>(text.size()) >= bounds.bytes)
    rotate(home, file.get(), bounds);
  return {};
}

// ---------------------------------------------------------------- reading

Result<LogReader> LogReader::open(const fs::path& home, std::optional<Time> since) {
  LogReader out;
  out.home_ = home;
  CDCTL_TRY(out.find_parts(since, 0));
  return out;
}

Result<LogReader> LogReader::open_at(const fs::path& home, std::string_view position) {
  CDCTL_TRY_ASSIGN(auto out, open(home, {}));
  const auto number = [](std::string_view text) {
    std::int64_t value = -1;
    const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    return error == std::errc() && stop == text.data() + text.size() ? value : -1;
  };
  const auto inode = number(take_until(position, ':')), offset = number(position);
  const auto known = std::ranges::find_if(
      out.parts_, [&](const Part& part) { return static_cast<std::int64_t>(part.inode) == inode; });
  if (known != out.parts_.end() && offset >= 0) {
    out.parts_.erase(out.parts_.begin(), known);
    out.base_ = ::lseek(out.parts_.front().file.get(), offset, SEEK_SET);
  } else if (inode < 0) {
    while (out.parts_.size() > 1) out.parts_.pop_front();
    if (!out.parts_.empty()) out.base_ = ::lseek(out.parts_.front().file.get(), 0, SEEK_END);
  }
  return out;
}

std::string LogReader::position() const {
  if (parts_.empty()) return {};
  return fmt::format("{}:{}", parts_.front().inode, base_ + static_cast<std::int64_t>(at_));
}

/// Opens the current file first: one that is rotated meanwhile is then found twice, and never not
/// at all. `after`: only what was begun after that file.
Result<> LogReader::find_parts(std::optional<Time> since, ino_t after) {
  std::deque<Part> found;
  const auto open_part = [&](const fs::path& path, std::int64_t number) -> Result<> {
    Part part{Fd(::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOFOLLOW)), 0,
              number};  // a pipe is not waited for
    if (!part.file.valid() && errno == ENOENT) return {};
    if (!part.file.valid())
      return fail(ExitCode::unknown,
                  fmt::format("reading the log: {}: {}", path.string(), errno_text(errno)));
    struct stat info{};
    if (::fstat(part.file.get(), &info) != 0) return {};
    if (!S_ISREG(info.st_mode))
      return fail(ExitCode::unknown, fmt::format("reading the log: {} is no regular file; move it "
                                                 "away, and the next action begins a new log",
                                                 path.string()));
    part.inode = info.st_ino;
    if (number > 0 && since &&
        std::chrono::sys_seconds(std::chrono::seconds(info.st_mtime + 1)) < *since)
      return {};
    if (std::ranges::none_of(found, [&](const Part& other) { return other.inode == part.inode; }))
      found.push_back(std::move(part));
    return {};
  };
  CDCTL_TRY(open_part(home_ / k_current, 0));
  for (const auto number : numbers_in(home_)) CDCTL_TRY(open_part(numbered(home_, number), number));
  // The current one belongs to the end, unless it has its number by now.
  for (auto& part : found) {
    struct stat there{};
    for (const auto number : numbers_in(home_))
      if (part.number == 0 && ::stat(numbered(home_, number).c_str(), &there) == 0 &&
          there.st_ino == part.inode)
        part.number = number;
  }
  std::ranges::stable_sort(
      found, {}, [](const Part& part) { return part.number == 0 ? INT64_MAX : part.number; });
  const auto seen = std::ranges::find(found, after, &Part::inode);
  if (after != 0 && seen != found.end()) found.erase(found.begin(), seen + 1);
  for (auto& part : found) parts_.push_back(std::move(part));
  return {};
}

/// More bytes of the file in hand; false at its end.
Result<bool> LogReader::fill() {
  if (parts_.empty()) return false;
  base_ += static_cast<std::int64_t>(at_);
  buffer_.erase(0, std::exchange(at_, 0));
  if (buffer_.size() > k_longest_line) {  // counted once, at its end
    base_ += static_cast<std::int64_t>(buffer_.size());
    buffer_.clear();
    skipping_ = true;
  }
  const auto had = buffer_.size();
  buffer_.resize(had + k_piece);
  const auto got = ::read(parts_.front().file.get(), buffer_.data() + had, k_piece);
  buffer_.resize(had + static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
  if (got < 0 && errno != EINTR)
    return fail(ExitCode::unknown,
                fmt::format("reading the log of {}: {}", home_.string(), errno_text(errno)));
  return got != 0;
}

/// Leaves a file that is at its end, when there is a later one. What it holds beyond its last line
/// break will never be a line.
bool LogReader::next_part() {
  if (parts_.size() < 2) return false;
  if (at_ < buffer_.size() || skipping_) ++unreadable_;
  skipping_ = false;
  buffer_.clear();
  at_ = 0;
  base_ = 0;
  parts_.pop_front();
  return true;
}

Result<std::optional<Json>> LogReader::next() {
  for (bool looked = false;;) {
    if (const auto end = buffer_.find('\n', at_); end != std::string::npos) {
      const auto line = std::string_view(buffer_).substr(at_, end - at_);
      at_ = end + 1;
      const bool rest_of_long = std::exchange(skipping_, false);
      if (rest_of_long) ++unreadable_;
      if (rest_of_long || line.empty()) continue;
      auto record = Json::parse(line);
      if (record && record->is_object()) return std::optional(std::move(*record));
      ++unreadable_;
      continue;
    }
    CDCTL_TRY_ASSIGN(const bool more, fill());
    if (more || next_part()) continue;
    if (looked) return std::nullopt;
    looked = true;
    // There is no current file from a rotation to the next line.
    const bool moved = parts_.empty() || current_inode(home_) != parts_.front().inode;
    if (!moved) return std::nullopt;
    // Rotated: what was appended to this file before it was is read first (nobody appends to it
    // afterwards).
    CDCTL_TRY(find_parts({}, parts_.empty() ? 0 : parts_.front().inode));
  }
}

}  // namespace cdctl::records
