#include "cli/top/looker.hpp"

#include <algorithm>
#include <deque>
#include <optional>

#include <fmt/format.h>

#include <cdctl/error_record.hpp>
#include <cdctl/set_name.hpp>
#include <cdctl/stop.hpp>

#include "core/app/look_cost.hpp"
#include "core/app/waiting.hpp"
#include "core/feed/choice.hpp"
#include "core/fleet/fleet.hpp"
#include "core/records/outcome_log.hpp"

namespace cdctl::cli {

namespace {

constexpr Millis k_rate_window(10'000);  // the broker counts every 5 s: rates of less jump
constexpr Millis k_replay(10 * 60'000);  // signals of before we came
constexpr std::size_t k_most_signals = 200;
constexpr std::chrono::hours k_landings(24);  // of before we came

struct Counted {
  Time at;
  std::int64_t delivered, acknowledged, returned, interval;
};

class Looker {
 public:
  Looker(Context& context, std::vector<std::string> services, Millis every, Millis timeout)
      : context_(context), services_(std::move(services)), every_(every), timeout_(timeout) {}

  Result<> run() {
    while (!Stop::requested()) {
      const app::LookCost cost;
      look();
      const auto took = cost.took(), used = cost.cpu();
      const auto pause = cost.pause({.least = every_});
      context_.out.write(Json::object({{"kind", "look"},
                                       {"time", to_rfc3339(now())},
                                       {"took_ms", took.count()},
                                       {"cpu_ms", used.count()},
                                       {"next_ms", pause.count()},
                                       {"sets", sets_},
                                       {"gone", std::exchange(gone_, Json::array())},
                                       {"errors", std::exchange(errors_, Json::array())}}));
      if (!context_.out.flush() || !listen(Deadline(pause - std::min(took, pause)))) break;
    }
    return {};
  }

 private:
  void error(std::string_view where, const Error& error) {
    errors_.push_back(Json::object({{"where", where}, {"error", error.what}}));
  }

  void look() {
    const Deadline deadline(timeout_);
    fleet::Fleet fleet(context_);
    fleet.load(services_, deadline);
    fleet.load_holds(deadline);
    std::map<std::string, Json> rows;
    std::map<std::string, std::vector<ProbeTarget>> targets;
    for (const auto& view : fleet.services()) {
      if (view.error) error(view.config->name, *view.error);
      for (const auto& set : view.sets) {
        auto row = records::encode(set.record());
        for (const auto* member : {"schema", "time", "sources"}) row.erase(member);
        row.set("kind", "set");
        rows.emplace(set.name.str(), std::move(row));
        if (set.foreign || set.state == "deploying" || set.state == "reaping") continue;
        for (const auto& name : context_.broker_switches(*set.service)) {
          if (!context_.plugin_host().offering("probe", name)) continue;
          const auto want = set.workers_wanted();
          targets[name].push_back(
              {*set.service, set.name, set.home, want, set.cut, set.locked_out});
        }
      }
      if (view.error) keep(view.config->name, rows);
    }
    for (const auto& [name, list] : targets) probe(name, list, rows, deadline);
    write(rows);
    tell_landings();
  }

  /// What became of proposals, by the log of this home; each byte of it is read once. A target is
  /// no service: who asked for some services has not asked for it.
  void tell_landings() {
    if (context_.config().targets.empty() || !services_.empty()) return;
    if (!log_) {
      auto opened = records::LogReader::open(context_.home(), now() - k_landings);
      if (!opened) return error("landings", opened.error());
      log_ = std::move(*opened);
    }
    for (;;) {
      auto record = log_->next();
      if (!record) {
        log_.reset();
        return error("landings", record.error());
      }
      if (!*record) return;
      if (auto landing = landing_of(**record); !landing.is_null()) context_.out.write(landing);
    }
  }

  /// Null for what is none, or none of late: another lander may have been faster, and a rejection
  /// is news once.
  static Json landing_of(const Json& record) {
    const auto verdict = record["verdict"].view();
    const bool landed = verdict == "landed" && record["changed"].as_bool();
    if (record["action"].view() != "land" || !(landed || verdict == "rejected")) return {};
    const auto at = parse_rfc3339(record["time"].view());
    if (!at || *at < now() - k_landings) return {};
    auto out = Json::object({{"kind", "landing"}});
    for (const auto* member : {"time", "target", "proposal", "title", "verdict", "authors"})
      out.set(member, record[member]);
    return out;
  }

  /// Where nobody could be asked nothing has gone: what was there is shown as it was, with
  /// everything in doubt.
  void keep(const std::string& service, std::map<std::string, Json>& rows) {
    for (const auto& [name, text] : last_) {
      const auto set = parse_set_name(name);
      if (!set || set->service != service || rows.contains(name)) continue;
      auto row = Json::parse(text);
      if (!row) continue;
      for (const auto* field : {"state", "cut", "units"}) row->set(field, Json());
      row->erase("work");
      rows.emplace(name, std::move(*row));
    }
  }

  void probe(const std::string& name, const std::vector<ProbeTarget>& targets,
             std::map<std::string, Json>& rows, const Deadline& deadline) {
    auto role = context_.probe(name);
    auto signals = role ? (*role)->observe(targets, memories_[name], deadline)
                        : Result<std::vector<Json>>(std::unexpected(role.error()));
    if (!signals) return error(name, signals.error());
    for (const auto& signal : *signals) {
      const auto row = rows.find(signal["set"].as_string());
      if (row == rows.end()) continue;
      if (signal["counts"].is_object() && signal[name].is_object())
        row->second.set(
            "work", work_of(row->first, signal[name], signal["counts"]["interval_ms"].as_int()));
      if (signal["severity"].view() != "info")
        row->second.set("trouble",
                        fmt::format("{}: {}", signal["signal"].view(), signal["message"].view()));
    }
  }

  /// Per second, over the last looks.
  Json work_of(const std::string& set, const Json& detail, std::int64_t interval) {
    auto& looks = looks_[set];
    const auto at = now();
    looks.push_back({at, detail["delivered"].as_int(), detail["acknowledged"].as_int(),
                     detail["returned"].as_int(), interval});
    while (looks.size() > 1 && at - looks.front().at > k_rate_window) looks.pop_front();
    Counted sum{at, 0, 0, 0, 0};
    for (const auto& look : looks) {
      sum.delivered += look.delivered;
      sum.acknowledged += look.acknowledged;
      sum.returned += look.returned;
      sum.interval += look.interval;
    }
    const auto rate = [&](std::int64_t count) {
      return static_cast<double>(count * 10'000 / std::max<std::int64_t>(sum.interval, 1)) / 10.0;
    };
    return Json::object({{"delivered", rate(sum.delivered)},
                         {"acknowledged", rate(sum.acknowledged)},
                         {"returned", rate(sum.returned)},
                         {"unacked", detail["unacked"]}});
  }

  void write(const std::map<std::string, Json>& rows) {
    for (auto at = last_.begin(); at != last_.end();) {
      if (!rows.contains(at->first)) {
        gone_.push_back(at->first);
        looks_.erase(at->first);
        at = last_.erase(at);
      } else {
        ++at;
      }
    }
    for (const auto& [name, row] : rows) {
      auto text = row.dump();
      auto& before = last_[name];
      if (before == text) continue;
      context_.out.write(row);
      before = std::move(text);
    }
    sets_ = static_cast<std::int64_t>(rows.size());
  }

  /// Passes signals on until the next look. False when nobody reads us any more.
  bool listen(const Deadline& until) {
    if (!reader_) open_feed();
    while (!until.passed()) {
      if (Stop::requested() || app::stdout_gone()) return false;
      if (!reader_) {
        if (!app::wait_between(until.left())) return false;
        continue;
      }
      auto signals = reader_->next(std::min(until.left(), Millis(500)));
      if (!signals) {
        error("the feed", signals.error());
        reader_.reset();
        continue;
      }
      if (!signals->empty()) cursor_ = reader_->cursor();
      // Of others there may be more than we keep: they must not push ours out.
      std::erase_if(*signals, [&](const Json& record) { return !ours(record); });
      const auto skip = signals->size() > k_most_signals ? signals->size() - k_most_signals : 0;
      for (auto i = skip; i < signals->size(); ++i) {
        const auto& record = (*signals)[i];
        if (records::is<records::ErrorRecord>(record))
          error(records::get<&records::ErrorRecord::service>(record),
                {ExitCode::unknown,
                 records::get<&records::ErrorRecord::error>(record)});  // one of several feeds
        else
          context_.out.write(record);
      }
      if (!context_.out.flush()) return false;
    }
    return true;
  }

  [[nodiscard]] bool ours(const Json& record) const {
    return services_.empty() ||
           std::ranges::find(services_, record["service"].view()) != services_.end();
  }

  void open_feed() {
    FeedQuery query;
    query.follow = true;
    query.cursor = cursor_;
    if (cursor_.empty()) query.since = now() - k_replay;
    auto feed = feed::choose_feed(context_, false);
    auto opened = feed ? (*feed)->open(query, Deadline(timeout_))
                       : Result<std::unique_ptr<FeedReader>>(std::unexpected(feed.error()));
    if (opened)
      reader_ = std::move(*opened);
    else
      error("the feed", opened.error());
  }

  Context& context_;
  std::vector<std::string> services_;
  Millis every_, timeout_;
  std::map<std::string, std::string> last_;
  std::map<std::string, Json> memories_;
  std::map<std::string, std::deque<Counted>> looks_;
  std::unique_ptr<FeedReader> reader_;
  std::optional<records::LogReader> log_;
  std::string cursor_;
  Json errors_ = Json::array(), gone_ = Json::array();
  std::int64_t sets_ = 0;
};

}  // namespace

Result<> tell_looks(Context& context, const std::vector<std::string>& services, Millis every,
                    Millis timeout) {
  return Looker(context, services, every, timeout).run();
}

}  // namespace cdctl::cli
