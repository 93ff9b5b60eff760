#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include <cdctl/json.hpp>

namespace cdctl {

/// A parsed command line: what the user gave for the rows of a command.
struct Arguments {
  std::vector<std::string> words;  ///< the positional arguments
  std::map<std::string, std::vector<std::string>, std::less<>>
      options;  ///< flags have one empty value

  [[nodiscard]] bool has(std::string_view name) const { return options.contains(name); }
  /// The last value given, or `otherwise`.
  [[nodiscard]] std::string value(std::string_view name, std::string_view otherwise = {}) const;
  [[nodiscard]] std::vector<std::string> values(std::string_view name) const;
};

namespace plugin {

/// What a plugin's command gets.
struct CommandArguments {
  Arguments args;
  /// Writes one record to stdout in the format the user chose.
  std::function<void(const Json&)> write;
  /// Everything written so far leaves the process: before a wait that may be long.
  std::function<void()> flush;
  /// Says why it failed, on stderr.
  std::function<void(const Error&)> report;
};

}  // namespace plugin
}  // namespace cdctl
