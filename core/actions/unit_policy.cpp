#include "core/actions/unit_policy.hpp"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include <cdctl/text.hpp>

namespace cdctl::actions {

namespace {

constexpr Millis k_shortest(5'000);  // the broker's figures are no fresher
constexpr Millis k_longest = std::chrono::hours(1);
constexpr double k_spare = 1.2;

double seconds(Millis time) { return static_cast<double>(time.count()) / 1000; }

std::int64_t whole(double units) {
  // A hair above a whole number is that number
  return static_cast<std::int64_t>(std::ceil(std::min(units, 1e6) - 1e-6));
}

std::optional<Time> time_of(const Json& json) {
  return json.is_int() ? std::optional(Time(Millis(json.as_int()))) : std::nullopt;
}
std::optional<std::int64_t> count_of(const Json& json) {
  return json.is_int() && json.as_int() >= 0 ? std::optional(json.as_int()) : std::nullopt;
}
Json millis(const std::optional<Time>& time) {
  return time ? Json(time->time_since_epoch().count()) : Json();
}

/// What follows from one look and the one before it.
class Wisher {
 public:
  Wisher(const ScaleBounds& bounds, std::int64_t now, std::int64_t others, const QueueLook& look,
         PaceMemory& memory)
      : bounds_(bounds), now_(now), others_(others), look_(look), memory_(memory) {}

  UnitWish run() {
    wish();
    wish_.unit_per_s = memory_.unit_per_s;
    return std::move(wish_);
  }

 private:
  void wish() {
    if (now_ < bounds_.min) return want(bounds_.min, "it has fewer than min");
    if (now_ > bounds_.max) return want(bounds_.max, "it has more than max");
    if (const auto why = no_rates(); !why.empty()) return none(why);
    const auto& base = *memory_.base;
    const auto time = seconds(look_.at - base.at);
    in_ = static_cast<double>(*look_.published - *base.published) / time;
    done_ = static_cast<double>(*look_.done - *base.done) / time;
    wish_.in_per_s = in_;
    wish_.done_per_s = done_;
    if (look_.waiting > 0 && *look_.done == *base.done)
      return none(fmt::format("{}, and none was finished in {}: more units may be of no help",
                              wait_text(), to_age(look_.at - base.at)));
    learn(base);
    memory_.base = look_;
    decide();
  }

  /// Why two looks give no rates, and what is left for the next; empty = they do.
  std::string no_rates() {
    if (!look_.published || !look_.done) {
      begin();
      return "the broker has counted nothing of its queues";
    }
    const auto& base = memory_.base;
    const bool first = !base || !base->published || !base->done;
    const auto units = now_ + others_;
    std::string why;
    if (first)
      why = "the first look; the next one has rates";
    else if (memory_.units != units)
      why =
          fmt::format("{} at the last look; the next one has rates", plural(memory_.units, "unit"));
    else if (look_.at - base->at > k_longest)
      why = fmt::format("the last look was {} ago; the next one has rates",
                        to_age(look_.at - base->at));
    else if (*look_.published < *base->published || *look_.done < *base->done)
      why = "the broker has begun to count anew; the next look has rates";
    else if (look_.at - base->at < k_shortest)
      return "the last look was just now";
    if (!why.empty()) begin();
    return why;
  }
  void begin() {
    memory_.base = look_;
    memory_.units = now_ + others_;
    memory_.fewer_since.reset();
  }

  /// What one unit gets done is seen only while none waits for work.
  void learn(const QueueLook& base) {
    if (base.waiting <= 0 || look_.waiting <= 0 || done_ <= 0 || memory_.units <= 0) return;
    const auto seen = done_ / static_cast<double>(memory_.units);
    memory_.unit_per_s = memory_.unit_per_s ? (*memory_.unit_per_s + seen) / 2 : seen;
  }

  void decide() {
    const auto all = now_ + others_;
    if (!memory_.unit_per_s) {
      if (look_.waiting > 0) return none(wait_text() + "; the next look tells their pace");
      return fewer(all - 1, "nothing waits");
    }
    const auto load = in_ + static_cast<double>(look_.waiting) / seconds(bounds_.drain);
    const auto needed = load / *memory_.unit_per_s;
    const auto figures = fmt::format("{}, {:.3g}/s come, a unit does {:.3g}/s", wait_text(), in_,
                                     *memory_.unit_per_s);
    if (whole(needed) > all && look_.waiting > all) {
      memory_.fewer_since.reset();
      return want(std::min(whole(needed), 2 * all) - others_,
                  fmt::format("{}: {} needed", figures, whole(needed)));
    }
    fewer(whole(needed * k_spare), figures);
  }

  /// Fewer, once that has been enough for long.
  void fewer(std::int64_t enough, const std::string& figures) {
    const auto all = now_ + others_;
    if (enough >= all) {
      memory_.fewer_since.reset();
      return none(figures + ": enough");
    }
    memory_.fewer = memory_.fewer_since ? std::max(memory_.fewer, enough) : enough;
    if (!memory_.fewer_since) memory_.fewer_since = look_.at;
    const auto since = look_.at - *memory_.fewer_since;
    if (since < bounds_.settle)
      return none(
          fmt::format("{}: {} would be enough, for {} now", figures, memory_.fewer, to_age(since)));
    want(std::max(memory_.fewer, (all + 1) / 2) - others_,
         fmt::format("{}: {} have been enough for {}", figures, memory_.fewer, to_age(since)));
  }

  void want(std::int64_t units, std::string why) {
    const auto within = std::clamp(units, bounds_.min, bounds_.max);
    if (within == now_)
      return none(fmt::format("{}; it has its {}", why, now_ == bounds_.max ? "max" : "min"));
    wish_.units = within;
    wish_.why = std::move(why);
  }
  void none(std::string why) { wish_.why = std::move(why); }
  [[nodiscard]] std::string wait_text() const {
    return look_.waiting == 0 ? std::string("nothing waits")
                              : plural(look_.waiting, "message waits", "messages wait");
  }

  const ScaleBounds& bounds_;
  std::int64_t now_, others_;
  const QueueLook& look_;
  PaceMemory& memory_;
  UnitWish wish_;
  double in_ = 0, done_ = 0;
};

}  // namespace

Json to_json(const PaceMemory& memory) {
  auto out = Json::object({{"units", memory.units},
                           {"fewer_since", millis(memory.fewer_since)},
                           {"fewer", memory.fewer}});
  if (memory.unit_per_s) out.set("unit_per_s", *memory.unit_per_s);
  if (const auto& base = memory.base)
    out.set("base", Json::object({{"at", millis(base->at)},
                                  {"waiting", base->waiting},
                                  {"published", base->published ? Json(*base->published) : Json()},
                                  {"done", base->done ? Json(*base->done) : Json()}}));
  return out;
}

PaceMemory pace_memory_from_json(const Json& json) {
  PaceMemory out;
  out.units = json["units"].as_int();
  out.fewer = json["fewer"].as_int();
  out.fewer_since = time_of(json["fewer_since"]);
  if (json["unit_per_s"].is_number() && json["unit_per_s"].as_double() > 0)
    out.unit_per_s = json["unit_per_s"].as_double();
  if (const auto at = time_of(json["base"]["at"]))
    out.base = QueueLook{*at, json["base"]["waiting"].as_int(), 0,
                         count_of(json["base"]["published"]), count_of(json["base"]["done"])};
  return out;
}

UnitWish wish_for(const ScaleBounds& bounds, std::int64_t now, std::int64_t others,
                  const QueueLook& look, PaceMemory& memory) {
  return Wisher(bounds, now, others, look, memory).run();
}

}  // namespace cdctl::actions
