#include "plugins/local/feed.hpp"

#include <algorithm>
#include <cerrno>

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fmt/format.h>

#include <cdctl/fs.hpp>
#include <cdctl/lock.hpp>
#include <cdctl/stop.hpp>

#include "plugins/local/feed_reader.hpp"

namespace cdctl::local {

namespace {

constexpr auto k_keep = std::chrono::hours(24 * 7);

std::string lines_of(std::span<const Json> signals) {
  std::string out;
  const auto received = to_rfc3339(now());
  for (const auto& signal : signals) {
    auto stamped = signal;
    stamped.set("received", received);
    stamped.dump_to(out);
    out += '\n';
  }
  return out;
}

/// A line that a killed sender, or a full disk, left half written is ended first, to be skipped by
/// readers. Nothing is ever taken back: a reader may have seen it.
Result<> append(int fd, const std::filesystem::path& path, std::string text) {
  struct stat info{};
  if (::fstat(fd, &info) != 0)
    return fail(fmt::format("reading {}: {}", path.string(), errno_text(errno)));
  char last = '\n';
  if (info.st_size > 0 && ::pread(fd, &last, 1, info.st_size - 1) == 1 && last != '\n')
    text.insert(0, 1, '\n');
  const auto give_up = [&](int error) -> Result<> {
    return fail(fmt::format("writing {}: {}; not all signals are sent, send them again",
                            path.string(), errno_text(error)));
  };
  for (std::string_view rest = text; !rest.empty();) {
    const auto put = ::write(fd, rest.data(), rest.size());
    if (put < 0 && errno == EINTR) continue;
    if (put < 0) return give_up(errno);
    rest.remove_prefix(static_cast<std::size_t>(put));
    crash_point("local.feed.written");
  }
  if (::fdatasync(fd) != 0) return give_up(errno);
  return {};
}

void prune(const HomePaths& home, const std::vector<std::string>& all) {
  const auto oldest = segment_stamp(now() - k_keep);
  for (const auto& stamp : all)
    if (stamp < oldest) ::unlink(home.segment(stamp).c_str());
}

}  // namespace

std::string segment_stamp(Time time) {
  std::string text = to_rfc3339(time).substr(0, 13);  // 2026-11-23T07
  std::erase(text, '-');
  return text;
}

Result<std::vector<std::string>> segments(const HomePaths& home) {
  std::vector<std::string> out;
  DIR* const dir = ::opendir(home.feed().c_str());
  if (!dir && errno == ENOENT) return out;
  if (!dir)
    return fail(ExitCode::unknown,
                fmt::format("listing the feed in {}: {}", home.feed().string(), errno_text(errno)));
  while (const auto* entry = ::readdir(dir))
    if (auto stamp = HomePaths::parse_segment_file(entry->d_name)) out.push_back(std::move(*stamp));
  ::closedir(dir);
  std::ranges::sort(out);
  return out;
}

Result<> LocalFeed::do_send(std::span<const Json> signals, const Deadline& deadline) {
  if (signals.empty()) return {};
  CDCTL_TRY(make_directories(home_.feed(), 0700));
  CDCTL_TRY_ASSIGN(const auto lock, FileLock::acquire(home_.feed_lock(), deadline));
  if (!lock)
    return fail(ExitCode::timeout,
                fmt::format("waiting for {}: another sender holds it; the signals are not sent",
                            home_.feed_lock().string()));
  CDCTL_TRY_ASSIGN(const auto all, segments(home_));
  // Never behind the newest, even if the clock went back: who has read a segment to its end does
  // not come back to it
  auto stamp = segment_stamp(now());
  if (!all.empty()) stamp = std::max(stamp, all.back());
  const auto path = home_.segment(stamp);
  const Fd fd(::open(path.c_str(), O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!fd.valid())
    return fail(
        fmt::format("opening {}: {}; the signals are not sent", path.string(), errno_text(errno)));
  CDCTL_TRY(append(fd.get(), path, lines_of(signals)));
  if (all.empty() || all.back() != stamp) {
    if (const Fd folder(::open(home_.feed().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
        folder.valid())
      ::fsync(folder.get());
    prune(home_, all);
  }
  return {};
}

std::optional<Millis> LocalFeed::do_keeps_for() const { return k_keep; }

Result<std::unique_ptr<FeedReader>> LocalFeed::do_open(const FeedQuery& query, const Deadline&) {
  return SegmentReader::make(home_, query);
}

}  // namespace cdctl::local
