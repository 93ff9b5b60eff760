#pragma once

#include <set>
#include <string>
#include <string_view>

namespace cdctl::mojo {

/// The names of releases: those of the distro-info data of this machine, or a short list of our own
/// without it.
class SeriesNames {
 public:
  SeriesNames();

  /// The first release named in `text` as a word of its own (letters and digits make words), but
  /// not inside `${...}`: a default can be a release. Empty without one.
  [[nodiscard]] std::string_view find(std::string_view text) const;
  [[nodiscard]] bool contains(std::string_view name) const { return names_.contains(name); }

 private:
  void read(const char* file);

  std::set<std::string, std::less<>> names_;
};

/// Whether `text` holds `name` as a word of its own.
[[nodiscard]] bool holds_word(std::string_view text, std::string_view name);

}  // namespace cdctl::mojo
