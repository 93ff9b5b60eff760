#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "cli/command_line/completion/live.hpp"
#include "cli/command_line/completion/point.hpp"

namespace cdctl::cli::completion {

struct Completion {
  std::string value;  ///< the whole word
  std::string note;   ///< for people
};

struct Completions {
  std::vector<Completion> words;
  bool files = false, folders = false;  ///< the shell's own completion of paths
  bool nospace = false;                 ///< the word goes on behind a candidate
};

/// What can stand in place of the word being typed.
[[nodiscard]] Completions completions_at(plugins::PluginHost& plugins, const Live& live,
                                         const CompletionPoint& point, const Deadline& budget);

}  // namespace cdctl::cli::completion
