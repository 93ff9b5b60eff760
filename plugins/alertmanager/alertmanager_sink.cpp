#include "plugins/alertmanager/alertmanager_sink.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include <fmt/format.h>

#include <cdctl/digest.hpp>
#include <cdctl/fs.hpp>
#include <cdctl/text.hpp>

namespace cdctl::alertmanager {

namespace {

constexpr std::string_view k_keys[] = {
    "url",     "user",   "password_file", "password_env", "password_command",
    "ca_file", "labels", "expire",        "signals"};
constexpr Millis k_default_expire = std::chrono::hours(24);
/// So long the end of an alert is repeated: a server that was restarted meanwhile hears of it, too.
constexpr Millis k_repeat_end = std::chrono::minutes(5);

/// Where a receiver is, and what its alerts have in common.
struct Line {
  std::string url, user, password, ca_file;
  Json labels = Json::object();
  Millis expire = k_default_expire;
};

bool is_label(std::string_view name) {
  const auto letter = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
  };
  return !name.empty() && letter(name.front()) &&
         std::ranges::all_of(name, [&](char c) { return letter(c) || (c >= '0' && c <= '9'); });
}

Result<Line> line_to(const Receivers& receivers, const std::string& name, const Config& config) {
  const auto wrong = [&](std::string_view what) {
    return fail(ExitCode::config, fmt::format("{}: {}", receivers.place(name), what));
  };
  CDCTL_TRY_ASSIGN(const auto* const table, receivers.table(name));
  Line out;
  out.url = (*table)["url"].as_string();
  while (out.url.ends_with('/')) out.url.pop_back();
  if (out.url.empty()) return wrong("has no url; add url = \"http://127.0.0.1:9093\"");
  out.user = (*table)["user"].as_string();
  CDCTL_TRY_ASSIGN(auto password, read_secret(*table, "password", config));
  out.password = std::move(password).value_or("");
  if (const auto file = (*table)["ca_file"].view(); !file.empty())
    out.ca_file = (config.file.parent_path() / file).string();
  for (const auto& [label, value] : (*table)["labels"].members()) {
    if (!is_label(label) || value.view().empty())
      return wrong(fmt::format("labels: '{}' must be a name of letters, digits and _, with text",
                               printable(label, 60)));
    out.labels.set(label, value);
  }
  if (const auto& expire = (*table)["expire"]; !expire.is_null()) {
    const auto duration = parse_duration(expire.view());
    if (!duration || *duration < std::chrono::minutes(2))
      return wrong("'expire' must be a duration of 2m or more");
    out.expire = *duration;
  }
  return out;
}

/// What an alert is called, by the condition alone: a set that could not be cut and then was cut is
/// one trouble.
std::string_view alert_name(const Notice& notice) {
  using enum Notice::Kind;
  switch (notice.kind) {
    case cut:
    case uncut:
      return "SetCut";
    case everyone:
      return "EverySetBad";
    case unjudged:
      return "SetNotJudged";
    case outage:
      return "NobodyWorks";
    case deploy:
      return "DeployFailed";
    default:
      return "Signal";
  }
}

/// In the home each configuration has its own: what burns for one is nothing to another's server.
std::filesystem::path own_folder(Host& host) {
  const auto key = sha256_hex(host.config().file.lexically_normal().string()).substr(0, 16);
  return host.home() / "configurations" / key / "notify";
}

/// The alerts that burn, and those that have just ended, in a file of the home: by key, as they are
/// posted, with `ended`.
class Alerts {
 public:
  static Result<Alerts> open(const std::filesystem::path& folder) {
    Alerts out;
    out.file_ = folder / "alerts.json";
    CDCTL_TRY(make_directories(folder, 0700));
    CDCTL_TRY_ASSIGN(const auto text, read_file_if_there(out.file_));
    if (!text) return out;
    auto json = Json::parse(*text);
    if (json && json->is_object()) out.known_ = std::move(*json);
    return out;
  }

  void take(const Notice& notice, const Json& further) {
    auto* const known = known_.find(notice.key);
    if (notice.over) {
      if (known && (*known)["ended"].is_null()) known->set("ended", to_rfc3339(now()));
      return;
    }
    const auto labels = labels_of(notice, further);
    if (known && (*known)["labels"] != labels) {  // another severity: another alert
      auto old = *known;
      old.set("ended", to_rfc3339(now()));
      known_.set(notice.key + "\n" + to_rfc3339(now()), std::move(old));
    }
    const bool burns = known && (*known)["ended"].is_null() && (*known)["labels"] == labels;
    const auto since = burns ? (*known)["startsAt"].as_string() : to_rfc3339(notice.time);
    known_.set(notice.key,
               Json::object({{"labels", labels},
                             {"annotations", Json::object({{"summary", notice.summary},
                                                           {"set", notice.set},
                                                           {"revision", notice.revision},
                                                           {"by", notice.by}})},
                             {"startsAt", since}}));
  }

  [[nodiscard]] Json to_post(Millis expire) const {
    auto out = Json::array();
    for (const auto& [key, alert] : known_.members()) {
      auto one = alert;
      const auto ended = alert["ended"].as_string();
      one.erase("ended");
      one.set("endsAt", ended.empty() ? to_rfc3339(now() + expire) : ended);
      out.push_back(std::move(one));
    }
    return out;
  }

  /// Once they were posted: ends that were repeated for long enough are forgotten.
  [[nodiscard]] Result<> store() {
    auto kept = Json::object();
    for (const auto& [key, alert] : known_.members()) {
      const auto ended = parse_rfc3339(alert["ended"].view());
      if (!ended || now() - *ended < k_repeat_end) kept.set(key, alert);
    }
    known_ = std::move(kept);
    return write_file_atomically(file_, known_.dump() + "\n", 0600);
  }

 private:
  std::filesystem::path file_;
  Json known_ = Json::object();
};

HttpRequest request_of(const Line& line, const Json& alerts, const Deadline& deadline) {
  HttpRequest out;
  out.method = "POST";
  out.url = line.url + "/api/v2/alerts";
  out.body = alerts.dump();
  out.headers = {{"Content-Type", "application/json"}};
  out.user = line.user;
  out.password = line.password;
  out.ca_file = line.ca_file;
  out.deadline = deadline;
  out.max_bytes = 1 << 20;  // of it a line is kept
  return out;
}

PassAnswer all_again(std::size_t count, const Delivery& sent) {
  PassAnswer out;
  for (std::size_t i = 0; i < count; ++i) out.again.push_back(i);
  out.why = sent.why;
  out.wait = sent.wait;
  return out;
}

PassAnswer all_refused(std::size_t count, const Delivery& sent) {
  PassAnswer out;
  for (std::size_t i = 0; i < count; ++i) out.refused.push_back({i, sent.why});
  return out;
}

}  // namespace

Json labels_of(const Notice& notice, const Json& further) {
  auto out = further;
  out.set("alertname", alert_name(notice))
      .set("cdctl_key", notice.key)
      .set("severity", to_string(notice.severity));
  if (!notice.service.empty()) out.set("service", notice.service);
  return out;
}

Result<ReceiverList> AlertmanagerSink::do_receivers() {
  return Receivers::read(host_.config(), "alertmanager", k_keys).list();
}

bool AlertmanagerSink::do_wants(const std::string& receiver, const Json& record) {
  const auto& own = host_.config().table["alertmanager"];
  const auto& table = receiver.empty() ? own : own["receivers"][receiver];
  return std::ranges::any_of(notices_of(record), [&](const Notice& notice) {
    return !notice.change() && (notice.kind != Notice::Kind::signal || table["signals"].as_bool());
  });
}

Result<PassAnswer> AlertmanagerSink::do_pass(const std::string& receiver,
                                             std::span<const Json> records,
                                             const Deadline& deadline) {
  const auto receivers = Receivers::read(host_.config(), "alertmanager", k_keys);
  CDCTL_TRY_ASSIGN(const auto line, line_to(receivers, receiver, host_.config()));
  const auto name = receiver.empty() ? std::string("alertmanager") : "alertmanager:" + receiver;
  // What an earlier cdctl kept for all configurations of the home stays in use until it is taken
  // over.
  const auto own = own_folder(host_) / name, shared = host_.home() / "notify" / name;
  std::error_code error;
  const bool ours =
      std::filesystem::exists(own, error) || !std::filesystem::is_directory(shared, error);
  CDCTL_TRY_ASSIGN(auto alerts, Alerts::open(ours ? own : shared));
  for (const auto& record : records)
    for (const auto& notice : notices_of(record))
      if (!notice.change()) alerts.take(notice, line.labels);
  const auto posted = alerts.to_post(line.expire);
  if (posted.items().empty()) return {};
  CDCTL_TRY_ASSIGN(auto* const http, host_.http());
  const auto sent = without(delivery_of(http->send(request_of(line, posted, deadline)), k_retried),
                            line.password);
  using enum Delivery::State;
  if (sent.state == closed)
    return fail(ExitCode::config, fmt::format("{}: {}", receivers.place(receiver), sent.why));
  if (sent.state == again) return all_again(records.size(), sent);
  if (sent.state == refused) return all_refused(records.size(), sent);
  CDCTL_TRY(alerts.store());
  return {};
}

}  // namespace cdctl::alertmanager
