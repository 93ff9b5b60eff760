#pragma once

#include <cstdint>
#include <deque>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include <sys/types.h>

#include <cdctl/fs.hpp>
#include <cdctl/json.hpp>
#include <cdctl/time.hpp>

namespace cdctl::records {

/// How much of the log is kept. A file that has grown to `bytes` gets a number for good, and
/// `files` numbered ones stay.
struct LogBounds {
  std::int64_t bytes = 8 << 20;
  std::size_t files = 7;
};

/// Adds a line (without its line break) to `outcomes.ndjson` of the home, 0600. Any number of
/// processes may append at once; one that was killed in the middle, or whose disk is full, spoils
/// its own line only. Exit code `failed` when the line could not be kept.
[[nodiscard]] Result<> append_to_log(const std::filesystem::path& home, std::string_view line,
                                     const LogBounds& bounds = {});

/// Reads the log of a home from its oldest line on: the numbered files by number, then the current
/// one. Goes on into the next file when the log is rotated meanwhile. Reads in pieces, and each
/// byte once.
class LogReader {
 public:
  /// `since`: files that were last written earlier are left out. An absent log is an empty one.
  /// Exit code `unknown` for what is no regular file: a pipe or a device has no end.
  [[nodiscard]] static Result<LogReader> open(const std::filesystem::path& home,
                                              std::optional<Time> since);
  /// Goes on where an earlier reader's position() was; from the oldest line on where that file is
  /// gone by now. With an empty one: only what is still to come.
  [[nodiscard]] static Result<LogReader> open_at(const std::filesystem::path& home,
                                                 std::string_view position);
  /// Behind the last record that was given. Plain text; empty while there is no log.
  [[nodiscard]] std::string position() const;
  /// The next record; empty when there is none now. A line that is no record is passed over and
  /// counted; one that has no end yet waits. Of one that is longer than 4 MiB nothing is kept; it
  /// is counted at its end.
  [[nodiscard]] Result<std::optional<Json>> next();
  [[nodiscard]] std::int64_t unreadable() const { return unreadable_; }

 private:
  struct Part {
    Fd file;
    ino_t inode = 0;
    std::int64_t number = 0;  ///< 0: the current one when it was opened
  };
  Result<> find_parts(std::optional<Time> since, ino_t after);
  Result<bool> fill();
  bool next_part();

  std::filesystem::path home_;
  std::deque<Part> parts_;
  std::string buffer_;
  std::size_t at_ = 0;
  std::int64_t base_ = 0;  ///< where in the file the buffer begins
  std::int64_t unreadable_ = 0;
  bool skipping_ = false;  ///< what comes next belongs to a line that is too long
};

}  // namespace cdctl::records
