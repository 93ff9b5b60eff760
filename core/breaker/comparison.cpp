#include "core/breaker/comparison.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "core/breaker/statistics.hpp"

namespace cdctl::breaker {

namespace {

using State = Reading::State;
using Basis = Reading::Basis;

constexpr double k_chance = 1e-5;    ///< less than that is no accident; a day has many windows
constexpr double k_unlikely = 0.02;  ///< is enough where the share alone is bad
constexpr double k_points = 0.03;  ///< by which a share must at least be worse, whatever the ratio
constexpr int k_left_out = 3;      ///< worst tenths of a window: one burst is no condition
constexpr double k_steady = 0.35;  ///< of a number that must be there without the worst tenths
constexpr double k_share_alone =
    0.2;  ///< of counted work that errors must be, where there is no peer
constexpr double k_too_few_hits = 3;  ///< below, too small a sample is not worth a word

struct Work {
  double hits = 0, total = 0;
};

/// The worst tenths of the set.
std::vector<int> worst_of(const RuleWindow::Blocks& blocks) {
  std::vector<int> order(RuleWindow::k_blocks);
  for (int i = 0; i < RuleWindow::k_blocks; ++i) order[static_cast<std::size_t>(i)] = i;
  std::ranges::stable_sort(order, std::greater(),
                           [&](int i) { return blocks[static_cast<std::size_t>(i)].hits; });
  order.resize(k_left_out);
  return order;
}

/// As many tenths that follow each other, with the most hits: one burst. Trouble that comes and
/// goes is more than that.
std::vector<int> worst_stretch(const RuleWindow::Blocks& blocks) {
  const auto hits_from = [&](int first) {
    double hits = 0;
    for (int i = first; i < first + k_left_out; ++i)
      hits += blocks[static_cast<std::size_t>(i)].hits;
    return hits;
  };
  int worst = 0;
  for (int first = 1; first + k_left_out <= RuleWindow::k_blocks; ++first)
    if (hits_from(first) > hits_from(worst)) worst = first;
  std::vector<int> out(k_left_out);
  std::iota(out.begin(), out.end(), worst);
  return out;
}

Work sum_without(const RuleWindow::Blocks& blocks, const std::vector<int>& left_out) {
  Work out;
  for (int i = 0; i < RuleWindow::k_blocks; ++i) {
    if (std::ranges::find(left_out, i) != left_out.end()) continue;
    out.hits += blocks[static_cast<std::size_t>(i)].hits;
    out.total += blocks[static_cast<std::size_t>(i)].total;
  }
  return out;
}

/// What failures are set against: the work, where it is counted on both sides, else the workers.
enum class By { work, units };

/// A share of work, or events of a unit.
double rate_of(By by, const Work& work, double units) {
  if (by == By::units) return work.hits / units;
  return work.total > 0 ? work.hits / work.total : 0;
}

Reading start(const Rule& rule, const Side& own) {
  Reading out;
  out.hits = static_cast<double>(own.window->hits());
  out.work = static_cast<double>(own.window->total());
  out.value = rule.kind == Rule::Kind::rate ? (out.work > 0 ? out.hits / out.work : 0) : out.hits;
  return out;
}

/// Why a rate cannot be told, if so: a rate without what went well is no rate.
std::string_view no_rate(const Rule& rule, const Side& own, const Reading& reading, bool open) {
  if (rule.kind != Rule::Kind::rate) return {};
  if (!own.measured || reading.work <= 0) return "no counts";
  return !open && reading.work < static_cast<double>(rule.at_least) ? std::string_view("too few")
                                                                    : std::string_view();
}

bool crossed(const Rule& rule, const Reading& reading) {
  return reading.value > reading.threshold || (!rule.above && reading.value >= reading.threshold);
}

/// A peer that counts.
struct Peer {
  const Side* side;
  Work work;
  double rate;
};

/// How long both have been heard of; the newcomers that would make it too short are not compared
/// with.
Millis common_period(const Rule& rule, const Side& own, std::span<const Side> peers) {
  auto out = std::min(rule.window, own.coverage);
  const auto least = out / 2;
  for (const auto& peer : peers)
    if (peer.coverage >= least) out = std::min(out, peer.coverage);
  return out;
}

/// The better half of those that were heard of for as long and have a sample of their own: a second
/// bad set must not hide the first.
std::vector<Peer> qualified(const Rule& rule, By by, std::span<const Side> sides, Millis period,
                            Time clock, const std::vector<int>& left_out) {
  std::vector<Peer> out;
  for (const auto& side : sides) {
    if (side.coverage < period || (by == By::work && !side.measured)) continue;
    const auto work = sum_without(side.window->blocks(clock, period), left_out);
    if (by == By::work &&
        (work.total <= 0 ||
         work.total * 2 < static_cast<double>(rule.kind == Rule::Kind::rate ? rule.at_least : 0)))
      continue;
    out.push_back({&side, work, rate_of(by, work, side.units)});
  }
  std::ranges::sort(out, {}, &Peer::rate);
  out.resize((out.size() + 1) / 2);
  return out;
}

/// Without peers. One burst does not carry it: enough must be there without the worst tenths.
void judge_alone(const Rule& rule, const Side& own, const Work& steady, bool open, Reading& out) {
  const bool rate = rule.kind == Rule::Kind::rate;
  out.threshold = rate ? rule.share : static_cast<double>(rule.count);
  out.suspect = out.hits >= 3 && out.value >= out.threshold / 2;
  if (open) out.threshold /= 2;
  if (out.value < out.threshold || out.hits < 1) return;
  const double steadily = rate ? rate_of(By::work, steady, own.units) : steady.hits;
  if (!open && steadily < out.threshold * (rate ? 1 : k_steady))
    out.why = "one burst";
  else if (!rate && own.measured && out.hits < out.work * k_share_alone)
    out.why = "little of its work";
  else
    out.state = State::bad;
}

/// Whether a set that was heard of too lately to be a peer shows the same: then it may be the
/// world.
bool newcomer_shows_it(const Rule& rule, By by, const Side& own, std::span<const Side> sides,
                       Millis period, Time clock) {
  return std::ranges::any_of(sides, [&](const Side& side) {
    if (side.coverage >= period || (by == By::work && !side.measured)) return false;
    const auto all = [&](const Side& of) {
      return rate_of(by, sum_without(of.window->blocks(clock, side.coverage), {}), of.units);
    };
    const double theirs = all(side);
    return theirs > 0 && all(own) <= theirs * rule.times;
  });
}

void judge_against(const Rule& rule, By by, const Side& own, const Work& steady,
                   std::span<const Peer> peers, bool open, Reading& out) {
  Work pooled;
  double units = 0;
  for (const auto& peer : peers) {
    pooled.hits += peer.work.hits;
    pooled.total += peer.work.total;
    units += peer.side->units;
    out.peers.push_back(peer.side->set);
  }
  const bool work = by == By::work;
  const double mine = rate_of(by, steady, own.units), theirs = rate_of(by, pooled, units);
  // A baseline of nothing is taken for half an event, so that the ratio stays a number.
  const double floor = 0.5 / (work ? std::max(pooled.total, 1.0) : units);
  out.basis = Basis::peers;
  out.baseline = theirs;
  out.value = mine / std::max(theirs, floor);
  out.threshold = open ? 1 + (rule.times - 1) / 2 : rule.times;
  out.chance = work ? tail_of_shares(steady.hits, std::max(steady.total, steady.hits), pooled.hits,
                                     std::max(pooled.total, pooled.hits))
                    : tail_of_counts(steady.hits, own.units, pooled.hits, units);
  const double enough =
      rule.kind == Rule::Kind::rate ? rule.share : static_cast<double>(rule.count) * k_steady;
  if (out.value <= out.threshold)
    out.why = "like its peers";
  else if (rule.both &&
           (rule.kind == Rule::Kind::rate ? mine : steady.hits) < enough / (open ? 2 : 1))
    out.why = "not so much by itself";
  else if (work && mine < theirs + k_points / (open ? 2 : 1))
    out.why = "hardly worse than its peers";
  else if (!open && out.chance > k_chance)
    out.why = "may be chance";
  else
    out.state = State::bad;
}

}  // namespace

Reading read_absolute(const Rule& rule, const Side& own, bool open) {
  auto out = start(rule, own);
  out.threshold = rule.kind == Rule::Kind::rate ? rule.share : static_cast<double>(rule.count);
  if (open)
    out.threshold =
        rule.kind == Rule::Kind::rate ? rule.share / 2 : static_cast<double>((rule.count + 1) / 2);
  out.why = no_rate(rule, own, out, open);
  const bool over = out.hits >= 1 && (rule.kind == Rule::Kind::rate ? crossed(rule, out)
                                                                    : out.value >= out.threshold);
  if (!over || out.why == "no counts") return out;
  if (!out.why.empty())
    out.state = out.hits >= k_too_few_hits ? State::too_few : State::quiet;
  else if (open ||
           out.hits >= static_cast<double>(rule.kind == Rule::Kind::rate ? 0 : rule.at_least))
    out.state = State::bad;
  else
    out.why = "too few";
  return out;
}

Reading read_rule(const Rule& rule, const Side& own, std::span<const Side> peers, Time clock,
                  bool open) {
  if (!rule.relative()) return read_absolute(rule, own, open);
  auto out = start(rule, own);
  out.threshold = rule.kind == Rule::Kind::rate ? rule.share : static_cast<double>(rule.count);
  if (out.why = no_rate(rule, own, out, open); out.why == "no counts") {
    out.basis = Basis::none;
    return out;
  }
  if (!out.why.empty()) {  // the sample is too small
    if (out.hits >= k_too_few_hits && out.value >= out.threshold) out.state = State::too_few;
    return out;
  }
  if (!open && rule.kind != Rule::Kind::rate && out.hits < static_cast<double>(rule.at_least)) {
    out.why = "too few";
    return out;
  }
  const auto period = common_period(rule, own, peers);
  if (period < rule.window / 2) {
    out.why = "too young";
    out.basis = Basis::none;
    return out;
  }
  const auto by = own.measured && out.work > 0 ? By::work : By::units;
  const auto blocks = own.window->blocks(clock, period);
  const auto left_out = worst_of(blocks);
  const auto steady = sum_without(blocks, left_out);
  const auto others = qualified(rule, by, peers, period, clock, left_out);
  auto alone = out;
  judge_alone(rule, own,
              rule.kind == Rule::Kind::rate ? sum_without(blocks, worst_stretch(blocks)) : steady,
              open, alone);
  if (others.empty()) {
    if (alone.state != State::bad) return alone;
    const bool shown = newcomer_shows_it(rule, by, own, peers, period, clock);
    alone.why = shown ? "a newcomer shows the same" : "no peer qualifies";
    if (shown) alone.state = State::shared;
    return alone;
  }
  judge_against(rule, by, own, steady, others, open, out);
  out.suspect = alone.suspect;
  if (out.state == State::bad || alone.state != State::bad) return out;
  const bool worse = out.why == "may be chance" && by == By::work && out.chance <= k_unlikely;
  out.state = worse ? State::bad : State::shared;
  return out;
}

}  // namespace cdctl::breaker
