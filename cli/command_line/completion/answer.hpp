#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "cli/command_line/completion/live.hpp"
#include "cli/command_line/completion/place.hpp"

namespace cdctl::cli::completion {

struct Candidate {
  std::string value;  ///< the whole word
  std::string note;   ///< for people
};

struct Answer {
  std::vector<Candidate> candidates;
  bool files = false, folders = false;  ///< the shell's own completion of paths
  bool nospace = false;                 ///< the word goes on behind a candidate
};

/// What can stand in place of the word being typed.
[[nodiscard]] Answer answer(plugins::PluginHost& plugins, const Live& live, const Place& place,
                            const Deadline& budget);

/// What the value's name in a row says about its completion.
enum class Kind {
  text,
  file,
  folder,
  service,
  revision,
  set,
  target,
  rule,
  duration,
  engine,
  plugin,
  new_plugin,
  sink,
  verb,
  config_word,
  shell,
  state,
  source,
  data
};
/// Every name that a row may use; null for one that completion has not heard of.
[[nodiscard]] const Kind* kind_of(std::string_view value_name);
/// Candidates of a value.
void add_values(plugins::PluginHost& plugins, const Live& live, const Place& place, Answer& out);

}  // namespace cdctl::cli::completion
