#pragma once

#include <string_view>

#include <cdctl/json.hpp>

namespace cdctl::app {

/// Where records go, and what there is to say beside them. What stands behind it prints; core/
/// knows no more of a terminal than this.
class Output {
 public:
  virtual ~Output() = default;
  /// One record in the format that was chosen.
  virtual void write(const Json& record) = 0;
  /// Everything so far leaves the process. Returns false once nothing can: see broken().
  virtual bool flush() = 0;
  /// Whether nothing leaves stdout any more: stop. Why was told where that is no reader that has
  /// gone.
  [[nodiscard]] virtual bool broken() const = 0;

  /// `cdctl: warning: …` on stderr, one line.
  virtual void warning(std::string_view line) = 0;
  virtual void note(std::string_view line) = 0;   ///< not with --quiet
  virtual void debug(std::string_view line) = 0;  ///< only with --verbose
  virtual void error(std::string_view line) = 0;  ///< `cdctl: …`
  /// A passing line for people who watch: only when stderr is a terminal.
  virtual void progress(std::string_view line) = 0;
};

}  // namespace cdctl::app
