#include "plugins/rabbit/keeper/turn.hpp"

#include <algorithm>
#include <cerrno>
#include <charconv>

#include <poll.h>
#include <unistd.h>

#include <fmt/format.h>

#include <cdctl/singleton.hpp>
#include <cdctl/text.hpp>

namespace cdctl::rabbit {

namespace {

constexpr Millis k_round(1000), k_connect(5000), k_ask_again(2000), k_goodbye(1000),
    k_stand_back(3000);
constexpr const char* k_ask = "ask";
constexpr const char* k_done = "done";

}  // namespace

Millis lease_of(int heartbeat_s) {
  // The broker gives a connection up after two heartbeats at the earliest; two seconds less are for
  // the kill
  return std::clamp<Millis>(Millis(2000 * heartbeat_s - 2000), Millis(0), k_longest_lease);
}

bool is_newer(const Delivery& message, std::int64_t rank, std::string_view set) {
  std::int64_t theirs = 0;
  const auto* const end = message.body.data() + message.body.size();
  const auto [stop, error] = std::from_chars(message.body.data(), end, theirs);
  if (message.type != k_ask || error != std::errc() || stop != end || message.user == set)
    return false;
  return theirs > rank || (theirs == rank && message.user > set);
}

void TurnKeeper::say(std::string_view what, std::string_view more) {
  const auto line = fmt::format("{}{}\n", what, printable(more, 300));
  if (::write(out_, line.data(), line.size()) != static_cast<ssize_t>(line.size())) ended_ = true;
}

void TurnKeeper::note(const std::string& text) {
  if (text != last_note_) say(k_keeper_note, text);
  last_note_ = text;
}

void TurnKeeper::obey(std::string_view order) {
  if (order == k_keeper_free) {
    fence_.guard(0);
    free_ = holding_;
  } else if (order.starts_with(k_keeper_guard)) {
    order.remove_prefix(k_keeper_guard.size());
    pid_t leader = 0;
    std::from_chars(order.data(), order.data() + order.size(), leader);
    fence_.guard(leader);
  }
}

void TurnKeeper::listen(Millis time, int broker) {
  pollfd fds[2] = {{in_, POLLIN, 0}, {broker, POLLIN, 0}};
  if (ended_ || ::poll(fds, 2, static_cast<int>(std::max(time, Millis(0)).count())) <= 0 ||
      fds[0].revents == 0)
    return;
  char buffer[256];
  const auto got = ::read(in_, buffer, sizeof buffer);
  if (got > 0) orders_.append(buffer, static_cast<std::size_t>(got));
  if (got == 0 || (got < 0 && errno != EINTR && errno != EAGAIN)) ended_ = true;
  for (std::size_t end = 0; (end = orders_.find('\n')) != std::string::npos;
       orders_.erase(0, end + 1))
    obey(std::string_view(orders_).substr(0, end));
}

void TurnKeeper::run() {
  while (!ended_) {
    if (const auto done = one_turn(); !done) {
      lose(done.error().what);
      note(done.error().what);
    }
    for (const auto until = boot_now() + k_round; !ended_ && boot_now() < until;)
      listen(until - boot_now());
  }
  if (holding_) fence_.strike();
}

/// Whatever it guards is dead before it is said: who hears it may be late.
void TurnKeeper::lose(const std::string& why) {
  if (holding_) {
    fence_.strike();
    say(k_keeper_lost, why);
  }
  holding_ = free_ = false;
}

Result<> TurnKeeper::one_turn() {
  CDCTL_TRY_ASSIGN(const auto link,
                   driver_.connect_with(address_, k_keeper_heartbeat_s, Deadline(k_connect)));
  lease_ = lease_of(link->heartbeat());
  if (lease_ == Millis(0))
    return fail(
        fmt::format("{} wants heartbeats of {} s, and two are the least that can be told "
                    "from a late answer; raise `heartbeat` in rabbitmq.conf",
                    address_.shown(), link->heartbeat()));
  CDCTL_TRY_ASSIGN(const bool ours, wait_for_turn(*link));
  if (!ours) return {};
  CDCTL_TRY_ASSIGN(const bool settled, settle(*link));
  if (!settled) return {};
  auto held = hold(*link);
  if (held && ended_ && holding_) fence_.strike();  // the engine is gone, and it was not told so
  return held;
}

Result<bool> TurnKeeper::wait_for_turn(AmqpLink& link) {
  for (auto ask_at = boot_now(); !ended_;) {
    CDCTL_TRY_ASSIGN(const auto counts, link.counts(turn_.queue, Deadline(k_connect)));
    if (!counts)
      return fail(fmt::format("the queue {} is not there; deploy the set again", turn_.queue));
    if (counts->consumers == 0 && boot_now() >= not_before_) {
      CDCTL_TRY_ASSIGN(const bool ours,
                       link.consume_alone(turn_.queue, "keeper", Deadline(k_connect)));
      if (ours) return true;
    } else if (counts->consumers > 0) {
      note("waits: another set of the service runs it");
      if (boot_now() >= ask_at) {
        CDCTL_TRY(tell(link, k_ask, k_connect));
        ask_at = boot_now() + k_ask_again;
      }
    }
    listen(k_round);
  }
  return false;
}

/// The one before us has said that nothing of its process runs, or has had the time to kill it.
Result<bool> TurnKeeper::settle(AmqpLink& link) {
  const auto until = boot_now() + k_settle;
  for (auto prove_at = boot_now(); !ended_ && boot_now() < until;) {
    CDCTL_TRY_ASSIGN(const auto heard, hear(link));
    if (!heard.newer.empty()) {
      not_before_ = boot_now() + k_stand_back;
      return false;
    }
    if (heard.done) break;
    if (boot_now() >= prove_at) {
      CDCTL_TRY(prove(link));
      prove_at = boot_now() + k_round;
    }
    listen(std::min(prove_at, until) - boot_now(), link.fd());
  }
  // What was read is taken out of the queue before anything runs: nobody shall believe it again
  CDCTL_TRY(link.barrier(Deadline(k_connect)));
  return !ended_;
}

Result<> TurnKeeper::hold(AmqpLink& link) {
  fence_.disarm();
  CDCTL_TRY(prove(link));
  holding_ = true;
  free_ = false;
  last_note_.clear();
  say(k_keeper_yours);
  bool asked = false;
  for (auto prove_at = boot_now() + k_round; !ended_ || free_;) {
    if (fence_.struck())
      return fail(fmt::format("{} has not answered for {}", address_.shown(), to_duration(lease_)));
    if (free_) return give_back(link), Result<>();
    CDCTL_TRY_ASSIGN(const auto heard, hear(link));
    if (!heard.newer.empty() && !std::exchange(asked, true)) say(k_keeper_asked, heard.newer);
    if (boot_now() >= prove_at) {
      CDCTL_TRY(prove(link));
      prove_at = boot_now() + k_round;
    }
    listen(prove_at - boot_now(), link.fd());
  }
  return {};
}

/// A question to the queue itself: that of a node which is cut off from ours does not answer.
Result<> TurnKeeper::prove(AmqpLink& link) {
  const auto sent = boot_now();
  CDCTL_TRY_ASSIGN(const auto counts, link.counts(turn_.queue, Deadline(lease_)));
  if (!counts || counts->consumers == 0)
    return fail(fmt::format("{}: the queue {} was deleted, or has let go of us", address_.shown(),
                            turn_.queue));
  fence_.arm(sent + lease_);
  return {};
}

Result<TurnKeeper::Heard> TurnKeeper::hear(AmqpLink& link) {
  Heard out;
  for (;;) {
    CDCTL_TRY_ASSIGN(const auto message, link.next(Deadline(Millis(0))));
    if (!message) return out;
    CDCTL_TRY(link.acknowledge(message->tag));
    // Who may publish to the default exchange reaches every queue; to ours, the sets of its service
    if (message->exchange != turn_.exchange || message->dead) continue;
    out.done = out.done || message->type == k_done;
    if (is_newer(*message, turn_.rank, address_.user)) out.newer = message->user;
  }
}

Result<> TurnKeeper::tell(AmqpLink& link, const char* type, Millis patience) {
  const Publication message{.exchange = turn_.exchange,
                            .routing_key = "",
                            .message_id = fmt::format("{}.{}", address_.user, boot_now().count()),
                            .content_type = "text/plain",
                            .body = std::to_string(turn_.rank),
                            .type = type};
  return link.publish(std::span(&message, 1), Deadline(patience));
}

/// Said while the turn is still ours: it comes to us as well, is never acknowledged, and so goes to
/// the next. Should it be lost, that one waits a little longer.
void TurnKeeper::give_back(AmqpLink& link) {
  (void)tell(link, k_done, k_goodbye);
  holding_ = free_ = false;
  not_before_ = boot_now() + k_stand_back;
}

}  // namespace cdctl::rabbit
