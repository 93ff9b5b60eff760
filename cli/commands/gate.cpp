#include <algorithm>
#include <vector>

#include "cli/command_line/command.hpp"
#include "cli/command_line/options.hpp"
#include "cli/input/landing.hpp"
#include "cli/output/context.hpp"
#include "core/land/freeze.hpp"
#include "core/land/gate.hpp"
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

/// What goes on to verify: what may land, and what has, where something of it is left.
bool goes_on(const records::Candidate& candidate, const TargetConfig& target) {
  return candidate.verdict == "ready" || (candidate.verdict == "merged" && target.remove_branch);
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
    bool any = false;
    for (const auto& group : groups) {
      if (errors.blocks(group.target)) continue;
      const auto target = land::find_target(context, group.target);
      const auto judged = target ? judge(context, **target, group.proposals, args.value("first"))
                                 : Result<std::vector<records::Candidate>>(fail(target.error()));
      if (!judged) {
        land::report_target(context, group.target, "reading what it asks of proposals",
                            judged.error());
        continue;
      }
      for (const auto& candidate : *judged) {
        any = any || candidate.verdict == "ready";
        if (args.has("all") || goes_on(candidate, **target))
          context.out.write(records::encode(candidate));
      }
    }
    if (any && args.has("exit-code") && context.exit_code() == 0)
      context.note_exit(ExitCode::something);
    return {};
  });
}

}  // namespace cdctl::cli
