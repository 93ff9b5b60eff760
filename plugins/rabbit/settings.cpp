#include "settings.hpp"

#include <charconv>

#include <fmt/format.h>

#include <cdctl/names.hpp>

namespace cdctl::rabbit {

namespace {

std::string percent_decode(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    unsigned value = 0;
    if (text[i] == '%' && i + 2 < text.size() && std::from_chars(&text[i + 1], &text[i + 1] + 2, value, 16).ptr == &text[i + 1] + 2) {
      out += static_cast<char>(value);
      i += 2;
    } else {
      out += text[i];
    }
  }
  return out;
}

/// Reads the keys of one table and words its complaints.
class Reader {
 public:
  Reader(const Config& config, const Json& table) : file_(config.file.string()), table_(table) {}

  [[nodiscard]] std::unexpected<Error> wrong(std::string_view key, std::string_view why) const {
    return fail(ExitCode::config, fmt::format("{}: [rabbit] {}: {}", file_, key, why));
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
  /// An address without credentials.
  Result<Url> address(const char* key, std::string_view example) const {
    CDCTL_TRY_ASSIGN(const auto value, needed(key, example));
    auto url = parse_url(value);
    if (!url) return wrong(key, url.error().what);
    if (!url->user.empty() || !url->password.empty()) {
      return wrong(key, "may hold no credentials; give user and password_file, password_env or password_command");
    }
    return url;
  }

 private:
  std::string file_;
  const Json& table_;
};

Result<std::string> read_management(const Reader& reader) {
  CDCTL_TRY_ASSIGN(auto url, reader.address("management", "http://localhost:15672"));
  if (url.scheme != "http" && url.scheme != "https") return reader.wrong("management", "must begin with http:// or https://");
  if (url.path.find_first_of("?#") != std::string::npos) return reader.wrong("management", "may hold no query");
  while (url.path.ends_with('/')) url.path.pop_back();
  if (url.path.ends_with("/api")) url.path.resize(url.path.size() - 4);
  return url.without_credentials();
}

Result<FeedShape> read_feed(const Reader& reader, const Json& table) {
  CDCTL_TRY_ASSIGN(const auto age, reader.text("feed_max_age", "24h"));
  const auto duration = parse_duration(age);
  if (!duration || *duration < std::chrono::seconds(1)) return reader.wrong("feed_max_age", "must be a duration such as \"24h\", at least 1s");
  FeedShape feed{k_signals, k_signals_log, fmt::format("{}s", std::chrono::floor<std::chrono::seconds>(*duration).count()), 0};
  if (const auto& bytes = table["feed_max_bytes"]; !bytes.is_null()) {
    if (!bytes.is_int() || bytes.as_int() <= 0) return reader.wrong("feed_max_bytes", "must be a number of bytes");
    feed.max_bytes = bytes.as_int();
  }
  return feed;
}

}  // namespace

std::string Settings::worker_url(const std::string& set_user, std::string_view secret) const {
  // The vhost is always written out: an empty path means the vhost "" to some clients and "/" to others.
  return fmt::format("{}://{}:{}@{}:{}/{}", amqp.tls ? "amqps" : "amqp", url_encode(set_user), url_encode(secret),
                     amqp.host.contains(':') ? "[" + amqp.host + "]" : amqp.host, amqp.port, url_encode(amqp.vhost));
}

Result<AmqpAddress> parse_amqp_url(std::string_view text) {
  CDCTL_TRY_ASSIGN(auto url, parse_url(text));
  if (url.scheme != "amqp" && url.scheme != "amqps") return fail(ExitCode::config, "an AMQP address begins with amqp:// or amqps://");
  AmqpAddress address;
  address.tls = url.scheme == "amqps";
  address.host = url.host;
  address.port = address.tls ? 5671 : 5672;
  if (!url.port.empty()) std::from_chars(url.port.data(), url.port.data() + url.port.size(), address.port);
  if (address.port < 1 || address.port > 65535) return fail(ExitCode::config, "an address has a port outside 1 to 65535");
  address.user = url.user;
  address.password = url.password;
  url.path.resize(std::min(url.path.find_first_of("?#"), url.path.size()));
  if (url.path.size() > 1) address.vhost = percent_decode(std::string_view(url.path).substr(1));
  return address;
}

Result<Settings> read_settings(const Config& config) {
  const auto& table = config.table["rabbit"];
  const auto file = config.file.empty() ? std::string("cdctl.toml") : config.file.string();
  if (!table.is_object()) {
    return fail(ExitCode::config, fmt::format("{}: there is no table [rabbit]; add management, amqp, user and password_file", file));
  }
  const Reader reader(config, table);
  Settings settings;
  CDCTL_TRY_ASSIGN(settings.management, read_management(reader));
  CDCTL_TRY_ASSIGN(const auto amqp, reader.address("amqp", "amqp://localhost:5672"));
  if (amqp.path.size() > 1) return reader.wrong("amqp", "names a vhost; give it as vhost = \"…\"");
  auto address = parse_amqp_url(amqp.without_credentials());
  if (!address) return reader.wrong("amqp", address.error().what);
  settings.amqp = std::move(*address);
  CDCTL_TRY_ASSIGN(settings.amqp.vhost, reader.text("vhost", "/"));
  CDCTL_TRY_ASSIGN(settings.user, reader.needed("user", "cdctl"));
  CDCTL_TRY_ASSIGN(settings.ca_file, reader.text("ca_file"));
  if (!settings.ca_file.empty()) settings.ca_file = (config.file.parent_path() / settings.ca_file).string();
  CDCTL_TRY_ASSIGN(settings.feed, read_feed(reader, table));
  auto password = read_secret(table, "password", config);
  if (!password) return fail(password.error().in("[rabbit]"));
  if (!*password) return reader.wrong("password_file", "is missing; give password_file, password_env or password_command");
  settings.password = std::move(**password);
  settings.amqp.user = settings.user;
  settings.amqp.password = settings.password;
  settings.amqp.ca_file = settings.ca_file;
  settings.amqp.name = "cdctl";
  return settings;
}

Result<const Settings*> LazySettings::get() {
  if (!settings_) {
    CDCTL_TRY_ASSIGN(settings_, read_settings(host_.config()));
  }
  return &*settings_;
}

}  // namespace cdctl::rabbit
