#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <cdctl/child.hpp>

#include "core/app/context.hpp"
#include "core/notify/outbox.hpp"
#include "core/notify/receiver.hpp"
#include "core/notify/routes.hpp"

namespace cdctl::notify {

/// Keeps each record for the receivers that shall have it, and has a process for each send it: one
/// that is down, slow or broken delays nobody else, and loses nothing.
class Dispatch {
 public:
  struct Options {
    /// Whom to tell; empty: those of the configuration, by its routes.
    std::vector<std::string> receivers;
    Millis timeout{30'000};
    /// It is what is new at this home, which is read once for all receivers of the configuration:
    /// for those who are not to be told now it is kept. What could not be kept comes once more with
    /// the next run.
    bool read_again = false;
    bool once = false;  ///< what waits is sent, and nothing comes
  };
  /// Exit code `config` when nobody can be told. A table or a route that is wrong is reported, and
  /// silences nobody else; what is for its receiver is kept until it is mended.
  [[nodiscard]] static Result<Dispatch> open(app::Context& context, const Options& options);

  /// A record, and the line that it stood on.
  void add(const Json& record, std::string_view line);
  /// Whether so much was added that flush() is due.
  [[nodiscard]] bool full() const { return bytes_ >= k_most_bytes; }
  /// On the disk, and known to those who send, when it returns. May be repeated after an error:
  /// what could not be kept is sent from memory, unless older records of it wait on the disk; what
  /// is not taken then is kept in memory meanwhile, 64 MiB of it. What is more is lost, and the
  /// error says how much.
  [[nodiscard]] Result<> flush();
  /// Has what earlier runs have left sent.
  void wake_waiting();
  /// Lets the senders send what waits, each within the timeout, and takes over their exit codes. A
  /// stop request ends them at once: what waits is sent the next time.
  void finish();

 private:
  static constexpr std::size_t k_most_bytes = 4u << 20;
  struct Line {
    Line(Receiver to, Outbox box, bool now)
        : receiver(std::move(to)), outbox(std::move(box)), told(now) {}

    Receiver receiver;
    Outbox outbox;
    bool told;  ///< by this run; else by a later one
    std::vector<std::string> waiting;
    std::size_t bytes = 0;  ///< of those
    Child sender;
    bool owed = false;  ///< something waits, and nobody was told
    Deadline next_start{Millis(0)}, next_unkept{Millis(0)};
  };
  explicit Dispatch(app::Context& context) : context_(&context) {}
  [[nodiscard]] Result<> add_line(Receiver receiver, bool told);
  [[nodiscard]] Share share_of(const Receiver& receiver, const Json& record) const;
  [[nodiscard]] Result<> wake(Line& line);
  [[nodiscard]] bool send_unkept(Line& line);
  static std::string give_up(Line& line);

  app::Context* context_;
  Options options_;
  Routes routes_;
  std::vector<Line> lines_;
  std::size_t bytes_ = 0;
};

}  // namespace cdctl::notify
