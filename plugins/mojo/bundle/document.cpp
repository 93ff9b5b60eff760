#include "plugins/mojo/bundle/document.hpp"

#include <algorithm>
#include <array>
#include <span>
#include <unordered_map>
#include <unordered_set>

#include <fmt/format.h>

#include <cdctl/text.hpp>

#include "plugins/mojo/text/words.hpp"

namespace cdctl::mojo {

namespace {

class RelationReader {
 public:
  explicit RelationReader(std::vector<Problem>& problems) : problems_(problems) {
    pairs_.kind = Yaml::Kind::list;
  }

  Yaml read(const Yaml& relations) {
    pairs_.position = relations.position;
    if (relations.is_map())
      weighted(relations);
    else if (relations.is_list())
      for (const auto& item : relations.items) listed(item);
    else if (!relations.is_null())
      wrong(relations.position,
            fmt::format("relations must be a list of pairs, not {}", relations.shown()));
    return std::move(pairs_);
  }

 private:
  void wrong(const FilePosition& position, std::string what) {
    problems_.push_back(position.problem(std::move(what)));
  }

  void listed(const Yaml& item) {
    if (!item.is_list() || item.items.size() != 2)
      return wrong(item.position,
                   "a relation must be a pair [APPLICATION:ENDPOINT, APPLICATION:ENDPOINT]");
    const auto &from = item.items[0], &to = item.items[1];
    if (!to.is_list()) return pair(from, to, item.position);
    for (const auto& one : to.items) pair(from, one, item.position);
  }

  void weighted(const Yaml& relations) {
    std::vector<std::pair<std::int64_t, const YamlMember*>> order;
    for (const auto& member : relations.members) order.emplace_back(weight(member.value), &member);
    std::ranges::stable_sort(order, {}, [](const auto& entry) { return entry.first; });
    for (const auto& [ignored, member] : order) {
      const auto* consumes =
          member->value.is_map() ? member->value.find("consumes") : &member->value;
      const auto from = Yaml::scalar(member->key, member->position);
      if (!consumes || !consumes->is_list())
        wrong(member->position, fmt::format("relations of {} must name what it consumes in a list",
                                            printable(member->key, 60)));
      else
        for (const auto& one : consumes->items) pair(from, one, member->position);
    }
  }
  std::int64_t weight(const Yaml& value) {
    const auto* weight = value.is_map() ? value.find("weight") : nullptr;
    if (!weight) return 0;
    const auto number = whole_number(weight->text);
    if (!weight->is_scalar() || !number)
      wrong(weight->position,
            fmt::format("weight of a relation must be a whole number, not {}", weight->shown()));
    return number.value_or(0);
  }

  static bool is_end(const Yaml& value) {
    const auto name = std::string_view(value.text).substr(0, value.text.find(':'));
    const auto endpoint =
        std::string_view(value.text).substr(std::min(name.size() + 1, value.text.size()));
    const auto fits = [](char c) {
      return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
             c == '-' || c == '_';
    };
    return value.is_scalar() && valid_application(name) && std::ranges::all_of(endpoint, fits) &&
           !value.text.ends_with(':');
  }
  void pair(const Yaml& from, const Yaml& to, const FilePosition& position) {
    bool fine = true;
    for (const auto* end : {&from, &to}) {
      if (is_end(*end)) continue;
      wrong(end->position,
            fmt::format("an end of a relation must be APPLICATION or APPLICATION:ENDPOINT, not {}",
                        end->shown()));
      fine = false;
    }
    if (!fine) return;
    Yaml both;
    both.kind = Yaml::Kind::list;
    both.position = position;
    both.items = {from, to};
    pairs_.items.push_back(std::move(both));
  }

  std::vector<Problem>& problems_;
  Yaml pairs_;
};

/// Joins lists of relations, each pair once, in the order of the first.
void join_relations(Yaml& relations, Yaml more) {
  const auto key = [](const Yaml& pair) {
    return pair.items.size() == 2 ? pair.items[0].text + "\n" + pair.items[1].text : std::string();
  };
  std::unordered_set<std::string> there;
  for (const auto& pair : relations.items) there.insert(key(pair));
  for (auto& pair : more.items) {
    if (there.insert(key(pair)).second) relations.items.push_back(std::move(pair));
  }
}

/// Pairs from `- [a, b]`, `- [a, [b, c]]`, and from the old `a: {weight: 1, consumes: [b, c]}`,
/// smaller weights first; each once.
Yaml relation_pairs(const Yaml& relations, std::vector<Problem>& problems) {
  auto all = RelationReader(problems).read(relations);
  Yaml out;
  out.kind = Yaml::Kind::list;
  out.position = all.position;
  join_relations(out, std::move(all));
  return out;
}

enum class Shape { any, text, texts, flag, count, map, scalars, constraints };

struct KeyRule {
  std::string_view key;
  Shape shape;
};

// Keys of Juju's bundles, of its overlays and of juju-deployer files; whatever else is there is
// kept and warned of.
constexpr std::array k_application_keys{KeyRule{"charm", Shape::text},
                                        KeyRule{"num_units", Shape::count},
                                        KeyRule{"scale", Shape::count},
                                        KeyRule{"options", Shape::map},
                                        KeyRule{"annotations", Shape::scalars},
                                        KeyRule{"series", Shape::text},
                                        KeyRule{"base", Shape::text},
                                        KeyRule{"channel", Shape::text},
                                        KeyRule{"revision", Shape::count},
                                        KeyRule{"constraints", Shape::constraints},
                                        KeyRule{"expose", Shape::flag},
                                        KeyRule{"trust", Shape::flag},
                                        KeyRule{"to", Shape::texts},
                                        KeyRule{"placement", Shape::text},
                                        KeyRule{"resources", Shape::scalars},
                                        KeyRule{"storage", Shape::scalars},
                                        KeyRule{"devices", Shape::scalars},
                                        KeyRule{"bindings", Shape::scalars},
                                        KeyRule{"offers", Shape::map},
                                        KeyRule{"plan", Shape::text},
                                        KeyRule{"exposed-endpoints", Shape::map},
                                        KeyRule{"branch", Shape::text},
                                        KeyRule{"local", Shape::any},
                                        KeyRule{"build", Shape::any},
                                        KeyRule{"config", Shape::any},
                                        KeyRule{"placements", Shape::any}};
constexpr std::array k_bundle_keys{
    KeyRule{"applications", Shape::map}, KeyRule{"relations", Shape::any},
    KeyRule{"machines", Shape::map},     KeyRule{"saas", Shape::map},
    KeyRule{"series", Shape::text},      KeyRule{"default-base", Shape::text},
    KeyRule{"bundle", Shape::text},      KeyRule{"name", Shape::text},
    KeyRule{"description", Shape::text}, KeyRule{"docs", Shape::text},
    KeyRule{"issues", Shape::any},       KeyRule{"source", Shape::any},
    KeyRule{"website", Shape::any},      KeyRule{"tags", Shape::texts},
    KeyRule{"variables", Shape::any},    KeyRule{"overrides", Shape::map},
    KeyRule{"inherits", Shape::texts}};
constexpr std::array k_machine_keys{KeyRule{"constraints", Shape::constraints},
                                    KeyRule{"annotations", Shape::scalars},
                                    KeyRule{"series", Shape::text}, KeyRule{"base", Shape::text}};

std::string_view wanted(Shape shape) {
  switch (shape) {
    case Shape::text:
      return "a word or a text";
    case Shape::texts:
      return "a word or a list of words";
    case Shape::flag:
      return "true or false";
    case Shape::count:
      return "a whole number from 0 to 1000000";
    case Shape::map:
      return "a map";
    case Shape::scalars:
      return "a map of words or texts";
    default:
      return "a text, a map or a list";
  }
}

bool is_flag(const Yaml& value) {
  static constexpr std::array<std::string_view, 6> k_flags{"true", "false", "yes",
                                                           "no",   "on",    "off"};
  std::string lower(value.text.substr(0, 8));
  std::ranges::transform(lower, lower.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  return value.is_scalar() && std::ranges::find(k_flags, lower) != k_flags.end();
}

bool is_count(const Yaml& value) {
  const auto count = whole_number(value.text);
  return value.is_scalar() && count && *count >= 0 && *count <= 1'000'000;
}

bool fits(const Yaml& value, Shape shape) {
  const auto simple = [](const Yaml& item) { return item.is_scalar() || item.is_null(); };
  switch (shape) {
    case Shape::any:
      return true;
    case Shape::text:
      return value.is_scalar();
    case Shape::texts:
      return value.is_scalar() ||
             (value.is_list() &&
              std::ranges::all_of(value.items, [](const Yaml& item) { return item.is_scalar(); }));
    case Shape::flag:
      return is_flag(value);
    case Shape::count:
      return is_count(value);
    case Shape::map:
      return value.is_map();
    case Shape::scalars:
      return value.is_map() && std::ranges::all_of(value.members, [&](const YamlMember& member) {
               return simple(member.value);
             });
    case Shape::constraints:
      return true;
  }
  return false;
}

/// Holds one document to the rules.
class Checker {
 public:
  Checker(DocumentKind kind, std::vector<Problem>& problems, std::vector<Problem>& warnings)
      : kind_(kind), problems_(problems), warnings_(warnings) {}

  void document(Yaml& root) {
    map(root, k_bundle_keys, "the bundle");
    if (const auto* applications = root.find("applications");
        applications && applications->is_map()) {
      for (const auto& member : applications->members) application(member);
    }
    if (const auto* machines = root.find("machines"); machines && machines->is_map()) {
      for (const auto& member : machines->members) machine(member);
    }
    if (auto* relations = root.find("relations"))
      *relations = relation_pairs(*relations, problems_);
  }
  void wrong(const FilePosition& position, std::string what) {
    problems_.push_back(position.problem(std::move(what)));
  }

 private:
  void map(const Yaml& value, std::span<const KeyRule> rules, std::string_view of) {
    for (const auto& member : value.members) {
      const auto rule = std::ranges::find(rules, std::string_view(member.key), &KeyRule::key);
      if (rule == rules.end())
        unknown(member, rules, of);
      else if (!member.value.is_null() && !fits(member.value, rule->shape)) {
        misfit(member, rule->shape, of);
      }
    }
  }
  void misfit(const YamlMember& member, Shape shape, std::string_view of) {
    const auto& value = member.value;
    if (shape != Shape::scalars || !value.is_map()) {
      return wrong(value.position, fmt::format("{} of {} must be {}, not {}", member.key, of,
                                               wanted(shape), value.shown()));
    }
    for (const auto& inner : value.members) {
      if (inner.value.is_scalar() || inner.value.is_null()) continue;
      wrong(inner.value.position,
            fmt::format("{} in {} of {} must be {}, not {}", printable(inner.key, 60), member.key,
                        of, wanted(Shape::text), inner.value.shown()));
    }
  }
  void unknown(const YamlMember& member, std::span<const KeyRule> rules, std::string_view of) {
    std::vector<std::string> known;
    for (const auto& rule : rules) known.emplace_back(rule.key);
    const auto hint = nearest(member.key, known);
    warnings_.push_back(member.position.problem(
        fmt::format("{} has a key '{}' that is not known{}", of, printable(member.key, 60),
                    hint.empty() ? "" : fmt::format("; is {} meant?", hint))));
  }
  void application(const YamlMember& member) {
    const auto& [name, position, spec] = member;
    if (!valid_application(name))
      wrong(position,
            fmt::format("'{}' is no name of an application; use small letters, digits and "
                        "single dashes, and a letter in each part",
                        printable(name, 60)));
    if (spec.is_null()) {
      if (kind_ == DocumentKind::base)
        wrong(position, fmt::format("{} says nothing of itself; only an overlay may, to remove it",
                                    printable(name, 60)));
      return;
    }
    if (!spec.is_map())
      return wrong(spec.position,
                   fmt::format("{} must be a map, not {}", printable(name, 60), spec.shown()));
    map(spec, k_application_keys, printable(name, 60));
    const auto *units = spec.find("num_units"), *scale = spec.find("scale");
    if (units && scale && *units != *scale)
      wrong(scale->position,
            fmt::format("{} has num_units and another scale", printable(name, 60)));
    if (kind_ == DocumentKind::base && !spec.find("charm"))
      warnings_.push_back(position.problem(fmt::format("{} names no charm", printable(name, 60))));
  }
  void machine(const YamlMember& member) {
    const bool numbered = !member.key.empty() && std::ranges::all_of(member.key, [](char c) {
      return c >= '0' && c <= '9';
    });
    if (!numbered)
      wrong(member.position, fmt::format("machine '{}' is no number", printable(member.key, 30)));
    if (member.value.is_null()) return;
    if (!member.value.is_map())
      return wrong(member.value.position,
                   fmt::format("machine {} must be a map, not {}", printable(member.key, 30),
                               member.value.shown()));
    map(member.value, k_machine_keys, fmt::format("machine {}", printable(member.key, 30)));
  }

  DocumentKind kind_;
  std::vector<Problem>& problems_;
  std::vector<Problem>& warnings_;
};

/// `services` of old files; both at once are a problem.
void rename_services(Yaml& document, Checker& checker) {
  const auto services = std::ranges::find(document.members, "services", &YamlMember::key);
  if (services == document.members.end()) return;
  if (document.find("applications"))
    return checker.wrong(services->position,
                         "services and applications are both there; keep applications");
  services->key = "applications";
}

/// The members of a map by key, so that merging is linear. Valid while none is removed.
class Members {
 public:
  explicit Members(Yaml& map) : map_(map) {
    for (std::size_t i = 0; i < map.members.size(); ++i) places_.emplace(map.members[i].key, i);
  }
  /// The value of `key`, or nullptr.
  [[nodiscard]] Yaml* find(const std::string& key) {
    const auto at = places_.find(key);
    return at == places_.end() ? nullptr : &map_.members[at->second].value;
  }
  void set(YamlMember member) {
    if (auto* value = find(member.key)) {
      *value = std::move(member.value);
      return;
    }
    places_.emplace(member.key, map_.members.size());
    map_.members.push_back(std::move(member));
  }

 private:
  Yaml& map_;
  std::unordered_map<std::string, std::size_t> places_;
};

void erase_nulls(Yaml& map, const std::unordered_set<std::string>& keys) {
  if (!keys.empty())
    std::erase_if(map.members, [&](const YamlMember& member) { return keys.contains(member.key); });
}

/// Key by key: null removes, all else replaces.
void merge_values(Yaml& base, Yaml overlay) {
  Members members(base);
  std::unordered_set<std::string> removed;
  for (auto& member : overlay.members) {
    if (member.value.is_null())
      removed.insert(member.key);
    else
      members.set(std::move(member));
  }
  erase_nulls(base, removed);
}

void merge_application(Yaml& base, Yaml overlay) {
  Members members(base);
  std::unordered_set<std::string> removed;
  // Two words for one count: the overlay's is the one that is meant.
  if (overlay.find("scale") && !overlay.find("num_units")) removed.insert("num_units");
  if (overlay.find("num_units") && !overlay.find("scale")) removed.insert("scale");
  for (auto& member : overlay.members) {
    auto* old = members.find(member.key);
    const bool empties = member.value.is_null() || (old && old->is_map() && member.value.is_map() &&
                                                    member.value.members.empty());
    if (empties)
      removed.insert(member.key);
    else if (old && old->is_map() && member.value.is_map())
      merge_values(*old, std::move(member.value));
    else
      members.set(std::move(member));
  }
  erase_nulls(base, removed);
}

std::string_view application_of(const Yaml& end) {
  return std::string_view(end.text).substr(0, end.text.find(':'));
}

void drop_relations(Yaml& root, const std::unordered_set<std::string>& gone) {
  auto* relations = root.find("relations");
  if (!relations || gone.empty()) return;
  std::erase_if(relations->items, [&](const Yaml& pair) {
    return std::ranges::any_of(pair.items, [&](const Yaml& end) {
      return gone.contains(std::string(application_of(end)));
    });
  });
}

/// Applications, or remote ones: null removes with all relations, new ones are added, others
/// merged.
void merge_named(Yaml& root, Yaml& base, Yaml overlay, std::vector<Problem>& warnings) {
  Members members(base);
  std::unordered_set<std::string> gone;
  for (auto& member : overlay.members) {
    auto* old = members.find(member.key);
    if (member.value.is_null()) {
      if (!old)
        warnings.push_back(member.position.problem(fmt::format(
            "there is no {} that this overlay could remove", printable(member.key, 60))));
      gone.insert(member.key);
    } else if (old && old->is_map() && member.value.is_map()) {
      merge_application(*old, std::move(member.value));
    } else {
      members.set(std::move(member));
    }
  }
  erase_nulls(base, gone);
  drop_relations(root, gone);
}

bool holds_names(std::string_view key) { return key == "applications" || key == "saas"; }

}  // namespace

bool valid_application(std::string_view name) {
  const auto lower = [](char c) { return c >= 'a' && c <= 'z'; };
  const auto digit = [](char c) { return c >= '0' && c <= '9'; };
  if (name.empty() || name.size() > 100 || !lower(name.front()) || name.back() == '-') return false;
  while (!name.empty()) {
    const auto part = take_until(name, '-');
    if (!std::ranges::any_of(part, lower) ||
        !std::ranges::all_of(part, [&](char c) { return lower(c) || digit(c); }))
      return false;
  }
  return true;
}

void normalise(Yaml& document, DocumentKind kind, std::vector<Problem>& problems,
               std::vector<Problem>& warnings) {
  Checker checker(kind, problems, warnings);
  if (!document.is_map()) {
    if (!document.is_null() || kind == DocumentKind::base)
      checker.wrong(document.position,
                    fmt::format("a bundle must be a map, not {}", document.shown()));
    document.kind = Yaml::Kind::map;
    document.text.clear();
    document.items.clear();
  }
  rename_services(document, checker);
  const auto* applications = document.find("applications");
  if (kind == DocumentKind::base && (!applications || applications->is_null()))
    checker.wrong(document.position, "a bundle must have applications");
  checker.document(document);
}

void merge_overlay(Yaml& base, Yaml overlay, std::vector<Problem>& warnings) {
  Members members(base);
  std::unordered_set<std::string> removed;
  // Relations last: an application that this overlay removes must not take along what it adds.
  std::ranges::stable_partition(overlay.members,
                                [](const YamlMember& member) { return member.key != "relations"; });
  for (auto& member : overlay.members) {
    auto* old = members.find(member.key);
    if (member.value.is_null())
      removed.insert(member.key);
    else if (old && holds_names(member.key) && old->is_map() && member.value.is_map())
      merge_named(base, *old, std::move(member.value), warnings);
    else if (old && old->is_list() && member.key == "relations")
      join_relations(*old, std::move(member.value));
    else
      members.set(std::move(member));
  }
  removed.erase("applications");  // `applications:` with nothing below it is an overlay without any
  erase_nulls(base, removed);
}

void merge_deployment(Yaml& parent, Yaml child) {
  Members members(parent);
  for (auto& member : child.members) {
    auto* old = members.find(member.key);
    if (old && member.value.is_null()) continue;
    if (old && old->is_map() && member.value.is_map())
      merge_deployment(*old, std::move(member.value));
    else if (old && member.key == "relations" && old->is_list() && member.value.is_list())
      join_relations(*old, std::move(member.value));
    else
      members.set(std::move(member));
  }
}

}  // namespace cdctl::mojo
