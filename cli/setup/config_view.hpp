#pragma once

#include <span>
#include <string>
#include <vector>

#include "cli/output/context.hpp"
#include "core/config/load.hpp"

namespace cdctl::cli {

/// `config show`: a `cdctl.setting/1` record for each key with a value in force, and where it comes
/// from. Of these services alone when some are named. Reads the files; exit code `config` when one
/// cannot be read.
[[nodiscard]] Result<> show_settings(Context& context, const config::ConfigPlace& place,
                                     std::span<const std::string> services);

/// One thing that is wrong in a file. Line and column are 0 where no line is to blame.
struct ConfigProblem {
  std::filesystem::path file;
  unsigned line = 0, column = 0;
  std::string what;
};
/// Everything that can be said without asking anyone: structure, types, rules, checks, secrets'
/// files.
[[nodiscard]] std::vector<ConfigProblem> find_problems(const config::ConfigPlace& place,
                                                       plugins::PluginHost& plugins);

/// `config explain`: the keys that `word` names by their whole name or their last part; all without
/// one. Exit code `usage` with the nearest name when there is none.
[[nodiscard]] Result<> explain_keys(Context& context, const std::string& word);

}  // namespace cdctl::cli
