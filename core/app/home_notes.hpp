#pragma once

#include <filesystem>
#include <string>

#include <cdctl/json.hpp>

namespace cdctl::app {

/// Small JSON files in a folder of the home, by the name of a set or a commit's id. Best effort:
/// they serve people; where one is missing, nothing is done that it would have led to.
class HomeNotes {
 public:
  explicit HomeNotes(std::filesystem::path folder) : folder_(std::move(folder)) {}

  void put(const std::string& name, const Json& note) const;
  /// Null where there is none, or it cannot be read.
  [[nodiscard]] Json get(const std::string& name) const;
  /// Those that were last written more than a year ago.
  void forget_old() const;

 private:
  std::filesystem::path folder_;
};

}  // namespace cdctl::app
