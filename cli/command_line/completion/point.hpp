#pragma once

#include <memory>
#include <set>
#include <string>
#include <vector>

#include "cli/command_line/command.hpp"
#include "core/plugins/host.hpp"

namespace cdctl::cli::completion {

/// Where on a command line the cursor is: what the word being typed can be.
struct CompletionPoint {
  enum class Kind { nothing, command, group, option, value, external };

  Kind kind = Kind::nothing;
  std::string word;    ///< what is typed of it
  std::string before;  ///< what stands before it in the same word: `--output=`, `-o`
  std::vector<Option>
      options;  ///< those that may come here; they refer to `plugin`, or to the rows
  std::set<std::string> given;     ///< names of the options that are there already
  std::string value;               ///< Kind::value: its name in the row, `SERVICE`
  std::string choices;             ///< what it can be, separated by blanks
  std::vector<std::string> words;  ///< the arguments before it; for an external program all words
  std::string command;             ///< the program of Kind::external
  std::unique_ptr<plugins::PluginInfo> plugin;  ///< whose group this is
};

/// Finds out by the rows of commands and the plugins' manifests. Opens no plugin.
[[nodiscard]] CompletionPoint find_point(plugins::PluginHost& plugins,
                                         const std::vector<std::string>& words);

/// The name of argument `index` in `[SERVICE[@REV]…]`, `MODEL [APPLICATION…]`; empty when there is
/// none.
[[nodiscard]] std::string argument_name(std::string_view arguments, std::size_t index);

}  // namespace cdctl::cli::completion
