#include <algorithm>
#include <map>

#include <fmt/format.h>

#include <cdctl/set_name.hpp>
#include <cdctl/stop.hpp>

#include "cli/command_line/command.hpp"
#include "cli/command_line/options.hpp"
#include "cli/input/record_reader.hpp"
#include "cli/input/targets.hpp"
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
    auto policy = actions::policy_from_json(mark["policy"]);
    const auto at = parse_rfc3339(mark["at"].view());
    if (!policy || !at) {
      context.report(
          {ExitCode::failed,
           fmt::format("{}: its mark holds no policy and time; run cdctl ls | cdctl stale again",
                       set->str())});
      continue;
    }
    marks.push_back({*set, *policy, mark["why"].as_string(), at});
  }
  reader.finish("marked set");
  std::erase_if(marks,
                [&](const actions::Mark& mark) { return unknowns.blocks(mark.set.service); });
  return marks;
}

/// More marks than allowed refuse the whole run before the first: of one service more than its own
/// max_reaps, in all more than the largest of them.
Result<> check_cap(Context& context, const Arguments& args,
                   const std::vector<actions::Mark>& marks) {
  const auto refuse = [](std::string_view whose, std::int64_t marked, std::int64_t cap) {
    return fail(ExitCode::refused,
                fmt::format("refused: {} sets{} are marked, max_reaps is {}; nothing was done. "
                            "Look at cdctl ls | cdctl stale, then raise --max-reaps",
                            marked, whose, cap));
  };
  std::map<std::string, std::int64_t> marked;
  for (const auto& mark : marks) ++marked[mark.set.service];
  std::optional<std::int64_t> largest;
  for (const auto& [name, count] : marked) {
    const auto* service = context.config().service(name);
    if (!service) continue;
    const auto own = service->reaper.max_reaps;
    if (count > own && !args.has("max-reaps")) return refuse(" of " + name, count, own);
    largest = std::max(largest.value_or(own), own);
  }
  CDCTL_TRY_ASSIGN(const auto cap,
                   number_option(args, "max-reaps", largest.value_or(ReaperPolicy().max_reaps)));
  const auto all = static_cast<std::int64_t>(marks.size());
  return all <= cap ? Result<>() : refuse("", all, cap);
}

}  // namespace

int run_reap(Context& context, const Arguments& args) {
  return complete(context, [&]() -> Result<> {
    CDCTL_TRY_ASSIGN(const auto timeout,
                     duration_option(args, "timeout", std::chrono::seconds(60)));
    CDCTL_TRY_ASSIGN(const auto grace, duration_option(args, "grace", std::chrono::seconds(10)));
    std::vector<actions::Mark> marks;
    if (args.words.empty()) {
      CDCTL_TRY_ASSIGN(marks, marks_from_stdin(context));
      CDCTL_TRY(check_cap(context, args, marks));
    } else {
      CDCTL_TRY_ASSIGN(const auto targets, targets_of(context, args, Deadline(timeout)));
      for (const auto& set : targets) marks.push_back({set, {}, "by hand", {}});
    }
    for (auto& mark : marks) {
      if (Stop::requested() || context.out.broken()) break;
      const auto last = args.values("even-last");
      const bool even_last = std::ranges::find(last, mark.set.str()) != last.end();
      actions::reap_set(context, std::move(mark),
                        {grace, args.has("dry-run"), args.has("even-newest"), even_last},
                        Deadline(timeout + grace));
      context.out.flush();
    }
    return {};
  });
}

}  // namespace cdctl::cli
