#include "plugins/juju/sets/metadata.hpp"

#include <algorithm>
#include <array>
#include <charconv>

#include <fmt/format.h>

#include <cdctl/text.hpp>

namespace cdctl::juju {

namespace {

constexpr std::string_view k_set = "cdctl-set", k_state = "cdctl-state",
                           k_deployed_at = "cdctl-deployed-at", k_by = "cdctl-by",
                           k_until = "cdctl-until", k_machine = "cdctl-machine",
                           k_claim = "cdctl-claim", k_served = "cdctl-served",
                           k_units = "cdctl-units", k_reaping_since = "cdctl-reaping-since",
                           k_source = "cdctl-source-", k_number = "cdctl-number-",
                           k_work = "cdctl-work-", k_cut = "cdctl-cut";
constexpr Millis k_clock_slack = std::chrono::seconds(60);  // between the clocks of two machines

std::string text(const Tags& tags, std::string_view key) {
  const auto at = tags.find(std::string(key));
  return at == tags.end() ? std::string() : at->second;
}

std::optional<std::int64_t> number(std::string_view text) {
  std::int64_t out = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  return error == std::errc() && end == text.data() + text.size() && out >= 0 ? std::optional(out)
                                                                              : std::nullopt;
}

Sources sources_of(const Tags& tags) {
  Sources out;
  for (const auto& [key, value] : tags) {
    if (!key.starts_with(k_source)) continue;
    const auto name = key.substr(k_source.size());
    if (!valid_word(name) || !value.contains(':')) continue;
    std::string_view revision(value);
    const auto kind = take_until(revision, ':');
    out[name] = {std::string(kind),
                 {},
                 std::string(revision),
                 number(text(tags, std::string(k_number) + name))};
  }
  return out;
}

bool ours(std::string_view key) {
  for (const auto known : {k_set, k_state, k_deployed_at, k_by, k_until, k_machine, k_claim,
                           k_served, k_units, k_reaping_since})
    if (key == known) return true;
  return key.starts_with(k_source) || key.starts_with(k_number);
}

}  // namespace

bool Metadata::leased(Time at) const {
  return state == "deploying" && until && at < *until + k_clock_slack;
}

Metadata metadata_of(const Tags& tags) {
  Metadata out;
  out.set = text(tags, k_set);
  out.state = text(tags, k_state);
  out.sources = sources_of(tags);
  out.deployed_at = parse_rfc3339(text(tags, k_deployed_at));
  out.by = text(tags, k_by);
  out.until = parse_rfc3339(text(tags, k_until));
  out.machine = text(tags, k_machine);
  out.claim = text(tags, k_claim);
  out.served = parse_rfc3339(text(tags, k_served));
  out.units = number(text(tags, k_units));
  out.reaping_since = parse_rfc3339(text(tags, k_reaping_since));
  return out;
}

Tags with_metadata(Tags tags, const Metadata& m) {
  std::erase_if(tags, [](const auto& tag) { return ours(tag.first); });
  const auto put = [&](std::string_view key, const std::string& value) {
    if (!value.empty()) tags[std::string(key)] = value;
  };
  const auto put_time = [&](std::string_view key, const std::optional<Time>& time) {
    put(key, time ? to_rfc3339(*time) : "");
  };
  put(k_set, m.set);
  put(k_state, m.state);
  put(k_by, m.by);
  put(k_machine, m.machine);
  put(k_claim, m.claim);
  put(k_units, m.units ? std::to_string(*m.units) : "");
  put_time(k_deployed_at, m.deployed_at);
  put_time(k_until, m.until);
  put_time(k_served, m.served);
  put_time(k_reaping_since, m.reaping_since);
  for (const auto& [name, source] : m.sources) {
    put(std::string(k_source) + name, source.kind + ":" + source.revision);
    put(std::string(k_number) + name, source.number ? std::to_string(*source.number) : "");
  }
  return tags;
}

Metadata work_of(const Tags& tags, const SetName& set) {
  std::array<std::string, 6> fields;
  std::string_view rest;
  const auto at = tags.find(std::string(k_work) + set.str());
  if (at != tags.end()) rest = at->second;
  for (auto& field : fields) field = take_until(rest, '+');
  Metadata out;
  out.set = set.str();
  out.state = fields[0];
  out.deployed_at = parse_rfc3339(fields[1]);
  out.until = parse_rfc3339(fields[2]);
  out.machine = fields[3];
  out.claim = fields[4];
  out.reaping_since = parse_rfc3339(fields[5]);
  out.by = rest;  // which can hold a +
  return out;
}

Tags with_work(Tags tags, const SetName& set, const Metadata& m) {
  const auto key = std::string(k_work) + set.str();
  tags.erase(key);
  if (m.state.empty() || m.state == "live") return tags;
  const auto time = [](const std::optional<Time>& at) {
    return at ? to_rfc3339(*at) : std::string();
  };
  tags[key] = fmt::format("{}+{}+{}+{}+{}+{}+{}", m.state, time(m.deployed_at), time(m.until),
                          m.machine, m.claim, time(m.reaping_since), printable(m.by, 60));
  return tags;
}

std::vector<SetName> sets_at_work(const Tags& tags) {
  std::vector<SetName> out;
  for (const auto& [key, value] : tags) {
    auto set = key.starts_with(k_work) ? parse_set_name(key.substr(k_work.size())) : std::nullopt;
    if (set) out.push_back(std::move(*set));
  }
  return out;
}

std::string cut_key(std::string_view set, bool shares_model) {
  return shares_model ? fmt::format("{}-{}", k_cut, set) : std::string(k_cut);
}

}  // namespace cdctl::juju
