#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/app/context.hpp"
#include "core/notify/outbox.hpp"
#include "core/notify/receiver.hpp"

namespace cdctl::notify {

struct SendOptions {
  bool follow = false;     ///< go on for what comes, until a stop or the end of `until`
  int until = -1;          ///< a descriptor whose end means: send what is there, and end
  Millis timeout{30'000};  ///< of one call of the receiver; and of all that is left at the end
  bool quiet = false;      ///< what a follower says once is not said
  /// Between two tries of a receiver that takes nothing, whatever it asks for.
  Millis longest_pause{60'000};
};

/// Sends what waits for one receiver. Each receiver has a process of its own, so that none waits
/// for another. Says on stderr once that a receiver takes nothing, and once that it does again.
/// Exit code `unknown` when something is left that waits for a better time, `failed` when something
/// was refused for good: it is with the dead letters.
class Sender {
 public:
  Sender(app::Context& context, Receiver receiver, Outbox outbox, SendOptions options);
  [[nodiscard]] Result<> run();

 private:
  enum class Next { more, nothing, waits };
  Result<Next> send_next(const Deadline& deadline);
  [[nodiscard]] bool is_ours(const Outbox::Batch& batch, const Result<PassAnswer>& answer,
                             bool short_call, const Deadline& call) const;
  Result<> take_answer(const Outbox::Batch& batch, Result<PassAnswer> answer, bool ours);
  Result<> trouble(Millis wait, const std::string& why, bool closed);
  void tell_refused(const std::vector<PassAnswer::Refused>& refused);
  void well();
  [[nodiscard]] Result<std::optional<OfdLock>> wait_for_turn();
  [[nodiscard]] Result<> send_all();
  [[nodiscard]] std::string why_left(const std::string& last_trouble) const;
  void wait_for_more(Millis most);
  void look_at_input(bool readable);
  void glance_at_input();
  [[nodiscard]] bool finishing() const { return !options_.follow || ending_; }
  void tick();

  app::Context& context_;
  Receiver receiver_;
  Outbox outbox_;
  SendOptions options_;
  std::int64_t tries_ = 0;
  Deadline not_before_{Millis(0)};
  std::string said_;          ///< the trouble that was told last
  bool ending_ = false;       ///< nothing comes any more
  bool out_of_time_ = false;  ///< the end came in the middle of a call
  Deadline end_;              ///< of all, once it is known
  Deadline next_tick_{Millis(60'000)};
};

/// How long to wait before try number `tries` + 1: at random up to a bound that doubles from a
/// second to the longest pause, so that many senders do not come back at once.
[[nodiscard]] Millis back_off(std::int64_t tries, std::uint64_t random,
                              Millis longest = Millis(60'000));
/// `[notify] longest_pause`. Exit code `config` for what is no duration of a second or more.
[[nodiscard]] Result<Millis> longest_pause(const Config& config);

}  // namespace cdctl::notify
