#include "core/notify/dispatch.hpp"

#include <csignal>
#include <filesystem>
#include <iterator>
#include <span>
#include <utility>

#include <fcntl.h>
#include <fmt/format.h>

#include <cdctl/secret.hpp>
#include <cdctl/stop.hpp>
#include <cdctl/text.hpp>

#include "core/app/own_program.hpp"
#include "core/notify/sender.hpp"

namespace cdctl::notify {

namespace {

constexpr Millis k_between_starts{5'000}, k_last_word{5'000}, k_look_again{50};
constexpr std::size_t k_most_held = 64u << 20;

/// What means this receiver and no other: a sink's name means all of its own.
std::string only_name(const Receiver& receiver) {
  return receiver.part.empty() ? receiver.sink + ":" : receiver.name;
}

}  // namespace

Result<Dispatch> Dispatch::open(app::Context& context, const Options& options) {
  Dispatch out(context);
  out.options_ = options;
  out.routes_ = Routes::read(context.config());
  CDCTL_TRY_ASSIGN(auto meant, find_receivers(context, options.receivers));
  if (meant.usable.empty() && !options.read_again)
    return fail(error_of(context, meant.problems.front()));
  // What is new is read once for all: it is kept for those, too, whom nobody is to tell now.
  auto others = std::move(meant.broken);
  std::span<const std::string> named = options.receivers;
  if (options.read_again && !named.empty()) {
    named = {};
    CDCTL_TRY_ASSIGN(auto all, find_receivers(context, named));
    std::ranges::move(all.usable, std::back_inserter(others));
    std::ranges::move(all.broken, std::back_inserter(others));
  }
  for (const auto& problem : receiver_problems(context, named))
    if (!problem.doubt) context.report(error_of(context, problem));
  for (auto& receiver : meant.usable) CDCTL_TRY(out.add_line(std::move(receiver), true));
  for (auto& receiver : others) CDCTL_TRY(out.add_line(std::move(receiver), false));
  return out;
}

/// Once each, however often it is named.
Result<> Dispatch::add_line(Receiver receiver, bool told) {
  for (const auto& line : lines_)
    if (line.receiver.name == receiver.name) return {};
  CDCTL_TRY_ASSIGN(auto outbox, open_outbox(*context_, receiver.name));
  lines_.emplace_back(std::move(receiver), std::move(outbox), told);
  return {};
}

void Dispatch::wake_waiting() {
  for (auto& line : lines_)
    if (const auto status = line.outbox.status(false);
        line.told && status && status->waiting_bytes > 0)
      if (const auto woken = wake(line); !woken) context_->report(woken.error());
}

Share Dispatch::share_of(const Receiver& receiver, const Json& record) const {
  if (const auto said = routes_.share_of(receiver.name, record)) return *said;
  return receiver.role->wants(receiver.part, record) ? Share::whole : Share::none;
}

void Dispatch::add(const Json& record, std::string_view line) {
  for (auto& to : lines_) {
    const auto share = share_of(to.receiver, record);
    if (share == Share::none) continue;
    if (share == Share::ends) {
      auto ends = record;
      ends.set("ends_only", true);
      if (!to.receiver.role->wants(to.receiver.part, ends)) continue;  // it keeps no conditions
      to.waiting.push_back(ends.dump());
    } else {
      to.waiting.emplace_back(line);
    }
    const auto size = to.waiting.back().size();
    to.bytes += size;
    bytes_ += size;
  }
}

/// One that has ended, whatever of, is started anew, not too often: what it has not sent is still
/// there.
Result<> Dispatch::wake(Line& line) {
  if (!line.told) return {};
  if (line.sender.running() && line.sender.wait(Deadline(Millis(0)))) line.sender.leave();
  if (line.sender.running()) {
    (void)write_all(line.sender.in.get(), "\n");
    line.owed = false;
    return {};
  }
  line.owed = true;
  if (!line.next_start.passed()) return {};
  line.next_start = Deadline(k_between_starts);
  Program program;
  program.env = hidden_environment();  // it reads the same configuration
  program.argv = {app::own_program(), "--config", context_->config().file.string()};
  for (const auto& folder : context_->options().plugin_path)
    program.argv.insert(program.argv.end(), {"--plugin-path", folder});
  program.argv.insert(program.argv.end(), {"notify", only_name(line.receiver), "--flush",
                                           "--timeout", to_duration(options_.timeout)});
  if (!options_.once) program.argv.emplace_back("--follow");
  auto started = Child::start(program, {Stream::pipe, Stream::null, Stream::ours, false});
  if (!started) return fail(started.error().in("starting to send to " + line.receiver.name));
  line.sender = std::move(*started);
  // One that stands still reads no wake-ups: a full pipe holds up nobody, and says enough.
  (void)::fcntl(line.sender.in.get(), F_SETFL, O_NONBLOCK);
  line.owed = false;
  return {};
}

/// Counts what could not be kept, and lets it go; says what is lost.
std::string Dispatch::give_up(Line& line) {
  const auto count = static_cast<std::int64_t>(line.waiting.size());
  line.outbox.count_dropped(count);
  line.waiting.clear();
  line.bytes = 0;
  return fmt::format("{} for {} {} lost", plural(count, "record"), line.receiver.name,
                     count == 1 ? "is" : "are");
}

/// A full disk is no reason to tell nobody. Whether all of it is settled now. Where a receiver
/// takes nothing, it is tried again every few seconds only: meanwhile nobody else is told either.
bool Dispatch::send_unkept(Line& line) {
  if (!line.next_unkept.passed()) return false;
  line.next_unkept = Deadline(k_between_starts);
  const auto status = line.outbox.status(false);
  if (!status || status->waiting_bytes > 0) return false;  // those come first
  std::vector<Json> records;
  for (const auto& text : line.waiting)
    if (auto record = Json::parse(text)) records.push_back(std::move(*record));
  auto answer = line.receiver.pass(records, Deadline(options_.timeout));
  if (!answer || records.size() != line.waiting.size()) return false;
  if (!answer->refused.empty())
    context_->report(
        {ExitCode::failed,
         fmt::format("{} refused {} for good, and there is no room to keep {}: {}",
                     line.receiver.name,
                     plural(static_cast<std::int64_t>(answer->refused.size()), "record"),
                     answer->refused.size() == 1 ? "it" : "them",
                     printable(answer->refused.front().why, 400))});
  std::vector<std::string> again;
  for (const auto index : answer->again)
    if (index < line.waiting.size()) again.push_back(std::move(line.waiting[index]));
  line.waiting = std::move(again);
  line.bytes = 0;
  for (const auto& text : line.waiting) line.bytes += text.size();
  return line.waiting.empty();
}

Result<> Dispatch::flush() {
  Result<> out;
  bytes_ = 0;
  for (auto& line : lines_) {
    if (line.waiting.empty()) {
      const bool ended = line.sender.running() && line.sender.wait(Deadline(Millis(0)));
      if (ended || line.owed)
        if (auto woken = wake(line); !woken) out = fail(std::move(woken.error()));
      continue;
    }
    auto kept = line.outbox.put(line.waiting);
    std::error_code
        error;  // one that an earlier cdctl has left is taken over by whoever sends next
    if (!kept && !std::filesystem::exists(line.outbox.folder(), error))
      if (auto moved = open_outbox(*context_, line.receiver.name)) {
        line.outbox = std::move(*moved);
        kept = line.outbox.put(line.waiting);
      }
    if (kept) {
      line.waiting.clear();
      line.bytes = 0;
      kept = wake(line);
    }
    if (kept || (!line.waiting.empty() && send_unkept(line))) continue;
    out = fail(kept.error().in(
        line.bytes > k_most_held ? give_up(line) : "keeping records for " + line.receiver.name));
  }
  return out;
}

void Dispatch::finish() {
  for (auto& line : lines_)
    if (!line.waiting.empty() && !options_.read_again)
      context_->report({ExitCode::failed, give_up(line) + ": it could not be kept on this disk"});
  for (auto& line : lines_) {
    if (!line.owed || Stop::requested()) continue;
    line.next_start = Deadline(Millis(0));
    if (const auto woken = wake(line); !woken) context_->report(woken.error());
  }
  for (auto& line : lines_) line.sender.in.reset();
  const Deadline end(options_.timeout + k_last_word);
  for (auto& line : lines_) {
    if (!line.sender.running()) continue;
    std::optional<int> status;
    while (!(status = line.sender.wait(Deadline(k_look_again))) && !end.passed() &&
           !Stop::requested()) {
    }
    const bool in_time = status.has_value();
    if (!in_time) status = line.sender.end(k_last_word);
    if (Stop::requested()) continue;
    // One that we have ended has left what it could not send.
    context_->note_exit(in_time ? static_cast<ExitCode>(exit_status(*status)) : ExitCode::unknown);
  }
}

}  // namespace cdctl::notify
