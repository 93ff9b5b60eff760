#include <algorithm>
#include <deque>
#include <set>
#include <utility>

#include <fmt/format.h>

#include <cdctl/stop.hpp>

#include "cli/command_line/command.hpp"
#include "cli/command_line/options.hpp"
#include "cli/command_line/since.hpp"
#include "cli/output/context.hpp"
#include "cli/output/log_printer.hpp"
#include "core/app/unanswered.hpp"
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

/// The logs of several sets as one: the oldest line first among those that are there.
class Merge {
 public:
  Merge(Context& context, std::vector<fleet::OpenLog> logs, LogPrinter printer)
      : context_(context), printer_(std::move(printer)) {
    for (auto& log : logs) sources_.push_back({std::move(log), {}});
  }

  /// Until all are at their end. Whether there was a line.
  bool print_all() {
    bool ever = false;
    while (!sources_.empty() && !Stop::requested() && !context_.out.broken() &&
           !app::stdout_gone()) {
      const bool any = std::ranges::any_of(sources_, &Source::has_lines);
      // Those that wait share the time of a step; who has lines is not kept from them.
      const auto wait = any ? Millis(0) : k_step / static_cast<int>(sources_.size());
      for (auto& source : sources_)
        if (!source.has_lines()) read(source, wait);
      std::erase_if(sources_, [](const Source& source) {
        return !source.has_lines() && (!source.log.reader || source.log.reader->at_end());
      });
      ever = print_what_is_there() || ever;
      if (!context_.out.flush()) break;
    }
    return ever;
  }

 private:
  struct Source {
    fleet::OpenLog log;
    std::deque<LogLine> lines;
    [[nodiscard]] bool has_lines() const { return !lines.empty(); }
  };

  /// Up to the first lines that are wanted, or to the end of what is there.
  void read(Source& source, Millis wait) {
    while (!source.has_lines() && source.log.reader && !source.log.reader->at_end()) {
      auto lines = source.log.reader->next(std::exchange(wait, Millis(0)));
      if (!lines) {
        context_.report(app::unanswered(lines.error()).in(source.log.set.str()));
        source.log.reader.reset();
        return;
      }
      if (lines->empty() || Stop::requested()) return;
      for (auto& line : *lines) {
        if (!source.log.wants(line)) continue;
        printer_.make_room(source.log.set, line);
        source.lines.push_back(std::move(line));
      }
    }
  }

  /// Up to where one of them has to be asked again: what it has may be older than the others'.
  bool print_what_is_there() {
    bool any = false;
    while (!sources_.empty()) {
      const auto oldest = std::ranges::min_element(sources_, {}, [](const Source& source) {
        return source.has_lines() ? source.lines.front().time.value_or(Time()) : Time::max();
      });
      if (!oldest->has_lines()) break;
      print(oldest->log.set, oldest->lines.front());
      oldest->lines.pop_front();
      any = true;
      if (!oldest->has_lines()) break;
    }
    return any;
  }

  void print(const SetName& set, const LogLine& line) {
    if (context_.out.tabular())
      context_.out.text(printer_.print(set, line));
    else
      context_.out.write(record_of(set, line));
  }

  Context& context_;
  LogPrinter printer_;
  std::vector<Source> sources_;
};

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
    const bool any = Merge(context, std::move(logs), LogPrinter(look)).print_all();
    if (!any && context.out.tabular() && !Stop::requested())
      context.out.note(query.tail == 0 ? "--tail 0 shows none; with -f it shows what comes"
                       : query.since || query.tail ? "no line of that time"
                                                   : "no line; a unit is said by its number or its "
                                                     "process, and cdctl inspect shows them");
    return {};
  });
}

}  // namespace cdctl::cli
