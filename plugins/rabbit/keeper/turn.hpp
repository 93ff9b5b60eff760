#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include <cdctl/error.hpp>
#include <cdctl/time.hpp>

#include "plugins/rabbit/amqp/amqp.hpp"
#include "plugins/rabbit/keeper/fence.hpp"

namespace cdctl::rabbit {

/// The heartbeat that a keeper asks for: the broker closes a connection of which it has heard
/// nothing for two to three of them.
inline constexpr int k_keeper_heartbeat_s = 5;
/// So long after its last question that was answered a keeper lets its process live, where the
/// broker wants no shorter heartbeat: less than it takes the broker to give the turn to another.
inline constexpr Millis k_longest_lease(8000);
/// So long a keeper waits that has got its turn from nobody: by then the one before it has killed
/// its process, even if nothing that the broker said has reached it.
inline constexpr Millis k_settle = k_longest_lease + Millis(1000);

/// For how long a question that was answered lets a process live; zero where heartbeats are too
/// short.
[[nodiscard]] Millis lease_of(int heartbeat_s);

/// What keeps a process to one: the queue whose only consumer runs it, the exchange to which those
/// write that want it, and the place of our set in the order of deploys.
struct Turn {
  std::string queue, exchange;
  std::int64_t rank = 0;
};

/// Whether what another keeper has said comes from a newer set than `rank` and `set`.
[[nodiscard]] bool is_newer(const Delivery& message, std::int64_t rank, std::string_view set);

/// The keeper of one process (singleton.hpp). The queue has one consumer at most, which is for the
/// broker to see to; who is it asks every second whether it still is.
class TurnKeeper {
 public:
  /// `in` and `out`: the engine.
  TurnKeeper(AmqpDriver& driver, AmqpAddress address, Turn turn, int in, int out)
      : driver_(driver), address_(std::move(address)), turn_(std::move(turn)), in_(in), out_(out) {}

  /// Until `in` ends.
  void run();

 private:
  [[nodiscard]] Result<> one_turn();
  [[nodiscard]] Result<bool> wait_for_turn(AmqpLink& link);
  [[nodiscard]] Result<bool> settle(AmqpLink& link);
  [[nodiscard]] Result<> hold(AmqpLink& link);
  [[nodiscard]] Result<> prove(AmqpLink& link);
  /// What other keepers have said since.
  struct Heard {
    bool done = false;  ///< the one before us has ended its process
    std::string newer;  ///< a newer set that wants it
  };
  [[nodiscard]] Result<Heard> hear(AmqpLink& link);
  [[nodiscard]] Result<> tell(AmqpLink& link, const char* type, Millis patience);
  void give_back(AmqpLink& link);
  void lose(const std::string& why);
  /// Reads what the engine says, for `time` at most, or until the broker says something.
  void listen(Millis time, int broker = -1);
  void obey(std::string_view order);
  void say(std::string_view what, std::string_view more = {});
  void note(const std::string& text);

  AmqpDriver& driver_;
  const AmqpAddress address_;
  const Turn turn_;
  const int in_, out_;
  Fence fence_;
  Millis lease_{0}, not_before_{0};  ///< by boot_now(): it has just let go, for somebody else
  std::string orders_, last_note_;
  bool ended_ = false, free_ = false, holding_ = false;
};

}  // namespace cdctl::rabbit
