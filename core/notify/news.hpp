#pragma once

#include <memory>
#include <optional>
#include <string>

#include "core/app/configurations.hpp"
#include "core/app/context.hpp"
#include "core/feed/stream.hpp"
#include "core/notify/dispatch.hpp"
#include "core/records/outcome_log.hpp"

namespace cdctl::notify {

/// What happens at this home to what this configuration has: the outcomes of its log, and the
/// signals of the feed. What only another configuration of the home knows is left to that one. Each
/// is passed on once, over restarts; where the last reader stopped is kept in the home.
class News {
 public:
  /// One at a time in a configuration: exit code `refused` while another one follows. `follow`:
  /// trouble with the feed is told when it begins and ends, and not by heard().
  [[nodiscard]] static Result<News> open(app::Context& context, bool follow);
  /// Passes on what is new, waiting at most `wait` for the first of it. Exit code `unknown` when
  /// the log cannot be read; a feed that cannot be reached is asked again later.
  [[nodiscard]] Result<> pass_on(Dispatch& dispatch, Millis wait);
  /// Whether the last call found nothing.
  [[nodiscard]] bool idle() const { return idle_; }
  /// Exit code `unknown` when the feed could not be asked last.
  [[nodiscard]] Result<> heard() const;

 private:
  explicit News(app::Context& context) : context_(&context), neighbours_(context) {}
  [[nodiscard]] Result<> take_outcomes(Dispatch& dispatch);
  void take_signals(Dispatch& dispatch, Millis wait);
  [[nodiscard]] Result<> open_feed();
  void deaf(const Error& error);

  app::Context* context_;
  app::Neighbours neighbours_;
  feed::NamedReader place_;
  std::unique_ptr<FeedReader> signals_;
  std::optional<records::LogReader> outcomes_;
  std::string log_position_, trouble_;
  Deadline next_open_{Millis(0)};
  bool follow_ = false, idle_ = false, took_signals_ = false;
};

}  // namespace cdctl::notify
