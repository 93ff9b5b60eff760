#include "cli/page/serve.hpp"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include <cdctl/stop.hpp>
#include <cdctl/text.hpp>

#include "cli/page/assets.hpp"
#include "cli/page/page.hpp"
#include "cli/top/child.hpp"
#include "core/feed/listen/pages.hpp"

namespace cdctl::cli {

namespace {

constexpr Millis k_beat(3'000), k_idle(60'000), k_hold(5'000), k_again(2'000), k_hangs(30'000);
constexpr Millis k_step(100), k_quiet_step(1'000);
constexpr Millis k_page_age(1'000);  // how long those who ask get the same page

/// What stands in the way of others' markup, should any of it ever get through, and of other pages.
const std::vector<std::pair<std::string, std::string>>& headers() {
  static const std::vector<std::pair<std::string, std::string>> all{
      {"Content-Security-Policy",
       "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src "
       "data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"},
      {"X-Content-Type-Options", "nosniff"},
      {"Referrer-Policy", "no-referrer"},
      {"Cross-Origin-Resource-Policy", "same-origin"},
      {"Cross-Origin-Opener-Policy", "same-origin"},
      {"Cache-Control", "no-store"}};
  return all;
}

using Text = std::shared_ptr<const std::string>;

class Server {
 public:
  Server(Context& context, const TellerOptions& options, feed::Listener& listener)
      : options_(options),
        listener_(listener),
        words_(words_of(context)),
        begun_(now().time_since_epoch().count()) {
    words_.insert(words_.end(),
                  {"__look", "--page", "--every", to_duration(options.every), "--timeout",
                   to_duration(options.timeout), "--since", to_duration(options.window)});
    words_.insert(words_.end(), options.services.begin(), options.services.end());
    next_version();
  }

  void run() {
    while (!Stop::requested()) {
      const bool busy = child_.running() || !waiting_.empty();
      for (const auto& arrival : listener_.take(busy ? k_step : k_quiet_step)) take(arrival);
      care();
      release();
      if (listener_.streams() > 0 && beat_.passed()) publish();
    }
  }

 private:
  /// Who has asked for the page, and gets it with the first look.
  struct Waiting {
    std::uint64_t id;
    Deadline until;
  };

  // ---------------------------------------------------------------- who asks

  void take(const feed::Arrival& arrival) {
    std::string_view rest = arrival.target;
    const auto path = take_until(rest, '?');
    if (path == "/page.css") return give(arrival.id, style_, "text/css; charset=utf-8");
    if (path == "/page.js") return give(arrival.id, script_, "text/javascript; charset=utf-8");
    if (path != "/" && path != "/events")
      return listener_.answer(
          arrival.id, {404, "there are /, /events, /page.css and /page.js", {}, {}, headers()});
    idle_ = Deadline(k_idle);
    if (path == "/") return waiting_.push_back({arrival.id, Deadline(k_hold)});
    const auto version = rest.starts_with("at=") ? rest.substr(3) : std::string_view();
    give(arrival.id, events_from(version), "text/event-stream; charset=utf-8", true);
  }

  void give(std::uint64_t id, Text content, std::string type, bool stream = false) {
    listener_.answer(id, {200, {}, std::move(type), std::move(content), headers(), stream});
  }

  /// Answers those who wait for a look, once there is one, or none to wait for.
  void release() {
    const bool known = looked_ || !board_.status.broken.empty();
    std::erase_if(waiting_, [&](const Waiting& one) {
      if (!known && !one.until.passed()) return false;
      give(one.id, page(), "text/html; charset=utf-8");
      return true;
    });
  }

  Text page() {
    if (!page_ || page_age_.passed()) {
      page_ = std::make_shared<const std::string>(whole_page(board_, now()));
      page_age_ = Deadline(k_page_age);
    }
    return page_;
  }

  /// A page that has all but the status gets that; all others share one text.
  Text events_from(std::string_view version) {
    const auto made = [&](std::string_view from) {
      return std::make_shared<const std::string>("retry: 2000\n\n" +
                                                 first_events(board_, from, now()));
    };
    if (version == board_.version) return made(version);
    if (!events_ || events_age_.passed()) {
      events_ = made({});
      events_age_ = Deadline(k_page_age);
    }
    return events_;
  }

  void next_version() {
    board_.version = fmt::format("{}-{}", begun_, ++count_);
    page_.reset();
    events_.reset();
  }

  /// Everything that changed, and the status, to all who listen.
  void publish() {
    beat_ = Deadline(k_beat);
    std::string text;
    for (const auto& name : staged_)
      if (const auto part = board_.sections.find(name); part != board_.sections.end())
        text += section_event(name, part->second);
    if (std::exchange(reordered_, false)) text += order_event(board_.order);
    staged_.clear();
    if (!text.empty()) {
      next_version();
      text += event_text("at", board_.version);
    }
    page_.reset();
    events_.reset();
    text += status_event(board_.status, now());
    listener_.push(std::make_shared<const std::string>(std::move(text)));
  }

  // ---------------------------------------------------------------- who looks

  [[nodiscard]] bool wanted() const { return listener_.streams() > 0 || !idle_.passed(); }

  void care() {
    if (!child_.running()) {
      if (wanted() && again_.passed()) start();
      return;
    }
    if (take_lines()) hangs_ = Deadline(board_.status.next + options_.timeout + k_hangs);
    if (child_.done()) return ended();
    if (!wanted()) return let_go();
    if (hangs_.passed()) fail_looking("a look hangs");
  }

  void start() {
    looked_ = parts_left_out_ = false;
    board_.status.looking_since = now();
    hangs_ = Deadline(board_.status.next + options_.timeout + k_hangs);
    auto child = TopChild::start(words_);
    if (!child) return fail_looking(child.error().what);
    child_ = std::move(*child);
  }

  void let_go() {
    child_ = TopChild();
    looked_ = false;
  }

  /// It leaves by itself when the configuration has changed: then it looked, and another one starts
  /// at once.
  void ended() {
    const auto status = child_.reap();
    const auto said = child_.complaint();
    if (status == 0 && looked_) return let_go();
    const bool told = status < 128 && !said.empty();  // and no signal has ended it
    fail_looking(told ? said : fmt::format("what looks has ended with exit status {}", status));
  }

  void fail_looking(std::string why) {
    let_go();
    again_ = Deadline(k_again);
    board_.status.broken = std::move(why);
    publish();
  }

  /// Whether there were any.
  bool take_lines() {
    std::vector<std::string> lines;
    for (std::size_t had = 0; child_.take(lines), lines.size() > had;) had = lines.size();
    const auto left_out = child_.left_out();
    parts_left_out_ = parts_left_out_ || left_out > 0;
    for (const auto& line : lines)
      if (const auto told = Json::parse(line)) take_line(*told);
    return !lines.empty() || left_out > 0;
  }

  void take_line(const Json& told) {
    const auto kind = told["kind"].view();
    if (kind == "section") {
      const auto name = told["name"].as_string();
      // What was seen of a feed stays when somebody looks anew who cannot read it
      if (told["unread"].as_bool() && board_.sections.contains(name)) return;
      auto& html = board_.sections[name];
      if (html == told["html"].view()) return;
      html = told["html"].as_string();
      staged_.push_back(name);
    } else if (kind == "look") {
      take_look(told);
      publish();
    } else if (kind == "news") {
      publish();
    }
  }

  void take_look(const Json& told) {
    std::vector<std::string> order;
    for (const auto& name : told["order"].items()) order.push_back(name.as_string());
    reordered_ = order != board_.order;
    board_.order = std::move(order);
    std::erase_if(board_.sections, [&](const auto& part) {
      return std::ranges::find(board_.order, part.first) == board_.order.end();
    });
    auto& status = board_.status;
    const auto at = parse_rfc3339(told["time"].view()).value_or(now());
    std::vector<PageStatus::Unasked> unasked;
    const auto add = [&](const std::string& where, const std::string& error) {
      if (std::ranges::find(unasked, where, &PageStatus::Unasked::where) != unasked.end()) return;
      const auto before = std::ranges::find(status.unasked, where, &PageStatus::Unasked::where);
      unasked.push_back({where, error, before == status.unasked.end() ? at : before->since});
    };
    for (const auto& error : told["errors"].items())
      add(error["where"].as_string(), error["error"].as_string());
    if (parts_left_out_)
      add("the page itself", "a part of it is larger than 4 MiB, and is shown as it was, or not");
    status.unasked = std::move(unasked);
    status.looked_at = at;
    status.next = Millis(told["next_ms"].as_int());
    status.broken.clear();
    looked_ = true;
  }

  const TellerOptions& options_;
  feed::Listener& listener_;
  std::vector<std::string> words_;
  const std::int64_t begun_;
  std::uint64_t count_ = 0;
  PageBoard board_;
  std::vector<std::string> staged_;  ///< parts that changed and were not published
  bool reordered_ = false;
  Text style_ = std::make_shared<const std::string>(board_style());
  Text script_ = std::make_shared<const std::string>(board_script());
  Text page_, events_;
  Deadline page_age_, events_age_;
  std::vector<Waiting> waiting_;

  TopChild child_;
  bool looked_ = false;          ///< this one has
  bool parts_left_out_ = false;  ///< what it said was too long, once
  Deadline idle_{Millis(0)}, again_{Millis(0)}, beat_{Millis(0)}, hangs_;
};

}  // namespace

Result<> serve_page(Context& context, const std::string& address, const std::string& token_file,
                    const TellerOptions& options) {
  CDCTL_TRY_ASSIGN(const auto listener, feed::open_pages(context, "timeline", address, token_file));
  Server(context, options, *listener).run();
  return {};
}

}  // namespace cdctl::cli
