#include "cli/top/model.hpp"

#include <algorithm>

#include <fmt/format.h>

#include <cdctl/set_name.hpp>
#include <cdctl/signal.hpp>
#include <cdctl/text.hpp>

#include "cli/output/cell.hpp"
#include "core/records/set.hpp"
#include "core/records/signal.hpp"

namespace cdctl::cli {

namespace {

constexpr std::size_t k_signals = 200, k_landings = 50;

/// How much somebody should look at it: the greater the sooner.
int trouble_of(const TopRow& row) {
  int out = 0;
  if (!row.trouble.empty()) out += 8;
  if (row.state == "down") out += 6;
  if (row.state == "partial") out += 4;
  if (row.on_trial) out += 3;
  if (row.cut.value_or(false)) out += 2;
  if (!row.cut || row.state.empty()) out += 1;
  if (row.work && row.work->returned > 0) out += 4;
  return out;
}

}  // namespace

std::string_view to_string(TopSort sort) {
  switch (sort) {
    case TopSort::service:
      return "service";
    case TopSort::trouble:
      return "trouble";
    case TopSort::work:
      return "work";
    case TopSort::age:
      break;
  }
  return "age";
}

void TopModel::apply(std::string_view line, Time at) {
  const auto record = Json::parse(line);
  if (!record) return;
  const auto kind = (*record)["kind"].view();
  if (records::is<records::Signal>(*record))
    take_signal(*record);
  else if (kind == "set")
    take_set(*record);
  else if (kind == "landing")
    take_landing(*record);
  else if (kind == "look")
    take_look(*record, at);
  else if (kind == "trouble")
    take_troubles(*record);
}

void TopModel::take_set(const Json& record) {
  const auto set = records::decode<records::Set>(record);
  const auto& name = set.set;
  if (!parse_set_name(name)) return;
  TopRow row;
  row.set = name;
  row.service = set.service;
  row.state = set.state;
  row.word = state_text(record);
  row.why_cut = printable(set.cut_why);
  looked_[name] = row.trouble = printable(record["trouble"].view());
  if (row.trouble.empty()) row.trouble = trouble_beside(name);
  row.cut = set.cut;
  row.on_trial = set.trial_until.has_value();
  row.newest = set.newest;
  if (set.units) {
    row.want = set.units->want;
    row.up = set.units->up;
  }
  row.deployed_at = set.deployed_at;
  if (const auto& work = record["work"]; work.is_object())
    row.work = TopRow::Work{work["delivered"].as_double(), work["acknowledged"].as_double(),
                            work["returned"].as_double()};
  rows_[name] = std::move(row);
}

void TopModel::take_signal(const Json& record) {
  const auto at = event_time(record);
  if (!at) return;
  auto said = records::decode<records::Signal>(record);
  TopSignal signal{*at, std::move(said.set), std::move(said.severity), printable(said.signal, 60),
                   printable(said.message)};
  if (signal.severity == "info" || signal.severity == "debug") return;
  last_[signal.set] = signal;
  signals_.push_back(std::move(signal));
  if (signals_.size() > k_signals) signals_.pop_front();
}

void TopModel::take_landing(const Json& record) {
  const auto at = parse_rfc3339(record["time"].view());
  if (!at) return;
  std::vector<std::string> who;
  for (const auto& author : record["authors"].items()) who.push_back(printable(author.view(), 60));
  landings_.push_back(
      {*at, record["verdict"].view() == "landed", printable(record["target"].view(), 60),
       printable(record["proposal"].view(), 60), printable(record["title"].view()), joined(who)});
  if (landings_.size() > k_landings) landings_.pop_front();
}

void TopModel::take_look(const Json& record, Time at) {
  looked_at = at;
  took = Millis(record["took_ms"].as_int());
  next = Millis(record["next_ms"].as_int());
  look_errors_.clear();
  for (const auto& error : record["errors"].items())
    look_errors_.push_back(error["where"].as_string() + ": " +
                           printable(error["error"].view(), 400));
  for (const auto& set : record["gone"].items()) {
    rows_.erase(set.as_string());
    last_.erase(set.as_string());
    looked_.erase(set.as_string());
  }
  gather_errors();
}

void TopModel::take_troubles(const Json& record) {
  const auto probe = printable(record["probe"].view(), 60);
  auto& sets = beside_[probe];
  sets.clear();
  for (const auto& [set, text] : record["sets"].members())
    sets.emplace(set, printable(text.view()));
  beside_errors_.erase(probe);
  if (!record["error"].is_null()) beside_errors_[probe] = printable(record["error"].view(), 400);
  for (auto& [name, row] : rows_)
    row.trouble = looked_[name].empty() ? trouble_beside(name) : looked_[name];
  gather_errors();
}

void TopModel::gather_errors() {
  errors_ = look_errors_;
  for (const auto& [probe, error] : beside_errors_)
    errors_.push_back(fmt::format("probing with {}: {}", probe, error));
}

std::string TopModel::trouble_beside(const std::string& set) const {
  for (const auto& [probe, sets] : beside_)
    if (const auto at = sets.find(set); at != sets.end()) return at->second;
  return {};
}

const TopSignal* TopModel::last_signal(const std::string& set) const {
  const auto at = last_.find(set);
  return at == last_.end() ? nullptr : &at->second;
}

std::vector<const TopRow*> TopModel::rows(TopSort sort, std::string_view filter) const {
  const bool glob = filter.find_first_of("*?") != std::string_view::npos;
  std::vector<const TopRow*> out;
  for (const auto& [name, row] : rows_)
    if (filter.empty() ||
        (glob ? glob_match(filter, name) : name.find(filter) != std::string::npos))
      out.push_back(&row);
  const auto age = [](const TopRow* row) { return row->deployed_at.value_or(Time()); };
  std::ranges::stable_sort(out, [&](const TopRow* a, const TopRow* b) {
    if (sort == TopSort::trouble && trouble_of(*a) != trouble_of(*b))
      return trouble_of(*a) > trouble_of(*b);
    if (sort == TopSort::work) {
      const auto rate = [](const TopRow* row) {
        return row->work ? row->work->acknowledged + row->work->delivered : -1;
      };
      if (rate(a) != rate(b)) return rate(a) > rate(b);
    }
    if (sort != TopSort::age && a->service != b->service) return a->service < b->service;
    return age(a) != age(b) ? age(a) > age(b) : a->set < b->set;
  });
  return out;
}

}  // namespace cdctl::cli
