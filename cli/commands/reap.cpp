#include <algorithm>

#include <fmt/format.h>

#include <cdctl/set_name.hpp>

#include "cli/command_line/command.hpp"
#include "cli/command_line/options.hpp"
#include "cli/input/record_reader.hpp"
#include "cli/input/targets.hpp"
#include "cli/output/context.hpp"
#include "core/actions/reap.hpp"

namespace cdctl::cli {

namespace {

Result<std::vector<actions::Mark>> marks_from_stdin(Context& context) {
  CDCTL_TRY_ASSIGN(auto reader,
                   RecordReader::open(context, "the marked records of cdctl stale", "name a SET"));
  std::vector<actions::Mark> marks;
  Unknowns unknowns(context);
  while (auto record = reader.next()) {
    const auto& mark = (*record)["stale"];
    if ((*record)["schema"].view() == "cdctl.error/1") {
      unknowns.add(*record);
      continue;
    }
    const auto set = parse_set_name((*record)["set"].view());
    if ((*record)["schema"].view() != "cdctl.set/1" || !mark.is_object() || !set) {
      reader.skip();
      continue;
    }
    CDCTL_TRY(reader.may_keep());
    auto policy = actions::policy_from_json(mark["policy"]);
    const auto at = parse_rfc3339(mark["at"].view());
    if (!policy || !at) {
      context.report(
          {ExitCode::failed,
           fmt::format("{}: its mark holds no policy and time; run cdctl ls | cdctl stale again",
                       set->str())});
      continue;
    }
    marks.push_back(
        {*set, *policy, mark["why"].as_string(), at, (*record)["state"].view() == "reaping"});
  }
  reader.finish("marked set");
  std::erase_if(marks,
                [&](const actions::Mark& mark) { return unknowns.blocks(mark.set.service); });
  return marks;
}

/// --gone-home: a person says it of sets that he names, and no pipe does.
Result<std::string> gone_home_of(const Arguments& args) {
  if (!args.has("gone-home")) return std::string();
  if (args.words.empty() || std::ranges::find(args.words, "-") != args.words.end())
    return fail(ExitCode::usage,
                "reap: --gone-home goes with SET arguments, and never with names from stdin");
  return args.value("gone-home");
}

/// --max-reaps, when it is given.
Result<std::optional<std::int64_t>> max_reaps_of(const Arguments& args) {
  if (!args.has("max-reaps")) return std::nullopt;
  return number_option(args, "max-reaps", 0);
}

}  // namespace

int run_reap(Context& context, const Arguments& args) {
  return complete(context, [&]() -> Result<> {
    CDCTL_TRY_ASSIGN(const auto timeout,
                     duration_option(args, "timeout", std::chrono::seconds(60)));
    CDCTL_TRY_ASSIGN(const auto grace, optional_duration(args, "grace"));
    CDCTL_TRY_ASSIGN(const auto gone_home, gone_home_of(args));
    std::vector<actions::Mark> marks;
    std::vector<SetName> targets;
    if (args.words.empty()) {
      for (const auto* name : {"even-newest", "even-foreign"})
        if (args.has(name))
          return fail(
              ExitCode::usage,
              fmt::format("reap: --{} goes with a SET argument: stale marks no such set", name));
      CDCTL_TRY_ASSIGN(marks, marks_from_stdin(context));
      CDCTL_TRY_ASSIGN(const auto max_reaps, max_reaps_of(args));
      CDCTL_TRY(actions::check_max_reaps(context.config(), marks, max_reaps));
    } else {
      CDCTL_TRY_ASSIGN(targets, targets_of(context, args, Deadline(timeout)));
      for (const auto& set : targets) marks.push_back({set, {}, "by hand", {}});
    }
    CDCTL_TRY_ASSIGN(const auto last, even_last_of(context, args, targets, Deadline(timeout)));
    const bool by_name = !args.words.empty();
    std::vector<actions::ReapOrder> orders;
    for (auto& mark : marks) {
      const bool even_last = std::ranges::find(last, mark.set) != last.end();
      orders.push_back({std::move(mark),
                        {grace, args.has("dry-run"), args.has("even-newest"), even_last,
                         args.has("even-foreign") && by_name, gone_home}});
    }
    actions::reap_sets(context, orders, timeout);
    return {};
  });
}

}  // namespace cdctl::cli
