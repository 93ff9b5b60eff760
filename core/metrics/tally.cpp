#include "core/metrics/tally.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include <cdctl/fs.hpp>
#include <cdctl/lock.hpp>
#include <cdctl/signal.hpp>
#include <cdctl/stop.hpp>

#include "core/app/configurations.hpp"
#include "core/feed/choice.hpp"
#include "core/records/outcome.hpp"
#include "core/records/outcome_log.hpp"
#include "core/records/signal.hpp"

namespace cdctl::metrics {

namespace {

constexpr const char* k_folder = "metrics";
constexpr Millis k_first_look(10 * 60'000);  // signals of before we were first asked
constexpr Millis k_turn(5'000);
constexpr std::size_t k_most = 16u << 20;
constexpr std::string_view k_other = "(other)";  // no service can be called so

constexpr std::array<std::string_view, 12> k_actions = {"deploy",  "break",  "mend",   "reap",
                                                        "force",   "hold",   "resume", "retire",
                                                        "propose", "review", "land",   "scale"};

/// Names come from records, and a label that anybody can fill has no bound.
std::string bounded_action(const std::string& action) {
  return std::ranges::find(k_actions, action) == k_actions.end() ? std::string(k_other) : action;
}
std::string bounded_service(const std::string& service, const Config& config) {
  if (service.empty()) return {};
  return config.service(service) || config.broken.contains(service) ? service
                                                                    : std::string(k_other);
}

/// A counter as it was kept: one that was not ours cannot be so high that it does not go on.
std::int64_t count_of(const Json& json) {
  return std::clamp<std::int64_t>(json.as_int(), 0, 1'000'000'000'000'000);
}

std::string result_of(const records::Outcome& outcome) {
  if (!outcome.ok) return outcome.exit == 5 ? "refused" : "failed";
  return outcome.changed ? "done" : "unchanged";
}

/// Tallies of configurations that are gone for good: made for a test, say.
void remove_orphans(const std::filesystem::path& folder) {
  std::error_code error;
  for (std::filesystem::directory_iterator at(folder, error), end; !error && at != end;
       at.increment(error)) {
    if (at->path().extension() != ".json") continue;
    const auto text = read_file(at->path(), k_most);
    if (!text) continue;
    const auto json = Json::parse(*text);
    std::error_code unknown;
    if (!json || (*json)["configuration"].is_null() ||
        std::filesystem::exists((*json)["configuration"].as_string(), unknown) || unknown)
      continue;
    std::filesystem::remove(at->path(), unknown);
    std::filesystem::remove(at->path().string() + ".lock", unknown);
  }
}

}  // namespace

std::filesystem::path tally_file(const app::Context& context) {
  return context.home() / k_folder / (app::configuration_key(context.config()) + ".json");
}

void Tally::count_outcome(const Json& record, const Config& config) {
  const auto outcome = records::decode<records::Outcome>(record);
  if (outcome.dry_run || outcome.action.empty()) return;
  const auto service = bounded_service(outcome.service, config);
  const auto action = bounded_action(outcome.action);
  ++actions[{service, action, result_of(outcome)}];
  if (!outcome.ok || !outcome.changed) return;
  durations[action].add(outcome.took_ms / 1000);
  auto& last_time = last[{service, action}];
  last_time = std::max(last_time, outcome.time);
}

void Tally::count_signal(const Json& record, const Config& config) {
  const auto severity = parse_severity(records::get<&records::Signal::severity>(record));
  if (!severity) return;
  const auto service = records::get<&records::Signal::service>(record);
  ++signals[{bounded_service(std::string(service), config), std::string(to_string(*severity))}];
}

Json to_json(const Tally& tally) {
  Json actions = Json::array(), durations = Json::array(), last = Json::array(),
       signals = Json::array();
  for (const auto& [key, count] : tally.actions)
    actions.push_back(Json::array({std::get<0>(key), std::get<1>(key), std::get<2>(key), count}));
  for (const auto& [action, histogram] : tally.durations) {
    Json counts = Json::array();
    for (const auto count : histogram.counts) counts.push_back(count);
    durations.push_back(Json::array({action, std::move(counts), histogram.sum}));
  }
  for (const auto& [key, time] : tally.last)
    last.push_back(Json::array({key.first, key.second, to_rfc3339(time)}));
  for (const auto& [key, count] : tally.signals)
    signals.push_back(Json::array({key.first, key.second, count}));
  return Json::object({{"log", tally.log_position},
                       {"feed", tally.feed_position},
                       {"actions", std::move(actions)},
                       {"durations", std::move(durations)},
                       {"last", std::move(last)},
                       {"signals", std::move(signals)}});
}

Tally tally_from_json(const Json& json) {
  Tally out;
  out.log_position = json["log"].as_string();
  out.feed_position = json["feed"].as_string();
  for (const auto& row : json["actions"].items()) {
    const auto& item = row.items();
    if (item.size() == 4)
      out.actions[{item[0].as_string(), item[1].as_string(), item[2].as_string()}] =
          count_of(item[3]);
  }
  for (const auto& row : json["durations"].items()) {
    const auto& item = row.items();
    Histogram histogram;
    if (item.size() != 3 || item[1].items().size() != histogram.counts.size()) continue;
    for (std::size_t i = 0; i < histogram.counts.size(); ++i)
      histogram.counts[i] = count_of(item[1].items()[i]);
    histogram.sum = item[2].as_double();
    out.durations[item[0].as_string()] = histogram;
  }
  for (const auto& row : json["last"].items()) {
    const auto& item = row.items();
    if (item.size() != 3) continue;
    if (const auto time = parse_rfc3339(item[2].view()))
      out.last[{item[0].as_string(), item[1].as_string()}] = *time;
  }
  for (const auto& row : json["signals"].items()) {
    const auto& item = row.items();
    if (item.size() == 3)
      out.signals[{item[0].as_string(), item[1].as_string()}] = count_of(item[2]);
  }
  return out;
}

namespace {

Result<> read_log(app::Context& context, Tally& tally, const Deadline& deadline) {
  auto reader = tally.log_position.empty()
                    ? records::LogReader::open(context.home(), {})
                    : records::LogReader::open_at(context.home(), tally.log_position);
  if (!reader) return std::unexpected(reader.error());
  while (!deadline.passed() && !Stop::requested()) {
    CDCTL_TRY_ASSIGN(const auto record, reader->next());
    if (!record) break;
    tally.count_outcome(*record, context.config());
  }
  tally.log_position = reader->position();
  return {};
}

/// True when there is more than there was time for.
Result<bool> read_feed(app::Context& context, Tally& tally, const Deadline& deadline) {
  CDCTL_TRY_ASSIGN(auto* const feed, feed::choose_feed(context, false));
  FeedQuery query;
  if (tally.feed_position.empty())
    query.since = now() - k_first_look;
  else
    query.cursor = tally.feed_position;
  auto opened = feed->open(query, deadline);
  if (!opened && !query.cursor.empty() && opened.error().exit != ExitCode::unknown) {
    // A position of another feed: this configuration has a new one
    query = FeedQuery();
    query.since = now() - k_first_look;
    opened = feed->open(query, deadline);
  }
  if (!opened) return std::unexpected(opened.error());
  const auto& reader = *opened;
  while (!reader->at_end() && !deadline.passed() && !Stop::requested()) {
    CDCTL_TRY_ASSIGN(const auto signals, reader->next(std::min(deadline.left(), Millis(500))));
    for (const auto& signal : signals) tally.count_signal(signal, context.config());
    if (auto position = reader->cursor(); !position.empty())
      tally.feed_position = std::move(position);
  }
  return !reader->at_end();
}

}  // namespace

Taken take_tally(app::Context& context, const Deadline& deadline) {
  Taken out;
  const auto file = tally_file(context);
  // One at a time counts; who comes meanwhile waits for what that one has counted.
  if (auto made = make_directories(file.parent_path(), 0700); !made) out.log_error = made.error();
  auto turn = FileLock::acquire(file.string() + ".lock", deadline.at_most(k_turn));
  auto text = read_file_if_there(file);
  if (text && *text)
    if (auto json = Json::parse(**text)) out.tally = tally_from_json(*json);
  if (!text) out.log_error = text.error();
  if (!turn) out.log_error = out.feed_error = turn.error();
  if (!turn || !*turn) return out;  // what was counted last
  const auto before = out.tally.log_position + '\n' + out.tally.feed_position;
  if (auto read = read_log(context, out.tally, deadline); !read) out.log_error = read.error();
  auto read = read_feed(context, out.tally, deadline.at_most(deadline.left() / 2));
  if (!read)
    out.feed_error = read.error();
  else
    out.behind = *read;
  if (out.tally.log_position + '\n' + out.tally.feed_position == before) return out;
  if (text && !*text) remove_orphans(file.parent_path());
  auto json = to_json(out.tally);
  json.set("configuration", context.config().file.string());
  if (auto kept = write_file_atomically(file, json.dump() + "\n", 0600); !kept)
    out.log_error = kept.error();
  return out;
}

}  // namespace cdctl::metrics
