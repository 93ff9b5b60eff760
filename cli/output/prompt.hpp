#pragma once

#include <optional>
#include <string>
#include <string_view>

#include <cdctl/error.hpp>

#include "cli/output/output.hpp"

namespace cdctl::cli {

/// Asks a person on the terminal: the question goes to stderr, the answer comes from standard
/// input.
class Prompt {
 public:
  explicit Prompt(Output& out) : out_(out) {}

  /// Whether standard input is a terminal: else there is nobody to ask.
  [[nodiscard]] static bool possible();
  /// A line, without blanks round it; an empty one means `otherwise`. Exit code `usage` at the end
  /// of the input, `interrupted` at a stop request.
  [[nodiscard]] Result<std::string> line(std::string_view question,
                                         std::string_view otherwise = {});
  /// The same without echo, and without a default.
  [[nodiscard]] Result<std::string> secret(std::string_view question);
  /// `[Y/n]`
  [[nodiscard]] Result<bool> yes(std::string_view question);

 private:
  [[nodiscard]] static Result<std::string> read_line();
  Output& out_;
};

}  // namespace cdctl::cli
