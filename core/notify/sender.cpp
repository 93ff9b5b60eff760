#include "core/notify/sender.hpp"

#include <algorithm>
#include <array>
#include <random>
#include <utility>

#include <fmt/format.h>
#include <poll.h>
#include <sys/inotify.h>
#include <unistd.h>

#include <cdctl/stop.hpp>
#include <cdctl/text.hpp>

namespace cdctl::notify {

namespace {

constexpr std::size_t k_batch_records = 500, k_batch_bytes = 4u << 20;
constexpr Millis k_first_pause{1'000}, k_tick{60'000}, k_look_again{200};
constexpr Millis k_closed_pause{60'000};

std::uint64_t random_number() {
  static std::mt19937_64 numbers{std::random_device{}()};
  return numbers();
}

/// The longest error that is worth a line.
std::string line_of(const std::string& why) { return printable(why, 400); }

}  // namespace

Millis back_off(std::int64_t tries, std::uint64_t random, Millis longest) {
  const auto bound = std::min(
      longest, k_first_pause * (std::int64_t{1} << std::clamp<std::int64_t>(tries, 0, 10)));
  const auto half = bound / 2;
  return half + Millis(random % static_cast<std::uint64_t>(half.count() + 1));
}

Result<Millis> longest_pause(const Config& config) {
  const auto& value = config.table["notify"]["longest_pause"];
  if (value.is_null()) return SendOptions().longest_pause;
  const auto pause = parse_duration(value.view());
  if (pause && *pause >= k_first_pause) return *pause;
  return fail(ExitCode::config,
              fmt::format("{}: [notify] longest_pause must be a duration of a second or more, such "
                          "as \"60s\"",
                          config.file.string()));
}

Sender::Sender(app::Context& context, Receiver receiver, Outbox outbox, SendOptions options)
    : context_(context),
      receiver_(std::move(receiver)),
      outbox_(std::move(outbox)),
      options_(options) {}

/// Trouble is told when it begins, and when it is another one.
Result<> Sender::trouble(Millis wait, const std::string& why, bool closed) {
  const auto pause = std::max(
      std::min(wait, options_.longest_pause),
      closed ? k_closed_pause : back_off(tries_++, random_number(), options_.longest_pause));
  not_before_ = Deadline(pause);
  if (said_ != why) {
    said_ = why;
    if (!options_.quiet)
      context_.out.note(fmt::format("{} takes nothing now, what is for it waits: {}",
                                    receiver_.name, line_of(why)));
  }
  return outbox_.put_off(pause, why);
}

void Sender::well() {
  tries_ = 0;
  not_before_ = Deadline(Millis(0));
  if (!std::exchange(said_, {}).empty() && !options_.quiet)
    context_.out.note(receiver_.name + " takes records again");
}

/// One line a batch, however many there are: they are all in the file.
void Sender::tell_refused(const std::vector<PassAnswer::Refused>& refused) {
  const auto further =
      refused.size() == 1 ? std::string() : fmt::format(" (and {} more)", refused.size() - 1);
  context_.report(
      {ExitCode::failed, fmt::format("{} refused a record for good: {}{}; it is in {}",
                                     receiver_.name, line_of(refused.front().why), further,
                                     (outbox_.folder() / "refused.ndjson").string())});
}

/// Why what was left of a batch says nothing of the receiver: the run was over, which had less time
/// than a call is given, we were stopped, or the call ended while it took one record after the
/// other.
bool Sender::is_ours(const Outbox::Batch& batch, const Result<PassAnswer>& answer, bool short_call,
                     const Deadline& call) const {
  if (answer && answer->again.empty()) return false;
  if (Stop::requested() || (short_call && call.passed())) return true;
  return answer && answer->again.size() < batch.records.size() && call.passed();
}

Result<> Sender::take_answer(const Outbox::Batch& batch, Result<PassAnswer> answer, bool ours) {
  if (ours) {
    if (!answer) return {};
    answer->why.clear();
    CDCTL_TRY(outbox_.settle(batch, *answer));
    if (!answer->refused.empty()) tell_refused(answer->refused);
    if (answer->again.size() < batch.records.size()) well();
    return {};
  }
  if (!answer) return trouble(Millis(0), answer.error().what, !answer.error().transient);
  CDCTL_TRY(outbox_.settle(batch, *answer));
  if (!answer->refused.empty()) tell_refused(answer->refused);
  if (answer->again.empty()) {
    well();
    return {};
  }
  if (answer->again.size() < batch.records.size()) tries_ = 0;
  return trouble(answer->wait, answer->why, false);
}

Result<Sender::Next> Sender::send_next(const Deadline& deadline) {
  if (!not_before_.passed()) {  // what waits is not read for each record that joins it
    CDCTL_TRY_ASSIGN(const auto status, outbox_.status(false));
    return status.waiting_bytes > 0 ? Next::waits : Next::nothing;
  }
  CDCTL_TRY_ASSIGN(const auto batch, outbox_.take(k_batch_records, k_batch_bytes));
  if (batch.records.empty() && batch.unreadable == 0) return Next::nothing;
  crash_point("notify.taken");
  const bool short_call = deadline.left() < options_.timeout * 9 / 10;
  const auto call = deadline.at_most(options_.timeout);
  auto answer = batch.records.empty() ? Result<PassAnswer>(PassAnswer())
                                      : receiver_.pass(batch.records, call);
  crash_point("notify.passed");
  const bool ours = is_ours(batch, answer, short_call, call);
  out_of_time_ = ours && (Stop::requested() || deadline.passed());
  CDCTL_TRY(take_answer(batch, std::move(answer), ours));
  return said_.empty() && !out_of_time_ ? Next::more : Next::waits;
}

void Sender::tick() {
  if (finishing() || !next_tick_.passed()) return;
  next_tick_ = Deadline(k_tick);
  (void)receiver_.pass({}, Deadline(options_.timeout));
}

/// Whoever fed us may have said that nothing comes any more.
void Sender::look_at_input(bool readable) {
  if (!readable || ending_) return;
  std::array<char, 256> ignored;
  if (::read(options_.until, ignored.data(), ignored.size()) > 0) return;
  ending_ = true;
  end_ = Deadline(options_.timeout);
}

void Sender::glance_at_input() {
  pollfd input{ending_ ? -1 : options_.until, POLLIN, 0};
  (void)::poll(&input, 1, 0);
  look_at_input(input.revents != 0);
}

/// Waits until something is put into the outbox, whoever does it, or `most` is over.
void Sender::wait_for_more(Millis most) {
  const Fd changes(::inotify_init1(IN_NONBLOCK | IN_CLOEXEC));
  if (changes.valid())
    (void)::inotify_add_watch(changes.get(), outbox_.folder().c_str(), IN_MODIFY | IN_CREATE);
  const bool pausing = !not_before_.passed();
  // What came between the last look and the watch has no event.
  if (const auto status = outbox_.status(false); !pausing && status && status->waiting_bytes > 0)
    return;
  // During a pause nobody needs to know that more has come, only that nothing will.
  std::array<pollfd, 3> waits{
      {{pausing ? -1 : changes.get(), POLLIN, 0},
       {ending_ ? -1 : options_.until, static_cast<short>(pausing ? 0 : POLLIN), 0},
       {Stop::fd(), POLLIN, 0}}};
  const auto time = std::max<std::int64_t>(std::min(most, end_.left()).count(), 1);
  (void)::poll(waits.data(), waits.size(), static_cast<int>(time));
  look_at_input(waits[1].revents != 0);
}

/// Empty when somebody else has sent everything, or there is no time to wait for him.
Result<std::optional<OfdLock>> Sender::wait_for_turn() {
  for (;;) {
    CDCTL_TRY_ASSIGN(auto turn, sender_turn(outbox_, Deadline(k_look_again)));
    if (turn || Stop::requested()) return turn;
    CDCTL_TRY_ASSIGN(const auto status, outbox_.status(false));
    if (finishing() && (status.waiting_bytes == 0 || end_.passed())) return turn;
    glance_at_input();
  }
}

Result<> Sender::send_all() {
  while (!Stop::requested() && !end_.passed()) {
    CDCTL_TRY_ASSIGN(const auto next, send_next(end_));
    glance_at_input();  // one that always has more to send has its time, too
    if (next == Next::more) continue;
    if (finishing() && (next == Next::nothing || end_.left() <= not_before_.left())) break;
    wait_for_more(next == Next::nothing && not_before_.passed() ? next_tick_.left()
                                                                : not_before_.left());
    tick();
  }
  return {};
}

std::string Sender::why_left(const std::string& last_trouble) const {
  if (Stop::requested()) return "this run was stopped";
  if (!out_of_time_ && !last_trouble.empty()) return last_trouble;
  return fmt::format("the {} of this run are over (--timeout)", to_duration(options_.timeout));
}

Result<> Sender::run() {
  if (!options_.follow) end_ = Deadline(options_.timeout);
  CDCTL_TRY_ASSIGN(const auto turn, wait_for_turn());
  if (turn) CDCTL_TRY(send_all());
  CDCTL_TRY_ASSIGN(const auto status, outbox_.status(true));
  if (status.waiting == 0 || (!finishing() && Stop::requested())) return {};
  const bool one = status.waiting == 1;
  return fail(
      ExitCode::unknown,
      fmt::format("{} for {} could not be sent yet and {} kept: {}; the next cdctl notify "
                  "sends {}",
                  plural(static_cast<std::int64_t>(status.waiting), "record"), receiver_.name,
                  one ? "is" : "are", line_of(why_left(status.why)), one ? "it" : "them"));
}

}  // namespace cdctl::notify
