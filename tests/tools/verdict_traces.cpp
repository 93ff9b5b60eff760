#include "tests/tools/verdict_traces.hpp"

#include <algorithm>
#include <functional>

#include <fmt/format.h>

#include "tests/tools/verdict_dice.hpp"

namespace verdicts {

namespace {

using namespace cdctl;

const Time k_start = *parse_rfc3339("2026-11-23T04:00:00.000Z");
constexpr double k_minute = 60, k_hour = 3600;

/// What is told of the work: only what went wrong, or counts now and then, or both.
enum class Told { bad_only, counts, both };

/// One worker set of a trace. Times are seconds since the start of the trace.
struct Actor {
  std::string set;
  int units = 1;
  double from = 0, to = 0;                ///< when it is out there
  double jobs = 10;                       ///< a minute and unit
  std::function<double(double)> failing;  ///< share of the jobs begun at a moment
  double critical = 0,
         critical_from = 0;  ///< share of the failures that it calls very bad, and since when
  std::string signal = "job-failed";
};

/// One service, or several, and how they tell.
struct Play {
  Dice dice;
  Trace trace;
  Told told = Told::counts;
  double every = 15;  ///< seconds between counts
  double duration = k_hour;
  double skew = 0;    ///< of the clocks, seconds at most
  double late = 0.2;  ///< until a signal is received, seconds at most
  double again = 0;   ///< chance that it comes once more
  bool units_named = true;

  Play(std::string_view kind, std::uint64_t seed)
      : dice(seed * 31 + kind.size() * 7 + static_cast<std::uint64_t>(kind.front())) {
    trace.kind = kind;
    trace.seed = seed;
  }

  std::string name_set(std::string_view service = "thumbs") {
    return fmt::format("{}-r{:010x}", service, dice.word() & 0xffffffffffULL);
  }

  void say(const Actor& actor, int unit, double at, double skewed, std::string_view severity,
           std::string_view rest) {
    const auto time = k_start + Millis(static_cast<std::int64_t>(at * 1000));
    const auto received = time + Millis(static_cast<std::int64_t>(dice.between(0, late) * 1000));
    const auto service = actor.set.substr(0, actor.set.rfind('-'));
    const auto id = fmt::format("{:016x}", dice.word());
    const auto named = units_named ? fmt::format(R"("unit":"{}",)", unit) : "";
    const auto line = [&](Time seen) {
      trace.lines.push_back(
          {seen,
           fmt::format(
               R"({{"schema":"cdctl.signal/1","id":"{}","set":"{}","service":"{}","revision":"{}",{}"severity":"{}","signal":"{}","key":"{}/{}",{}"time":"{}","received":"{}"}})",
               id, actor.set, service, actor.set.substr(service.size() + 1), named, severity,
               actor.signal, service, actor.signal, rest,
               to_rfc3339(time + Millis(static_cast<std::int64_t>(skewed * 1000))),
               to_rfc3339(seen))});
    };
    line(received);
    while (dice.happens(again))
      line(received + Millis(static_cast<std::int64_t>(dice.between(0, 60) * 1000)));
  }

  void fail_once(const Actor& actor, int unit, double at, double skewed) {
    const auto severity =
        at >= actor.critical_from && dice.happens(actor.critical) ? "critical" : "error";
    say(actor, unit, at, skewed, severity, R"("message":"a job failed",)");
  }

  void unit_plays(const Actor& actor, int unit) {
    const double skewed = dice.between(-skew, skew);
    const double step = told == Told::bad_only ? 5 : every;
    for (double at = actor.from + dice.between(0, step); at + step < actor.to; at += step) {
      const auto share = std::clamp(actor.failing(at + step / 2), 0.0, 1.0);
      if (told == Told::bad_only) {
        for (auto n = dice.poisson(actor.jobs * share * step / k_minute); n > 0; --n)
          fail_once(actor, unit, at + dice.between(0, step), skewed);
        continue;
      }
      const auto jobs = dice.poisson(actor.jobs * step / k_minute);
      const auto failed = dice.binomial(jobs, share);
      if (jobs > 0)
        say(actor, unit, at + step, skewed, "info",
            fmt::format(R"("counts":{{"ok":{},"failed":{}}},)", jobs - failed, failed));
      if (told == Told::both)
        for (auto n = std::min<std::uint64_t>(failed, 20); n > 0; --n)
          fail_once(actor, unit, at + dice.between(0, step), skewed);
    }
  }

  void plays(const Actor& actor) {
    trace.units[actor.set] = actor.units;
    for (int unit = 0; unit < actor.units; ++unit) unit_plays(actor, unit);
  }
  void is_bad(const Actor& actor, double since) {
    trace.bad_since[actor.set] = k_start + Millis(static_cast<std::int64_t>(since * 1000));
  }

  Trace done() {
    std::ranges::stable_sort(trace.lines, {}, &Trace::Line::received);
    return std::move(trace);
  }
};

/// What the actors of a service have in common: its work and its noise.
struct Service {
  double jobs = 10, noise = 0.01;
  bool bursts = false;
};

/// Work over orders of magnitude, so that a trace holds some ten thousand signals at most. `alone`:
/// at some time one set is heard alone.
Service make_service(Play& play, bool alone) {
  Service out;
  const double roll = play.dice.share();
  play.told = roll < 0.4 ? Told::bad_only : roll < 0.85 ? Told::counts : Told::both;
  play.every = std::array{10.0, 15.0, 30.0, 60.0}[static_cast<std::size_t>(play.dice.whole(0, 3))];
  play.units_named = play.dice.happens(0.9);
  out.jobs = play.dice.magnitude(4, play.told == Told::counts ? 20'000 : 400);
  out.noise = play.dice.magnitude(1e-4, 0.03);
  out.bursts = play.dice.happens(0.3);
  // Alone and told only of failures, nobody could tell much work with some noise from little work
  // gone bad: such noise is small.
  if (alone && play.told != Told::counts) out.noise = std::min(out.noise, 0.3 / (out.jobs * 5));
  return out;
}

/// Noise around a mean; now and then a burst of some seconds.
std::function<double(double)> noise_of(Play& play, const Service& service) {
  struct Burst {
    double from, to, share;
  };
  std::vector<Burst> bursts;
  if (service.bursts)
    for (double at = play.dice.between(0, k_hour); at < play.duration;
         at += play.dice.magnitude(1200, 14400))
      bursts.push_back({at, at + play.dice.between(3, 40), play.dice.between(0.05, 0.5)});
  const double mean = service.noise * play.dice.between(0.7, 1.4);
  return [bursts, mean](double at) {
    for (const auto& burst : bursts)
      if (at >= burst.from && at < burst.to) return burst.share;
    return mean;
  };
}

std::vector<Actor> make_actors(Play& play, const Service& service, int sets,
                               std::string_view name = "thumbs") {
  std::vector<Actor> out;
  for (int i = 0; i < sets; ++i) {
    Actor actor;
    actor.set = play.name_set(name);
    actor.units = play.units_named ? play.dice.whole(1, 5) : 3;
    actor.to = play.duration;
    actor.jobs = service.jobs;
    actor.failing = noise_of(play, service);
    out.push_back(std::move(actor));
  }
  return out;
}

/// A bad set fails that share of its work; where little is told it works enough to be noticed.
double badness(Play& play, Actor& actor, double since, double low = 0.2) {
  const double share = play.dice.between(low, 1);
  if (play.told == Told::bad_only) actor.jobs = std::max(actor.jobs, 6 / (share * actor.units));
  if (play.dice.happens(0.2)) actor.critical = 0.05;
  actor.critical_from = since;
  return share;
}

std::function<double(double)> bad_from(std::function<double(double)> good, double since,
                                       double share) {
  return [good = std::move(good), since, share](double at) {
    return at < since ? good(at) : std::max(good(at), share);
  };
}

void play_all(Play& play, const std::vector<Actor>& actors) {
  for (const auto& actor : actors) play.plays(actor);
}

// ---------------------------------------------------------------- the kinds

void good(Play& play) {
  play.duration = play.dice.between(0.5, 4) * k_hour;
  const int sets = play.dice.whole(1, 6);
  play_all(play, make_actors(play, make_service(play, sets == 1), sets));
}

/// A set that is bad from `since` on, among good ones.
void one_bad(Play& play, double since, double duration) {
  play.duration = duration;
  const int sets = play.dice.whole(1, 6);
  auto actors = make_actors(play, make_service(play, sets <= 2), sets);
  auto& bad = actors.back();
  bad.from = sets > 1 ? since * play.dice.between(0, 0.5) : 0;
  const double share = badness(play, bad, since);
  bad.failing = bad_from(bad.failing, since, share);
  play.is_bad(bad, since);
  play_all(play, actors);
}

void bad_at_once(Play& play) {
  one_bad(play, play.dice.between(0, 600), play.dice.between(2400, 5400));
}
void bad_after_an_hour(Play& play) {
  one_bad(play, play.dice.between(0.8, 1.5) * k_hour, 2.2 * k_hour);
}

void slow_leak(Play& play) {
  const double begins = play.dice.between(0, 1800), takes = play.dice.between(1800, 7200);
  play.duration = begins + takes + 1800;
  const int sets = play.dice.whole(1, 6);
  auto actors = make_actors(play, make_service(play, sets == 1), sets);
  auto& bad = actors.front();
  const double share = badness(play, bad, begins, 0.4);
  bad.failing = [good = bad.failing, begins, takes, share](double at) {
    return at < begins ? good(at)
                       : std::max(good(at), share * std::min((at - begins) / takes, 1.0));
  };
  play.is_bad(bad, begins);
  play_all(play, actors);
}

/// A message that no set can do, given to one after the other; and how often it comes back.
void poison(Play& play) {
  play.duration = play.dice.between(0.5, 1.5) * k_hour;
  const int sets = play.dice.whole(2, 6);
  const auto service = make_service(play, sets == 1);
  auto actors = make_actors(play, service, sets);
  const double since = play.dice.between(60, play.duration / 2),
               until = since + play.dice.between(120, 1800);
  const double poisoned = play.dice.magnitude(6, 120);  // attempts a minute and unit
  for (auto& actor : actors) {
    const double share = poisoned / (poisoned + service.jobs);
    actor.jobs = service.jobs + poisoned;
    actor.signal = "cannot-do-it";
    actor.failing = [good = actor.failing, since, until, share](double at) {
      return at >= since && at < until ? std::max(share, good(at)) : good(at);
    };
  }
  play_all(play, actors);
}

void outage(Play& play) {
  play.duration = play.dice.between(0.5, 1.5) * k_hour;
  const int services = play.dice.whole(1, 4);
  const double since = play.dice.between(120, play.duration / 2),
               until = since + play.dice.magnitude(60, 1500);
  for (int i = 0; i < services; ++i) {
    const int sets = play.dice.whole(services >= 3 ? 1 : 2, 5);
    const auto service = make_service(play, sets == 1);
    const double share = play.dice.between(0.3, 1);
    auto actors = make_actors(play, service, sets, std::string("s") + static_cast<char>('a' + i));
    for (auto& actor : actors) {
      const double begins = since + play.dice.between(0, 15),
                   ends = until + play.dice.between(0, 15);
      actor.failing = [good = actor.failing, begins, ends, share](double at) {
        return at >= begins && at < ends ? share : good(at);
      };
    }
    // A lone set of an outage is told of by what happens to the other services; with fewer of them
    // it is as bad as any.
    play_all(play, actors);
  }
}

/// Each unit starts, falls over and is started again, later each time, and does little between.
void crash_loop(Play& play) {
  play.duration = play.dice.between(0.7, 1.5) * k_hour;
  const int sets = play.dice.whole(1, 5);
  const auto service = make_service(play, sets == 1);
  auto actors = make_actors(play, service, sets);
  Actor bad = actors.back();
  actors.pop_back();
  const double since = play.dice.between(0, 900), longest = play.dice.between(10, 60);
  bad.signal = "unit-crashed";
  play.is_bad(bad, since);
  play.trace.units[bad.set] = bad.units;
  for (int unit = 0; unit < bad.units; ++unit)
    for (double at = since + play.dice.between(0, 5), wait = 1; at < play.duration;
         at += wait + play.dice.between(0, 3), wait = std::min(wait * 2, longest))
      play.say(bad, unit, at, 0, play.dice.happens(0.1) ? "critical" : "error",
               R"("message":"exit status 1",)");
  play_all(play, actors);
}

void low_traffic(Play& play) {
  play.duration = play.dice.between(6, 12) * k_hour;
  const int sets = play.dice.whole(1, 4);
  auto service = make_service(play, sets == 1);
  service.jobs = play.dice.magnitude(0.05, 2);
  service.noise = play.dice.between(0.005, 0.05);
  service.bursts = false;
  play.told = Told::counts;
  play.every = 60;
  auto actors = make_actors(play, service, sets);
  if (play.dice.happens(0.5)) {
    auto& bad = actors.back();
    const double share = play.dice.between(0.7, 1), since = play.dice.between(0, k_hour);
    bad.failing = bad_from(bad.failing, since, share);
    bad.jobs = std::max(bad.jobs, 0.1);
    play.is_bad(bad, since);
  }
  play_all(play, actors);
}

void flapping(Play& play) {
  play.duration = play.dice.between(1, 2) * k_hour;
  const int sets = play.dice.whole(1, 6);
  auto actors = make_actors(play, make_service(play, sets == 1), sets);
  auto& bad = actors.front();
  const double since = play.dice.between(0, 1200), on = play.dice.between(20, 120),
               off = play.dice.between(20, 120);
  const double share = badness(play, bad, since, 0.4);
  bad.jobs = std::max(bad.jobs, 20.0);
  bad.failing = [good = bad.failing, since, on, off, share](double at) {
    return at >= since && std::fmod(at - since, on + off) < on ? share : good(at);
  };
  play.is_bad(bad, since);
  play_all(play, actors);
}

void mixed_clocks(Play& play) {
  play.skew = play.dice.happens(0.5) ? play.dice.between(1, 30) : play.dice.magnitude(30, 7200);
  if (play.dice.happens(0.4))
    good(play);
  else
    one_bad(play, play.dice.between(0, 1200), play.dice.between(2400, 5400));
}

void late_and_double(Play& play) {
  play.late = play.dice.between(1, 28);
  play.again = play.dice.between(0.1, 0.8);
  if (play.dice.happens(0.5))
    good(play);
  else
    one_bad(play, play.dice.between(0, 1200), play.dice.between(2400, 5400));
}

void two_bad(Play& play) {
  play.duration = play.dice.between(1, 2) * k_hour;
  const int sets = play.dice.whole(4, 6);
  auto actors = make_actors(play, make_service(play, sets == 1), sets);
  for (std::size_t i = 0; i < 2; ++i) {
    const double since = play.dice.between(0, 1800), share = badness(play, actors[i], since, 0.2);
    actors[i].failing = bad_from(actors[i].failing, since, share);
    play.is_bad(actors[i], since);
  }
  play_all(play, actors);
}

/// Many services get a new set at once, each with some trouble while it starts; sometimes one of
/// the new ones is bad.
void deploy_wave(Play& play) {
  play.duration = play.dice.between(0.7, 1.2) * k_hour;
  const int services = play.dice.whole(3, 8),
            bad = play.dice.happens(0.5) ? play.dice.whole(0, services - 1) : -1;
  const double wave = play.dice.between(600, 1200);
  for (int i = 0; i < services; ++i) {
    const int sets = play.dice.whole(2, 3);
    auto actors = make_actors(play, make_service(play, sets == 2), sets,
                              std::string("w") + static_cast<char>('a' + i));
    auto& fresh = actors.back();
    fresh.from = wave + play.dice.between(0, 120);
    const double settled = fresh.from + play.dice.between(5, 45),
                 trouble = play.dice.between(0.05, 0.5);
    fresh.failing = [good = fresh.failing, settled, trouble](double at) {
      return at < settled ? trouble : good(at);
    };
    if (i == bad) {
      const double share = badness(play, fresh, fresh.from, 0.3);
      fresh.failing = bad_from(fresh.failing, fresh.from, share);
      play.is_bad(fresh, fresh.from);
    }
    play_all(play, actors);
  }
}

struct Kind {
  std::string_view name;
  void (*play)(Play&);
};
constexpr std::array k_kinds{
    Kind{"good", good},
    Kind{"bad-at-once", bad_at_once},
    Kind{"bad-after-an-hour", bad_after_an_hour},
    Kind{"slow-leak", slow_leak},
    Kind{"poison", poison},
    Kind{"outage", outage},
    Kind{"crash-loop", crash_loop},
    Kind{"low-traffic", low_traffic},
    Kind{"flapping", flapping},
    Kind{"mixed-clocks", mixed_clocks},
    Kind{"late-and-double", late_and_double},
    Kind{"two-bad", two_bad},
    Kind{"deploy-wave", deploy_wave},
};

}  // namespace

const std::vector<std::string_view>& kinds() {
  static const std::vector<std::string_view> out = [] {
    std::vector<std::string_view> names;
    for (const auto& kind : k_kinds) names.push_back(kind.name);
    return names;
  }();
  return out;
}

Trace make_trace(std::string_view kind, std::uint64_t seed) {
  Play play(kind, seed);
  for (const auto& one : k_kinds)
    if (one.name == kind) one.play(play);
  return play.done();
}

}  // namespace verdicts
