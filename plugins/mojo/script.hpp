#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include <cdctl/error.hpp>
#include <cdctl/host.hpp>
#include <cdctl/time.hpp>

namespace cdctl::mojo {

/// Replaces secrets in text that people get to see.
class Mask {
 public:
  /// Masks a value of more than 6 characters; shorter ones would turn ordinary text into stars.
  void add(std::string_view secret);
  /// Masks the values of our own environment whose names say that they are secrets.
  void add_environment();
  [[nodiscard]] std::string apply(std::string text) const;

 private:
  std::vector<std::string> secrets_;  ///< longest first, so that one inside another leaves nothing over
};

/// One executable of a spec.
struct Script {
  std::string name;                          ///< for messages and progress
  std::filesystem::path file, directory;
  std::map<std::string, std::string> env;
  std::filesystem::path log, all_log;        ///< its own log, and the one of the whole run; both 0600
  Deadline deadline;
};

/// Runs it without a shell, stdin empty, output live into the logs and to host.progress. The error says how it ended and
/// its last lines in one line, secrets masked; exit codes `failed`, `timeout`, or those of a signal to us.
[[nodiscard]] Result<> run_script(Host& host, const Script& script, const Mask& mask);

}  // namespace cdctl::mojo
