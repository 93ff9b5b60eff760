#pragma once

#include <cstddef>
#include <filesystem>
#include <functional>
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
    std::size_t signals = 0;   ///< that were taken
    std::vector<BadLine> bad;  ///< as many as fit a log
  };
  using Take = std::function<Result<>(std::span<const Json> signals)>;
  /// Hands all its lines to `take`, in either form of a signal and a batch at a time; its first
  /// error is ours. A line without an identity gets one that is the same at every reading, one
  /// without a time is as old as the file. Empty while somebody has the file open for writing.
  [[nodiscard]] Result<std::optional<Content>> read(const Take& take) const;

 private:
  std::filesystem::path path_;
};

/// Appends the lines, each after its reason, so that a person can mend and spool them again.
[[nodiscard]] Result<> keep_refused(const std::filesystem::path& log,
                                    std::span<const SpoolFile::BadLine> lines);

}  // namespace cdctl::feed
