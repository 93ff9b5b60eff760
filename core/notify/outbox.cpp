#include "core/notify/outbox.hpp"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <utility>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cdctl/fs.hpp>
#include <cdctl/stop.hpp>
#include <cdctl/text.hpp>

#include "core/files/in_place.hpp"

namespace cdctl::notify {

namespace fs = std::filesystem;

namespace {

constexpr const char *k_again = "again.ndjson", *k_position = "position.json",
                     *k_refused = "refused.ndjson", *k_replayed = "replayed.ndjson",
                     *k_dropped = "dropped";
constexpr Millis k_lock_wait{10'000};
constexpr std::uintmax_t k_most_refused = 16u << 20;
constexpr std::size_t k_longest_why = 400;
constexpr std::int64_t k_highest = 1'000'000'000'000'000;  ///< of a count, so that it can go on

std::uint64_t segment_of(std::string_view name) {
  constexpr std::string_view tail = ".ndjson";
  if (!name.ends_with(tail)) return 0;
  name.remove_suffix(tail.size());
  std::uint64_t out = 0;
  const auto [stop, error] = std::from_chars(name.data(), name.data() + name.size(), out);
  return error == std::errc() && stop == name.data() + name.size() ? out : 0;
}

std::vector<std::uint64_t> segments_in(const fs::path& folder) {
  std::vector<std::uint64_t> out;
  std::error_code error;
  for (fs::directory_iterator at(folder, error), end; !error && at != end; at.increment(error))
    if (const auto number = segment_of(at->path().filename().string()); number > 0)
      out.push_back(number);
  std::ranges::sort(out);
  return out;
}

fs::path segment_path(const fs::path& folder, std::uint64_t number) {
  return folder / fmt::format("{}.ndjson", number);
}

std::uintmax_t size_of(const fs::path& path) {
  std::error_code error;
  const auto size = fs::file_size(path, error);
  return error ? 0 : size;
}

std::unexpected<Error> failed(std::string_view doing, const fs::path& path, int why) {
  return fail(fmt::format("{} {}: {}", doing, path.string(), errno_text(why)));
}

/// Appends whole lines, or nothing: what a full disk has taken of them is taken back.
Result<> append(const fs::path& path, const std::string& text) {
  const Fd file(::open(path.c_str(),
                       O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600));
  if (!file.valid()) return failed("opening", path, errno);
  struct stat info{};
  if (::fstat(file.get(), &info) != 0) return failed("reading", path, errno);
  char last = '\n';
  // Someone was killed in the middle of a line: ours begins on one of its own.
  if (info.st_size > 0) (void)!::pread(file.get(), &last, 1, info.st_size - 1);
  if (write_all(file.get(), last == '\n' ? text : "\n" + text) && ::fdatasync(file.get()) == 0)
    return {};
  const int why = errno;
  (void)!::ftruncate(file.get(), info.st_size);
  return failed("writing", path, why);
}

/// The whole lines that a text begins with, as many as are wanted; and where the next one begins.
std::pair<std::vector<std::string_view>, std::size_t> first_lines(std::string_view text,
                                                                  std::size_t most) {
  std::vector<std::string_view> out;
  std::size_t at = 0;
  while (out.size() < most) {
    const auto end = text.find('\n', at);
    if (end == text.npos) break;
    out.push_back(text.substr(at, end - at));
    at = end + 1;
  }
  return {std::move(out), at};
}

void add_line(Outbox::Batch& batch, std::string_view line) {
  if (line.empty()) return;
  auto record = Json::parse(line);
  if (!record || !record->is_object()) {
    ++batch.unreadable;
    return;
  }
  batch.records.push_back(std::move(*record));
  batch.lines.emplace_back(line);
}

/// A piece of a file that ends with a whole line, where one fits; longer than `most` only for a
/// single line.
Result<std::string> read_piece(const Fd& file, const fs::path& path, std::uint64_t from,
                               std::size_t most) {
  std::string out;
  for (;;) {
    const auto had = out.size();
    out.resize(had + most);
    const auto got = ::pread(file.get(), out.data() + had, most, static_cast<off_t>(from + had));
    if (got < 0) return failed("reading", path, errno);
    out.resize(had + static_cast<std::size_t>(got));
    if (got == 0 || out.contains('\n')) return out;
  }
}

bool is_signal(std::string_view line) { return line.contains("\"cdctl.signal/"); }

std::size_t count_lines(const fs::path& path, std::uint64_t from) {
  const Fd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  std::size_t out = 0;
  std::string piece(1u << 20, '\0');
  for (auto at = static_cast<off_t>(from); file.valid();) {
    const auto got = ::pread(file.get(), piece.data(), piece.size(), at);
    if (got <= 0) break;
    out += static_cast<std::size_t>(std::count(piece.begin(), piece.begin() + got, '\n'));
    at += got;
  }
  return out;
}

std::int64_t read_count(const fs::path& path) {
  const auto text = read_file_if_there(path);
  if (!text || !*text) return 0;
  std::int64_t out = 0;
  (void)std::from_chars((*text)->data(), (*text)->data() + (*text)->size(), out);
  return std::clamp<std::int64_t>(out, 0, k_highest);
}

/// Of one size each, so that they can be written over where a full disk has no room for another.
constexpr std::size_t k_position_size = 1024, k_count_size = 24;

Result<> add_to_count(const fs::path& path, std::int64_t more) {
  return files::replace_small(path,
                              files::padded(std::to_string(read_count(path) + more), k_count_size));
}

Json time_or_null(const std::optional<Time>& time) {
  return time ? Json(to_rfc3339(*time)) : Json();
}

}  // namespace

Result<Outbox> Outbox::open(const fs::path& own, const std::string& receiver, OutboxBounds bounds) {
  Outbox out;
  out.folder_ = own / "notify" / receiver;
  out.bounds_ = bounds;
  CDCTL_TRY(make_directories(out.folder_, 0700));
  // There before it is needed, on a disk that is full then.
  if (std::error_code error; !fs::exists(out.folder_ / k_dropped, error))
    (void)add_to_count(out.folder_ / k_dropped, 0);
  return out;
}

Result<> Outbox::put(std::span<const std::string> lines) const {
  if (lines.empty()) return {};
  std::string text;
  for (const auto& line : lines) text.append(line).push_back('\n');
  CDCTL_TRY_ASSIGN(const auto lock, OfdLock::acquire(folder_ / "lock", Deadline(k_lock_wait)));
  if (!lock)
    return fail(ExitCode::timeout,
                fmt::format("{} is locked by another process", folder_.string()));
  auto segments = segments_in(folder_);
  if (segments.empty()) {
    CDCTL_TRY_ASSIGN(const auto at, position());
    segments.push_back(at.segment);
  } else if (size_of(segment_path(folder_, segments.back())) >= bounds_.segment) {
    segments.push_back(segments.back() + 1);
    make_room(segments);
  }
  return append(segment_path(folder_, segments.back()), text);
}

/// Signals leave before what was done and decided: there are many, and the search index alone has
/// use for old ones. The file that is being sent, and the newest, stay.
void Outbox::make_room(const std::vector<std::uint64_t>& segments) const {
  std::uintmax_t total = 0;
  for (const auto number : segments) total += size_of(segment_path(folder_, number));
  const auto at = position();
  std::int64_t dropped = 0;
  const auto shrink = [&](bool all) {
    for (const auto number : segments) {
      if (total <= bounds_.total || number >= segments.back()) return;
      if (!at || number <= at->segment) continue;
      const auto path = segment_path(folder_, number);
      const auto before = read_file(path);
      if (!before) continue;
      std::string kept;
      const auto [all_lines, end] = first_lines(*before, before->size());
      for (const auto line : all_lines)
        if (all || is_signal(line))
          ++dropped;
        else
          kept.append(line).push_back('\n');
      const auto done = kept.empty() ? Result<>() : write_file_atomically(path, kept, 0600);
      if (kept.empty()) (void)::unlink(path.c_str());
      if (done) total -= before->size() - kept.size();
    }
  };
  shrink(false);
  shrink(true);
  if (dropped > 0) (void)add_to_count(folder_ / k_dropped, dropped);
}

void Outbox::count_dropped(std::int64_t count) const {
  const auto lock = OfdLock::acquire(folder_ / "lock", Deadline(k_lock_wait));
  if (lock && *lock) (void)add_to_count(folder_ / k_dropped, count);
}

Result<Outbox::Batch> Outbox::take_again(const std::string& text, std::size_t most_records,
                                         std::size_t most_bytes) const {
  Batch out;
  std::size_t bytes = 0;
  const auto [all, end] = first_lines(text, text.size());
  for (const auto line : all) {
    if (out.records.size() >= most_records || bytes >= most_bytes) {
      out.left.emplace_back(line);
      continue;
    }
    add_line(out, line);
    bytes += line.size();
  }
  return out;
}

Result<Outbox::Batch> Outbox::take(std::size_t most_records, std::size_t most_bytes) {
  CDCTL_TRY_ASSIGN(const auto again, read_file_if_there(folder_ / k_again));
  if (again && !again->empty()) {
    CDCTL_TRY_ASSIGN(auto out, take_again(*again, most_records, most_bytes));
    if (!out.records.empty() || out.unreadable > 0) return out;  // else it is nothing but blanks
  }
  CDCTL_TRY_ASSIGN(auto at, position());
  for (;;) {
    const auto segments = segments_in(folder_);
    if (segments.empty()) return Batch();
    auto next = std::ranges::lower_bound(segments, at.segment);
    if (next == segments.end()) next = segments.begin();  // somebody removed what we were at
    if (*next != at.segment) at.segment = *next, at.offset = 0;
    const auto path = segment_path(folder_, at.segment);
    const Fd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
    if (!file.valid()) return failed("opening", path, errno);
    if (at.offset > size_of(path)) at.offset = 0;  // and began it anew
    CDCTL_TRY_ASSIGN(const auto piece, read_piece(file, path, at.offset, most_bytes));
    const auto [found, end] = first_lines(piece, most_records);
    Batch out;
    out.segment = at.segment;
    out.end = at.offset + end;
    for (const auto line : found) add_line(out, line);
    if (!out.records.empty() || out.unreadable > 0) return out;
    if (end > 0) {  // empty lines: what comes behind them is to be sent as well
      at.offset = out.end;
      CDCTL_TRY(store(at));
      continue;
    }
    if (next + 1 == segments.end()) return Batch();
    // Nobody adds to it any more: a later one is there. What has no end will never have one.
    (void)::unlink(path.c_str());
    ++at.segment;
    at.offset = 0;
    CDCTL_TRY(store(at));
  }
}

Result<> Outbox::keep_refused(const Batch& batch, const PassAnswer& answer) const {
  std::string text;
  for (const auto& refused : answer.refused)
    if (refused.index < batch.records.size())
      text += Json::object({{"time", to_rfc3339(now())},
                            {"why", refused.why},
                            {"record", batch.records[refused.index]}})
                  .dump() +
              "\n";
  if (text.empty()) return {};
  const auto path = folder_ / k_refused;
  if (size_of(path) > k_most_refused)
    (void)::rename(path.c_str(), (path.string() + ".old").c_str());
  return append(path, text);
}

Result<> Outbox::settle(const Batch& batch, const PassAnswer& answer) {
  CDCTL_TRY(keep_refused(batch, answer));
  std::string again;
  for (const auto index : answer.again)
    if (index < batch.lines.size()) again.append(batch.lines[index]).push_back('\n');
  for (const auto& line : batch.left) again.append(line).push_back('\n');
  const auto path = folder_ / k_again;
  if (!again.empty() || batch.segment == 0) CDCTL_TRY(write_file_atomically(path, again, 0600));
  crash_point("notify.settled");
  CDCTL_TRY_ASSIGN(auto at, position());
  if (batch.segment > 0) at.segment = batch.segment, at.offset = batch.end;
  const auto taken = batch.records.size() -
                     std::min(batch.records.size(), answer.again.size() + answer.refused.size());
  at.sent += static_cast<std::int64_t>(taken);
  at.refused += static_cast<std::int64_t>(answer.refused.size() + batch.unreadable);
  if (taken > 0) at.last_sent = now();
  const bool well = answer.again.empty() || answer.why.empty();
  at.tries = well ? 0 : at.tries + 1;
  at.why = well ? std::string() : answer.why;
  at.not_before.reset();
  return store(at);
}

Result<> Outbox::put_off(Millis wait, const std::string& why) {
  CDCTL_TRY_ASSIGN(auto at, position());
  ++at.tries;
  at.why = why;
  at.not_before = now() + wait;
  return store(at);
}

Result<Outbox::Position> Outbox::position() const {
  Position out;
  const auto path = folder_ / k_position;
  CDCTL_TRY_ASSIGN(const auto text, read_file_if_there(path));
  if (!text) return out;
  const auto json = Json::parse(*text);
  if (!json || !json->is_object())
    return fail(
        fmt::format("{} is damaged; remove it: what waits is sent from its beginning, some "
                    "of it for the second time",
                    path.string()));
  const auto number = [&](const char* key) {
    return std::clamp<std::int64_t>((*json)[key].as_int(), 0, k_highest);
  };
  out.segment = static_cast<std::uint64_t>(std::max<std::int64_t>(number("segment"), 1));
  out.offset = static_cast<std::uint64_t>(number("offset"));
  out.sent = number("sent");
  out.refused = number("refused");
  out.tries = number("tries");
  out.last_sent = parse_rfc3339((*json)["last_sent"].view());
  out.not_before = parse_rfc3339((*json)["not_before"].view());
  out.why = printable((*json)["why"].view(), k_longest_why);
  return out;
}

Result<> Outbox::store(const Position& position) const {
  const auto json = Json::object({{"segment", position.segment},
                                  {"offset", position.offset},
                                  {"sent", position.sent},
                                  {"refused", position.refused},
                                  {"tries", position.tries},
                                  {"last_sent", time_or_null(position.last_sent)},
                                  {"not_before", time_or_null(position.not_before)},
                                  {"why", printable(position.why, k_longest_why)}});
  return files::replace_small(folder_ / k_position, files::padded(json.dump(), k_position_size));
}

Result<Outbox::Status> Outbox::status(bool count) const {
  CDCTL_TRY_ASSIGN(const auto at, position());
  Status out;
  const auto segments = segments_in(folder_);
  const bool lost = !segments.empty() && segments.back() < at.segment;
  for (const auto number : segments) {
    if (number < at.segment && !lost) continue;
    const auto path = segment_path(folder_, number);
    const auto size = size_of(path);
    const auto from = number == at.segment && at.offset <= size ? at.offset : 0;
    out.waiting_bytes += size - from;
    if (count) out.waiting += count_lines(path, from);
  }
  out.waiting_bytes += size_of(folder_ / k_again);
  if (count) out.waiting += count_lines(folder_ / k_again, 0);
  if (count) out.letters = count_lines(folder_ / k_refused, 0);
  out.sent = at.sent;
  out.refused = at.refused;
  out.tries = at.tries;
  out.dropped = read_count(folder_ / k_dropped);
  out.last_sent = at.last_sent;
  out.not_before = at.not_before;
  out.why = at.why;
  return out;
}

Result<std::size_t> Outbox::replay() {
  // Set aside first: what is refused meanwhile begins a new file. One that is there already is of a
  // replay that was killed.
  const auto path = folder_ / k_refused, aside = folder_ / k_replayed;
  std::error_code error;
  if (!fs::exists(aside, error) && ::rename(path.c_str(), aside.c_str()) != 0) {
    if (errno == ENOENT) return 0;
    return failed("moving", path, errno);
  }
  CDCTL_TRY_ASSIGN(const auto text, read_file(aside));
  std::vector<std::string> lines;
  for (const auto line : cdctl::lines(text))
    if (const auto letter = Json::parse(line); letter && (*letter)["record"].is_object())
      lines.push_back((*letter)["record"].dump());
  CDCTL_TRY(put(lines));
  (void)::unlink(aside.c_str());
  return lines.size();
}

Result<std::optional<OfdLock>> sender_turn(const Outbox& outbox, const Deadline& deadline) {
  return OfdLock::acquire(outbox.folder() / "sender.lock", deadline);
}

Result<std::vector<std::string>> outboxes(const fs::path& own) {
  std::vector<std::string> out;
  std::error_code error;
  const auto folder = own / "notify";
  for (fs::directory_iterator at(folder, error), end; !error && at != end; at.increment(error))
    if (at->is_directory(error)) out.push_back(at->path().filename().string());
  // None was made yet, or nobody may look.
  if (error && error != std::errc::no_such_file_or_directory)
    return fail(ExitCode::unknown, fmt::format("reading {}: {}", folder.string(), error.message()));
  std::ranges::sort(out);
  return out;
}

}  // namespace cdctl::notify
