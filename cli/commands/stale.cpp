#include <algorithm>
#include <set>

#include <fmt/format.h>

#include <cdctl/error_record.hpp>
#include <cdctl/set_name.hpp>

#include "cli/command_line/command.hpp"
#include "cli/command_line/options.hpp"
#include "cli/input/record_reader.hpp"
#include "cli/output/context.hpp"
#include "core/actions/stale_policy.hpp"

namespace cdctl::cli {

namespace {

constexpr Millis k_clock_slack(30'000);

struct Overrides {
  std::optional<std::int64_t> keep;
  std::optional<Millis> min_age, prove_for, cut_grace, failed_grace;

  static Result<Overrides> read(const Arguments& args) {
    Overrides out;
    CDCTL_TRY_ASSIGN(const auto keep, number_option(args, "keep", 0));
    if (args.has("keep")) out.keep = keep;
    for (const auto& [name, into] : {std::pair{"min-age", &out.min_age},
                                     {"prove-for", &out.prove_for},
                                     {"cut-grace", &out.cut_grace},
                                     {"failed-grace", &out.failed_grace}}) {
      CDCTL_TRY_ASSIGN(const auto value, duration_option(args, name, Millis(0)));
      if (args.has(name)) *into = value;
    }
    return out;
  }

  [[nodiscard]] ReaperPolicy over(ReaperPolicy policy) const {
    if (keep) policy.keep = *keep;
    if (min_age) {  // the graces follow the age unless they are given
      policy.min_age = policy.cut_grace = *min_age;
      policy.failed_grace = std::min(policy.failed_grace, *min_age);
    }
    if (prove_for) policy.prove_for = *prove_for;
    if (cut_grace) policy.cut_grace = *cut_grace;
    if (failed_grace) policy.failed_grace = *failed_grace;
    return policy;
  }
};

/// The sets of one service in the order they came, each with its record, which takes much less room
/// as a line.
struct Group {
  std::string service;
  std::vector<actions::Candidate> sets;
  std::vector<std::string> lines;
  Time listed{};  ///< the last of them, by the clock of the machine that has listed them
};

/// `foreign`: there is a configuration, and the service is none of it. Nobody here knows what its
/// owner wants to keep.
void write_group(Context& context, Group group, const ReaperPolicy& policy, bool foreign, bool all,
                 bool& any) {
  for (auto& set : group.sets) set.foreign = set.foreign || foreign;
  const auto at = now();
  // What comes from the future was listed where the clock is another one: ages are by that.
  const bool ahead = group.listed - at > k_clock_slack;
  if (ahead)
    context.out.warning(fmt::format("{}: its sets were listed {} from now; are the clocks right?",
                                    group.service, to_age(group.listed - at)));
  const auto judgements = actions::judge(group.sets, policy, ahead ? group.listed : at);
  for (std::size_t i = 0; i < group.sets.size(); ++i) {
    if (!judgements[i].stale && !all) continue;
    auto record = Json::parse(group.lines[i]).value_or(Json());  // it could be parsed before
    records::drop<&records::Set::stale>(record);
    records::drop<&records::Set::kept>(record);
    if (judgements[i].stale) {
      any = true;
      records::put<&records::Set::stale>(
          record, records::StaleMark{judgements[i].why, actions::policy_record(policy), at});
    } else {
      records::put<&records::Set::kept>(record, judgements[i].why);
    }
    context.out.write(record);
  }
}

Group& group_of(std::vector<Group>& groups, const std::string& service) {
  const auto at = std::ranges::find(groups, service, &Group::service);
  return at == groups.end() ? groups.emplace_back(Group{service, {}, {}}) : *at;
}

}  // namespace

int run_stale(Context& context, const Arguments& args) {
  return complete(context, [&]() -> Result<> {
    CDCTL_TRY_ASSIGN(const auto overrides, Overrides::read(args));
    CDCTL_TRY_ASSIGN(auto reader, RecordReader::open(context, "the set records of cdctl ls",
                                                     "use cdctl ls | cdctl stale"));
    // The flags alone are a policy; without --keep the service's own file is needed.
    if (auto loaded = context.load_config(); !loaded && !args.has("keep")) return loaded;
    std::vector<Group> groups;
    std::set<std::string> unknown;
    while (auto record = reader.next()) {
      if (records::is<records::ErrorRecord>(*record)) {
        context.out.write(*record);
        CDCTL_TRY(reader.may_keep());
        unknown.insert(records::get<&records::ErrorRecord::service>(*record));
        context.note_exit(ExitCode::unknown);
      } else if (const auto set = parse_set_name(records::get<&records::Set::set>(*record));
                 !records::is<records::Set>(*record) || !set) {
        reader.skip();
      } else {
        CDCTL_TRY(reader.may_keep());
        auto& group = group_of(groups, set->service);
        group.sets.push_back(actions::candidate_from(*record));
        group.lines.emplace_back(reader.line());
        group.listed =
            std::max(group.listed, parse_rfc3339((*record)["time"].view()).value_or(Time()));
      }
    }
    reader.finish("set");
    bool any = false;
    for (auto& group : groups) {
      // A decider decides nothing for a service of which something is unknown.
      if (unknown.contains("") || unknown.contains(group.service)) continue;
      const auto* service = context.config().service(group.service);
      write_group(context, std::move(group),
                  overrides.over(service ? service->reaper : ReaperPolicy()),
                  context.has_config() && !service, args.has("all"), any);
    }
    if (context.out.tabular() && !context.out.any() && context.exit_code() == 0)
      context.out.note("nothing is stale; --all shows why each set is kept");
    if (any && args.has("exit-code") && context.exit_code() == 0)
      context.note_exit(ExitCode::something);
    return {};
  });
}

}  // namespace cdctl::cli
