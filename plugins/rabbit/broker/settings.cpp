#include "plugins/rabbit/broker/settings.hpp"

#include <algorithm>
#include <charconv>

#include <fmt/format.h>

#include <cdctl/http.hpp>
#include <cdctl/set_name.hpp>
#include <cdctl/text.hpp>
#include <cdctl/url.hpp>

namespace cdctl::rabbit {

namespace {

constexpr std::uintmax_t k_largest_ca_file = 16u << 20;
constexpr std::size_t k_most_nodes = 16;

/// Reads the keys of one table and words its complaints.
class Reader {
 public:
  Reader(std::string file, std::string name, const Json& table)
      : file_(std::move(file)), name_(std::move(name)), table_(table) {}

  [[nodiscard]] std::unexpected<Error> wrong(std::string_view key, std::string_view why) const {
    return fail(ExitCode::config, fmt::format("{}: {} {}: {}", file_, name_, key, why));
  }
  Result<std::string> text(const char* key, std::string_view otherwise = {}) const {
    const auto& value = table_[key];
    if (value.is_null()) return std::string(otherwise);
    if (value.view().empty()) return wrong(key, "must be text, and not empty");
    return value.as_string();
  }
  Result<std::string> needed(const char* key, std::string_view example) const {
    CDCTL_TRY_ASSIGN(auto value, text(key));
    if (value.empty()) return wrong(key, fmt::format("is missing; add {} = \"{}\"", key, example));
    return value;
  }
  /// Addresses without credentials: one, or a list of them.
  Result<std::vector<Url>> addresses(const char* key, std::string_view example) const {
    const auto& value = table_[key];
    std::vector<std::string> texts;
    if (value.is_array()) {
      for (const auto& item : value.items()) texts.push_back(item.as_string());
      if (texts.empty() || texts.size() > k_most_nodes)
        return wrong(key, fmt::format("must be 1 to {} addresses", k_most_nodes));
    } else {
      CDCTL_TRY_ASSIGN(texts.emplace_back(), needed(key, example));
    }
    std::vector<Url> out;
    for (const auto& text : texts) {
      auto url = parse_url(text);
      if (!url) return wrong(key, url.error().what);
      if (!url->user.empty() || !url->password.empty()) {
        return wrong(key,
                     "may hold no credentials; give user and password_file, password_env or "
                     "password_command");
      }
      out.push_back(std::move(*url));
    }
    return out;
  }

 private:
  std::string file_, name_;
  const Json& table_;
};

const std::vector<std::string> k_keys{"management",
                                      "amqp",
                                      "vhost",
                                      "user",
                                      "password_file",
                                      "password_env",
                                      "password_command",
                                      "ca_file",
                                      "feed_max_age",
                                      "feed_max_bytes",
                                      "consumer_timeout",
                                      "operators"};

/// The front end checks the keys of `[rabbit]`; those of the other brokers' tables are checked
/// here.
Result<> check_keys(const Reader& reader, const Json& table) {
  for (const auto& [key, value] : table.members()) {
    if (std::ranges::find(k_keys, key) != k_keys.end()) continue;
    return reader.wrong(printable(key, 60), "unknown key" + did_you_mean(key, k_keys));
  }
  return {};
}

/// The table of a broker, and what it is called in cdctl.toml.
std::pair<Json, std::string> table_of(const Config& config, const std::string& broker) {
  const auto& rabbit = config.table["rabbit"];
  if (broker != k_default_broker)
    return {rabbit["brokers"][broker], fmt::format("[rabbit.brokers.{}]", broker)};
  auto own = rabbit;
  own.erase("brokers");
  return {std::move(own), "[rabbit]"};
}

Result<std::vector<std::string>> read_managements(const Reader& reader) {
  CDCTL_TRY_ASSIGN(auto urls, reader.addresses("management", "http://localhost:15672"));
  std::vector<std::string> out;
  for (auto& url : urls) {
    if (url.scheme != "http" && url.scheme != "https")
      return reader.wrong("management", "must begin with http:// or https://");
    if (url.path.find_first_of("?#") != std::string::npos)
      return reader.wrong("management", "may hold no query");
    while (url.path.ends_with('/')) url.path.pop_back();
    if (url.path.ends_with("/api")) url.path.resize(url.path.size() - 4);
    out.push_back(url.without_credentials());
  }
  return out;
}

/// The first node, with the others as `also`.
Result<AmqpAddress> read_amqp(const Reader& reader) {
  CDCTL_TRY_ASSIGN(const auto urls, reader.addresses("amqp", "amqp://localhost:5672"));
  std::optional<AmqpAddress> out;
  for (const auto& url : urls) {
    if (url.path.size() > 1) return reader.wrong("amqp", "names a vhost; give it as vhost = \"…\"");
    auto address = parse_amqp_url(url.without_credentials());
    if (!address) return reader.wrong("amqp", address.error().what);
    if (!out)
      out = std::move(*address);
    else
      out->also.push_back({address->host, address->port, address->tls});
  }
  return *out;
}

Result<FeedShape> read_feed(const Reader& reader, const Json& table) {
  CDCTL_TRY_ASSIGN(const auto age, reader.text("feed_max_age", "24h"));
  const auto duration = parse_duration(age);
  if (!duration || *duration < std::chrono::seconds(1))
    return reader.wrong("feed_max_age", "must be a duration such as \"24h\", at least 1s");
  FeedShape feed{k_signals, k_signals_log,
                 fmt::format("{}s", std::chrono::floor<std::chrono::seconds>(*duration).count()),
                 0};
  if (const auto& bytes = table["feed_max_bytes"]; !bytes.is_null()) {
    if (!bytes.is_int() || bytes.as_int() <= 0)
      return reader.wrong("feed_max_bytes", "must be a number of bytes");
    feed.max_bytes = bytes.as_int();
  }
  return feed;
}

Result<Millis> read_consumer_timeout(const Reader& reader) {
  CDCTL_TRY_ASSIGN(const auto text, reader.text("consumer_timeout", "30m"));
  const auto duration = parse_duration(text);
  if (!duration)
    return reader.wrong("consumer_timeout",
                        "must be a duration such as \"30m\"; \"0s\" where the broker has none");
  return *duration;
}

/// Our own user is one. A set's user can be none: it would speak for all others.
Result<std::vector<std::string>> read_operators(const Reader& reader, const Json& table,
                                                const std::string& ours) {
  std::vector<std::string> out{ours};
  const auto& list = table["operators"];
  if (!list.is_null() && !list.is_array())
    return reader.wrong("operators", "must be an array of users of the broker");
  for (const auto& name : list.items()) {
    if (name.view().empty())
      return reader.wrong("operators", "must be an array of users of the broker");
    if (parse_set_name(name.view()))
      return reader.wrong("operators",
                          fmt::format("'{}' is the user of a set: it may speak for itself only",
                                      printable(name.view(), 60)));
    out.push_back(name.as_string());
  }
  return out;
}

}  // namespace

std::string BrokerSettings::worker_url(const std::string& set_user, std::string_view secret) const {
  // The vhost is always written out: an empty path means the vhost "" to some clients and "/" to
  // others.
  return fmt::format("{}://{}:{}@{}:{}/{}", amqp.tls ? "amqps" : "amqp", url_encode(set_user),
                     url_encode(secret),
                     amqp.host.contains(':') ? "[" + amqp.host + "]" : amqp.host, amqp.port,
                     url_encode(amqp.vhost));
}

std::map<std::string, std::string> BrokerSettings::worker_env(const std::string& set_user,
                                                              std::string_view secret) const {
  std::map<std::string, std::string> out{{"AMQP_URL", worker_url(set_user, secret)}};
  bool tls = amqp.tls;
  if (!amqp.also.empty()) {
    std::vector<std::string> nodes{amqp.shown()};
    for (const auto& node : amqp.also) {
      nodes.push_back(node.shown());
      tls = tls || node.tls;
    }
    out.emplace("AMQP_NODES", joined(nodes, ","));
  }
  if (tls && !ca_file.empty()) out.emplace("AMQP_CA_FILE", ca_file);
  return out;
}

Result<AmqpAddress> parse_amqp_url(std::string_view text) {
  CDCTL_TRY_ASSIGN(auto url, parse_url(text));
  if (url.scheme != "amqp" && url.scheme != "amqps")
    return fail(ExitCode::config, "an AMQP address begins with amqp:// or amqps://");
  AmqpAddress address;
  address.tls = url.scheme == "amqps";
  address.host = url.host;
  address.port = address.tls ? 5671 : 5672;
  if (!url.port.empty())
    std::from_chars(url.port.data(), url.port.data() + url.port.size(), address.port);
  if (address.port < 1 || address.port > 65535)
    return fail(ExitCode::config, "an address has a port outside 1 to 65535");
  address.user = url.user;
  address.password = url.password;
  url.path.resize(std::min(url.path.find_first_of("?#"), url.path.size()));
  if (url.path.size() > 1) address.vhost = url_decode(std::string_view(url.path).substr(1));
  return address;
}

std::vector<std::string> broker_names(const Config& config) {
  std::vector<std::string> out;
  const auto& rabbit = config.table["rabbit"];
  for (const auto& [key, value] : rabbit.members())
    if (key != "brokers" && out.empty()) out.emplace_back(k_default_broker);
  for (const auto& [name, table] : rabbit["brokers"].members()) out.push_back(name);
  if (out.empty()) out.emplace_back(k_default_broker);  // whose settings then say what is missing
  return out;
}

Result<BrokerPlace> place_of(const Config& config, const ServiceConfig& service) {
  const auto& table = service.table["rabbit"];
  BrokerPlace out{table["broker"].as_string(k_default_broker), table["vhost"].as_string()};
  for (const auto* key : {"broker", "vhost"})
    if (!table[key].is_null() && table[key].view().empty())
      return fail(ExitCode::config, fmt::format("{}: [rabbit] {}: must be text, and not empty",
                                                service.file.string(), key));
  const auto names = broker_names(config);
  if (std::ranges::find(names, out.broker) != names.end()) return out;
  const auto file = config.file.string();
  if (table["broker"].is_null())
    return fail(
        ExitCode::config,
        fmt::format(
            "{}: [rabbit] needs a broker, one of: {}; or give {} an address of its own in [rabbit]",
            service.file.string(), joined(names, " "), file));
  return fail(ExitCode::config,
              fmt::format("{}: [rabbit] broker: there is no [rabbit.brokers.{}] in {}{}",
                          service.file.string(), printable(out.broker, 60), file,
                          did_you_mean(out.broker, names)));
}

Result<BrokerSettings> read_settings(const Config& config, const std::string& broker) {
  const auto file = config.file.empty() ? std::string("cdctl.toml") : config.file.string();
  const auto [table, name] = table_of(config, broker);
  if (!table.is_object())
    return fail(
        ExitCode::config,
        fmt::format("{}: there is no table {}; add management, amqp, user and password_file", file,
                    name));
  const Reader reader(file, name, table);
  if (broker != k_default_broker) CDCTL_TRY(check_keys(reader, table));
  if (!valid_word(broker))
    return fail(ExitCode::config, fmt::format("{}: [rabbit.brokers] '{}' is not a name: letters, "
                                              "digits and single dashes, at most 38",
                                              file, printable(broker, 60)));
  if (!config.table["rabbit"]["brokers"][k_default_broker].is_null())
    return fail(
        ExitCode::config,
        fmt::format(
            "{}: [rabbit.brokers.{}]: that is the broker of [rabbit] itself; choose another name",
            file, k_default_broker));
  BrokerSettings settings;
  settings.broker = broker;
  CDCTL_TRY_ASSIGN(settings.managements, read_managements(reader));
  CDCTL_TRY_ASSIGN(settings.amqp, read_amqp(reader));
  CDCTL_TRY_ASSIGN(settings.amqp.vhost, reader.text("vhost", "/"));
  CDCTL_TRY_ASSIGN(settings.user, reader.needed("user", "cdctl"));
  CDCTL_TRY_ASSIGN(settings.ca_file, reader.text("ca_file"));
  if (!settings.ca_file.empty()) {
    const auto path = config.file.parent_path() / settings.ca_file;
    settings.ca_file = path.string();
    std::error_code none;  // one that is not there is told of where it is used
    if (std::filesystem::exists(path, none) &&
        (!std::filesystem::is_regular_file(path, none) ||
         std::filesystem::file_size(path, none) > k_largest_ca_file))
      return reader.wrong("ca_file", "is no file of certificates");
  }
  CDCTL_TRY_ASSIGN(settings.feed, read_feed(reader, table));
  CDCTL_TRY_ASSIGN(settings.consumer_timeout, read_consumer_timeout(reader));
  CDCTL_TRY_ASSIGN(settings.operators, read_operators(reader, table, settings.user));
  auto password = read_secret(table, "password", config);
  if (!password) return fail(password.error().in(name));
  if (!*password)
    return reader.wrong("password_file",
                        "is missing; give password_file, password_env or password_command");
  settings.password = std::move(**password);
  settings.amqp.user = settings.user;
  settings.amqp.password = settings.password;
  settings.amqp.ca_file = settings.ca_file;
  settings.amqp.name = "cdctl";
  return settings;
}

}  // namespace cdctl::rabbit
