#pragma once

#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <cdctl/roles.hpp>

#include "plugins/rabbit/amqp/amqp.hpp"
#include "plugins/rabbit/broker/settings.hpp"
#include "plugins/rabbit/feed/unheard.hpp"

namespace cdctl::rabbit {

/// Reads the stream of signals. Without follow it ends exactly with what the stream held when it
/// was opened.
class RabbitReader final : public FeedReader {
 public:
  /// `operators`: users of the broker that may speak for every set. `ahead`: what our clock is
  /// ahead of the broker's; counts where it is more than a little. `place`: names the broker's
  /// address and virtual host in a position, so that it is none of another stream.
  RabbitReader(Host& host, std::unique_ptr<AmqpLink> link, bool follow,
               std::vector<std::string> operators, Millis ahead, std::string place);

  /// Starts consuming, and without follow finds the end.
  [[nodiscard]] Result<> begin(const FeedQuery& query, const Deadline& deadline);

  Result<std::vector<Json>> do_next(Millis wait) override;
  bool do_at_end() const override { return at_end_; }
  std::string do_cursor() const override { return cursor_; }
  /// To be polled once next() has given nothing.
  [[nodiscard]] int fd() const { return link_->fd(); }
  /// For who waits elsewhere than in next(): nothing came for a while, so what comes from now on
  /// was sent just now.
  void caught_up() { live_ = true; }
  [[nodiscard]] Unheard& unheard() { return unheard_; }

 private:
  /// The offset of the stream's last message.
  [[nodiscard]] Result<std::int64_t> find_end(const Deadline& deadline);
  [[nodiscard]] Result<> mark_if_empty(const Deadline& deadline);
  [[nodiscard]] Result<> begin_after(std::int64_t offset, const Deadline& deadline);
  [[nodiscard]] Result<> begin_since(Time since, const Deadline& deadline);
  [[nodiscard]] Result<> begin_now(const Deadline& deadline);
  [[nodiscard]] Result<> begin_before(std::int64_t position, Time since, const Deadline& deadline);
  /// Keeps a delivery that came while the end was looked for; from where there is no room,
  /// read_on() has them come again.
  void keep_early(Delivery delivery);
  [[nodiscard]] Result<> read_on(const Deadline& deadline);
  /// The position; -1, with a word of it, when the stream ends before it.
  [[nodiscard]] std::int64_t within(std::int64_t position, std::int64_t end) const;
  [[nodiscard]] std::string cursor_of(std::int64_t offset) const;
  [[nodiscard]] Result<> consume(const StreamStart& start, const Deadline& deadline);
  [[nodiscard]] Result<std::optional<Delivery>> pull(const Deadline& deadline);
  void take(const Delivery& delivery, std::vector<Json>& signals);
  void take_body(const Delivery& delivery, std::vector<Json>& signals);
  [[nodiscard]] Result<> take_one(const Delivery& delivery, Json json, std::vector<Json>& signals,
                                  std::string& pretends) const;
  /// Whether it was published to the exchange of the signals, by somebody whom the broker knows.
  [[nodiscard]] bool straight(const Delivery& delivery);
  /// What its sender says of a set that it may not speak for; empty when it may.
  [[nodiscard]] std::string pretence(const Delivery& delivery, const Json& flat) const;
  /// Whether it was given before this reader started.
  [[nodiscard]] bool replayed(const Delivery& delivery) const {
    return delivery.offset >= 0 && delivery.offset <= given_;
  }
  [[nodiscard]] Time received(const Delivery& delivery, const Json& flat) const;

  Host& host_;
  std::unique_ptr<AmqpLink> link_;
  const bool follow_;
  const Millis ahead_;
  const std::vector<std::string> operators_;
  const std::string place_;
  Unheard unheard_;
  bool at_end_ = false;
  bool live_ = false;                ///< caught up: what comes now was sent now
  std::optional<std::int64_t> end_;  ///< without follow: the last offset to give
  std::int64_t wanted_ = -1;         ///< the offset that should come first, to notice a gap
  std::int64_t history_ = -1;        ///< the stream's end at the start: what is later can be live
  std::int64_t given_ = -1;          ///< what looks back: up to here it is a replay
  std::string consumer_;             ///< whose deliveries count; what others still get does not
  std::deque<Delivery> early_;       ///< came while the end was looked for
  std::size_t early_bytes_ = 0;      ///< of their bodies
  std::int64_t again_from_ = -1;     ///< the offset from which they did not fit
  std::uint64_t unacked_ = 0;        ///< tag of the last message taken; 0 = none
  std::string cursor_;
};

}  // namespace cdctl::rabbit
