#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include <sys/types.h>

#include <cdctl/fs.hpp>
#include <cdctl/roles/unit_log.hpp>

namespace cdctl::local {

/// Longer lines are given cut; the rest of them is counted.
constexpr std::size_t k_longest_line = 16u << 10;

/// The log of one unit, over rotations. Reads in pieces, and each byte once.
class UnitLog {
 public:
  /// `file`: `N.log`; the older one beside it is read first.
  UnitLog(std::filesystem::path file, std::string unit, std::string process);
  /// Leaves out all but the last lines.
  void skip_to_tail(std::int64_t lines);
  /// The next line, without taking it; nullptr when there is none now. `last`: nobody writes any
  /// more, so what has no end is a line, too.
  [[nodiscard]] const LogLine* peek(bool last);
  [[nodiscard]] LogLine take();

 private:
  bool fill();
  void next_file();
  void open_at(const std::filesystem::path& path, std::int64_t offset);

  std::filesystem::path file_;
  std::string unit_, process_;
  Fd fd_;
  ino_t inode_ = 0;
  std::string buffer_;
  std::size_t at_ = 0;         ///< in the buffer: where the next line begins
  std::int64_t left_out_ = 0;  ///< of the line that is being read
  std::optional<LogLine> line_;
};

/// The logs of a set's units: below its folder, or below `logs/` where it is reaped.
class LogReader final : public UnitLogReader {
 public:
  /// `folder`: where the logs are; `set`: the set's folder while it is there, else empty.
  LogReader(std::filesystem::path folder, std::filesystem::path set,
            std::map<std::string, std::string> processes, LogQuery query);

 protected:
  [[nodiscard]] Result<std::vector<LogLine>> do_next(Millis wait) override;
  [[nodiscard]] bool do_at_end() const override { return at_end_; }

 private:
  [[nodiscard]] Result<> look_for_units(bool first);
  [[nodiscard]] bool set_is_gone() const;
  [[nodiscard]] std::vector<LogLine> take_what_is_there(bool last);

  std::filesystem::path folder_, set_;
  ino_t set_inode_ = 0;
  std::map<std::string, std::string> processes_;  ///< by unit
  LogQuery query_;
  std::map<std::string, UnitLog> units_;
  bool looked_ = false, at_end_ = false;
};

}  // namespace cdctl::local
