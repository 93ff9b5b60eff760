#include <algorithm>
#include <array>

#include <fmt/format.h>

#include <cdctl/set_name.hpp>
#include <cdctl/text.hpp>

#include "cli/command_line/completion/values.hpp"
#include "core/breaker/rule.hpp"
#include "core/config/keys.hpp"

namespace cdctl::cli::completion {

namespace {

struct ValueName {
  std::string_view name;
  ValueKind kind;
};
constexpr std::array k_kinds{
    ValueName{"ADDRESS", ValueKind::text},
    ValueName{"CLASS", ValueKind::text},
    ValueName{"COMMAND", ValueKind::text},
    ValueName{"DURATION", ValueKind::duration},
    ValueName{"ENGINE", ValueKind::engine},
    ValueName{"FILE", ValueKind::file},
    ValueName{"FOLDER", ValueKind::folder},
    ValueName{"import", ValueKind::text},
    ValueName{"FORMAT", ValueKind::text},
    ValueName{"ID", ValueKind::text},
    ValueName{"KEY", ValueKind::text},
    ValueName{"KEY=VALUE", ValueKind::text},
    ValueName{"LEVEL", ValueKind::text},
    ValueName{"LINE", ValueKind::text},
    ValueName{"MODEL", ValueKind::text},
    ValueName{"N", ValueKind::text},
    ValueName{"NAME", ValueKind::text},
    ValueName{"NAME=REV", ValueKind::source},
    ValueName{"NAME=VALUE", ValueKind::data},
    ValueName{"PLUGIN", ValueKind::plugin},
    ValueName{"PROCESS=N", ValueKind::text},
    ValueName{"RULE", ValueKind::rule},
    ValueName{"SELECTOR", ValueKind::set},
    ValueName{"SERVICE", ValueKind::service},
    ValueName{"SERVICE[@REV]", ValueKind::revision},
    ValueName{"SET", ValueKind::set},
    ValueName{"SET[/UNIT]", ValueKind::set},
    ValueName{"SHELL", ValueKind::shell},
    ValueName{"SIGNAL", ValueKind::text},
    ValueName{"SOURCE", ValueKind::source},
    ValueName{"SPEC", ValueKind::folder},
    ValueName{"STAGE", ValueKind::text},
    ValueName{"STATE", ValueKind::state},
    ValueName{"SERVICE|SET", ValueKind::target},
    ValueName{"TARGET", ValueKind::landing_target},
    ValueName{"LABEL", ValueKind::text},
    ValueName{"PROPOSAL", ValueKind::text},
    ValueName{"VOTE", ValueKind::vote},
    ValueName{"REV", ValueKind::text},
    ValueName{"TEXT", ValueKind::text},
    ValueName{"UNIT", ValueKind::text},
    ValueName{"WORKSPACE", ValueKind::text},
    ValueName{"BRANCH", ValueKind::text},
    ValueName{"URL", ValueKind::folder},
    ValueName{"URL|none", ValueKind::text},
    ValueName{"VERB", ValueKind::verb},
    ValueName{"SERVICE|KEY", ValueKind::config_word},
    ValueName{"RECEIVER", ValueKind::sink},
    ValueName{"new", ValueKind::new_plugin},
    ValueName{"HOME", ValueKind::text},
};

void services(const Live& live, Completions& out) {
  for (auto& name : live.services()) out.words.push_back({std::move(name), "service"});
}

std::string note_of(const KnownSet& set) { return set.newest ? set.note + ", newest" : set.note; }

/// The first four characters of a revision or more, so that no other set of the service begins so.
std::string shortest(const std::vector<KnownSet>& sets, const SetName& name) {
  for (std::size_t length = 4; length < name.revision.size(); ++length) {
    const auto prefix = name.revision.substr(0, length);
    const auto begins = [&](const KnownSet& other) {
      return other.name.service == name.service && other.name.revision.starts_with(prefix);
    };
    if (std::ranges::count_if(sets, begins) == 1) return prefix;
  }
  return name.revision;
}

constexpr std::array<std::pair<std::string_view, std::string_view>, 3> k_roles{
    {{"newest", "the set deployed last"},
     {"previous", "the uncut one that came before it"},
     {"proven", "the newest that is proven"}}};

/// `thumbs@newest`, its like, and `thumbs@r5f0`, once the word says `thumbs@`.
void revisions(const Live& live, std::string_view word, bool with_newest, Completions& out) {
  const auto service = word.substr(0, word.find('@'));
  const auto sets = live.sets();
  if (with_newest)
    for (const auto& [role, meaning] : k_roles)
      out.words.push_back({fmt::format("{}@{}", service, role), std::string(meaning)});
  for (const auto& set : sets) {
    if (set.name.service != service) continue;
    const auto brief = fmt::format("{}@{}", service, shortest(sets, set.name));
    out.words.push_back(
        {brief.starts_with(word) ? brief : fmt::format("{}@{}", service, set.name.revision),
         note_of(set)});
  }
}

/// Services, and the names of sets; those that are there already are not named again.
void sets(const Live& live, const CompletionPoint& point, bool by_prefix, Completions& out) {
  if (point.word.contains('@')) {
    if (by_prefix) revisions(live, point.word, true, out);
    return;
  }
  services(live, out);
  for (const auto& set : live.sets()) out.words.push_back({set.name.str(), note_of(set)});
  std::erase_if(out.words, [&](const Completion& one) {
    return std::ranges::find(point.words, one.value) != point.words.end();
  });
}

/// Whole rules, and what may follow a rule that is one already.
void rules(const std::string& word, Completions& out) {
  constexpr std::array<std::string_view, 5> k_more{"critical >= 1", "errors >= 5 in 1m",
                                                   "errors >= 3 in a row", "warnings >= 20 in 5m",
                                                   "failure-rate > 20% in 5m of at least 30"};
  constexpr std::array<std::string_view, 6> k_clauses{
      "in 5m", "in a row", "of at least 30", "after 2m", "for 1m", "unless everyone in 5s"};
  for (const auto rule : k_more) out.words.push_back({std::string(rule), ""});
  for (const auto& rule : breaker::default_rules())
    out.words.push_back({rule, "one of the default rules"});
  const auto end = word.find_last_not_of(' ');
  if (end == std::string::npos || !breaker::Rule::parse(word.substr(0, end + 1))) return;
  for (const auto clause : k_clauses) {
    auto longer = fmt::format("{} {}", word.substr(0, end + 1), clause);
    if (breaker::Rule::parse(longer)) out.words.push_back({std::move(longer), ""});
  }
}

void durations(const std::string& word, Completions& out) {
  constexpr std::array<std::pair<std::string_view, std::string_view>, 5> k_units{
      {{"s", "seconds"}, {"m", "minutes"}, {"h", "hours"}, {"d", "days"}, {"w", "weeks"}}};
  const auto number = word.substr(0, word.find_first_not_of("0123456789"));
  if (number.empty())
    for (const auto* usual : {"10s", "1m", "10m", "1h", "1d"}) out.words.push_back({usual, ""});
  else
    for (const auto& [unit, name] : k_units)
      out.words.push_back({number + std::string(unit), std::string(name)});
}

/// `trunk=`: what comes behind is a revision that nobody here knows.
void sources(const Live& live, const CompletionPoint& point, Completions& out) {
  std::vector<std::string> of;
  for (const auto& word : point.words) of.push_back(word.substr(0, word.find('@')));
  for (const auto& name : live.sources(of)) out.words.push_back({name + "=", "source"});
  out.nospace = true;
}

/// What plugins offer of a role.
void kinds_of(plugins::PluginHost& plugins, std::string_view role, Completions& out) {
  for (const auto& plugin : plugins.plugins())
    for (const auto& row : plugin.roles)
      if (plugin.refused.empty() && row.role == role)
        out.words.push_back({row.kind, plugin.summary});
}

/// Behind the verb of `config`: what that verb takes.
void config_words(plugins::PluginHost& plugins, const Live& live, const CompletionPoint& point,
                  Completions& out) {
  const auto verb = point.words.empty() ? std::string() : point.words.front();
  if (verb == "show") {
    services(live, out);
    for (auto& name : live.targets()) out.words.push_back({std::move(name), "target"});
  }
  if (verb != "explain" || point.words.size() > 1) return;
  const config::Keys keys(plugins);
  for (const auto& key : keys.all())
    if (!key.name.contains('*'))
      out.words.push_back({std::string(key.name), std::string(key.meaning)});
}

void fixed(std::initializer_list<std::pair<const char*, const char*>> words, Completions& out) {
  for (const auto& [word, note] : words) out.words.push_back({word, note});
}

void choices(std::string_view list, Completions& out) {
  for (const auto word : words(list)) out.words.push_back({std::string(word), ""});
}

}  // namespace

const ValueKind* kind_of(std::string_view name) {
  const auto at = std::ranges::find(k_kinds, name, &ValueName::name);
  return at == k_kinds.end() ? nullptr : &at->kind;
}

void add_values(plugins::PluginHost& plugins, const Live& live, const CompletionPoint& point,
                Completions& out) {
  if (!point.choices.empty()) return choices(point.choices, out);
  const auto* kind = kind_of(point.value);
  switch (kind ? *kind : ValueKind::text) {
    case ValueKind::text:
      break;
    case ValueKind::file:
      out.files = true;
      break;
    case ValueKind::folder:
      out.folders = true;
      break;
    case ValueKind::service:
      services(live, out);
      break;
    case ValueKind::revision:
      if (point.word.contains('@'))
        revisions(live, point.word, false, out);
      else
        services(live, out);
      break;
    case ValueKind::set:
      sets(live, point, true, out);
      break;
    case ValueKind::target:
      sets(live, point, false, out);
      break;
    case ValueKind::landing_target:
      for (auto& name : live.targets()) out.words.push_back({std::move(name), "target"});
      break;
    case ValueKind::vote:
      fixed({{"approve", "it may land"},
             {"needs-fixing", "not as it is"},
             {"needs-information", "there is a question"},
             {"needs-resubmitting", "not in this form"},
             {"disapprove", "not at all"},
             {"abstain", "counts nothing"}},
            out);
      break;
    case ValueKind::rule:
      rules(point.word, out);
      break;
    case ValueKind::duration:
      durations(point.word, out);
      break;
    case ValueKind::plugin:
      for (const auto& plugin : plugins.plugins())
        out.words.push_back({plugin.name, plugin.summary});
      break;
    case ValueKind::sink:
      kinds_of(plugins, "sink", out);
      break;
    case ValueKind::engine:
      kinds_of(plugins, "engine", out);
      break;
    case ValueKind::new_plugin:
      fixed({{"new", "begin a plugin of your own"}}, out);
      break;
    case ValueKind::verb:
      fixed({{"show", "what holds"},
             {"check", "all that is wrong"},
             {"explain", "what a key means"},
             {"path", "which file it is"}},
            out);
      break;
    case ValueKind::config_word:
      config_words(plugins, live, point, out);
      break;
    case ValueKind::shell:
      fixed({{"bash", ""}, {"zsh", ""}, {"fish", ""}}, out);
      break;
    case ValueKind::state:
      fixed({{"open", "stays cut"},
             {"closed", "is never cut"},
             {"observe", "is judged, not cut"},
             {"none", "forget what was said"}},
            out);
      break;
    case ValueKind::source:
      sources(live, point, out);
      break;
    case ValueKind::data:
      fixed({{"expires=", "from then on it does not count: 10m"},
             {"cleared=true", "the condition is over"},
             {"correlation=", "the run it belongs to"}},
            out);
      out.nospace = true;
      break;
  }
}

}  // namespace cdctl::cli::completion
