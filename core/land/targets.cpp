#include "core/land/targets.hpp"

#include <algorithm>
#include <map>

#include <fmt/format.h>

#include <cdctl/error_record.hpp>
#include <cdctl/text.hpp>

#include "core/app/unanswered.hpp"
#include "core/land/unread.hpp"
#include "core/records/proposal.hpp"

namespace cdctl::land {

namespace {

Error no_targets(const app::Context& context) {
  return {ExitCode::config,
          fmt::format("there is no target beside {}: a file targets.d/NAME.toml makes one, with "
                      "repository and verify.command",
                      context.config().file.string())};
}

}  // namespace

Result<const TargetConfig*> find_target(const app::Context& context, const std::string& name) {
  if (const auto* target = context.config().target(name)) return target;
  if (const auto broken = context.config().broken_targets.find(name);
      broken != context.config().broken_targets.end())
    return fail(broken->second);
  std::vector<std::string> names;
  for (const auto& target : context.config().targets) names.push_back(target.name);
  // The rule for names: one that cannot be any is usage, one that is nobody's a mistake.
  return fail(
      valid_word(name) ? ExitCode::failed : ExitCode::usage,
      fmt::format("there is no target '{}'{}", printable(name, 60), did_you_mean(name, names)));
}

Result<std::vector<const TargetConfig*>> asked_targets(app::Context& context,
                                                       const std::vector<std::string>& names) {
  std::vector<const TargetConfig*> out;
  for (const auto& name : names) {
    CDCTL_TRY_ASSIGN(const auto* target, find_target(context, name));
    out.push_back(target);
  }
  if (!names.empty()) return out;
  for (const auto& target : context.config().targets) out.push_back(&target);
  for (const auto& [name, error] : context.config().broken_targets)
    report_target(context, name, "reading its file", error);
  if (out.empty() && context.config().broken_targets.empty()) return fail(no_targets(context));
  return out;
}

Result<const TargetConfig*> one_target(app::Context& context, const std::string& name) {
  if (!name.empty()) return find_target(context, name);
  const auto& all = context.config().targets;
  if (all.size() == 1 && context.config().broken_targets.empty()) return &all.front();
  if (all.empty() && context.config().broken_targets.empty()) return fail(no_targets(context));
  std::vector<std::string> names;
  for (const auto& target : all) names.push_back(target.name);
  for (const auto& [broken, error] : context.config().broken_targets) names.push_back(broken);
  return fail(ExitCode::usage, fmt::format("say --target NAME: there are {}", joined(names)));
}

void report_target(app::Context& context, const std::string& target, std::string_view doing,
                   const Error& told) {
  const auto error = app::unanswered(told);
  auto record = records::error_record("", doing, error);
  record.target = target;
  context.out.write(records::encode(record));
  context.report(error.in(target));
}

namespace {

/// Those of one target. Of which one could not be read what was said, the gate decides nothing; no
/// record of an error, which would keep it from all of them.
void write_those_of(app::Context& context, const std::string& target,
                    const std::vector<Proposal>& proposals) {
  std::string why;
  std::vector<std::string> unread;
  for (const auto& proposal : proposals) {
    const auto record = records::proposal_record(proposal);
    if (const auto* mark = unread_in(record)) {
      if (unread.empty()) why = mark->why;
      unread.push_back(printable(record.proposal, 60));
    }
    context.out.write(records::encode(record));
  }
  if (!unread.empty())
    context.report({ExitCode::unknown, fmt::format("{}: reading what was said of {}: {}", target,
                                                   joined(unread), printable(why, 400))});
}

}  // namespace

void write_proposals(app::Context& context, const std::vector<const TargetConfig*>& targets,
                     const Deadline& deadline) {
  std::map<std::string, std::vector<const TargetConfig*>> by_forge;
  for (const auto* target : targets) by_forge[target->forge].push_back(target);
  for (const auto& [name, own] : by_forge) {
    const auto forge = context.forge(name);
    const auto answers =
        forge ? (*forge)->proposals(own, deadline)
              : std::vector<Result<std::vector<Proposal>>>(own.size(), fail(forge.error()));
    for (std::size_t i = 0; i < own.size(); ++i) {
      if (answers[i])
        write_those_of(context, own[i]->name, *answers[i]);
      else
        report_target(context, own[i]->name, "reading its proposals", answers[i].error());
    }
  }
}

}  // namespace cdctl::land
