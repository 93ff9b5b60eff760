#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace cdctl::cli {

/// Steps through the text of one flat JSON object without copying. Knows strings of plain ASCII without escapes, whole numbers,
/// words, and one level of objects; whatever else it meets, it gives up, and a JSON parser has to look. Reads up to 16 bytes
/// behind the end.
class FlatText {
 public:
  explicit FlatText(std::string_view text) : at_(text.data()), end_(text.data() + text.size()) {}

  /// Takes `c`, after white space.
  bool take(char c);
  [[nodiscard]] bool sees(char c);
  /// A string without its quotes; empty optional when it is none, or not of the plain kind.
  std::optional<std::string_view> string();
  /// A whole number from 0; empty when it is another value.
  std::optional<std::uint64_t> number();
  /// A number, true, false or null that does not matter.
  bool skip_scalar();
  [[nodiscard]] bool at_end();

 private:
  void skip_space() {
    while (at_ < end_ && (*at_ == ' ' || *at_ == '\t' || *at_ == '\r')) ++at_;
  }
  const char* at_;
  const char* end_;
};

}  // namespace cdctl::cli
