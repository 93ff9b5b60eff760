#include <algorithm>
#include <utility>

#include <fmt/format.h>
#include <unistd.h>

#include "cli/command_line/command.hpp"
#include "cli/command_line/options.hpp"
#include "cli/input/record_reader.hpp"
#include "cli/output/context.hpp"
#include "core/notify/sink_worker.hpp"

namespace cdctl::cli {

namespace {

Result<std::vector<notify::SinkWorker::Named>> open_sinks(Context& context, const Arguments& args) {
  if (args.words.empty())
    return fail(ExitCode::usage,
                "notify: name a sink; cdctl plugins -o wide shows which there are (sink:NAME)");
  std::vector<notify::SinkWorker::Named> out;
  for (const auto& name : args.words) {
    if (std::ranges::find(out, name, &notify::SinkWorker::Named::name) != out.end()) continue;
    CDCTL_TRY_ASSIGN(auto* const sink, context.sink(name));
    out.push_back({name, sink});
  }
  return out;
}

/// A line as a record. Sinks are for what comes one day, too: any schema will do.
Result<Json> read_record(std::string_view line, std::size_t number) {
  const auto bad = [&](std::string_view why) {
    return fail(fmt::format("line {}: {}; skipped", number, why));
  };
  auto record = Json::parse(line);
  if (!record) return bad(record.error().what);
  if (!record->is_object()) return bad("not a JSON object");
  if ((*record)["schema"].view().empty()) return bad("no schema");
  return record;
}

/// Reads to the end. Each record leaves on stdout first, since who reads there may have to act on
/// it.
void read_all(Context& context, notify::SinkWorker& worker, bool pass) {
  LineReader lines([&context] { context.out.flush(); },
                   [&worker](const Error& error) { worker.report(error); });
  std::string_view line;
  bool first = true;
  while (!context.out.broken() && lines.next(line) == LineReader::Got::line) {
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (line.empty()) continue;
    if (std::exchange(first, false)) {
      if (const auto known = check_format(line, "records"); !known)
        return worker.report(known.error());
    }
    auto record = read_record(line, lines.number());
    if (!record) {
      worker.report(record.error());
      continue;
    }
    if (pass) context.out.write_line(line);
    worker.add(std::move(*record), line.size());
  }
  if (const auto trouble = lines.trouble()) worker.report(*trouble);
  context.out.flush();
}

}  // namespace

int run_notify(Context& context, const Arguments& args) {
  return complete(context, [&]() -> Result<> {
    CDCTL_TRY_ASSIGN(const auto timeout,
                     duration_option(args, "timeout", std::chrono::seconds(30)));
    if (timeout <= Millis(0)) return fail(ExitCode::usage, "notify: --timeout must be more than 0");
    CDCTL_TRY_ASSIGN(auto sinks, open_sinks(context, args));
    if (::isatty(STDIN_FILENO))
      return fail(ExitCode::usage,
                  "standard input is a terminal: pipe records into it, such as those of cdctl "
                  "signals --follow");
    context.out.go_on_without_records();  // people are told all the same
    notify::SinkWorker worker(context, std::move(sinks), timeout);
    read_all(context, worker, args.has("pass"));
    worker.finish();
    return {};
  });
}

}  // namespace cdctl::cli
