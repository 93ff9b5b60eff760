#include <algorithm>
#include <array>

#include <fmt/format.h>

#include <cdctl/set_name.hpp>

#include "cli/command_line/completion/answer.hpp"
#include "core/breaker/rule.hpp"
#include "core/config/keys.hpp"

namespace cdctl::cli::completion {

namespace {

struct Named {
  std::string_view name;
  Kind kind;
};
constexpr std::array k_kinds{
    Named{"ADDRESS", Kind::text},      Named{"CLASS", Kind::text},
    Named{"DURATION", Kind::duration}, Named{"ENGINE", Kind::engine},
    Named{"FILE", Kind::file},         Named{"FOLDER", Kind::folder},
    Named{"FORMAT", Kind::text},       Named{"ID", Kind::text},
    Named{"KEY", Kind::text},          Named{"KEY=VALUE", Kind::text},
    Named{"LEVEL", Kind::text},        Named{"LINE", Kind::text},
    Named{"MODEL", Kind::text},        Named{"N", Kind::text},
    Named{"NAME", Kind::text},         Named{"NAME=REV", Kind::source},
    Named{"NAME=VALUE", Kind::data},   Named{"PLUGIN", Kind::plugin},
    Named{"RULE", Kind::rule},         Named{"SELECTOR", Kind::set},
    Named{"SERVICE", Kind::service},   Named{"SERVICE[@REV]", Kind::revision},
    Named{"SET", Kind::set},           Named{"SHELL", Kind::shell},
    Named{"SIGNAL", Kind::text},       Named{"SOURCE", Kind::source},
    Named{"SPEC", Kind::folder},       Named{"STAGE", Kind::text},
    Named{"STATE", Kind::state},       Named{"TARGET", Kind::target},
    Named{"TEXT", Kind::text},         Named{"UNIT", Kind::text},
    Named{"WORKSPACE", Kind::text},    Named{"BRANCH", Kind::text},
    Named{"URL", Kind::folder},        Named{"URL|none", Kind::text},
    Named{"VERB", Kind::verb},         Named{"SERVICE|KEY", Kind::config_word},
    Named{"SINK", Kind::sink},         Named{"new", Kind::new_plugin},
};

void services(const Live& live, Answer& out) {
  for (auto& name : live.services()) out.candidates.push_back({std::move(name), "service"});
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

/// `thumbs@newest` and `thumbs@r5f0`, once the word says `thumbs@`.
void revisions(const Live& live, std::string_view word, bool with_newest, Answer& out) {
  const auto service = word.substr(0, word.find('@'));
  const auto sets = live.sets();
  if (with_newest)
    out.candidates.push_back({std::string(service) + "@newest", "the set deployed last"});
  for (const auto& set : sets) {
    if (set.name.service != service) continue;
    const auto brief = fmt::format("{}@{}", service, shortest(sets, set.name));
    out.candidates.push_back(
        {brief.starts_with(word) ? brief : fmt::format("{}@{}", service, set.name.revision),
         note_of(set)});
  }
}

/// Services, and the names of sets; those that are there already are not named again.
void sets(const Live& live, const Place& place, bool by_prefix, Answer& out) {
  if (place.word.contains('@')) {
    if (by_prefix) revisions(live, place.word, true, out);
    return;
  }
  services(live, out);
  for (const auto& set : live.sets()) out.candidates.push_back({set.name.str(), note_of(set)});
  std::erase_if(out.candidates, [&](const Candidate& one) {
    return std::ranges::find(place.words, one.value) != place.words.end();
  });
}

/// Whole rules, and what may follow a rule that is one already.
void rules(const std::string& word, Answer& out) {
  constexpr std::array<std::string_view, 5> k_more{"critical >= 1", "errors >= 5 in 1m",
                                                   "errors >= 3 in a row", "warnings >= 20 in 5m",
                                                   "failure-rate > 20% in 5m of at least 30"};
  constexpr std::array<std::string_view, 6> k_clauses{
      "in 5m", "in a row", "of at least 30", "after 2m", "for 1m", "unless everyone in 5s"};
  for (const auto rule : k_more) out.candidates.push_back({std::string(rule), ""});
  for (const auto& rule : breaker::default_rules())
    out.candidates.push_back({rule, "one of the default rules"});
  const auto end = word.find_last_not_of(' ');
  if (end == std::string::npos || !breaker::Rule::parse(word.substr(0, end + 1))) return;
  for (const auto clause : k_clauses) {
    auto longer = fmt::format("{} {}", word.substr(0, end + 1), clause);
    if (breaker::Rule::parse(longer)) out.candidates.push_back({std::move(longer), ""});
  }
}

void durations(const std::string& word, Answer& out) {
  constexpr std::array<std::pair<std::string_view, std::string_view>, 5> k_units{
      {{"s", "seconds"}, {"m", "minutes"}, {"h", "hours"}, {"d", "days"}, {"w", "weeks"}}};
  const auto number = word.substr(0, word.find_first_not_of("0123456789"));
  if (number.empty())
    for (const auto* usual : {"10s", "1m", "10m", "1h", "1d"})
      out.candidates.push_back({usual, ""});
  else
    for (const auto& [unit, name] : k_units)
      out.candidates.push_back({number + std::string(unit), std::string(name)});
}

/// `trunk=`: what comes behind is a revision that nobody here knows.
void sources(const Live& live, const Place& place, Answer& out) {
  std::vector<std::string> of;
  for (const auto& word : place.words) of.push_back(word.substr(0, word.find('@')));
  for (const auto& name : live.sources(of)) out.candidates.push_back({name + "=", "source"});
  out.nospace = true;
}

/// What plugins offer of a role.
void kinds_of(plugins::PluginHost& plugins, std::string_view role, Answer& out) {
  for (const auto& plugin : plugins.plugins())
    for (const auto& row : plugin.roles)
      if (plugin.refused.empty() && row.role == role)
        out.candidates.push_back({row.kind, plugin.summary});
}

/// Behind the verb of `config`: what that verb takes.
void config_words(plugins::PluginHost& plugins, const Live& live, const Place& place, Answer& out) {
  const auto verb = place.words.empty() ? std::string() : place.words.front();
  if (verb == "show") services(live, out);
  if (verb != "explain" || place.words.size() > 1) return;
  const config::Keys keys(plugins);
  for (const auto& key : keys.all())
    if (!key.name.contains('*'))
      out.candidates.push_back({std::string(key.name), std::string(key.meaning)});
}

void fixed(std::initializer_list<std::pair<const char*, const char*>> words, Answer& out) {
  for (const auto& [word, note] : words) out.candidates.push_back({word, note});
}

void choices(std::string_view words, Answer& out) {
  while (!words.empty()) {
    const auto blank = std::min(words.find(' '), words.size());
    if (blank > 0) out.candidates.push_back({std::string(words.substr(0, blank)), ""});
    words.remove_prefix(std::min(blank + 1, words.size()));
  }
}

}  // namespace

const Kind* kind_of(std::string_view name) {
  const auto at = std::ranges::find(k_kinds, name, &Named::name);
  return at == k_kinds.end() ? nullptr : &at->kind;
}

void add_values(plugins::PluginHost& plugins, const Live& live, const Place& place, Answer& out) {
  if (!place.choices.empty()) return choices(place.choices, out);
  const auto* kind = kind_of(place.value);
  switch (kind ? *kind : Kind::text) {
    case Kind::text:
      break;
    case Kind::file:
      out.files = true;
      break;
    case Kind::folder:
      out.folders = true;
      break;
    case Kind::service:
      services(live, out);
      break;
    case Kind::revision:
      if (place.word.contains('@'))
        revisions(live, place.word, false, out);
      else
        services(live, out);
      break;
    case Kind::set:
      sets(live, place, true, out);
      break;
    case Kind::target:
      sets(live, place, false, out);
      break;
    case Kind::rule:
      rules(place.word, out);
      break;
    case Kind::duration:
      durations(place.word, out);
      break;
    case Kind::plugin:
      for (const auto& plugin : plugins.plugins())
        out.candidates.push_back({plugin.name, plugin.summary});
      break;
    case Kind::sink:
      kinds_of(plugins, "sink", out);
      break;
    case Kind::engine:
      kinds_of(plugins, "engine", out);
      break;
    case Kind::new_plugin:
      fixed({{"new", "begin a plugin of your own"}}, out);
      break;
    case Kind::verb:
      fixed({{"show", "what holds"},
             {"check", "all that is wrong"},
             {"explain", "what a key means"},
             {"path", "which file it is"}},
            out);
      break;
    case Kind::config_word:
      config_words(plugins, live, place, out);
      break;
    case Kind::shell:
      fixed({{"bash", ""}, {"zsh", ""}, {"fish", ""}}, out);
      break;
    case Kind::state:
      fixed({{"open", "stays cut"},
             {"closed", "is never cut"},
             {"observe", "is judged, not cut"},
             {"none", "forget what was said"}},
            out);
      break;
    case Kind::source:
      sources(live, place, out);
      break;
    case Kind::data:
      fixed({{"expires=", "from then on it does not count: 10m"},
             {"cleared=true", "the condition is over"},
             {"correlation=", "the run it belongs to"}},
            out);
      out.nospace = true;
      break;
  }
}

}  // namespace cdctl::cli::completion
