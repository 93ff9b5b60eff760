#include "plugins/local/run_plan.hpp"

#include <charconv>
#include <cstdint>
#include <utility>

#include "plugins/local/stop_words.hpp"

namespace cdctl::local {

namespace {

constexpr std::string_view k_run_head = "cdctl-run 1";
constexpr std::string_view k_run_end = "end";  // so that a torn file is seen to be one

std::optional<std::string_view> next(std::string_view& rest) {
  const auto end = rest.find('\0');
  if (end == std::string_view::npos) return {};
  const auto out = rest.substr(0, end);
  rest.remove_prefix(end + 1);
  return out;
}

}  // namespace

std::string to_text(const RunPlan& plan) {
  std::string out;
  const auto put = [&out](std::string_view text) { out.append(text).push_back('\0'); };
  put(k_run_head);
  for (const auto* text : {&plan.set, &plan.home_id, &plan.directory}) put(*text);
  for (const auto& unit : plan.units) {
    put(unit.vacant ? "vacant" : "unit");
    put(unit.process);
    put(unit.command);
  }
  for (const auto& [process, time] : plan.grace.own) {
    put("stop");
    put(process);
    put(std::to_string(time.count()));
  }
  for (const auto& [process, limit] : plan.limits) {
    for (const auto& [kind, value] : {std::pair("memory", limit.memory), {"cpu", limit.cpu}}) {
      if (value == 0) continue;
      put(kind);
      put(process);
      put(std::to_string(value));
    }
  }
  for (const auto& [process, words] : plan.keepers) {
    for (const auto& word : words) {
      put("keeper");
      put(process);
      put(word);
    }
  }
  for (const auto& [process, way] : plan.grace.ways) {
    put("way");
    put(process);
    put(to_text(way));
  }
  for (const auto& [name, value] : plan.env) {
    put("env");
    put(name);
    put(value);
  }
  put(k_run_end);
  return out;
}

std::optional<RunPlan> parse_run_plan(std::string_view text) {
  if (next(text) != k_run_head) return {};
  RunPlan plan;
  for (auto* field : {&plan.set, &plan.home_id, &plan.directory}) {
    const auto value = next(text);
    if (!value) return {};
    *field = *value;
  }
  for (;;) {
    const auto kind = next(text);
    if (!kind) return {};
    if (*kind == k_run_end) return text.empty() ? std::optional(std::move(plan)) : std::nullopt;
    const auto first = next(text), second = next(text);
    if (!first || !second) return {};
    if (*kind == "unit" || *kind == "vacant") {
      plan.units.push_back({std::string(*first), std::string(*second), *kind == "vacant"});
    } else if (*kind == "stop" || *kind == "memory" || *kind == "cpu") {
      std::int64_t value = 0;
      const auto [end, error] =
          std::from_chars(second->data(), second->data() + second->size(), value);
      if (error != std::errc() || end != second->data() + second->size()) return {};
      const std::string process(*first);
      if (*kind == "stop")
        plan.grace.own.emplace(process, value);
      else
        (*kind == "cpu" ? plan.limits[process].cpu : plan.limits[process].memory) = value;
    } else if (*kind == "keeper") {
      plan.keepers[std::string(*first)].emplace_back(*second);
    } else if (*kind == "way") {
      const auto way = parse_stop_way(*second);
      if (!way) return {};
      plan.grace.ways.emplace(*first, *way);
    } else if (*kind == "env") {
      plan.env.emplace(*first, *second);
    } else {
      return {};
    }
  }
}

}  // namespace cdctl::local
