#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include <cdctl/fs.hpp>

namespace cdctl::local {

/// What a unit writes, each line behind the time at which it began (log_lines.hpp): at most 8 MiB,
/// beside one older file of the same size (`.1`). A full disk loses lines, never a unit: what
/// cannot be written is dropped, and the number of dropped bytes is noted once there is room again.
class LogFile {
 public:
  explicit LogFile(std::string path) : path_(std::move(path)) {}
  void write(std::string_view bytes);
  /// A line of our own: `exit status 1; starts again in 200ms`.
  void note(std::string_view text);

 private:
  void open();
  /// The file, with room for so much more. What does not fit goes on in a new one.
  void make_ready(std::size_t bytes);
  std::size_t put(std::string_view bytes);
  void take_back(std::size_t bytes);
  bool put_note(std::string_view text);
  std::string path_;
  Fd fd_;
  std::uint64_t size_ = 0, dropped_ = 0;
  bool mid_line_ = false;
};

}  // namespace cdctl::local
