#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include <cdctl/set_name.hpp>
#include <cdctl/stop.hpp>
#include <cdctl/text.hpp>

#include "cli/command_line/command.hpp"
#include "cli/command_line/options.hpp"
#include "cli/input/record_reader.hpp"
#include "cli/input/targets.hpp"
#include "cli/input/verdicts.hpp"
#include "cli/output/context.hpp"
#include "core/actions/cut.hpp"

namespace cdctl::cli {

namespace {

constexpr std::size_t k_longest_why = 1000;  ///< it is written to the broker, and shown

Result<> break_from_stdin(Context& context, const Arguments& args, Millis timeout) {
  CDCTL_TRY_ASSIGN(auto reader,
                   RecordReader::open(context, "the verdict records of cdctl trip", "name a SET"));
  CDCTL_TRY_ASSIGN(auto even_last, even_last_of(context, args, {}, Deadline(timeout)));
  Unknowns unknowns(context);
  Verdicts verdicts(context, args, std::move(even_last), timeout);
  for (;;) {
    const auto record = reader.next(verdicts.wait_ms());
    if (!record && !reader.idle()) break;
    verdicts.act_on_due();
    if (!record) continue;
    const auto schema = (*record)["schema"].view();
    if (schema == "cdctl.error/1") {
      unknowns.add(*record);
      continue;
    }
    if (schema != "cdctl.verdict/1" || (*record)["verdict"].view() != "unhealthy") {
      reader.skip();
      continue;
    }
    const auto set = parse_set_name((*record)["set"].view());
    const auto last = parse_rfc3339((*record)["evidence"]["last"].view());
    const auto time = parse_rfc3339((*record)["time"].view());
    if (!set || (!last && !time)) {
      context.report(
          {ExitCode::failed, fmt::format("a verdict without a usable set and time ('{}'); skipped",
                                         printable((*record)["set"].view(), 60))});
      continue;
    }
    if (unknowns.blocks(set->service)) continue;
    auto why = (*record)["rule"].as_string((*record)["why"].as_string("verdict"));
    if (why.size() > k_longest_why) why = printable(why, k_longest_why);
    verdicts.act(*set, {std::move(why), last ? last : time});
  }
  reader.finish("unhealthy verdict");
  return {};
}

}  // namespace

int run_break(Context& context, const Arguments& args) {
  return complete(context, [&]() -> Result<> {
    CDCTL_TRY_ASSIGN(const auto timeout,
                     duration_option(args, "timeout", std::chrono::seconds(30)));
    context.out.go_on_without_records();  // a full disk is when things go bad
    if (args.words.empty()) return break_from_stdin(context, args, timeout);
    CDCTL_TRY_ASSIGN(const auto targets, targets_of(context, args, Deadline(timeout)));
    CDCTL_TRY_ASSIGN(const auto even_last, even_last_of(context, args, targets, Deadline(timeout)));
    for (const auto& set : targets) {
      if (Stop::requested() || context.out.broken()) break;
      actions::cut_set(context, set, {args.value("why", "by hand"), {}},
                       cut_options(args, even_last, set), Deadline(timeout));
    }
    return {};
  });
}

}  // namespace cdctl::cli
