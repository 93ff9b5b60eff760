#pragma once

#include <string_view>

#include "cli/command_line/completion/completions.hpp"

namespace cdctl::cli::completion {

/// What the value's name in a row says about its completion.
enum class ValueKind {
  text,
  file,
  folder,
  service,
  revision,
  set,
  target,
  landing_target,
  vote,
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
[[nodiscard]] const ValueKind* kind_of(std::string_view value_name);
/// What the value being typed can be.
void add_values(plugins::PluginHost& plugins, const Live& live, const CompletionPoint& point,
                Completions& out);

}  // namespace cdctl::cli::completion
