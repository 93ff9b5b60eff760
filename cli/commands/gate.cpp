#include <algorithm>
#include <vector>

#include <fmt/format.h>
#include <unistd.h>

#include <cdctl/text.hpp>

#include "cli/command_line/command.hpp"
#include "cli/command_line/options.hpp"
#include "cli/input/landing.hpp"
#include "cli/output/context.hpp"
#include "core/land/freeze.hpp"
#include "core/land/gate.hpp"
#include "core/land/seal.hpp"
#include "core/land/targets.hpp"

namespace cdctl::cli {

namespace {

struct Group {
  std::string target;
  std::vector<records::Proposal> proposals;
};

Group& group_of(std::vector<Group>& groups, const std::string& target) {
  const auto at = std::ranges::find(groups, target, &Group::target);
  return at == groups.end() ? groups.emplace_back(Group{target, {}}) : *at;
}

/// What goes on to verify: what may land, what has, where something of it is left, and of what
/// nobody knows.
bool goes_on(const records::Candidate& candidate, const TargetConfig& target) {
  return candidate.verdict == "ready" || candidate.verdict == "deferred" ||
         (candidate.verdict == "merged" && target.remove_branch);
}

/// A label that nothing has is none, or mistyped. In a line of cron's that is how it is mostly: who
/// looks is told, and everybody where it is nearly one that is there.
void tell_of_label(Context& context, const std::vector<Group>& groups, const std::string& first,
                   bool all) {
  if (first.empty() || groups.empty()) return;
  std::vector<std::string> labels;
  for (const auto& group : groups)
    for (const auto& proposal : group.proposals)
      labels.insert(labels.end(), proposal.labels.begin(), proposal.labels.end());
  if (std::ranges::find(labels, first) != labels.end()) return;
  const auto meant = did_you_mean(first, labels);
  if (all || !meant.empty() || ::isatty(STDERR_FILENO) != 0)
    context.out.note(
        fmt::format("--first: no proposal has the label {}{}", printable(first, 60), meant));
}

Result<std::vector<records::Candidate>> judge(Context& context, const TargetConfig& target,
                                              const std::vector<records::Proposal>& proposals,
                                              const std::string& first) {
  CDCTL_TRY_ASSIGN(auto frozen, land::frozen(context, target, Deadline(std::chrono::seconds(30))));
  return land::judge(target, proposals, {std::move(frozen), first});
}

}  // namespace

int run_gate(Context& context, const Arguments& args) {
  return complete(context, [&]() -> Result<> {
    CDCTL_TRY_ASSIGN(auto reader,
                     RecordReader::open(context, "the proposal records of cdctl proposals",
                                        "use cdctl proposals | cdctl gate"));
    CDCTL_TRY(context.check_home());
    TargetErrors errors(context);
    std::vector<Group> groups;
    while (auto record = reader.next()) {
      if (errors.pass_on(*record)) continue;
      if (records::is<records::Proposal>(*record)) {
        auto proposal = records::decode<records::Proposal>(*record);
        group_of(groups, proposal.target).proposals.push_back(std::move(proposal));
      } else {
        reader.skip();
      }
    }
    reader.finish("proposal");
    tell_of_label(context, groups, args.value("first"), args.has("all"));
    std::string key;
    if (!groups.empty()) {
      CDCTL_TRY_ASSIGN(key, land::seal_key(context));
    }
    bool any = false;
    for (const auto& group : groups) {
      if (errors.blocks(group.target)) continue;
      const auto target = land::find_target(context, group.target);
      auto judged = target ? judge(context, **target, group.proposals, args.value("first"))
                           : Result<std::vector<records::Candidate>>(fail(target.error()));
      if (!judged) {
        land::report_target(context, group.target, "reading what it asks of proposals",
                            judged.error());
        continue;
      }
      for (auto& candidate : *judged) {
        any = any || candidate.verdict == "ready";
        if (candidate.verdict == "deferred") context.note_exit(ExitCode::unknown);
        if (!args.has("all") && !goes_on(candidate, **target)) continue;
        land::seal_for_verify(context, key, **target, candidate);
        context.out.write(records::encode(candidate));
      }
    }
    if (any && args.has("exit-code") && context.exit_code() == 0)
      context.note_exit(ExitCode::something);
    return {};
  });
}

}  // namespace cdctl::cli
