#include <algorithm>
#include <set>

#include <fmt/format.h>

#include <cdctl/stop.hpp>

#include "cli/command_line/command.hpp"
#include "cli/command_line/options.hpp"
#include "cli/command_line/since.hpp"
#include "cli/output/context.hpp"
#include "cli/output/log_printer.hpp"
#include "core/app/waiting.hpp"
#include "core/fleet/unit_logs.hpp"
#include "core/records/log_line.hpp"

namespace cdctl::cli {

namespace {

constexpr Millis k_step(200);

Result<LogQuery> query_of(const Arguments& args) {
  LogQuery query;
  CDCTL_TRY_ASSIGN(query.since, since_option(args, {}));
  if (args.has("tail")) {
    CDCTL_TRY_ASSIGN(query.tail, number_option(args, "tail", 0));
  }
  query.follow = args.has("follow");
  return query;
}

LogPrinter::Look look_of(const std::vector<fleet::OpenLog>& logs, const Arguments& args,
                         bool colour) {
  std::set<std::string> services;
  for (const auto& log : logs) services.insert(log.set.service);
  // A process may be several units
  const bool one = logs.size() == 1 && logs.front().selectors.size() == 1 &&
                   fleet::is_unit_number(logs.front().selectors.front().unit);
  return {colour, args.has("times"), logs.size() > 1, services.size() > 1, one};
}

Json record_of(const SetName& set, const LogLine& line) {
  return records::encode(records::LogLineRecord{
      .service = set.service,
      .revision = set.revision,
      .set = set.str(),
      .unit = line.unit,
      .process = line.process,
      .line = line.text,
      .time = line.time,
      .engine = line.engine,
      .left_out = line.left_out > 0 ? std::optional(line.left_out) : std::nullopt});
}

/// Until all are at their end. Those that wait share the time of a step. Whether there was a line.
bool print_all(Context& context, std::vector<fleet::OpenLog> logs, LogPrinter printer) {
  bool ever = false;
  while (!logs.empty() && !Stop::requested() && !context.out.broken() && !app::stdout_gone()) {
    bool any = false;
    const auto wait = k_step / static_cast<int>(logs.size());
    for (auto& log : logs) {
      const auto lines = log.reader->next(any ? Millis(0) : wait);
      if (!lines) {
        context.report(lines.error().in(log.set.str()));
        log.reader.reset();
        continue;
      }
      for (const auto& line : *lines)
        if (log.wants(line)) printer.make_room(log.set, line);
      for (const auto& line : *lines) {
        if (!log.wants(line)) continue;
        any = ever = true;
        if (context.out.tabular())
          context.out.text(printer.print(log.set, line));
        else
          context.out.write(record_of(log.set, line));
      }
    }
    std::erase_if(logs,
                  [](const fleet::OpenLog& log) { return !log.reader || log.reader->at_end(); });
    if (!context.out.flush()) break;
  }
  return ever;
}

}  // namespace

int run_logs(Context& context, const Arguments& args) {
  return complete(context, [&]() -> Result<> {
    CDCTL_TRY_ASSIGN(const auto timeout,
                     duration_option(args, "timeout", std::chrono::seconds(30)));
    if (args.words.empty()) return fail(ExitCode::usage, "logs: name a SET, such as thumbs@newest");
    CDCTL_TRY_ASSIGN(const auto query, query_of(args));
    std::vector<fleet::LogSelector> selectors;
    for (const auto& word : args.words) {
      CDCTL_TRY_ASSIGN(auto selector, fleet::LogSelector::parse(word));
      selectors.push_back(std::move(selector));
    }
    CDCTL_TRY_ASSIGN(auto logs, fleet::open_logs(context, selectors, query, Deadline(timeout)));
    const auto look = look_of(logs, args, context.out.colour());
    if (logs.empty()) return {};
    const bool any = print_all(context, std::move(logs), LogPrinter(look));
    if (!any && context.out.tabular() && !Stop::requested())
      context.out.note(query.since || query.tail ? "no line of that time"
                                                 : "no line; a unit is said by its number or its "
                                                   "process, and cdctl inspect shows them");
    return {};
  });
}

}  // namespace cdctl::cli
