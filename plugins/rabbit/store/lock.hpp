#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include <cdctl/roles.hpp>

#include "plugins/rabbit/amqp/amqp.hpp"

namespace cdctl::rabbit {

/// The lock of a service over all machines: an exclusive queue, which the broker deletes with its
/// connection. A thread takes it, keeps its connection alive, and gives it back with the object.
/// Owns a thread: not to be moved.
class LockHolder final : public ServiceLock {
 public:
  LockHolder(AmqpDriver& driver, AmqpAddress address, std::string service, Deadline deadline);
  LockHolder(const LockHolder&) = delete;
  LockHolder& operator=(const LockHolder&) = delete;
  ~LockHolder() override = default;

  /// Gives up at this point instead of the one given at the start.
  void wait_until(Deadline deadline);
  /// Waits until the lock is ours. Exit code `timeout` when it is still another's at the deadline.
  [[nodiscard]] Result<> wait();
  /// Whether nobody can say yet how it ends.
  [[nodiscard]] bool under_way() {
    const std::lock_guard guard(mutex_);
    return !outcome_;
  }

 private:
  /// A round trip on the connection that holds the lock.
  [[nodiscard]] Result<> do_prove(const Deadline& deadline) override;
  void work(const std::stop_token& stop);
  [[nodiscard]] Result<std::unique_ptr<AmqpLink>> take(const std::stop_token& stop);
  [[nodiscard]] Deadline deadline();
  /// False when stopped meanwhile.
  bool pause(Millis time, const std::stop_token& stop);
  /// Keeps the connection alive, and answers who asks for a proof, until the lock is lost.
  void keep(AmqpLink& link, const std::stop_token& stop);
  [[nodiscard]] std::string queue() const { return "cdctl.lock." + service_; }
  [[nodiscard]] std::unexpected<Error> lost() const;

  AmqpDriver& driver_;
  const AmqpAddress address_;
  const std::string service_;
  std::mutex mutex_;
  std::condition_variable_any changed_;
  Deadline deadline_;                // guarded by mutex_
  std::optional<Result<>> outcome_;  // guarded by mutex_
  std::optional<Deadline> asked_;    // for a proof, until then; guarded by mutex_
  bool lost_ = false;                // guarded by mutex_
  std::jthread thread_;              // last: it uses the others
};

}  // namespace cdctl::rabbit
