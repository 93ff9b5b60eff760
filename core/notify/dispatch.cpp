#include "core/notify/dispatch.hpp"

#include <csignal>
#include <utility>

#include <fmt/format.h>

#include <cdctl/secret.hpp>
#include <cdctl/stop.hpp>
#include <cdctl/text.hpp>

namespace cdctl::notify {

namespace fs = std::filesystem;

namespace {

constexpr Millis k_between_starts{5'000}, k_last_word{5'000}, k_look_again{50};
constexpr std::size_t k_most_held = 64u << 20;

/// Our own program, also after its file was replaced.
std::string own_program() {
  std::error_code error;
  const auto file = fs::read_symlink("/proc/self/exe", error);
  return fs::exists(file, error) ? file.string() : "/proc/self/exe";
}

/// What means this receiver and no other: a sink's name means all of its own.
std::string only_name(const Receiver& receiver) {
  return receiver.part.empty() ? receiver.sink + ":" : receiver.name;
}

}  // namespace

Result<Dispatch> Dispatch::open(app::Context& context, const Options& options) {
  Dispatch out(context);
  out.options_ = options;
  CDCTL_TRY_ASSIGN(out.routes_, Routes::read(context.config()));
  CDCTL_TRY_ASSIGN(auto receivers, find_receivers(context, options.receivers));
  // A route to nobody would be a page that never comes.
  if (const auto named = out.routes_.receivers(); options.receivers.empty() && !named.empty())
    CDCTL_TRY(find_receivers(context, named));
  for (auto& receiver : receivers) {
    CDCTL_TRY_ASSIGN(auto outbox, Outbox::open(context.home(), receiver.name));
    out.lines_.emplace_back(std::move(receiver), std::move(outbox));
  }
  return out;
}

void Dispatch::wake_waiting() {
  for (auto& line : lines_)
    if (const auto status = line.outbox.status(false); status && status->waiting_bytes > 0)
      if (const auto woken = wake(line); !woken) context_->report(woken.error());
}

bool Dispatch::shall_have(const Receiver& receiver, const Json& record) const {
  if (const auto said = routes_.sends(receiver.name, record)) return *said;
  return receiver.role->wants(receiver.part, record);
}

void Dispatch::add(const Json& record, std::string_view line) {
  for (auto& to : lines_) {
    if (!shall_have(to.receiver, record)) continue;
    to.waiting.emplace_back(line);
    to.bytes += line.size();
    bytes_ += line.size();
  }
}

/// One that has ended, whatever of, is started anew, not too often: what it has not sent is still
/// there.
Result<> Dispatch::wake(Line& line) {
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
  program.argv = {own_program(), "--config", context_->config().file.string()};
  for (const auto& folder : context_->options().plugin_path)
    program.argv.insert(program.argv.end(), {"--plugin-path", folder});
  program.argv.insert(program.argv.end(), {"notify", only_name(line.receiver), "--flush",
                                           "--follow", "--timeout", to_duration(options_.timeout)});
  auto started = Child::start(program, {Stream::pipe, Stream::null, Stream::ours, false});
  if (!started) return fail(started.error().in("starting to send to " + line.receiver.name));
  line.sender = std::move(*started);
  line.owed = false;
  return {};
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
    if (kept) {
      line.waiting.clear();
      line.bytes = 0;
      kept = wake(line);
    }
    if (kept) continue;
    auto doing = "keeping records for " + line.receiver.name;
    if (line.bytes > k_most_held) {
      doing = fmt::format("{} for {} are lost",
                          plural(static_cast<std::int64_t>(line.waiting.size()), "record"),
                          line.receiver.name);
      line.waiting.clear();
      line.bytes = 0;
    }
    out = fail(kept.error().in(doing));
  }
  return out;
}

void Dispatch::finish() {
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
    if (!status) status = line.sender.end(k_last_word);
    if (Stop::requested()) continue;
    context_->note_exit(static_cast<ExitCode>(exit_status(*status)));
  }
}

}  // namespace cdctl::notify
