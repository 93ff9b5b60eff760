#include "plugins/local/feed_reader.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>

#include <fcntl.h>
#include <poll.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fmt/format.h>

#include <cdctl/stop.hpp>
#include <cdctl/text.hpp>

#include "plugins/local/feed.hpp"

namespace cdctl::local {

namespace {

constexpr std::size_t k_batch = 256u << 10, k_longest_line = 1u << 20;
constexpr const char* k_first_stamp = "00010101T00";  ///< before every segment

/// Where the last complete line of the file ends: a sender may be in the middle of the next one.
std::int64_t last_line_end(const std::filesystem::path& path) {
  constexpr std::int64_t k_tail = 64 << 10;
  const Fd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
  struct stat info{};
  if (!fd.valid() || ::fstat(fd.get(), &info) != 0) return 0;
  const auto from = std::max<std::int64_t>(info.st_size - k_tail, 0);
  std::string tail(static_cast<std::size_t>(info.st_size - from), '\0');
  const auto got = ::pread(fd.get(), tail.data(), tail.size(), from);
  const auto newline =
      tail.substr(0, static_cast<std::size_t>(std::max<ssize_t>(got, 0))).rfind('\n');
  return newline == std::string::npos ? from : from + static_cast<std::int64_t>(newline) + 1;
}

}  // namespace

std::string to_text(const Position& position) {
  return position.stamp.empty() ? std::string()
                                : fmt::format("{}:{}", position.stamp, position.offset);
}

std::optional<Position> parse_position(std::string_view text) {
  const auto stamp = take_until(text, ':');
  if (!HomePaths::valid_stamp(stamp)) return {};
  Position out{std::string(stamp), 0};
  const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), out.offset);
  if (error != std::errc() || stop != text.data() + text.size() || out.offset < 0) return {};
  return out;
}

Result<std::unique_ptr<FeedReader>> SegmentReader::make(const HomePaths& home,
                                                        const FeedQuery& query) {
  auto reader = std::make_unique<SegmentReader>(home, query);
  // The watch first: what comes between it and the listing is then seen twice rather than never
  if (query.follow) CDCTL_TRY(reader->watch());
  CDCTL_TRY_ASSIGN(const auto all, segments(home));
  CDCTL_TRY(reader->find_begin(query, all));
  return reader;
}

Result<> SegmentReader::find_begin(const FeedQuery& query, const std::vector<std::string>& all) {
  if (!all.empty()) end_ = {all.back(), last_line_end(home_.segment(all.back()))};
  if (!query.cursor.empty()) {
    const auto position = parse_position(query.cursor);
    if (!position) {
      return fail(
          ExitCode::usage,
          fmt::format("'{}' is not a position in the local feed; leave it out, or use --since",
                      printable(query.cursor, 60)));
    }
    at_ = *position;
    if (since_ && follow_) return look_back();
    since_.reset();
  } else if (since_) {
    at_ = {segment_stamp(*since_), 0};
  } else {
    at_ = end_;
    // A position to come back to, also where nothing was ever sent.
    if (follow_ && at_.stamp.empty()) at_.stamp = k_first_stamp;
  }
  return {};
}

/// Begins before the position, for who starts anew; with the position where that is older.
Result<> SegmentReader::look_back() {
  given_ = at_;
  at_ = std::min(at_, Position{segment_stamp(*since_), 0});
  return {};
}

Result<> SegmentReader::watch() {
  CDCTL_TRY(make_directories(home_.feed(), 0700));
  changes_ = Fd(::inotify_init1(IN_NONBLOCK | IN_CLOEXEC));
  // Without a watch (their number is limited) the reader looks five times a second
  if (changes_.valid() &&
      ::inotify_add_watch(changes_.get(), home_.feed().c_str(), IN_MODIFY | IN_CREATE) < 0)
    changes_.reset();
  return {};
}

Result<std::string> SegmentReader::read_at(const Position& from, std::size_t most) const {
  const auto path = home_.segment(from.stamp);
  const Fd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
  if (!fd.valid()) {
    if (errno == ENOENT) return std::string();  // not begun yet, or pruned
    return fail(ExitCode::unknown, fmt::format("opening {}: {}", path.string(), errno_text(errno)));
  }
  std::string out(most, '\0');
  const auto got = ::pread(fd.get(), out.data(), out.size(), from.offset);
  if (got < 0)
    return fail(ExitCode::unknown, fmt::format("reading {}: {}", path.string(), errno_text(errno)));
  out.resize(static_cast<std::size_t>(got));
  return out;
}

void SegmentReader::take_lines(std::string_view text, std::vector<Json>& out) {
  auto end = at_;
  const auto current = to_rfc3339(now());
  for (const auto line : lines(text)) {
    end.offset += static_cast<std::int64_t>(line.size()) + 1;
    auto json = Json::parse(line);
    if (!json || !json->is_object()) continue;
    const bool replayed = end <= given_;
    if (since_ && (replayed || given_ == Position())) {
      const auto received = parse_rfc3339((*json)["received"].view());
      if (received && *received < *since_) continue;
    }
    // Written while this machine's clock was ahead: it was not later than now.
    if ((*json)["received"].view() > current) json->set("received", current);
    if (replayed) json->set("replayed", true);
    out.push_back(std::move(*json));
  }
}

Result<std::vector<Json>> SegmentReader::read_some(bool& moved) {
  std::vector<Json> out;
  moved = false;
  // Listed before we read: a later file that is in the list means that nobody appends to this one
  // any more
  CDCTL_TRY_ASSIGN(const auto all, segments(home_));
  const auto later = std::ranges::upper_bound(all, at_.stamp);
  std::string text;
  if (!at_.stamp.empty()) {
    CDCTL_TRY_ASSIGN(text, read_at(at_, k_batch));
    if (!text.empty() && !text.contains('\n') && text.size() == k_batch) {
      CDCTL_TRY_ASSIGN(text, read_at(at_, k_longest_line));
    }
  }
  if (const auto last = text.rfind('\n'); last != std::string::npos) {
    take_lines(std::string_view(text).substr(0, last + 1), out);
    at_.offset += static_cast<std::int64_t>(last) + 1;
    moved = true;
  } else if (text.size() == k_longest_line) {
    at_.offset +=
        static_cast<std::int64_t>(text.size());  // no signal is that long: its rest is a bad line
    moved = true;
  } else if (later != all.end()) {
    at_ = {*later, 0};
    moved = true;
  } else if (!follow_) {
    ended_ = true;  // what is left, if anything, is half a line: not there yet
  }
  return out;
}

Result<std::vector<Json>> SegmentReader::do_next(Millis wait) {
  const Deadline deadline(wait);
  while (!at_end()) {
    bool moved = false;
    CDCTL_TRY_ASSIGN(auto out, read_some(moved));
    if (!out.empty()) return out;
    if (moved) continue;
    if (!follow_ || deadline.passed() || Stop::requested()) break;
    wait_for_change(deadline);
  }
  return std::vector<Json>();
}

void SegmentReader::wait_for_change(const Deadline& deadline) const {
  std::array<struct pollfd, 2> fds{{{changes_.get(), POLLIN, 0}, {Stop::fd(), POLLIN, 0}}};
  const auto most = changes_.valid() ? Millis(60'000) : Millis(200);
  ::poll(fds.data(), fds.size(), static_cast<int>(std::min(deadline.left(), most).count()));
  std::array<char, 4096> events;
  while (changes_.valid() && ::read(changes_.get(), events.data(), events.size()) > 0) {
  }
}

}  // namespace cdctl::local
