#include "cli/setup/target_check.hpp"

#include <optional>
#include <tuple>

#include <fmt/format.h>

#include <cdctl/text.hpp>

#include "core/files/toml_file.hpp"
#include "core/land/target_faults.hpp"
#include "core/land/votes.hpp"

namespace cdctl::cli {

namespace {

using State = Check::State;

constexpr std::chrono::seconds k_here(10);  ///< a folder of this machine; it may be a slow one

/// One who can vote is enough for no proposal of theirs; nobody for none that needs a vote.
std::optional<Check> voters(Context& context, const TargetConfig& target) {
  const auto count = land::voters_of(context, target);
  const auto policy = land::VotePolicy::parse(target.votes);
  if (!count || *count > 0 || !policy || policy->holds({})) return {};
  return Check{"target " + target.name, State::warning,
               "nobody's vote counts, and nothing lands: no line of a reviewers' file names one "
               "person and a key",
               "name such a file in " + target.file.string() +
                   ", with a line for each reviewer: an address and an SSH public key"};
}

}  // namespace

std::vector<ConfigProblem> find_target_problems(Context& context) {
  std::vector<ConfigProblem> out;
  const Deadline deadline(k_here);
  for (const auto& target : context.config().targets) {
    const auto faults = land::faults_here(context, target, deadline);
    if (faults.empty()) continue;
    const auto file = files::read_toml(target.file);
    for (const auto& fault : faults) {
      ConfigProblem problem{target.file, 0, 0, fault.what};
      if (file)
        if (const auto at = file->where.find(fault.key); at != file->where.end())
          std::tie(problem.line, problem.column) = at->second;
      out.push_back(std::move(problem));
    }
  }
  return out;
}

std::vector<Check> look_at_targets(Context& context, const Deadline& deadline) {
  std::vector<Check> out;
  const auto& config = context.config();
  for (const auto& [name, error] : config.broken_targets)
    out.push_back({"target " + name, State::bad, error.what,
                   "correct its file (cdctl config check shows all); nothing lands on it until "
                   "then"});
  std::vector<const TargetConfig*> asked;
  for (const auto& target : config.targets) asked.push_back(&target);
  const auto newest = land::newest_of(context, asked, deadline);
  for (std::size_t i = 0; i < asked.size(); ++i) {
    const auto& target = *asked[i];
    const auto what = "target " + target.name;
    const auto before = out.size();
    for (const auto& fault : land::faults_here(context, target, deadline))
      out.push_back({what, State::bad, fault.what, "correct it in " + target.file.string()});
    if (auto warning = voters(context, target)) out.push_back(std::move(*warning));
    if (!newest[i] && !land::is_here(target))
      out.push_back({what, State::unknown, newest[i].error().what,
                     "check repository and branch in its file, and that this machine may read it"});
    if (newest[i] && out.size() == before)
      out.push_back({what, State::ok,
                     fmt::format("{} at {}", target.branch,
                                 printable(std::string_view(newest[i]->revision).substr(0, 12))),
                     ""});
  }
  return out;
}

}  // namespace cdctl::cli
