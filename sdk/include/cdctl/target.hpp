#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include <cdctl/json.hpp>
#include <cdctl/time.hpp>

namespace cdctl {

/// How the merge of a candidate is tested.
struct VerifyConfig {
  std::string command;                   ///< for `sh -c`, in a fresh checkout of what would land
  Millis limit = std::chrono::hours(1);  ///< for all of it
  Millis silence = std::chrono::minutes(15);  ///< without a byte of output it counts as hung
  Millis grace = std::chrono::seconds(10);    ///< between TERM and KILL
};

/// A branch that proposals land on: a file of targets.d, checked.
struct TargetConfig {
  std::string name;
  std::filesystem::path file;
  std::string forge = "git";  ///< where its proposals and votes are
  std::string repository;     ///< a relative one is resolved to the config's folder
  std::string branch = "main";
  std::string votes = "Approve >= 1, Needs Fixing == 0, Disapprove == 0";
  std::vector<std::string> contributors;  ///< globs of e-mail addresses; empty = anybody
  VerifyConfig verify;
  std::string message = "Merge <topic>: <title>\n\n<description>";
  bool remove_branch = true;  ///< of a proposal that has landed
  Json table;                 ///< the whole file, for the plugins' own tables
};

}  // namespace cdctl
