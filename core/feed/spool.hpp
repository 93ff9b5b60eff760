#pragma once

#include <chrono>
#include <filesystem>
#include <span>
#include <string>

#include <cdctl/roles.hpp>

#include "core/app/context.hpp"

namespace cdctl::feed {

/// Bytes that a signal may have as a line: a message of the feed has 1 MiB, with what is put round
/// it.
constexpr std::size_t k_longest_signal = 960u << 10;

/// Signals that wait in files because the feed could not be reached: the home's `spool/`. Who can
/// write a line can leave one here, without cdctl and without a broker: `echo '{"set":…}'
/// >>spool/mine.ndjson`. Whoever reaches the feed next sends them on, each with the identity it had
/// before, so that none counts twice however often it is sent.
class Spool {
 public:
  explicit Spool(const std::filesystem::path& home) : folder_(home / "spool") {}

  /// Keeps them on the disk, all or none. Exit code `failed` when the folder holds too many
  /// already.
  [[nodiscard]] Result<> put(std::span<const Json> signals) const;

  /// Sends everything that waits, and removes what the feed has for good. `only`: a set; then only
  /// what its own units kept, since a unit may not send for others. Gives the number sent; 0 when
  /// someone else is at it. A file that its writer still holds open waits for the next time. Lines
  /// that are no signals are reported and kept in the folder's `refused.log`.
  [[nodiscard]] Result<std::size_t> drain(app::Context& context, Feed& feed, std::string_view only,
                                          const Deadline& deadline) const;

  [[nodiscard]] const std::filesystem::path& folder() const { return folder_; }

 private:
  [[nodiscard]] std::filesystem::path taken() const { return folder_ / "taken"; }
  std::filesystem::path folder_;
};

/// The set whose unit we are, by our environment (AMQP_URL and CDCTL_SET); empty for an operator.
[[nodiscard]] std::string unit_of_set();

/// Sends to the feed. Where that cannot be reached and `spool` is on, keeps them in the spool and
/// says so: nothing is lost. After a send that worked, what waits in the spool follows. `kept`: set
/// to whether they are in the spool.
[[nodiscard]] Result<> send_or_spool(app::Context& context, Feed& feed,
                                     std::span<const Json> signals, bool spool,
                                     const Deadline& deadline, bool* kept = nullptr);

/// Sends what waits in the spool; trouble is a warning, for it waits on.
void drain_spool(app::Context& context, Feed& feed, const Deadline& deadline);

/// The same beside other work: looks at most once a second, and seldom where the feed takes
/// nothing, which is told once.
class Drain {
 public:
  Drain(app::Context& context, Feed& feed) : context_(context), feed_(feed) {}
  void send();

 private:
  using Clock = std::chrono::steady_clock;
  app::Context& context_;
  Feed& feed_;
  Clock::time_point next_{};
  Millis pause_{};
};

/// --spool, or `[signals] spool = true`.
[[nodiscard]] bool wants_spool(const app::Context& context, bool asked);

}  // namespace cdctl::feed
