#include "plugins/rabbit/feed/reader.hpp"

#include <algorithm>
#include <charconv>
#include <utility>

#include <fmt/format.h>

#include <cdctl/signal.hpp>
#include <cdctl/stop.hpp>
#include <cdctl/text.hpp>

namespace cdctl::rabbit {

namespace {

constexpr const char* k_consumer = "signals";
constexpr const char* k_probe = "end";
constexpr const char* k_looking_back = "before";
constexpr const char* k_rest = "rest";
constexpr const char* k_cursor_prefix = "stream:";
/// A message that is not a signal: the first of every stream, so that the end of a stream can
/// always be found.
constexpr const char* k_marker = "cdctl.marker";
constexpr std::uint16_t k_prefetch = 1000;
constexpr std::size_t k_batch = 500, k_batch_bytes = 4u << 20, k_most_early = 8u << 20;
/// After having waited this long for a message, the next one was sent just now.
constexpr Millis k_live_after(250);
constexpr Millis k_clock_slack(30'000), k_patience(10'000);

/// `stream:12@PLACE`; of an earlier cdctl without the place.
struct Cursor {
  std::int64_t offset = 0;
  std::string_view place;
};

std::optional<Cursor> parse_cursor(std::string_view text) {
  if (!text.starts_with(k_cursor_prefix)) return {};
  text.remove_prefix(std::string_view(k_cursor_prefix).size());
  const auto at = text.find('@');
  const auto place = at == text.npos ? std::string_view() : text.substr(at + 1);
  text = text.substr(0, at);
  std::int64_t offset = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), offset);
  if (error != std::errc() || end != text.data() + text.size() || offset < 0) return {};
  return Cursor{offset, place};
}

}  // namespace

RabbitReader::RabbitReader(Host& host, std::unique_ptr<AmqpLink> link, bool follow,
                           std::vector<std::string> operators, Millis ahead, std::string place)
    : host_(host),
      link_(std::move(link)),
      follow_(follow),
      ahead_(std::chrono::abs(ahead) > k_clock_slack ? ahead : Millis(0)),
      operators_(std::move(operators)),
      place_(std::move(place)),
      unheard_(host, follow),
      consumer_(k_consumer) {}

Result<> RabbitReader::consume(const StreamStart& start, const Deadline& deadline) {
  return link_->consume(k_signals_log, consumer_, k_prefetch, start, deadline);
}

/// The broker starts a consumer in the background, so that "nothing came yet" does not mean an
/// empty stream. A consumer that begins at the last message always gets one, unless the stream
/// never held any: then a marker is put into it.
Result<> RabbitReader::mark_if_empty(const Deadline& deadline) {
  const Publication marker{.exchange = "",
                           .routing_key = k_signals_log,
                           .message_id = new_id(),
                           .content_type = "text/plain",
                           .body = "",
                           .type = k_marker};
  return link_->publish(std::span(&marker, 1), deadline);
}

Result<std::int64_t> RabbitReader::find_end(const Deadline& deadline) {
  CDCTL_TRY(
      link_->consume(k_signals_log, k_probe, k_prefetch, {.at = StreamStart::At::last}, deadline));
  std::int64_t end = -1;
  bool marked = false;
  const auto look = [&](const Deadline& until) -> Result<bool> {
    CDCTL_TRY_ASSIGN(auto delivery, link_->next(until));
    if (!delivery) return false;
    if (delivery->consumer == k_probe)
      end = std::max(end, delivery->offset);
    else if (delivery->consumer == consumer_)
      keep_early(std::move(*delivery));
    return true;
  };
  while (end < 0) {
    CDCTL_TRY_ASSIGN(const bool came, look(marked ? deadline : deadline.at_most(Millis(30))));
    if (came) continue;
    if (Stop::requested()) return fail(ExitCode::interrupted, "interrupted");
    if (marked || deadline.passed())
      return fail(ExitCode::timeout,
                  "the end of the stream was not found within " + deadline.given());
    CDCTL_TRY(mark_if_empty(deadline));
    marked = true;
  }
  // The broker fills all consumers of a channel at one go: after one more round trip everything up
  // to the end is here.
  CDCTL_TRY(link_->barrier(deadline));
  for (bool came = true; came;) {
    CDCTL_TRY_ASSIGN(came, look(Deadline(Millis(0))));
  }
  CDCTL_TRY(link_->cancel(k_probe, deadline));
  history_ = end;
  return end;
}

void RabbitReader::keep_early(Delivery delivery) {
  if (again_from_ >= 0) return;
  if (delivery.passed_over() || early_bytes_ + delivery.body.size() > k_most_early) {
    again_from_ = delivery.offset;
    return;
  }
  early_bytes_ += delivery.body.size();
  early_.push_back(std::move(delivery));
}

Result<> RabbitReader::read_on(const Deadline& deadline) {
  if (again_from_ < 0) return {};
  CDCTL_TRY(link_->cancel(consumer_, deadline));
  consumer_ = fmt::format("{}-{}", k_rest, again_from_);  // what the last one still got is not its
  return consume({.at = StreamStart::At::offset, .offset = std::exchange(again_from_, -1)},
                 deadline);
}

std::int64_t RabbitReader::within(std::int64_t position, std::int64_t end) const {
  if (position <= end) return position;
  host_.log(Level::warning,
            fmt::format("the feed was made anew since this reader stopped (position {} is beyond "
                        "its end {}); reading it from the start",
                        position, end));
  return -1;
}

std::string RabbitReader::cursor_of(std::int64_t offset) const {
  return fmt::format("{}{}@{}", k_cursor_prefix, offset, place_);
}

Result<> RabbitReader::begin_after(std::int64_t offset, const Deadline& deadline) {
  CDCTL_TRY_ASSIGN(const auto end, find_end(deadline));
  offset = within(offset, end);
  if (!follow_) {
    end_ = end;
    at_end_ = offset >= end;
    if (at_end_) return {};
  }
  if (offset >= 0) wanted_ = offset + 1;
  return consume({.at = StreamStart::At::offset, .offset = offset + 1}, deadline);
}

Result<> RabbitReader::begin_since(Time since, const Deadline& deadline) {
  // The broker's own time is in whole seconds, rounded down: a message or two of before may come
  // along.
  CDCTL_TRY(
      consume({.at = StreamStart::At::time, .time = std::min(since, now()) - ahead_}, deadline));
  if (follow_) return {};
  CDCTL_TRY_ASSIGN(end_, find_end(deadline));
  at_end_ = early_.empty() && again_from_ < 0;
  return read_on(deadline);
}

/// After the last message that is there, and not at "next": so there is a position to come back to,
/// should the broker go before anything was heard.
Result<> RabbitReader::begin_now(const Deadline& deadline) {
  CDCTL_TRY_ASSIGN(const auto end, find_end(deadline));
  cursor_ = cursor_of(end);
  live_ = true;
  return consume({.at = StreamStart::At::offset, .offset = end + 1}, deadline);
}

/// Before the position, for who starts anew. Whatever came after it is given in any case.
Result<> RabbitReader::begin_before(std::int64_t position, Time since, const Deadline& deadline) {
  consumer_ = k_looking_back;
  CDCTL_TRY(consume({.at = StreamStart::At::time, .time = since - ahead_}, deadline));
  CDCTL_TRY_ASSIGN(const auto end, find_end(deadline));
  given_ = within(position, end);
  const bool whole = given_ == end || (!early_.empty() && early_.front().offset <= given_ + 1);
  if (whole) return read_on(deadline);
  // The position is older than what was asked for.
  CDCTL_TRY(link_->cancel(consumer_, deadline));
  early_.clear();
  again_from_ = -1;
  consumer_ = k_consumer;
  if (given_ >= 0) wanted_ = given_ + 1;  // before the first, nothing is missed
  return consume({.at = StreamStart::At::offset, .offset = given_ + 1}, deadline);
}

Result<> RabbitReader::begin(const FeedQuery& query, const Deadline& deadline) {
  cursor_ = query.cursor;
  const auto cursor = parse_cursor(query.cursor);
  if (!query.cursor.empty() && !cursor)
    return fail(fmt::format("'{}' is not a position in this feed", printable(query.cursor, 60)));
  auto position = cursor ? std::optional(cursor->offset) : std::nullopt;
  if (cursor && !cursor->place.empty() && cursor->place != place_) {
    host_.log(Level::warning,
              "the feed is another one since this reader stopped: the broker's address, or the "
              "virtual host, has changed; reading it from the start");
    position = -1;
  }
  if (position && query.since && follow_) return begin_before(*position, *query.since, deadline);
  if (position) return begin_after(*position, deadline);
  if (query.since) return begin_since(*query.since, deadline);
  at_end_ = !follow_;
  return at_end_ ? Result<>() : begin_now(deadline);
}

Result<std::optional<Delivery>> RabbitReader::pull(const Deadline& deadline) {
  if (!early_.empty()) {
    auto delivery = std::move(early_.front());
    early_.pop_front();
    return std::optional(std::move(delivery));
  }
  for (;;) {
    CDCTL_TRY_ASSIGN(auto delivery, link_->next(deadline));
    if (!delivery) return delivery;
    if (delivery->consumer != consumer_) continue;
    if (!delivery->passed_over()) return delivery;
    again_from_ = delivery->offset;
    CDCTL_TRY(read_on(Deadline(k_patience)));
  }
}

/// When the broker had the message: by its own clock where an interceptor stamps messages, by ours
/// for what arrives while we wait, and else the message's own word, as far as that is not in the
/// future. All of it by our clock, for who judges beside us goes by that; a sender's clock may be
/// the broker's or ours, and what it said must not look newer than it is.
Time RabbitReader::received(const Delivery& delivery, const Json& flat) const {
  const auto current = now();
  // What arrives live and is stamped far from now shows that our clock and the broker's differ: who
  // judges beside us goes by ours.
  const bool ours =
      live_ && delivery.offset > history_ &&
      (!delivery.stamped || std::chrono::abs(current - *delivery.stamped) > k_clock_slack);
  if (ours) return current;
  if (delivery.stamped) return std::min(*delivery.stamped + ahead_, current);
  const auto said = parse_rfc3339(flat["time"].view());
  return said ? std::min(*said + std::min(ahead_, Millis(0)), current) : current;
}

/// RabbitMQ's permissions are by name, and a queue may have the name of an exchange: whoever may
/// read the one can bind the other to ours and publish there under any key. Neither an alternate
/// exchange nor a dead letter asks whose key it is. A bound exchange leaves its name on the
/// message, and dead letters have headers of their own.
bool RabbitReader::straight(const Delivery& delivery) {
  const auto which = fmt::format("message {} of the feed ", delivery.offset);
  if (delivery.exchange != k_signals) {
    unheard_.note(Unheard::Why::detour,
                  which + fmt::format("was published to the exchange '{}' and not to {}; cdctl "
                                      "doctor names what is bound to it",
                                      printable(delivery.exchange, 80), k_signals));
    return false;
  }
  if (delivery.dead) {
    unheard_.note(Unheard::Why::detour,
                  which + fmt::format("is a dead letter of a queue; {} can be no queue's "
                                      "dead-letter exchange",
                                      k_signals));
    return false;
  }
  if (!delivery.user.empty()) return true;
  unheard_.note(Unheard::Why::nameless,
                which + fmt::format("(routing key {}) does not say who sent it; the client has to "
                                    "set the message property user_id to the user of its AMQP_URL: "
                                    "docs/signals.md",
                                    printable(delivery.routing_key, 80)));
  return false;
}

/// The broker lets a set's user publish with its own set's routing key only, and with its own
/// user_id only, and cannot look into the body: so that nobody speaks for another set, all three
/// must name the same one.
std::string RabbitReader::pretence(const Delivery& delivery, const Json& flat) const {
  const auto key = routing_key(flat);
  const auto whose = std::string_view(key).substr(0, key.rfind('.') + 1);
  if (!delivery.routing_key.starts_with(whose))
    return fmt::format("message {} of the feed speaks of {} under the routing key {}",
                       delivery.offset, flat["set"].view(), printable(delivery.routing_key, 80));
  if (delivery.user == flat["set"].view() ||
      std::ranges::find(operators_, delivery.user) != operators_.end())
    return {};
  return fmt::format(
      "message {} of the feed: the user {} speaks of {}; if it is an operator's, "
      "name it in [rabbit] operators",
      delivery.offset, printable(delivery.user, 80), flat["set"].view());
}

/// One signal of a message.
Result<> RabbitReader::take_one(const Delivery& delivery, Json json, std::vector<Json>& signals,
                                std::string& pretends) const {
  CDCTL_TRY_ASSIGN(auto flat, from_either_form(std::move(json)));
  if (auto lie = pretence(delivery, flat); !lie.empty()) {
    if (pretends.empty()) pretends = std::move(lie);
    return {};
  }
  flat.set("received",
           to_rfc3339(received(delivery, flat)));  // the feed says so, whatever the sender wrote
  if (replayed(delivery)) flat.set("replayed", true);
  signals.push_back(std::move(flat));
  return {};
}

void RabbitReader::take(const Delivery& delivery, std::vector<Json>& signals) {
  unacked_ = std::max(unacked_, delivery.tag);
  if (end_ && delivery.offset >= *end_) at_end_ = true;
  if (end_ && delivery.offset > *end_) return;
  if (wanted_ >= 0 && delivery.offset > wanted_) {
    host_.log(Level::warning, fmt::format("{} messages are gone from the feed since this reader "
                                          "stopped; feed_max_age says how long they are kept",
                                          delivery.offset - wanted_));
  }
  wanted_ = -1;
  if (delivery.offset >= 0 && !replayed(delivery)) cursor_ = cursor_of(delivery.offset);
  if (delivery.type == k_marker) return;
  if (straight(delivery)) take_body(delivery, signals);
}

/// What is wrong with one signal of a batch leaves the others. One line tells of all that is wrong,
/// since anybody who may write a message can put very much into it.
void RabbitReader::take_body(const Delivery& delivery, std::vector<Json>& signals) {
  std::optional<Error> first;
  std::string pretends;
  std::size_t bad = 0;
  const auto note = [&](const Result<>& taken) {
    if (taken) return;
    ++bad;
    if (!first) first = taken.error();
  };
  auto json = delivery.body.size() == delivery.size
                  ? Json::parse(delivery.body)
                  : Result<Json>(fail(fmt::format("it has {} bytes, more than {}", delivery.size,
                                                  k_longest_message)));
  if (!json) {
    note(std::unexpected(json.error()));
  } else if (json->is_array()) {
    for (const auto& one : json->items()) note(take_one(delivery, one, signals, pretends));
  } else {
    note(take_one(delivery, std::move(*json), signals, pretends));
  }
  if (!pretends.empty()) unheard_.note(Unheard::Why::pretender, std::move(pretends));
  if (bad == 0) return;
  const auto what = json && json->is_array()
                        ? fmt::format("{} of {} signals in message {} of the feed cannot be used",
                                      bad, json->items().size(), delivery.offset)
                        : fmt::format("message {} of the feed is not a signal", delivery.offset);
  host_.log(Level::warning, fmt::format("{}: {}; skipped", what, first->what));
}

Result<std::vector<Json>> RabbitReader::do_next(Millis wait) {
  std::vector<Json> signals;
  if (at_end_) return signals;
  if (unacked_ != 0) {
    CDCTL_TRY(link_->acknowledge(unacked_));  // makes room for more
    unacked_ = 0;
  }
  const Deadline deadline(wait);
  std::size_t bytes = 0;
  while (signals.size() < k_batch && bytes < k_batch_bytes && !at_end_) {
    const auto asked = std::chrono::steady_clock::now();
    auto delivery = pull(signals.empty() ? deadline : Deadline(Millis(0)));
    if (!delivery) {
      if (!signals.empty()) return signals;  // given first; the next call tells of the trouble
      return fail(delivery.error().in("reading the feed of signals"));
    }
    if (std::chrono::steady_clock::now() - asked >= k_live_after) live_ = true;
    if (!*delivery) break;
    bytes += (*delivery)->body.size();
    take(**delivery, signals);
    if (unacked_ != 0 && signals.empty()) {
      CDCTL_TRY(link_->acknowledge(unacked_));
      unacked_ = 0;
    }
  }
  if (at_end_) unheard_.finish();
  return signals;
}

}  // namespace cdctl::rabbit
