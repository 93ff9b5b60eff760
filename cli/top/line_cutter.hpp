#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace cdctl::cli {

/// Cuts what comes in pieces into lines. One that is longer than a record may be is left out, and
/// counted.
class LineCutter {
 public:
  static constexpr std::size_t k_longest = 4u << 20;

  /// Puts the lines that are whole now behind `lines`, without their newlines.
  void add(std::string_view piece, std::vector<std::string>& lines);
  /// How many were left out since this was asked last.
  [[nodiscard]] std::size_t left_out() { return std::exchange(left_out_, 0); }

 private:
  std::string rest_;
  std::size_t left_out_ = 0;
  bool leaving_out_ = false;  ///< what comes is the rest of a line that is too long
};

}  // namespace cdctl::cli
