#include "plugins/mojo/bundle/document.hpp"

#include <algorithm>
#include <array>
#include <span>

#include <fmt/format.h>

#include <cdctl/text.hpp>

#include "plugins/mojo/bundle/relations.hpp"
#include "plugins/mojo/text/words.hpp"

namespace cdctl::mojo {

namespace {

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

}  // namespace cdctl::mojo
