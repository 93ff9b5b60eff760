#pragma once

#include <string>
#include <vector>

#include "cli/setup/init_broker.hpp"

namespace cdctl::cli {

/// Everything that `init` has to know before it writes.
struct InitAnswers {
  std::string service, engine = "local";
  std::string trunk_kind = "git", trunk, branch;
  std::string spec_kind = "git", spec;  ///< a Mojo spec; empty = the trunk's Procfile
  bool work_tree = false;               ///< the trunk is a folder of this machine, with its files
  std::vector<std::string> processes;   ///< of the trunk's Procfile, where that could be looked at
  std::vector<std::string> queues;
  BrokerAnswers broker;
};

/// Where the password goes, from the folder of cdctl.toml. Its folder tells git to leave it alone.
constexpr const char* k_password_file = "secrets/rabbit.password";

/// `cdctl.toml` and `services.d/SERVICE.toml`, with comments. The same answers give the same bytes.
[[nodiscard]] std::string configuration_text(const InitAnswers& answers);
[[nodiscard]] std::string service_text(const InitAnswers& answers);

}  // namespace cdctl::cli
