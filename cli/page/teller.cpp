#include "cli/page/teller.hpp"

#include <algorithm>
#include <map>
#include <utility>

#include <sys/stat.h>

#include <fmt/format.h>

#include <cdctl/error_record.hpp>
#include <cdctl/stop.hpp>

#include "cli/page/board.hpp"
#include "cli/timeline/gather.hpp"
#include "core/app/look_cost.hpp"
#include "core/app/waiting.hpp"
#include "core/feed/choice.hpp"
#include "core/fleet/commit_notes.hpp"
#include "core/fleet/commits.hpp"
#include "core/fleet/fleet.hpp"
#include "core/records/outcome.hpp"
#include "core/records/outcome_log.hpp"
#include "core/records/signal.hpp"

namespace cdctl::cli {

namespace {

constexpr Millis k_news_pause(1000);
constexpr Millis k_first_wait(300);    // for what a feed has when it is opened
constexpr Millis k_replay(3'600'000);  // signals of before we came: of a day there may be millions
constexpr std::size_t k_largest_section = 512u
                                          << 10;  // as a line of JSON it is less than twice that

/// What changes when somebody edits the configuration.
std::string stamp_of(const Config& config) {
  std::string out;
  const auto add = [&](const std::filesystem::path& path) {
    struct stat info{};
    if (::stat(path.c_str(), &info) != 0) return;
    fmt::format_to(std::back_inserter(out), "{}:{}:{}.{} ", info.st_ino, info.st_size,
                   info.st_mtim.tv_sec, info.st_mtim.tv_nsec);
  };
  add(config.file);
  add(config.file.parent_path() / "services.d");
  for (const auto& service : config.services) add(service.file);
  return out;
}

class Teller {
 public:
  Teller(app::Context& context, const TellerOptions& options)
      : context_(context), options_(options), board_(options.window) {}

  Result<> run() {
    const auto stamp = stamp_of(context_.config());
    while (!Stop::requested()) {
      const app::LookCost cost;
      look();
      const auto took = cost.took();
      const auto pause = cost.pause({.least = options_.every});
      auto order = Json::array();
      for (auto& [name, html] : board_.draw(now())) {
        order.push_back(name);
        section(name, std::move(html));
      }
      keep_only(order);
      context_.out.write(Json::object({{"kind", "look"},
                                       {"time", to_rfc3339(now())},
                                       {"took_ms", took.count()},
                                       {"next_ms", pause.count()},
                                       {"order", std::move(order)},
                                       {"errors", std::exchange(errors_, Json::array())}}));
      if (!context_.out.flush() || !listen(Deadline(pause - std::min(took, pause)))) break;
      if (stamp_of(context_.config()) != stamp) break;
    }
    return {};
  }

 private:
  void error(std::string_view where, const Error& error) {
    errors_.push_back(Json::object({{"where", where}, {"error", error.what}}));
  }

  [[nodiscard]] bool ours(std::string_view service) const {
    return options_.services.empty() ||
           std::ranges::find(options_.services, service) != options_.services.end();
  }

  void look() {
    const Deadline deadline(options_.timeout);
    fleet::Fleet fleet(context_);
    fleet.load(options_.services, deadline);
    fleet.load_holds(deadline);
    fleet.load_outages(deadline);
    fleet.load_rights(deadline);
    fleet.load_work(deadline);
    std::vector<std::string> names;
    const fleet::CommitNotes notes(context_);
    for (const auto& view : fleet.services()) {
      // Whom to ask of a service that is not configured here, nobody here can know
      if (view.error && !view.foreign) error(view.config->name, *view.error);
      if (view.unsure && !view.foreign) error(view.config->name, *view.unsure);
      names.push_back(view.config->name);
      take(view, notes);
    }
    board_.keep_only(names);
    for (const auto& [file, broken] : context_.config().broken) error(file, broken);
    read_log();
    if (reader_) return;
    open_feed();  // and what it has is on the page with this look: none is not the same as not read
    for (const Deadline first(k_news_pause); reader_ && !first.passed();) {
      const auto before = cursor_;
      read_feed(k_first_wait);
      if (cursor_ == before) break;
    }
  }

  void take(const fleet::ServiceView& view, const fleet::CommitNotes& notes) {
    BoardService service;
    service.name = view.config->name;
    service.outage = view.outage;
    if (view.error && !view.foreign) service.error = view.error->what;
    for (const auto& set : view.sets) {
      auto record = records::encode(set.record());
      if (const auto cut = set.told_cut()) record.set("cut", *cut);
      fleet::add_commits(record, notes.of(set.name));
      for (const auto* member : {"schema", "time"}) record.erase(member);
      service.sets.push_back(std::move(record));
    }
    board_.take(std::move(service), facts_of(view));
  }

  /// What was done since the last time. True when there was something.
  bool read_log() {
    if (!log_) {
      auto opened = records::LogReader::open(context_.home(), now() - options_.window);
      if (!opened) {
        error("the log of this home", opened.error());
        return false;
      }
      log_ = std::move(*opened);
    }
    for (bool any = false;;) {
      auto record = log_->next();
      if (!record) {
        error("the log of this home", record.error());
        return any;  // the reader stays: another one would tell everything again
      }
      if (!*record) return any;
      const auto outcome = records::decode<records::Outcome>(**record);
      if (outcome.time < now() - options_.window || !ours(outcome.service)) continue;
      board_.take_outcome(std::move(**record));
      any = true;
    }
  }

  /// Takes what comes between two looks, and tells of it once a second. False when nobody reads us
  /// any more.
  bool listen(const Deadline& until) {
    while (!until.passed()) {
      bool any = false;
      for (const auto pause = until.at_most(k_news_pause); !pause.passed();) {
        if (Stop::requested() || app::stdout_gone()) return false;
        if (reader_)
          any = read_feed(pause.left()) || any;
        else if (!app::wait_between(pause.left()))
          return false;
      }
      if (!read_log() && !any) continue;
      for (auto& [name, html] : board_.draw_news()) section(name, std::move(html));
      context_.out.write(Json::object({{"kind", "news"}}));
      if (!context_.out.flush()) return false;
    }
    return true;
  }

  /// Waits for the next signals. Whether one of them is shown.
  bool read_feed(Millis wait) {
    auto signals = reader_->next(wait);
    if (!signals) {
      error("the feed", signals.error());
      reader_.reset();
      return false;
    }
    bool any = false;
    if (!signals->empty()) cursor_ = reader_->cursor();
    for (auto& record : *signals) {
      if (!ours(record["service"].view())) continue;
      if (records::is<records::ErrorRecord>(record)) {  // one of several feeds
        const auto said = records::decode<records::ErrorRecord>(record);
        error(said.service, {ExitCode::unknown, said.error});
        continue;
      }
      any = board_.take_signal(std::move(record)) || any;
    }
    return any;
  }

  void open_feed() {
    FeedQuery query;
    query.follow = true;
    query.cursor = cursor_;
    const auto replay = std::min(k_replay, options_.window);
    if (cursor_.empty()) query.since = now() - replay;
    auto feed = feed::choose_feed(context_, false);
    auto opened = feed ? (*feed)->open(query, Deadline(options_.timeout))
                       : Result<std::unique_ptr<FeedReader>>(std::unexpected(feed.error()));
    if (!opened) return error("the feed", opened.error());
    reader_ = std::move(*opened);
    if (!query.since) return;
    const auto kept = (*feed)->keeps_for();
    board_.set_signals_from(now() - std::min(replay, kept.value_or(replay)));
  }

  void section(const std::string& name, std::string html) {
    if (html.size() > k_largest_section) html = "<p>This part is too much for a page: cdctl ls</p>";
    auto& before = last_[name];
    if (before == html) return;
    auto line = Json::object({{"kind", "section"}, {"name", name}, {"html", html}});
    if (name == "signals" && !board_.knows_signals()) line.set("unread", true);
    context_.out.write(line);
    before = std::move(html);
  }

  void keep_only(const Json& order) {
    std::erase_if(last_, [&](const auto& pair) {
      return std::ranges::none_of(order.items(),
                                  [&](const Json& name) { return name.view() == pair.first; });
    });
  }

  app::Context& context_;
  TellerOptions options_;
  Board board_;
  std::map<std::string, std::string> last_;  ///< what was written of each part
  std::optional<records::LogReader> log_;
  std::unique_ptr<FeedReader> reader_;
  std::string cursor_;
  Json errors_ = Json::array();
};

}  // namespace

Result<> tell_board(app::Context& context, const TellerOptions& options) {
  return Teller(context, options).run();
}

}  // namespace cdctl::cli
