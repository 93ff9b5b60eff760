#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace cdctl::mojo {

/// Replaces secrets in text that people get to see, and in logs.
class Mask {
 public:
  /// Masks a value of more than 6 characters; shorter ones would turn ordinary text into stars. Of
  /// a value of several lines, each line is one.
  void add(std::string_view secret);
  /// Masks the values of our own environment whose names say that they are secrets.
  void add_environment();
  /// Masks what a secrets file holds: its values as KEY=VALUE, YAML, JSON or one a line, and
  /// passwords in addresses.
  void add_text(std::string_view text);
  /// Masks what follows `=` on lines of an environment file whose names say that they are secrets.
  void add_environment_text(std::string_view text);
  [[nodiscard]] std::string apply(std::string text) const;
  /// Length of the longest secret: text is cut only where none can be cut in two.
  [[nodiscard]] std::size_t longest() const {
    return secrets_.empty() ? 0 : secrets_.front().size();
  }

 private:
  void add_url(std::string_view text);

  std::vector<std::string>
      secrets_;  ///< longest first, so that one inside another leaves nothing over
};

}  // namespace cdctl::mojo
