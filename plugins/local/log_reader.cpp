#include "plugins/local/log_reader.hpp"

#include <algorithm>
#include <cerrno>
#include <utility>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fmt/format.h>

#include <cdctl/release.hpp>
#include <cdctl/stop.hpp>

#include "plugins/local/log_lines.hpp"

namespace cdctl::local {

namespace fs = std::filesystem;

namespace {

constexpr std::size_t k_piece = 64u << 10, k_most_lines = 1000;
constexpr Millis k_look_again(100);

Fd open_log(const fs::path& path) {
  return Fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
}

fs::path older(const fs::path& file) { return file.string() + ".1"; }

ino_t inode_of(const fs::path& path) {
  struct stat info{};
  return ::stat(path.c_str(), &info) == 0 ? info.st_ino : 0;
}

/// Where the last `lines` of a file begin; takes off `lines` what it has of them.
std::int64_t tail_offset(int fd, std::int64_t& lines) {
  struct stat info{};
  if (::fstat(fd, &info) != 0 || info.st_size == 0) return 0;
  if (lines <= 0) return info.st_size;
  std::string piece(k_piece, '\0');
  std::int64_t breaks = 0;
  for (auto end = info.st_size; end > 0;) {
    const auto from = std::max<off_t>(end - static_cast<off_t>(k_piece), 0);
    const auto got = ::pread(fd, piece.data(), static_cast<std::size_t>(end - from), from);
    if (got <= 0) break;
    for (auto at = from + got - 1; at >= from; --at) {
      // The break at the very end begins no line
      if (piece[static_cast<std::size_t>(at - from)] != '\n' || at == info.st_size - 1) continue;
      if (++breaks < lines) continue;
      lines = 0;
      return at + 1;
    }
    end = from;
  }
  lines -= breaks + 1;
  return 0;
}

}  // namespace

UnitLog::UnitLog(fs::path file, std::string unit, std::string process)
    : file_(std::move(file)), unit_(std::move(unit)), process_(std::move(process)) {
  open_at(older(file_), 0);
  if (!fd_.valid()) open_at(file_, 0);
}

void UnitLog::open_at(const fs::path& path, std::int64_t offset) {
  fd_ = open_log(path);
  struct stat info{};
  inode_ = fd_.valid() && ::fstat(fd_.get(), &info) == 0 ? info.st_ino : 0;
  if (fd_.valid() && offset > 0) ::lseek(fd_.get(), offset, SEEK_SET);
}

void UnitLog::skip_to_tail(std::int64_t lines) {
  const bool older_too = fd_.valid() && inode_ != inode_of(file_);
  if (const Fd current = open_log(file_); current.valid()) {
    const auto offset = tail_offset(current.get(), lines);
    if (lines <= 0 || !older_too) return open_at(file_, offset);
  }
  if (fd_.valid()) ::lseek(fd_.get(), tail_offset(fd_.get(), lines), SEEK_SET);
}

/// From one that was rotated away to the one after it.
void UnitLog::next_file() {
  // Rotated twice since: the one between is there still
  const auto between = inode_of(older(file_));
  open_at(between != 0 && between != inode_ ? older(file_) : file_, 0);
}

bool UnitLog::fill() {
  buffer_.erase(0, std::exchange(at_, 0));
  for (;;) {
    // Asked before we read: what was written before the rotation is read before we leave the file
    const auto current = inode_of(file_);
    const bool rotated = current != 0 && current != inode_;
    const auto had = buffer_.size();
    buffer_.resize(had + k_piece);
    const auto got = fd_.valid() ? ::read(fd_.get(), buffer_.data() + had, k_piece) : 0;
    buffer_.resize(had + static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
    if (got > 0) return true;
    if (!rotated) return false;
    next_file();
  }
}

const LogLine* UnitLog::peek(bool last) {
  if (line_) return &*line_;
  auto end = buffer_.find('\n', at_);
  while (end == std::string::npos) {
    const auto had = buffer_.size() - at_;
    if (had > 2 * k_longest_line) {
      left_out_ += static_cast<std::int64_t>(had - k_longest_line);
      buffer_.resize(at_ + k_longest_line);
    }
    if (!fill()) break;
    end = buffer_.find('\n', at_);
  }
  const bool whole = end != std::string::npos;
  if (!whole && (!last || at_ == buffer_.size())) return nullptr;
  if (!whole) end = buffer_.size();
  const auto logged = parse_logged_line(std::string_view(buffer_).substr(at_, end - at_));
  line_ = LogLine{unit_, process_, logged.time, std::string(logged.text), logged.engine, left_out_};
  if (line_->text.size() > k_longest_line) {
    line_->left_out += static_cast<std::int64_t>(line_->text.size() - k_longest_line);
    line_->text.resize(k_longest_line);
  }
  at_ = whole ? end + 1 : end;
  left_out_ = 0;
  return &*line_;
}

LogLine UnitLog::take() {
  auto out = std::move(*line_);
  line_.reset();
  return out;
}

LogReader::LogReader(fs::path folder, fs::path set, std::map<std::string, std::string> processes,
                     LogQuery query)
    : folder_(std::move(folder)),
      set_(std::move(set)),
      processes_(std::move(processes)),
      query_(std::move(query)) {
  if (!set_.empty()) set_inode_ = inode_of(set_);
}

bool LogReader::set_is_gone() const { return set_.empty() || inode_of(set_) != set_inode_; }

/// Those that are there; later ones are of units that were added. `first`: with --tail.
Result<> LogReader::look_for_units(bool first) {
  std::error_code error;
  for (fs::directory_iterator at(folder_, error), end; !error && at != end; at.increment(error)) {
    const auto name = at->path().filename().string();
    if (!name.ends_with(".log")) continue;
    const auto unit = name.substr(0, name.size() - 4);
    if (units_.contains(unit)) continue;
    if (!query_.units.empty() && std::ranges::find(query_.units, unit) == query_.units.end())
      continue;
    const auto known = processes_.find(unit);
    const auto process = unit == k_release           ? unit
                         : known == processes_.end() ? std::string()
                                                     : known->second;
    auto& log = units_.emplace(unit, UnitLog(at->path(), unit, process)).first->second;
    if (first && query_.tail) log.skip_to_tail(*query_.tail);
  }
  if (error && error != std::errc::no_such_file_or_directory)
    return fail(ExitCode::unknown,
                fmt::format("listing {}: {}", folder_.string(), error.message()));
  return {};
}

/// The oldest of all units first. A line without a time goes with those before it.
std::vector<LogLine> LogReader::take_what_is_there(bool last) {
  std::vector<LogLine> out;
  while (out.size() < k_most_lines) {
    UnitLog* next = nullptr;
    const LogLine* oldest = nullptr;
    for (auto& [unit, log] : units_) {
      const auto* line = log.peek(last);
      if (!line) continue;
      if (oldest && line->time.value_or(Time()) >= oldest->time.value_or(Time())) continue;
      next = &log;
      oldest = line;
    }
    if (!next) break;
    auto line = next->take();
    if (!query_.since || !line.time || *line.time >= *query_.since) out.push_back(std::move(line));
  }
  return out;
}

Result<std::vector<LogLine>> LogReader::do_next(Millis wait) {
  const Deadline deadline(wait);
  for (;;) {
    // Asked before we read: what was written by then is read below
    const bool gone = set_is_gone();
    CDCTL_TRY(look_for_units(!std::exchange(looked_, true)));
    auto out = take_what_is_there(gone || !query_.follow);
    if (!out.empty()) return out;
    if (gone || !query_.follow) at_end_ = true;
    if (at_end_ || deadline.passed() || Stop::requested()) return out;
    pause_for(std::min(k_look_again, std::max(deadline.left(), Millis(1))));
  }
}

}  // namespace cdctl::local
