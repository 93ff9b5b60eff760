#include <algorithm>
#include <array>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cdctl/stop.hpp>
#include <cdctl/text.hpp>

#include "cli/command_line/command.hpp"
#include "cli/command_line/options.hpp"
#include "cli/input/record_reader.hpp"
#include "cli/output/context.hpp"
#include "core/app/configurations.hpp"
#include "core/notify/dispatch.hpp"
#include "core/notify/news.hpp"
#include "core/notify/reading.hpp"
#include "core/notify/receiver.hpp"
#include "core/notify/sender.hpp"
#include "core/records/receiver.hpp"

namespace cdctl::cli {

namespace {

constexpr Millis k_wait_for_news{200}, k_look_at_file{1'000};

/// Reads to the end. Each line leaves on stdout first, whatever becomes of it here, since who reads
/// there may have to act on it. Without a dispatch that is all.
void read_all(Context& context, notify::Dispatch* dispatch, bool pass) {
  const auto keep = [&] {
    context.out.flush();
    if (!dispatch) return;
    if (const auto kept = dispatch->flush(); !kept) context.report(kept.error());
  };
  LineReader lines(keep, [&context](const Error& error) { context.report(error); });
  if (pass && context.out.format() == Format::ndjson)
    lines.pass_on_long([&](std::string_view piece, bool whole) {
      context.out.text(piece);
      if (whole) context.out.text("\n");
      return context.out.flush();
    });
  std::string_view line;
  bool first = true;
  while (!context.out.broken() && lines.next(line) == LineReader::Got::line) {
    if (pass) context.out.write_line(line);
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (line.empty() || !dispatch) continue;
    if (std::exchange(first, false)) {
      if (const auto known = check_format(line, "records"); !known) {
        context.report(known.error());
        if (!pass) return;
        dispatch = nullptr;
        continue;
      }
    }
    const auto read = notify::read_line(line);
    if (!read) {
      context.report({ExitCode::failed,
                      fmt::format("line {}: {}; skipped", lines.number(), read.error().what)});
      continue;
    }
    dispatch->add(read->record, read->line.empty() ? line : std::string_view(read->line));
    if (dispatch->full()) keep();
  }
  if (const auto trouble = lines.trouble()) context.report(*trouble);
  keep();
}

/// A configuration, a home, and receivers to tell.
Result<notify::Dispatch> open_dispatch(Context& context, const Arguments& args, Millis timeout) {
  CDCTL_TRY(context.load_config());
  return notify::Dispatch::open(context, {args.words, timeout, false, false});
}

Result<> pass_on_input(Context& context, const Arguments& args, Millis timeout) {
  if (::isatty(STDIN_FILENO))
    return fail(ExitCode::usage,
                "standard input is a terminal: pipe records into it, such as those of cdctl "
                "signals --follow; or let it look for itself with --follow");
  const bool pass = args.has("pass");
  auto dispatch = open_dispatch(context, args, timeout);
  if (!dispatch && !pass) return fail(std::move(dispatch.error()));
  if (!dispatch) context.report(dispatch.error().in("nobody is told, and all of it is passed on"));
  if (dispatch) dispatch->wake_waiting();
  context.out.go_on_without_records();  // people are told all the same
  read_all(context, dispatch ? &*dispatch : nullptr, pass);
  if (dispatch) dispatch->finish();
  return {};
}

/// Says it when somebody edits the configuration that a follower has read.
class Edits {
 public:
  explicit Edits(Context& context) : context_(context), read_(stamp()) {}
  void look() {
    if (!next_.passed()) return;
    next_ = Deadline(k_look_at_file);
    if (const auto is = stamp(); is && std::exchange(read_, is) != is)
      context_.out.warning(
          fmt::format("{} has changed: this notify --follow goes on with what it "
                      "has read; restart it",
                      context_.config().file.string()));
  }

 private:
  /// Nothing while an editor is at it.
  [[nodiscard]] std::optional<std::filesystem::file_time_type> stamp() const {
    std::error_code error;
    const auto time = std::filesystem::last_write_time(context_.config().file, error);
    return error ? std::nullopt : std::optional(time);
  }

  Context& context_;
  std::optional<std::filesystem::file_time_type> read_;
  Deadline next_{Millis(0)};
};

/// --follow and --new: what happens at this home, for ever or up to now.
Result<> pass_on_news(Context& context, const Arguments& args, Millis timeout) {
  CDCTL_TRY_ASSIGN(auto dispatch,
                   notify::Dispatch::open(context, {args.words, timeout, true, false}));
  CDCTL_TRY_ASSIGN(auto news, notify::News::open(context, args.has("follow")));
  dispatch.wake_waiting();
  Edits edits(context);
  do {
    if (args.has("follow")) edits.look();
    if (auto done = news.pass_on(dispatch, k_wait_for_news); !done) {
      if (!args.has("follow")) {
        dispatch.finish();
        return done;
      }
      context.report(done.error());
      (void)pause_for(std::chrono::seconds(1));
    }
  } while (!Stop::requested() && (args.has("follow") || !news.idle()));
  dispatch.finish();
  return args.has("follow") || Stop::requested() ? Result<>() : news.heard();
}

bool is_pipe(int fd) {
  struct stat info{};
  return ::fstat(fd, &info) == 0 && S_ISFIFO(info.st_mode);
}

/// --flush: sends what waits. One receiver with --follow is how the others are sent to, too: then
/// the end of stdin, where that is a pipe, says that nothing comes any more.
Result<> send_waiting(Context& context, const Arguments& args, Millis timeout) {
  CDCTL_TRY_ASSIGN(auto found, notify::find_receivers(context, args.words));
  if (args.has("follow") && found.usable.size() > 1)
    return fail(ExitCode::usage, "notify --flush --follow sends to one receiver: name it");
  const bool alone = args.has("follow") || (found.usable.size() == 1 && found.problems.empty());
  if (!alone) {  // a process each: none waits for another
    CDCTL_TRY_ASSIGN(auto dispatch,
                     notify::Dispatch::open(context, {args.words, timeout, false, true}));
    dispatch.wake_waiting();
    dispatch.finish();
    return {};
  }
  for (const auto& problem : found.problems) context.report(notify::error_of(context, problem));
  const auto longest = notify::longest_pause(context.config());  // whoever keeps says what is wrong
  for (auto& receiver : found.usable) {
    CDCTL_TRY_ASSIGN(auto outbox, notify::open_outbox(context, receiver.name));
    notify::Sender sender(context, receiver, std::move(outbox),
                          {.follow = args.has("follow"),
                           .until = args.has("follow") && is_pipe(STDIN_FILENO) ? STDIN_FILENO : -1,
                           .timeout = timeout,
                           .longest_pause = longest.value_or(notify::SendOptions().longest_pause)});
    if (const auto sent = sender.run(); !sent) context.report(sent.error());
  }
  return {};
}

/// Who is asked about: those that were told, and those that the configuration has and that never
/// were.
struct Asked {
  std::vector<std::string> names;
  std::map<std::string, std::string> wrong;  ///< why some are not told at all
};

/// What is wrong with the configuration is told, and hides nobody.
Result<Asked> asked_for(Context& context, const Arguments& args,
                        const std::vector<std::string>& told) {
  Asked out;
  auto found = notify::find_receivers(context, args.words);
  if (!found && !args.words.empty()) {
    // One that is configured no more may still have something.
    for (const auto& name : args.words)
      if (std::ranges::find(told, name) == told.end()) return fail(std::move(found.error()));
    out.names = args.words;
  }
  if (args.words.empty()) out.names = told;
  for (const auto& name : out.names)
    if (!notify::is_receiver(context, name))
      out.wrong.emplace(name, fmt::format("not configured any more; rm -r {} lets go of it",
                                          (app::own_folder(context) / "notify" / name).string()));
  if (!found) return out;
  for (const auto& problem : notify::receiver_problems(context, args.words))
    if (!problem.doubt) context.report(notify::error_of(context, problem));
  for (const auto& receiver : found->usable) out.names.push_back(receiver.name);
  for (const auto& receiver : found->broken) {
    out.names.push_back(receiver.name);
    out.wrong.emplace(receiver.name, "its table cannot be used; cdctl config check says why");
  }
  std::ranges::sort(out.names);
  const auto same = std::ranges::unique(out.names);
  out.names.erase(same.begin(), same.end());
  return out;
}

Result<> show_status(Context& context, const Arguments& args) {
  if (const auto there = notify::find_receivers(context, {}))
    for (const auto& receiver : there->usable)
      (void)notify::take_over_outbox(context, receiver.name);
  CDCTL_TRY_ASSIGN(const auto told, notify::outboxes(app::own_folder(context)));
  CDCTL_TRY_ASSIGN(const auto asked, asked_for(context, args, told));
  for (const auto& name : asked.names) {
    const auto wrong = asked.wrong.find(name);
    const auto why = wrong == asked.wrong.end() ? std::string() : wrong->second;
    if (std::ranges::find(told, name) == told.end()) {
      context.out.write(records::encode(records::Receiver{
          .receiver = name, .last_sent = {}, .not_before = {}, .why = why, .time = now()}));
      continue;
    }
    CDCTL_TRY_ASSIGN(const auto outbox, notify::open_outbox(context, name));
    const auto status = outbox.status(true);
    if (!status) {
      context.report(status.error().in(name));
      continue;
    }
    context.out.write(records::encode(
        records::Receiver{.receiver = name,
                          .waiting = static_cast<std::int64_t>(status->waiting),
                          .waiting_bytes = static_cast<std::int64_t>(status->waiting_bytes),
                          .sent = status->sent,
                          .refused = static_cast<std::int64_t>(status->letters),
                          .dropped = status->dropped,
                          .tries = status->tries,
                          .last_sent = status->last_sent,
                          .not_before = status->not_before,
                          .why = why.empty() ? status->why : why,
                          .time = now()}));
  }
  if (context.out.tabular() && !context.out.any())
    context.out.note(
        "there is nobody to tell; docs/notify.md has what to add for a pager, a chat, a search "
        "index");
  return {};
}

Result<> replay(Context& context, const Arguments& args, Millis timeout) {
  CDCTL_TRY_ASSIGN(const auto receivers, notify::usable_receivers(context, args.words));
  for (const auto& receiver : receivers) {
    CDCTL_TRY_ASSIGN(auto outbox, notify::open_outbox(context, receiver.name));
    CDCTL_TRY_ASSIGN(const auto count, outbox.replay());
    context.out.note(fmt::format("{}: {} to be sent once more", receiver.name,
                                 plural(static_cast<std::int64_t>(count), "refused record")));
  }
  return send_waiting(context, args, timeout);
}

/// A cut and its mend of a set that there is not.
std::array<Json, 2> test_records(const Context& context) {
  const auto one = [&](std::string_view action, Time time) {
    return Json::object({{"schema", "cdctl.outcome/1"},
                         {"action", action},
                         {"service", "cdctl-test"},
                         {"revision", "r0000000000"},
                         {"set", "cdctl-test-r0000000000"},
                         {"ok", true},
                         {"changed", true},
                         {"took_ms", 0},
                         {"steps", Json::array()},
                         {"why", "a test of cdctl notify: nothing happened"},
                         {"by", context.actor()},
                         {"time", to_rfc3339(time)}});
  };
  return {one("break", now()), one("mend", now() + Millis(1))};
}

/// --test: straight to the receivers, past outbox and routes.
Result<> test(Context& context, const Arguments& args, Millis timeout) {
  CDCTL_TRY_ASSIGN(const auto receivers, notify::usable_receivers(context, args.words));
  const auto records = test_records(context);
  for (const auto& receiver : receivers) {
    const auto answer = receiver.pass(records, Deadline(timeout));
    if (!answer)
      context.report(answer.error().in(receiver.name));
    else if (!answer->again.empty())
      context.report({ExitCode::unknown, receiver.name + ": " + answer->why});
    else if (!answer->refused.empty())
      context.report({ExitCode::failed, receiver.name + ": " + answer->refused.front().why});
    else
      context.out.note(receiver.name + " has taken a cut and a mend of cdctl-test-r0000000000");
  }
  return {};
}

/// What is to be done: one of these at a time.
Result<> check_modes(const Arguments& args) {
  int modes = 0;
  for (const char* mode : {"flush", "status", "replay", "test", "new", "pass"})
    modes += args.has(mode) ? 1 : 0;
  if (args.has("follow") && !args.has("flush")) ++modes;
  if (modes > 1)
    return fail(ExitCode::usage,
                "notify: give one of --follow, --new, --pass, --flush, --status, --replay and "
                "--test");
  if ((args.has("replay") || args.has("test")) && args.words.empty())
    return fail(ExitCode::usage,
                fmt::format("notify: name the receiver, such as: cdctl notify --{} pagerduty",
                            args.has("test") ? "test" : "replay"));
  return {};
}

}  // namespace

int run_notify(Context& context, const Arguments& args) {
  return complete(context, [&]() -> Result<> {
    CDCTL_TRY_ASSIGN(const auto timeout,
                     duration_option(args, "timeout", std::chrono::seconds(30)));
    if (timeout <= Millis(0)) return fail(ExitCode::usage, "notify: --timeout must be more than 0");
    CDCTL_TRY(check_modes(args));
    if (args.has("pass")) return pass_on_input(context, args, timeout);
    CDCTL_TRY(context.load_config());
    if (args.has("status")) return show_status(context, args);
    if (args.has("test")) return test(context, args, timeout);
    if (args.has("replay")) return replay(context, args, timeout);
    if (args.has("flush")) return send_waiting(context, args, timeout);
    if (args.has("follow") || args.has("new")) return pass_on_news(context, args, timeout);
    return pass_on_input(context, args, timeout);
  });
}

}  // namespace cdctl::cli
