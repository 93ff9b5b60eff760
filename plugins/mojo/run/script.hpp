#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include <cdctl/child.hpp>
#include <cdctl/error.hpp>
#include <cdctl/host.hpp>
#include <cdctl/time.hpp>

#include "plugins/mojo/text/mask.hpp"

namespace cdctl::mojo {

/// A program that a phase runs.
struct Script {
  std::string name;  ///< for messages and progress
  std::vector<std::string> argv;
  std::filesystem::path directory;
  std::map<std::string, std::string> env;
  std::vector<std::filesystem::path>
      logs;  ///< its own first, then that of the whole run; made 0600
  std::filesystem::path extra_log =
      {};  ///< one of the caller's; left out with a warning when it cannot be written
  Deadline deadline = {};
};

/// How it went.
struct ScriptEnd {
  Finished finished;
  std::vector<std::string> tail;  ///< its last 20 lines, secrets masked
  /// Its last words in one line, for an error.
  [[nodiscard]] std::string last_words() const;
};

/// Takes one line of output, secrets masked.
using LineSink = std::function<void(std::string_view line)>;

/// Runs it without a shell, stdin empty, its output line by line, secrets masked, into the logs and
/// to `live`. The error is that it could not be started or its log not be opened; how it ended is
/// the answer.
[[nodiscard]] Result<ScriptEnd> run_script(Host& host, const Script& script, const Mask& mask,
                                           const LineSink& live);

/// The error of a script that did not end well: how, and its last words. Exit codes `failed`,
/// `timeout`, or those of a signal to us.
[[nodiscard]] Result<> script_result(const ScriptEnd& end, const Script& script);

/// Kills every process of ours whose environment holds `entry` (`CDCTL_MOJO_RUN=…`): what a script
/// left behind in a session of its own. Returns how many. Exit code `failed` when some are still
/// there at the deadline.
[[nodiscard]] Result<int> kill_marked(const std::string& entry, const Deadline& deadline);

}  // namespace cdctl::mojo
