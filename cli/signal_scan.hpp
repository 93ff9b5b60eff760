#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "breaker.hpp"

namespace cdctl::cli {

/// Reads the few fields of a signal line that a breaker needs, without building a tree for each line.
class SignalScanner {
 public:
  enum class Kind { signal, error, other, bad };

  SignalScanner();
  ~SignalScanner();

  /// `line` must have LineReader::k_padding readable bytes behind it. The views in observation() hold until the next call.
  Kind scan(std::string_view line);
  [[nodiscard]] const Observation& observation() const { return observation_; }
  [[nodiscard]] const std::string& service() const { return service_; }  ///< of an error record; empty = all
  [[nodiscard]] const std::string& why() const { return why_; }          ///< of a bad line

 private:
  Kind take_slowly(std::string_view line);

  struct Parser;
  std::unique_ptr<Parser> parser_;
  Observation observation_;
  Json kept_;  ///< holds the views of a signal that came as a CloudEvent
  std::string service_, why_;
};

}  // namespace cdctl::cli
