#include "plugins/rabbit/store/lock.hpp"

#include <algorithm>

#include <fmt/format.h>

#include <cdctl/stop.hpp>

namespace cdctl::rabbit {

namespace {

constexpr Millis k_first_pause(2), k_longest_pause(50), k_beat(5000), k_proof(5000), k_margin(200);

}  // namespace

LockHolder::LockHolder(AmqpDriver& driver, AmqpAddress address, std::string service,
                       Deadline deadline)
    : driver_(driver),
      address_(std::move(address)),
      service_(std::move(service)),
      deadline_(deadline) {
  thread_ = std::jthread([this](const std::stop_token& stop) { work(stop); });
}

Deadline LockHolder::deadline() {
  const std::lock_guard guard(mutex_);
  return deadline_;
}

void LockHolder::wait_until(Deadline deadline) {
  const std::lock_guard guard(mutex_);
  deadline_ = deadline;
}

bool LockHolder::pause(Millis time, const std::stop_token& stop) {
  std::unique_lock guard(mutex_);
  changed_.wait_for(guard, stop, time, [] { return false; });
  return !stop.stop_requested();
}

/// Another holder's queue is refused with 405, and the broker tells nobody when it goes: so ask
/// again, ever more slowly.
Result<std::unique_ptr<AmqpLink>> LockHolder::take(const std::stop_token& stop) {
  const auto taking = fmt::format("taking the lock of {}", service_);
  auto link = driver_.connect(address_, deadline().at_most(Millis(5000)));
  if (!link) return fail(link.error().in(taking));
  for (auto time = k_first_pause;; time = std::min(time * 2, k_longest_pause)) {
    const auto until = deadline();
    auto ours = (*link)->take_exclusive(queue(), until.at_most(Millis(5000)));
    if (!ours) return fail(ours.error().in(taking));
    if (*ours) return link;
    if (until.passed())
      return fail(
          Error{ExitCode::timeout, taking + ": another cdctl holds it; run it again later"}.because(
              Reason::held));
    if (Stop::requested() || !pause(time, stop))
      return fail(ExitCode::interrupted, taking + ": interrupted");
  }
}

void LockHolder::work(const std::stop_token& stop) {
  Result<std::unique_ptr<AmqpLink>> link = fail("");
  try {
    link = take(stop);
  } catch (const std::exception& e) {
    link = fail(std::string("taking the lock: internal error: ") + e.what());
  }
  {
    const std::lock_guard guard(mutex_);
    outcome_ = link ? Result<>() : Result<>(std::unexpected(link.error()));
  }
  changed_.notify_all();
  if (link) keep(**link, stop);
}

void LockHolder::keep(AmqpLink& link, const std::stop_token& stop) {
  for (;;) {
    std::unique_lock guard(mutex_);
    changed_.wait_for(guard, stop, k_beat, [this] { return asked_.has_value(); });
    if (stop.stop_requested()) return;
    const auto asked = asked_;
    guard.unlock();
    bool held = false;
    if (asked) {  // an exclusive queue that is there, and that we may look at, is our own
      const auto counts = link.counts(queue(), *asked);
      held = counts && counts->has_value();
    } else {
      held = link.beat().has_value();
    }
    guard.lock();
    lost_ = !held;
    if (asked) asked_.reset();
    changed_.notify_all();
    if (lost_) return;
  }
}

std::unexpected<Error> LockHolder::lost() const {
  return fail(ExitCode::unknown,
              fmt::format("the lock of {} was lost while it was held: this machine stood still, or "
                          "its connection to {} broke; run it again",
                          service_, address_.shown()));
}

Result<> LockHolder::do_prove(const Deadline& deadline) {
  std::unique_lock guard(mutex_);
  if (lost_) return lost();
  if (deadline.passed())
    return fail(ExitCode::timeout, fmt::format("asking whether the lock of {} is still held: the "
                                               "deadline passed; run it again",
                                               service_));
  asked_ = deadline.at_most(k_proof);
  changed_.notify_all();
  if (!changed_.wait_for(guard, asked_->left() + k_margin, [this] { return !asked_ || lost_; })) {
    return fail(
        ExitCode::unknown,
        fmt::format("whether the lock of {} is still held could not be asked: no answer from "
                    "{}; run it again",
                    service_, address_.shown()));
  }
  return lost_ ? Result<>(lost()) : Result<>();
}

Result<> LockHolder::wait() {
  std::unique_lock guard(mutex_);
  if (!changed_.wait_for(guard, deadline_.left(), [this] { return outcome_.has_value(); })) {
    return fail(ExitCode::timeout, fmt::format("taking the lock of {}: no answer from {} within {}",
                                               service_, address_.shown(), deadline_.given()));
  }
  return *outcome_;
}

}  // namespace cdctl::rabbit
