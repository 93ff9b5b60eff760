#pragma once

#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include <cdctl/error.hpp>
#include <cdctl/json.hpp>

namespace cdctl::feed {

/// One file of the spool, taken out of its writers' reach.
class SpoolFile {
 public:
  explicit SpoolFile(std::filesystem::path path) : path_(std::move(path)) {}

  struct BadLine {
    std::string text, why;
  };
  struct Content {
    std::vector<Json> signals;
    std::vector<BadLine> bad;
  };
  /// All its lines, in either form of a signal. A line without an identity gets one that is the
  /// same at every reading, one without a time is as old as the file. Empty while somebody has the
  /// file open for writing.
  [[nodiscard]] Result<std::optional<Content>> read() const;

 private:
  std::filesystem::path path_;
};

/// Appends the lines, each after its reason, so that a person can mend and spool them again.
[[nodiscard]] Result<> keep_refused(const std::filesystem::path& log,
                                    std::span<const SpoolFile::BadLine> lines);

}  // namespace cdctl::feed
