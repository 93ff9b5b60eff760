#include "plugins/rabbit/probe/judge.hpp"

#include <algorithm>

#include <fmt/format.h>

#include <cdctl/set_name.hpp>
#include <cdctl/text.hpp>

namespace cdctl::rabbit {

namespace {

Json millis_of(const std::optional<Time>& time) {
  return time ? Json(time->time_since_epoch().count()) : Json();
}
/// What cannot be a time that we have written is none.
std::optional<Time> time_of(const Json& value) {
  const auto ms = value.as_int(-1);
  return ms >= 0 && ms <= k_highest_count ? std::optional(Time(Millis(ms))) : std::nullopt;
}
std::int64_t count_of(const Json& value) {
  return std::clamp<std::int64_t>(value.as_int(), 0, k_highest_count);
}

Json to_json(const ChannelCounts& counts) {
  return Json::array({counts.delivered, counts.acknowledged, counts.settled, counts.unacked,
                      counts.redelivered, counts.unroutable, counts.counted});
}

std::optional<ChannelCounts> counts_from_json(const Json& json) {
  const auto& items = json.items();
  if (items.size() != 7) return {};
  const auto number = [&](std::size_t i) { return count_of(items[i]); };
  return ChannelCounts{number(0), number(1), number(2), number(3), number(4), number(5), number(6)};
}

}  // namespace

std::map<std::string, SetBefore> memory_from_json(const Json& json) {
  std::map<std::string, SetBefore> out;
  for (const auto& [name, entry] : json["sets"].members()) {
    const auto at = time_of(entry["at"]);
    if (!at || !parse_set_name(name)) continue;
    auto& before = out[name];
    before.at = *at;
    for (const auto& [channel, counts] : entry["channels"].members())
      if (const auto read = counts_from_json(counts)) before.channels.emplace(channel, *read);
    for (const auto& connection : entry["connections"].items())
      before.connections.insert(connection.as_string());
    before.connected = entry["connected"].as_bool();
    before.churning = count_of(entry["churning"]);
    before.held_since = time_of(entry["held_since"]);
    before.missing_since = time_of(entry["missing_since"]);
    for (const auto& [channel, since] : entry["holding"].members())
      if (const auto read = time_of(since)) before.holding.emplace(channel, *read);
    before.passing_since = time_of(entry["passing_since"]);
    before.gave_back_alone = entry["gave_back_alone"].as_bool();
    before.idle_since = time_of(entry["idle_since"]);
    before.worked = entry["worked"].as_bool();
  }
  return out;
}

Json memory_to_json(const std::map<std::string, SetBefore>& memory, Time clock) {
  Json sets = Json::object();
  for (const auto& [name, before] : memory) {
    if (clock - before.at > k_stale_memory) continue;
    Json channels = Json::object(), connections = Json::array(), holding = Json::object();
    for (const auto& [channel, counts] : before.channels) channels.set(channel, to_json(counts));
    for (const auto& connection : before.connections) connections.push_back(connection);
    for (const auto& [channel, since] : before.holding) holding.set(channel, millis_of(since));
    sets.set(name, Json::object({{"at", millis_of(before.at)},
                                 {"channels", std::move(channels)},
                                 {"connections", std::move(connections)},
                                 {"connected", before.connected},
                                 {"churning", before.churning},
                                 {"held_since", millis_of(before.held_since)},
                                 {"missing_since", millis_of(before.missing_since)},
                                 {"holding", std::move(holding)},
                                 {"passing_since", millis_of(before.passing_since)},
                                 {"gave_back_alone", before.gave_back_alone},
                                 {"idle_since", millis_of(before.idle_since)},
                                 {"worked", before.worked}}));
  }
  return Json::object({{"sets", std::move(sets)}});
}

namespace {

constexpr std::int64_t k_many_returns = 10;  ///< fewer in one look are noise
constexpr std::int64_t k_crash_loop = 3;     ///< looks in a row with connections that come and go
constexpr Millis k_missing =
    std::chrono::seconds(30);  ///< a unit may take that long to start and to be counted
constexpr Millis k_idle =
    std::chrono::seconds(40);                       ///< connected, and takes nothing: it never will
constexpr Millis k_held = std::chrono::minutes(5);  ///< without one acknowledgement: a warning
constexpr Millis k_held_long = std::chrono::minutes(15);
constexpr Millis k_shortest_timeout = std::chrono::minutes(1);  ///< RabbitMQ has none below

bool went_back(const ChannelCounts& now, const ChannelCounts& then) {
  return now.delivered < then.delivered || now.acknowledged < then.acknowledged ||
         now.settled < then.settled;
}

std::int64_t count_missing(const std::set<std::string>& of, const std::set<std::string>& in) {
  return std::ranges::count_if(of, [&](const std::string& name) { return !in.contains(name); });
}

/// Builds the signals of one set.
class Judge {
 public:
  Judge(const Judged& judged, const UserStats& user, Time at,
        const std::optional<SetBefore>& before)
      : judged_(judged),
        user_(user),
        at_(at),
        before_(before && at - before->at <= k_stale_memory && at >= before->at ? before
                                                                                : std::nullopt),
        forgotten_(before && !before_) {}

  Judgement run() {
    auto& after = out_.after;
    after.at = at_;
    after.channels = user_.channels;
    after.connections = user_.connections;
    if (before_) work_ = work_since(after.channels, before_->channels);
    overlap();
    for (const auto& [name, counts] : user_.channels) unacked_ += counts.unacked;
    held();
    holding();
    timed_out();
    connections();
    if (judged_.locked_out) {
      locked_out();
    } else if (judged_.takes) {
      consumers();
      idle();
    }
    blocked();
    returned();
    dead_letters();
    out_.signals.insert(out_.signals.begin(), work());
    return std::move(out_);
  }

 private:
  void bad(std::string_view name, const char* severity, std::string message) {
    if (judged_.cut.value_or(false)) return;  // it is where it belongs
    out_.signals.push_back(Json::object({{"set", judged_.set.str()},
                                         {"source", "/probe/rabbit"},
                                         {"severity", severity},
                                         {"signal", name},
                                         {"message", std::move(message)}}));
  }
  [[nodiscard]] bool uncut() const { return judged_.cut && !*judged_.cut; }

  /// The good observation: every look has one, so that rates have a denominator.
  Json work() const {
    Json signal = Json::object({{"set", judged_.set.str()},
                                {"source", "/probe/rabbit"},
                                {"severity", "info"},
                                {"signal", "rabbit/work"}});
    Json detail = Json::object({{"connections", user_.connections.size()},
                                {"consumers", user_.consumers},
                                {"unacked", unacked_},
                                {"blocked", user_.blocked}});
    if (judged_.want) detail.set("want", *judged_.want);
    if (out_.after.held_since)
      detail.set(
          "held_s",
          std::chrono::duration_cast<std::chrono::seconds>(at_ - *out_.after.held_since).count());
    if (before_) {
      const auto interval = (at_ - before_->at).count();
      signal.set("counts", Json::object({{"ok", work_->acknowledged},
                                         {"failed", passes_on_ ? 0 : work_->returned},
                                         {"interval_ms", interval}}));
      detail.set("delivered", work_->delivered)
          .set("acknowledged", work_->acknowledged)
          .set("returned", work_->returned);
      detail.set("redelivered", work_->redelivered)
          .set("unroutable", work_->unroutable)
          .set("passed_on", passes_on_ ? work_->returned : 0)
          .set("opened", opened_)
          .set("ended", ended_);
    } else {
      detail.set("no_rate", forgotten_ ? "the last look is too long ago" : "first look");
    }
    if (judged_.dead_letters) detail.set("dead_letters", *judged_.dead_letters);
    signal.set("rabbit", std::move(detail));
    return signal;
  }

  /// An older revision that gets what is meant for a newer one gives it back, and the newer one
  /// takes it: no failure, until that has lasted and the newer one is proven, or could be by now:
  /// where each newer set is followed by the next before it is, the excuse would have no end. One
  /// that gave back before there was a newer one has no such excuse.
  void overlap() {
    auto& after = out_.after;
    const auto& newer = judged_.newer;
    after.gave_back_alone = newer.there ? before_ && before_->gave_back_alone : gives_back();
    if (!newer.there || after.gave_back_alone) return;
    // A look in which the newer one ends no job does not begin the overlap anew.
    after.passing_since = before_ ? before_->passing_since : std::nullopt;
    if (newer.taker.empty() || !work_ || work_->returned == 0) return;
    if (!after.passing_since) after.passing_since = at_;
    const auto most = newer.proven ? newer.overlap : std::max(newer.overlap, newer.prove_for);
    passes_on_ = at_ - *after.passing_since < most;
  }
  [[nodiscard]] bool gives_back() const {
    return work_ && work_->returned >= k_many_returns && work_->returned > work_->acknowledged;
  }

  /// How long it has held messages without acknowledging one: RabbitMQ does not tell the age of a
  /// delivery.
  void held() {
    if (unacked_ == 0 || !before_ || work_->acknowledged > 0) {
      if (unacked_ > 0) out_.after.held_since = at_;
      return;
    }
    out_.after.held_since = before_->held_since.value_or(before_->at);
    const auto age = at_ - *out_.after.held_since;
    if (age < k_held) return;
    bad("rabbit/unacked", age < k_held_long ? "warning" : "error",
        fmt::format("holds {} messages and has acknowledged none for {}", unacked_, to_age(age)));
  }

  /// The same of each channel: what the broker's consumer timeout goes by. A channel that
  /// acknowledges one message while it holds an older one is not seen.
  void holding() {
    for (const auto& [name, counts] : user_.channels) {
      if (counts.unacked == 0) continue;
      auto& since = out_.after.holding[name];
      since = at_;
      if (!before_) continue;
      const auto known = before_->holding.find(name);
      const auto then = before_->channels.find(name);
      if (known != before_->holding.end() && then != before_->channels.end() &&
          counts.acknowledged == then->second.acknowledged)
        since = std::min(known->second, at_);
    }
  }

  /// Whether a channel of the last look is no longer that one.
  [[nodiscard]] bool ended(const std::string& channel) const {
    const auto now = user_.channels.find(channel);
    const auto then = before_->channels.find(channel);
    return now == user_.channels.end() ||
           (then != before_->channels.end() && went_back(now->second, then->second));
  }

  /// A broker that closes a channel for it gives the message to the next worker, who will not end
  /// in time either.
  void timed_out() {
    if (!judged_.timeout || !judged_.timeout->after) return;
    const auto most = *judged_.timeout->after;
    const auto said = fmt::format("consumer_timeout, which is {} for {} ({})", to_duration(most),
                                  judged_.timeout->queue, judged_.timeout->said_by);
    std::int64_t closed = 0;
    if (before_)
      for (const auto& [name, since] : before_->holding)
        if (at_ - since >= most && ended(name)) ++closed;
    if (closed > 0) {
      bad("rabbit/consumer-timeout", "error",
          fmt::format("{} that held messages unacknowledged ended past {}",
                      plural(closed, "channel"), said));
      return;
    }
    Millis longest{};
    for (const auto& [name, since] : out_.after.holding) longest = std::max(longest, at_ - since);
    if (longest * 2 < most) return;
    // The closed channel of a worker that reads nothing meanwhile stays in the list.
    bad("rabbit/consumer-timeout", "warning",
        fmt::format("a channel has held messages for {} and acknowledged none, {} {}",
                    to_age(longest), longest < most ? "nearing" : "past", said));
  }

  /// Healthy workers keep their connections: many that come and go are a crash loop seen from the
  /// broker.
  void connections() {
    const bool was_cut = judged_.cut.value_or(true);
    out_.after.connected =
        !was_cut && (!user_.connections.empty() || (before_ && before_->connected));
    if (!before_ || was_cut || !before_->connected) return;
    ended_ = count_missing(before_->connections, user_.connections);
    opened_ = count_missing(user_.connections, before_->connections);
    const auto churn = std::max(ended_, opened_);
    if (churn == 0 || churn * 2 < judged_.want.value_or(1)) return;
    out_.after.churning = before_->churning + 1;
    bad("rabbit/churn", out_.after.churning < k_crash_loop ? "warning" : "error",
        fmt::format("{} connections ended and {} were opened in {}, {} looks in a row", ended_,
                    opened_, to_age(at_ - before_->at), out_.after.churning));
  }

  /// No fault of the revision, so that it must not be cut for it: never more than a warning.
  void locked_out() {
    bad("rabbit/locked-out", "warning",
        "its user is gone from the broker, so that none of its units gets in; cdctl deploy makes "
        "it again");
  }

  void consumers() {
    if (!uncut() || !judged_.want || user_.consumers >= *judged_.want) return;
    out_.after.missing_since = before_ && before_->missing_since ? *before_->missing_since : at_;
    const auto age = at_ - *out_.after.missing_since;
    if (age < k_missing) return;
    bad("rabbit/consumers", user_.consumers == 0 ? "error" : "warning",
        fmt::format("{} consumers of {} units for {}", user_.consumers, *judged_.want,
                    to_age(age)));
  }

  /// The broker lets it in, and it takes nothing: it was refused what it asks for, or stands still.
  /// One that has worked waits perhaps for its next try, and is not connected then; one that has
  /// not comes and goes.
  void idle() {
    auto& after = out_.after;
    // Also who takes a message and asks for no more until it is done, or does so on a connection of
    // its own that is gone when we look.
    const bool took = user_.working > 0 || unacked_ > 0 ||
                      (work_ && (work_->delivered > 0 || work_->acknowledged > 0));
    after.worked = uncut() && (took || (before_ && before_->worked));
    const bool seen = !user_.connections.empty() || (!after.worked && after.connected);
    if (!uncut() || judged_.want.value_or(0) == 0 || took || !seen) return;
    after.idle_since = before_ && before_->idle_since ? *before_->idle_since : at_;
    const auto age = at_ - *after.idle_since;
    if (age < k_idle) return;
    bad("rabbit/idle", "critical",
        fmt::format("the broker lets it in, and it has taken no message for {}; cdctl logs {} may "
                    "say what it was refused",
                    to_age(age), judged_.set.str()));
  }

  void blocked() {
    if (user_.blocked > 0)
      bad("rabbit/blocked", "warning",
          fmt::format("the broker has blocked {} connections: it is short of memory or disk",
                      user_.blocked));
  }

  void returned() {
    if (!gives_back()) return;
    const auto what = fmt::format("returned {} messages and acknowledged {} in {}", work_->returned,
                                  work_->acknowledged, to_age(at_ - before_->at));
    const auto& since = out_.after.passing_since;
    if (!since || judged_.newer.taker.empty()) return bad("rabbit/returned", "warning", what);
    const auto passing = fmt::format("{}; {}, which is newer, takes such work, for {}", what,
                                     judged_.newer.taker, to_age(at_ - *since));
    if (passes_on_)
      bad("rabbit/passed-on", "info", passing + ": normal while revisions overlap");
    else
      bad("rabbit/returned", "warning",
          passing + (judged_.newer.proven
                         ? ", and is proven: reap this one"
                         : ", longer than a set needs to be proven: reap this one"));
  }

  void dead_letters() {
    if (!before_ || !judged_.alone || !judged_.dead_letters || !judged_.dead_letters_before ||
        *judged_.dead_letters <= *judged_.dead_letters_before)
      return;
    bad("rabbit/dead-letters", "warning",
        fmt::format("{} more dead letters while no other set was at work",
                    *judged_.dead_letters - *judged_.dead_letters_before));
  }

  const Judged& judged_;
  const UserStats& user_;
  Time at_;
  std::optional<SetBefore> before_;
  bool forgotten_;
  std::optional<Work> work_;
  std::int64_t unacked_ = 0, opened_ = 0, ended_ = 0;
  bool passes_on_ = false;  ///< what it gave back is a newer set's work
  Judgement out_;
};

}  // namespace

bool takes_work(const UserStats& user, const std::optional<SetBefore>& before) {
  auto channels = user.channels;
  static const std::map<std::string, ChannelCounts> none;
  return work_since(channels, before ? before->channels : none).acknowledged > 0;
}

Work work_since(std::map<std::string, ChannelCounts>& channels,
                const std::map<std::string, ChannelCounts>& before) {
  Work out;
  const auto grown = [](std::int64_t now, std::int64_t then) {
    return std::max<std::int64_t>(now - then, 0);
  };
  for (auto& [name, counts] : channels) {
    const auto at = before.find(name);
    const auto then =
        at == before.end() || went_back(counts, at->second) ? ChannelCounts() : at->second;
    out.delivered += grown(counts.delivered, then.delivered) + grown(counts.settled, then.settled);
    out.acknowledged +=
        grown(counts.acknowledged, then.acknowledged) + grown(counts.settled, then.settled);
    const auto certain = std::min(counts.returned(), then.returned());
    out.returned += grown(certain, then.counted);
    counts.counted = std::max(certain, then.counted);
    out.redelivered += grown(counts.redelivered, then.redelivered);
    out.unroutable += grown(counts.unroutable, then.unroutable);
  }
  return out;
}

bool holds_for_long(const SetBefore& before, Time at) {
  return std::ranges::any_of(before.holding, [&](const auto& channel) {
    return at - channel.second >= k_shortest_timeout / 2;
  });
}

Judgement judge(const Judged& judged, const UserStats& user, Time at,
                const std::optional<SetBefore>& before) {
  return Judge(judged, user, at, before).run();
}

}  // namespace cdctl::rabbit
