#pragma once

#include <cstddef>
#include <filesystem>
#include <string>
#include <vector>

#include <cdctl/json.hpp>
#include <cdctl/time.hpp>

namespace cdctl {

/// How the merge of a candidate is tested: by a command, by statuses that others set, or both.
struct VerifyConfig {
  std::string command;                ///< for `sh -c`, in a fresh checkout of what would land
  std::vector<std::string> wrapper;   ///< a program and its arguments that the command runs under
  std::vector<std::string> statuses;  ///< names; each has to pass on exactly the candidate's commit
  unsigned retries = 0;               ///< more tries of a command that failed, each told of
  Millis limit = std::chrono::hours(1);       ///< for all of it
  Millis silence = std::chrono::minutes(15);  ///< without a byte of output it counts as hung
  Millis grace = std::chrono::seconds(10);    ///< between TERM and KILL
};

/// What a proposal becomes on the target: a merge commit with its head as second parent, one commit
/// of all its changes, or its commits anew, one by one.
enum class MergeMethod { merge, squash, rebase };

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
  MergeMethod method = MergeMethod::merge;
  std::vector<std::string> hold = {"hold"};  ///< labels: a proposal that has one waits
  std::string frozen;          ///< why nothing lands at present; empty = what may land lands
  std::size_t batch = 1;       ///< candidates that are tested as one
  bool land_by_forge = false;  ///< by a call of the forge, where nobody may push to the target
  bool remove_branch = true;   ///< of a proposal that has landed
  Json table;                  ///< the whole file, for the plugins' own tables
};

}  // namespace cdctl
