#include <cdctl/notice.hpp>

#include <array>
#include <utility>

#include <fmt/format.h>

#include <cdctl/digest.hpp>
#include <cdctl/set_name.hpp>
#include <cdctl/text.hpp>

namespace cdctl {

namespace {

constexpr std::size_t k_longest_why = 400;
constexpr std::int64_t k_refused = 5;

std::string line_of(std::string_view text) { return printable(trimmed(text), k_longest_why); }

std::string after_colon(std::string_view text) {
  return text.empty() ? std::string() : ": " + line_of(text);
}

/// The record's own identity where it has one, else its content: the same bytes, the same id.
std::string identity(const Json& record) {
  const auto id = record["id"].view();
  return id.empty() ? record.canonical()
                    : fmt::format("{}\n{}", id,
                                  record["source"].view().empty() ? record["set"].view()
                                                                  : record["source"].view());
}

/// Its service, where it names only a set.
std::string service_of(const Json& record) {
  if (const auto service = record["service"].view(); !service.empty()) return std::string(service);
  const auto set = parse_set_name(record["set"].view());
  return set ? set->service : std::string();
}

Notice begin(const Json& record, Notice::Kind kind) {
  Notice out;
  out.kind = kind;
  out.service = service_of(record);
  out.revision = record["revision"].as_string();
  out.set = record["set"].as_string();
  if (const auto set = parse_set_name(out.set); set && out.revision.empty())
    out.revision = set->revision;
  out.target = record["target"].as_string();
  out.by = record["by"].as_string();
  out.time = parse_rfc3339(record["time"].view()).value_or(now());
  return out;
}

/// Whom an outcome is of: a set, a service as a whole, a proposal.
std::string subject(const Json& record) {
  for (const char* key : {"set", "service", "target"})
    if (const auto text = record[key].view(); !text.empty()) return std::string(text);
  return "?";
}

Notice condition(const Json& record, Notice::Kind kind, std::string key, bool over,
                 Severity severity, std::string summary) {
  auto out = begin(record, kind);
  out.key = std::move(key);
  out.over = over;
  out.severity = severity;
  out.summary = std::move(summary);
  return out;
}

Notice change(const Json& record, Notice::Kind kind, std::string summary,
              Severity severity = Severity::info) {
  return condition(record, kind, {}, false, severity, std::move(summary));
}

std::string by_whom(const Json& record) {
  const auto by = record["by"].view();
  return by.empty() ? std::string() : " by " + line_of(by);
}

/// The end of a condition that may never have begun.
Notice implied(const Json& record, Notice::Kind kind, std::string key, std::string summary) {
  auto out = condition(record, kind, std::move(key), true, Severity::info, std::move(summary));
  out.implied = true;
  return out;
}

/// `; trunk: Fix the colours (Alice)`: what it is made of, where the home knew that.
std::string of_what(const Json& record) {
  std::string out;
  for (const auto& commit : record["commits"].items()) {
    const auto subject = commit["subject"].view(), author = commit["author"].view();
    if (subject.empty()) continue;
    out += fmt::format("; {}: {}{}", line_of(commit["source"].view()), line_of(subject),
                       author.empty() ? "" : fmt::format(" ({})", line_of(author)));
  }
  return out;
}

using Notices = std::vector<Notice>;

Notices of_break(const Json& record) {
  const auto set = subject(record);
  const auto key = "cut/" + set;
  if (!record["ok"].as_bool()) {
    if (record["by_hand"].as_bool())
      return {};  // nobody says that it is unhealthy; it was answered
    const bool guarded = record["exit"].as_int() == k_refused;
    return {condition(
        record, Notice::Kind::uncut, key, false, Severity::critical,
        fmt::format("{} {}{}", set,
                    guarded ? "is unhealthy and was not cut: a guard refused" : "could not be cut",
                    after_colon(record["error"].view())))};
  }
  if (!record["changed"].as_bool()) return {};
  return {condition(record, Notice::Kind::cut, key, false, Severity::error,
                    fmt::format("{} was cut{}{}{}", set, by_whom(record),
                                after_colon(record["why"].view()), of_what(record)))};
}

/// By a person, or with the unit that it ran in: exit 130 or 143.
bool is_interrupted(const Json& record) {
  const auto exit = record["exit"].as_int();
  return exit == 130 || exit == 143;
}

Notices of_mend(const Json& record) {
  const auto set = subject(record);
  const auto& trial = record["trial"];
  if (trial["end"].view() == "failed")
    return {condition(record, Notice::Kind::cut, "cut/" + set, false, Severity::error,
                      is_interrupted(record) ? set + " stays cut, its trial was interrupted"
                                             : fmt::format("{} stays cut, its trial failed{}", set,
                                                           after_colon(trial["why"].view())))};
  if (!record["ok"].as_bool()) return {};
  // One that could not be cut burns, too, until somebody says that it is well.
  if (!record["changed"].as_bool() && trial.is_null())
    return {implied(record, Notice::Kind::cut, "cut/" + set, set + " is not cut")};
  if (!record["changed"].as_bool()) return {};
  if (!trial.is_null() && trial["end"].view() != "passed") return {};
  return {condition(
      record, Notice::Kind::cut, "cut/" + set, true, Severity::info,
      fmt::format("{} was mended{}{}", set, by_whom(record), after_colon(record["why"].view())))};
}

Notices of_reap(const Json& record) {
  const auto set = subject(record);
  if (!record["ok"].as_bool() || !record["changed"].as_bool() || record["draining"].as_bool())
    return {};
  return {implied(record, Notice::Kind::cut, "cut/" + set,
                  set + " was reaped: there is nothing left of it to be cut"),
          change(record, Notice::Kind::reaped,
                 fmt::format("{} was reaped{}{}", set, by_whom(record),
                             after_colon(record["why"].view())))};
}

Notices of_deploy(const Json& record) {
  const auto set = subject(record);
  const auto key = "deploy/" + service_of(record);
  if (!record["ok"].as_bool()) {
    // Refused is what it is to be: another home was faster, or somebody holds the service.
    if (record["exit"].as_int() == k_refused) return {};
    return {
        condition(record, Notice::Kind::deploy, key, false, Severity::error,
                  fmt::format("{} was not deployed{}", set, after_colon(record["error"].view())))};
  }
  if (!record["changed"].as_bool()) return {};
  return {change(record, Notice::Kind::deployed,
                 fmt::format("{} was deployed{}{}{}", set, by_whom(record),
                             after_colon(record["why"].view()), of_what(record))),
          implied(record, Notice::Kind::deploy, key, set + " was deployed")};
}

Notices of_land(const Json& record) {
  const auto what = fmt::format("{} on {}", record["proposal"].as_string("?"), subject(record));
  const auto title = after_colon(record["title"].view());
  if (record["verdict"].view() == "landed" && record["changed"].as_bool())
    return {change(record, Notice::Kind::landed, fmt::format("{} landed{}", what, title))};
  if (record["verdict"].view() == "rejected" && record["changed"].as_bool())
    return {change(record, Notice::Kind::rejected,
                   fmt::format("{} was rejected{}", what, after_colon(record["why"].view())),
                   Severity::warning)};
  return {};
}

Notices of_decision(const Json& record) {
  if (!record["ok"].as_bool() || !record["changed"].as_bool()) return {};
  auto text = fmt::format("{}: {}{}{}", subject(record), record["action"].view(), by_whom(record),
                          after_colon(record["why"].view()));
  if (const auto state = record["forced"].view(); !state.empty())
    text = fmt::format("{}: forced {}{}{}", subject(record), state, by_whom(record),
                       after_colon(record["why"].view()));
  return {change(record, Notice::Kind::decided, std::move(text))};
}

Notices of_outcome(const Json& record) {
  if (record["dry_run"].as_bool()) return {};
  using Of = Notices (*)(const Json&);
  static constexpr std::array<std::pair<std::string_view, Of>, 9> k_actions{
      {{"break", of_break},
       {"mend", of_mend},
       {"reap", of_reap},
       {"deploy", of_deploy},
       {"land", of_land},
       {"hold", of_decision},
       {"resume", of_decision},
       {"force", of_decision},
       {"retire", of_decision}}};
  for (const auto& [action, of] : k_actions)
    if (record["action"].view() == action) return of(record);
  return {};
}

Notices of_verdict(const Json& record) {
  const auto service = service_of(record);
  const auto everyone = "everyone/" + service, unjudged = "unjudged/" + record["set"].as_string();
  const auto verdict = record["verdict"].view();
  if (verdict == "healthy" || verdict == "unhealthy")
    return {implied(record, Notice::Kind::everyone, everyone,
                    fmt::format("{} can be told apart again: {} is {}", service,
                                record["set"].view(), verdict)),
            implied(record, Notice::Kind::unjudged, unjudged,
                    fmt::format("{} can be judged again: {}", record["set"].view(), verdict))};
  if (record["loud"].as_bool())
    return {condition(record, Notice::Kind::everyone, everyone, false, Severity::critical,
                      fmt::format("all sets of {} went bad together, nobody was cut{}", service,
                                  after_colon(record["why"].view())))};
  if (record["escalated"].as_bool())
    return {condition(record, Notice::Kind::unjudged, unjudged, false, Severity::error,
                      fmt::format("{} cannot be judged{}", record["set"].view(),
                                  after_colon(record["why"].view())))};
  return {};
}

/// What a worker says is of its own service, whatever key it gives: no other's condition can be
/// ended, or begun, by it.
std::string key_of_signal(const Json& record, bool outage) {
  const auto set = parse_set_name(record["set"].view());
  const auto service = set ? set->service : record["service"].as_string();
  if (outage) return "outage/" + service;
  const auto own = record["key"].view();
  return fmt::format("signal/{}/{}", service, own.empty() ? record["signal"].view() : own);
}

Notices of_signal(const Json& record) {
  if (record["replayed"].as_bool()) return {};
  const bool outage = record["signal"].view() == k_outage_signal;
  auto out =
      condition(record, outage ? Notice::Kind::outage : Notice::Kind::signal,
                key_of_signal(record, outage), record["cleared"].as_bool(),
                parse_severity(record["severity"].view()).value_or(Severity::info),
                fmt::format("{} says {}{}", subject(record), line_of(record["signal"].view()),
                            after_colon(record["message"].view())));
  if (outage) out.summary = fmt::format("{}{}", out.service, after_colon(record["message"].view()));
  return {std::move(out)};
}

}  // namespace

std::string_view to_string(Notice::Kind kind) {
  static constexpr std::array<std::string_view, 12> k_names{
      "cut",    "uncut",    "everyone", "unjudged", "outage",   "deploy",
      "signal", "deployed", "reaped",   "landed",   "rejected", "decided"};
  return k_names[static_cast<std::size_t>(kind)];
}

std::vector<Notice> notices_of(const Json& record) {
  const auto schema = record["schema"].view();
  auto out = schema == "cdctl.outcome/1"   ? of_outcome(record)
             : schema == "cdctl.verdict/1" ? of_verdict(record)
             : schema == "cdctl.signal/1"  ? of_signal(record)
                                           : Notices();
  // A route has let it through for these alone.
  if (record["ends_only"].as_bool())
    std::erase_if(out, [](const Notice& notice) { return !notice.over; });
  if (out.empty()) return out;
  const auto who = identity(record);
  for (auto& notice : out)
    notice.id = sha256_hex(fmt::format("{}\n{}\n{}", who, to_string(notice.kind), notice.key))
                    .substr(0, 32);
  return out;
}

}  // namespace cdctl
