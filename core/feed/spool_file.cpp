#include "core/feed/spool_file.hpp"

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <expected>
#include <utility>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cdctl/digest.hpp>
#include <cdctl/fs.hpp>
#include <cdctl/signal.hpp>
#include <cdctl/text.hpp>

#include "core/feed/spool.hpp"

namespace cdctl::feed {

namespace {

constexpr std::size_t k_longest_log = 4u << 20, k_most_bad_bytes = 1u << 20;
constexpr std::size_t k_batch = 500, k_batch_bytes = 1u << 20, k_piece = 256u << 10;

/// Whether somebody has it open for writing. Linux grants a read lease only where nobody has
/// (fcntl: F_SETLEASE); where leases cannot be had at all, we must believe that nobody has.
bool being_written(int fd) {
  ::fcntl(fd, F_SETSIG,
          SIGURG);  // ignored by default, should anyone break the lease in the moment we hold it
  if (::fcntl(fd, F_SETLEASE, F_RDLCK) == 0) {
    ::fcntl(fd, F_SETLEASE, F_UNLCK);
    return false;
  }
  return errno == EAGAIN;
}

/// Lines of a file. One that is too long is given by its beginning.
class Lines {
 public:
  explicit Lines(int fd) : fd_(fd) {}

  struct Line {
    std::string_view text;
    bool too_long = false;
  };
  /// The next one, valid until the next call; empty at the end. The error is errno.
  std::expected<std::optional<Line>, int> next() {
    for (;;) {
      const auto end = buffer_.find('\n', at_);
      if (end != std::string::npos || (at_end_ && at_ < buffer_.size())) {
        const auto stop = std::min(end, buffer_.size());
        const bool too_long = stop - at_ > k_longest_signal;
        const Line line{std::string_view(buffer_).substr(at_, too_long ? k_shown : stop - at_),
                        too_long};
        at_ = std::min(stop + 1, buffer_.size());
        if (!std::exchange(skipping_, false)) return line;
      } else if (at_end_) {
        return std::nullopt;
      } else if (buffer_.size() - at_ > k_longest_signal) {
        const bool first = !std::exchange(skipping_, true);
        shown_ = buffer_.substr(at_, k_shown);
        at_ = buffer_.size();
        if (first) return Line{shown_, true};
      } else if (const int error = fill(); error != 0) {
        return std::unexpected(error);
      }
    }
  }

 private:
  static constexpr std::size_t k_shown = 200;

  int fill() {
    buffer_.erase(0, std::exchange(at_, 0));
    const auto had = buffer_.size();
    buffer_.resize(had + k_piece);
    const auto got = ::read(fd_, buffer_.data() + had, k_piece);
    const int error = got < 0 && errno != EINTR ? errno : 0;
    buffer_.resize(had + static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
    at_end_ = got == 0;
    return error;
  }

  int fd_;
  std::string buffer_, shown_;
  std::size_t at_ = 0;
  bool at_end_ = false, skipping_ = false;
};

Result<Json> signal_of(std::string_view line, const std::string& where, Time written) {
  CDCTL_TRY_ASSIGN(auto json, Json::parse(line));
  if (!json.is_object()) return fail("not a JSON object");
  if (json["id"].view().empty())
    json.set("id", "spool-" + sha256_hex(where + ":" + std::string(line)).substr(0, 32));
  if (json["time"].is_null()) json.set("time", to_rfc3339(written));
  return from_either_form(std::move(json));
}

}  // namespace

Result<std::optional<SpoolFile::Content>> SpoolFile::read(const Take& take) const {
  const Fd fd(::open(path_.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
  if (!fd.valid() && errno == ENOENT) return std::optional<Content>();
  struct stat info{};
  if (!fd.valid() || ::fstat(fd.get(), &info) != 0)
    return fail(fmt::format("opening {}: {}", path_.string(), errno_text(errno)));
  if (!S_ISREG(info.st_mode)) return fail(fmt::format("{} is no file; remove it", path_.string()));
  if (being_written(fd.get())) return std::optional<Content>();
  const Time written(std::chrono::duration_cast<Millis>(
      std::chrono::seconds(info.st_mtim.tv_sec) + std::chrono::nanoseconds(info.st_mtim.tv_nsec)));
  Content out;
  std::vector<Json> batch;
  std::size_t batch_bytes = 0, bad_bytes = 0;
  const auto give = [&]() -> Result<> {
    if (batch.empty()) return {};
    CDCTL_TRY(take(batch));
    out.signals += batch.size();
    batch.clear();
    batch_bytes = 0;
    return {};
  };
  const auto refuse = [&](std::string_view line, std::string why) {
    bad_bytes += line.size() + why.size();
    if (bad_bytes <= k_most_bad_bytes) out.bad.push_back({std::string(line), std::move(why)});
  };
  Lines lines(fd.get());
  for (std::size_t number = 1;; ++number) {
    const auto line = lines.next();
    if (!line) return fail(fmt::format("reading {}: {}", path_.string(), errno_text(line.error())));
    if (!*line) break;
    const auto text = (*line)->text;
    if (trimmed(text).empty()) continue;
    if ((*line)->too_long) {
      refuse(text, fmt::format("line {}: longer than {} bytes", number, k_longest_signal));
      continue;
    }
    auto signal = signal_of(text, fmt::format("{}:{}", path_.filename().string(), number), written);
    if (!signal) {
      refuse(text, fmt::format("line {}: {}", number, signal.error().what));
      continue;
    }
    batch.push_back(std::move(*signal));
    batch_bytes += text.size();
    if (batch.size() >= k_batch || batch_bytes >= k_batch_bytes) CDCTL_TRY(give());
  }
  CDCTL_TRY(give());
  return std::optional(std::move(out));
}

Result<> keep_refused(const std::filesystem::path& log, std::span<const SpoolFile::BadLine> lines) {
  if (lines.empty()) return {};
  const Fd fd(::open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600));
  struct stat info{};
  if (!fd.valid() || ::fstat(fd.get(), &info) != 0)
    return fail(fmt::format("opening {}: {}", log.string(), errno_text(errno)));
  if (static_cast<std::size_t>(info.st_size) > k_longest_log)
    return {};  // whoever writes only rubbish fills no disk
  std::string text;
  for (const auto& line : lines) text += fmt::format("# {}\n{}\n", line.why, line.text);
  if (!write_all(fd.get(), text))
    return fail(fmt::format("writing {}: {}", log.string(), errno_text(errno)));
  return {};
}

}  // namespace cdctl::feed
