#include "feed.hpp"

#include <cstdlib>

#include <fmt/format.h>

#include <cdctl/signal.hpp>

#include "reader.hpp"

namespace cdctl::rabbit {

namespace {

struct Sender {
  AmqpAddress address;
  bool worker = false;
};

Result<Sender> sender_of(LazySettings& settings) {
  const char* url = std::getenv("AMQP_URL");
  const char* set = std::getenv("CDCTL_SET");
  if (!url || !set || !*url || !*set) {
    CDCTL_TRY_ASSIGN(const auto* configured, settings.get());
    return Sender{configured->amqp, false};
  }
  auto address = parse_amqp_url(url);
  if (!address) return fail(address.error().in("AMQP_URL"));
  address->name = fmt::format("cdctl signal {}", printable(set, 60));
  return Sender{std::move(*address), true};
}

std::vector<Publication> publications_of(std::span<const Json> signals) {
  std::vector<Publication> out;
  for (const auto& signal : signals) {
    out.push_back({.exchange = k_signals, .routing_key = routing_key(signal), .message_id = signal["id"].as_string().substr(0, 255),
                   .content_type = "application/cloudevents+json", .body = to_cloud_event(signal).dump(), .type = {}});
  }
  return out;
}

}  // namespace

Result<> RabbitFeed::send(std::span<const Json> signals, const Deadline& deadline) {
  if (signals.empty()) return {};
  CDCTL_TRY_ASSIGN(const auto sender, sender_of(settings_));
  CDCTL_TRY_ASSIGN(auto* driver, amqp_driver());
  auto link = driver->connect(sender.address, deadline);
  if (!link) return fail(link.error().in("sending a signal"));
  const auto messages = publications_of(signals);
  auto sent = (*link)->publish(messages, deadline);
  if (sent) return {};
  if (sent.error().exit != ExitCode::failed) return fail(sent.error().in("sending a signal"));
  if (sender.worker) {
    return fail(sent.error().in("sending a signal (a set may send signals of its own set only, and a deploy makes the exchange)"));
  }
  // The exchange or the stream is not there yet. A second copy of what did get through has the same id.
  CDCTL_TRY_ASSIGN(const auto* settings, settings_.get());
  CDCTL_TRY_ASSIGN(auto fresh, driver->connect(sender.address, deadline));
  if (auto made = fresh->declare_feed(settings->feed, deadline); !made) return fail(made.error().in("making the feed of signals"));
  if (auto again = fresh->publish(messages, deadline); !again) return fail(again.error().in("sending a signal"));
  return {};
}

Result<std::unique_ptr<FeedReader>> RabbitFeed::open(const FeedQuery& query, const Deadline& deadline) {
  CDCTL_TRY_ASSIGN(const auto* settings, settings_.get());
  CDCTL_TRY_ASSIGN(auto* driver, amqp_driver());
  auto address = settings->amqp;
  address.name = "cdctl signals " + host_.actor();
  auto link = driver->connect(address, deadline);
  if (!link) return fail(link.error().in("opening the feed of signals"));
  if (auto made = (*link)->declare_feed(settings->feed, deadline); !made) return fail(made.error().in("opening the feed of signals"));
  auto reader = std::make_unique<RabbitReader>(host_, std::move(*link), query.follow);
  if (auto begun = reader->begin(query, deadline); !begun) return fail(begun.error().in("opening the feed of signals"));
  return reader;
}

}  // namespace cdctl::rabbit
