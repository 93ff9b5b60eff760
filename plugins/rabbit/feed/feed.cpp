#include "plugins/rabbit/feed/feed.hpp"

#include <cstdlib>
#include <unordered_map>
#include <utility>

#include <fmt/format.h>

#include <cdctl/set_name.hpp>
#include <cdctl/signal.hpp>
#include <cdctl/text.hpp>

namespace cdctl::rabbit {

namespace {

/// What one message holds at most: few enough that a reader which starts over reads little twice.
constexpr std::size_t k_most_signals = 100, k_most_bytes = 128 * 1024;

/// Signals of one routing key on their way into a message.
struct Batch {
  std::string key;
  std::string body;
  std::string first_id;
  std::size_t count = 0;
};

Publication publication_of(Batch batch) {
  const bool several = batch.count > 1;
  return {.exchange = k_signals,
          .routing_key = std::move(batch.key),
          .message_id = batch.first_id.substr(0, 255),
          .content_type =
              several ? "application/cloudevents-batch+json" : "application/cloudevents+json",
          .body = several ? "[" + batch.body + "]" : std::move(batch.body),
          .type = {}};
}

bool fits(const Batch& batch, std::string_view key, std::size_t size) {
  return batch.key == key && batch.count < k_most_signals &&
         batch.body.size() + size <= k_most_bytes;
}

/// Successive signals of a set share messages while their severity is the same: a message costs the
/// broker several times what a signal in it does. A set's signals stay in their order, since "in a
/// row" and "cleared" mean something by it.
Result<std::vector<Publication>> publications_of(std::span<const Json> signals) {
  std::vector<Publication> out;
  std::vector<std::string> order;
  std::unordered_map<std::string, Batch> batches;  // by set
  for (const auto& signal : signals) {
    auto key = routing_key(signal);
    const auto body = to_cloud_event(signal).dump();
    if (body.size() > k_longest_message)
      return fail(fmt::format(
          "sending a signal of {}: it has {} bytes, and no reader of the feed takes more than {}",
          signal["set"].view(), body.size(), k_longest_message));
    auto [at, fresh] = batches.try_emplace(signal["set"].as_string());
    if (fresh) order.push_back(at->first);
    auto& batch = at->second;
    if (batch.count > 0 && !fits(batch, key, body.size()))
      out.push_back(publication_of(std::exchange(batch, {})));
    if (batch.count++ == 0) {
      batch.first_id = signal["id"].as_string();
      batch.key = std::move(key);
    } else {
      batch.body += ',';
    }
    batch.body += body;
  }
  for (const auto& set : order) out.push_back(publication_of(std::move(batches[set])));
  return out;
}

/// The address that a unit was given, with its set's own user; empty for one that is not a unit.
Result<std::optional<AmqpAddress>> address_of_unit() {
  const char* url = std::getenv("AMQP_URL");
  const char* set = std::getenv("CDCTL_SET");
  if (!url || !set || !*url || !*set) return std::optional<AmqpAddress>();
  auto address = parse_amqp_url(url);
  if (!address) return fail(address.error().in("AMQP_URL"));
  address->name = fmt::format("cdctl signal {}", printable(set, 60));
  return std::optional(std::move(*address));
}

Result<> send_as_unit(const AmqpAddress& address, std::span<const Json> signals,
                      const Deadline& deadline) {
  CDCTL_TRY_ASSIGN(auto* driver, amqp_driver());
  auto link = driver->connect(address, deadline);
  if (!link) return fail(link.error().in("sending a signal"));
  CDCTL_TRY_ASSIGN(const auto messages, publications_of(signals));
  const auto sent = (*link)->publish(messages, deadline);
  if (sent) return {};
  if (sent.error().exit != ExitCode::failed) return fail(sent.error().in("sending a signal"));
  return fail(
      sent.error().in("sending a signal (a set may send signals of its own set only, one whose "
                      "workers declare queues only where publish names cdctl.signals, and a deploy "
                      "makes the exchange)"));
}

}  // namespace

Result<> RabbitFeed::send_to(Management& management, std::span<const Json> signals,
                             const Deadline& deadline) {
  const auto& settings = management.settings();
  CDCTL_TRY_ASSIGN(auto* driver, amqp_driver());
  auto link = driver->connect(settings.amqp, deadline);
  if (!link) return fail(link.error().in("sending a signal"));
  CDCTL_TRY_ASSIGN(const auto messages, publications_of(signals));
  auto sent = (*link)->publish(messages, deadline);
  if (sent) return {};
  if (sent.error().exit != ExitCode::failed) return fail(sent.error().in("sending a signal"));
  // The exchange or the stream is not there yet. A second copy of what did get through has the same
  // id.
  CDCTL_TRY_ASSIGN(auto fresh, driver->connect(settings.amqp, deadline));
  if (auto made = fresh->declare_feed(settings.feed, deadline); !made)
    return fail(made.error().in("making the feed of signals"));
  if (auto again = fresh->publish(messages, deadline); !again)
    return fail(again.error().in("sending a signal"));
  return {};
}

Result<> RabbitFeed::do_send(std::span<const Json> signals, const Deadline& deadline) {
  if (signals.empty()) return {};
  CDCTL_TRY_ASSIGN(const auto unit, address_of_unit());
  if (unit) return send_as_unit(*unit, signals, deadline);
  std::map<BrokerPlace, std::vector<Json>> by_place;
  for (const auto& signal : signals) {
    const auto set = parse_set_name(signal["set"].view());
    CDCTL_TRY_ASSIGN(const auto place, brokers_.home_of(set ? set->service : std::string()));
    by_place[place].push_back(signal);
  }
  Result<> first;
  for (const auto& [place, batch] :
       by_place) {  // one that is out of reach keeps the others from nothing
    auto management = brokers_.at(place);
    auto sent = management ? send_to(**management, batch, deadline)
                           : Result<>(std::unexpected(management.error()));
    if (!sent && first) first = std::move(sent);
  }
  return first;
}

std::vector<BrokerPlace> RabbitFeed::places() {
  std::set<BrokerPlace> out;
  for (const auto& name : brokers_.names()) out.insert({name, ""});
  for (const auto& service : host_.config().services) {
    auto place = place_of(host_.config(), service);
    if (!place || !service.table["rabbit"].is_object()) continue;
    const auto management = brokers_.at({place->broker, ""});
    if (management && (*management)->settings().amqp.vhost == place->vhost) place->vhost.clear();
    out.insert(*place);
  }
  if (out.size() > 1) add_old_places(out);
  return {out.begin(), out.end()};
}

/// A set's user has permissions on the virtual host in which it was made. RabbitMQ management API:
/// permissions.
void RabbitFeed::add_old_places(std::set<BrokerPlace>& places) {
  for (const auto& name : brokers_.names()) {
    const auto management = brokers_.at({name, ""});
    if (!management) continue;
    const auto granted =
        (*management)
            ->get(
                {.path = "/permissions", .doing = "reading who may do what", .shape = Shape::list},
                Deadline(Millis(2000)));
    if (!granted)
      host_.log(
          Level::debug,
          granted.error().what);  // where it matters its feed cannot be read either, and says so
    for (const auto& row : granted ? granted->items() : Json::Array()) {
      const auto set = parse_set_name(row["user"].view());
      const auto vhost = row["vhost"].as_string();
      if (set && host_.config().service(set->service) &&
          vhost != (*management)->settings().amqp.vhost)
        places.insert({name, vhost});
    }
  }
}

std::optional<Millis> RabbitFeed::do_keeps_for() const {
  const auto& said = host_.config().table["rabbit"]["feed_max_age"];
  const auto age = parse_duration(said.as_string("24h"));
  return age ? *age : Millis(std::chrono::hours(24));
}

Result<std::unique_ptr<FeedReader>> RabbitFeed::do_open(const FeedQuery& query,
                                                        const Deadline& deadline) {
  const auto all = places();
  if (all.size() > 1 || all.front() != BrokerPlace{}) {
    auto reader = std::make_unique<MergedReader>(host_, query.follow);
    for (const auto& place : all) CDCTL_TRY(reader->add(place, brokers_.at(place)));
    CDCTL_TRY(reader->begin(query, deadline));
    return reader;
  }
  CDCTL_TRY_ASSIGN(auto* const management, brokers_.at({}));
  auto own = query;
  if (const auto positions = read_positions(query.cursor);
      positions && positions->contains(k_default_broker))
    own.cursor = positions->at(k_default_broker);
  CDCTL_TRY_ASSIGN(auto reader, open_stream(host_, *management, own, deadline));
  return reader;
}

}  // namespace cdctl::rabbit
