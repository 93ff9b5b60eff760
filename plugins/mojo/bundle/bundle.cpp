#include "plugins/mojo/bundle/bundle.hpp"

#include <algorithm>
#include <charconv>
#include <unordered_set>

#include <fmt/format.h>

#include <cdctl/text.hpp>

#include "plugins/mojo/bundle/parts.hpp"

namespace cdctl::mojo {

namespace {

std::string text_of(const Yaml& map, std::string_view key) {
  const auto* value = map.find(key);
  return value && value->is_scalar() ? value->text : std::string();
}

bool flag_of(const Yaml& map, std::string_view key) {
  const auto text = text_of(map, key);
  return !text.empty() && std::string_view("tTyY").contains(text.front())
             ? true
             : text.size() == 2 && (text[1] == 'n' || text[1] == 'N');
}

std::optional<std::int64_t> count_of(const Yaml& map, std::string_view key) {
  const auto text = text_of(map, key);
  std::int64_t count = 0;
  const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), count);
  if (text.empty() || error != std::errc() || stop != text.data() + text.size() || count < 0)
    return {};
  return count;
}

std::vector<std::string> texts_of(const Yaml& map, std::string_view key) {
  std::vector<std::string> out;
  const auto* value = map.find(key);
  if (!value) return out;
  if (value->is_scalar()) out.push_back(value->text);
  for (const auto& item : value->items) out.push_back(item.text);
  return out;
}

void mark_secret(Yaml& value) {
  value.secret = true;
  for (auto& item : value.items) mark_secret(item);
  for (auto& member : value.members) mark_secret(member.value);
}

void collect_secrets(const Yaml& value, std::vector<std::string>& out) {
  if (value.secret && value.is_scalar()) out.push_back(value.text);
  for (const auto& item : value.items) collect_secrets(item, out);
  for (const auto& member : value.members) collect_secrets(member.value, out);
}

std::string_view application_of(std::string_view end) { return end.substr(0, end.find(':')); }

}  // namespace

const Yaml* Application::value(std::string_view map, std::string_view key) const {
  const auto* values = spec->find(map);
  return values ? values->find(key) : nullptr;
}

std::vector<Application> Bundle::applications() const {
  std::vector<Application> out;
  const auto* all = root.find("applications");
  if (!all) return out;
  for (const auto& [name, place, spec] : all->members) {
    auto units = count_of(spec, "num_units");
    if (!units) units = count_of(spec, "scale");
    out.push_back({name, &spec, place, text_of(spec, "charm"), units, text_of(spec, "series"),
                   text_of(spec, "base"), text_of(spec, "channel"), text_of(spec, "constraints"),
                   flag_of(spec, "expose"), flag_of(spec, "trust"), texts_of(spec, "to")});
  }
  return out;
}

std::vector<Relation> Bundle::relations() const {
  std::vector<Relation> out;
  const auto* all = root.find("relations");
  if (!all) return out;
  for (const auto& pair : all->items) {
    if (pair.items.size() == 2) out.push_back({pair.items[0].text, pair.items[1].text});
  }
  return out;
}

std::vector<std::string> Bundle::secrets() const {
  std::vector<std::string> out;
  collect_secrets(root, out);
  return out;
}

void check_whole(const Bundle& bundle, std::vector<Problem>& problems) {
  std::unordered_set<std::string_view> known;
  std::vector<std::string> names;
  for (const auto* key : {"applications", "saas"}) {
    const auto* all = bundle.root.find(key);
    if (!all) continue;
    for (const auto& member : all->members) {
      if (known.insert(member.key).second) names.push_back(member.key);
    }
  }
  const auto* relations = bundle.root.find("relations");
  if (!relations) return;
  for (const auto& pair : relations->items) {
    for (const auto& end : pair.items) {
      const auto name = application_of(end.text);
      if (known.contains(name)) continue;
      const auto hint = names.size() <= 1000 ? nearest(name, names) : std::string();
      problems.push_back(end.place.problem(fmt::format(
          "a relation of {}, which is no application of this bundle{}", printable(name, 60),
          hint.empty() ? "" : fmt::format("; is {} meant?", hint))));
    }
  }
}

Bundle parse_bundle(std::string_view text, const std::string& file,
                    std::vector<Problem>& problems) {
  Bundle bundle;
  const auto before = problems.size();
  auto documents = parse_yaml(text, file, problems, bundle.warnings);
  bundle.root.kind = Yaml::Kind::map;
  if (problems.size() == before && documents.empty())
    problems.push_back({file, 0, 0, "it is empty"});
  if (problems.size() != before) return bundle;  // half a file would only be wrong in more ways
  bool first = true;
  for (auto& document : documents) {
    normalise(document, first ? DocumentKind::base : DocumentKind::overlay, problems,
              bundle.warnings);
    if (first)
      bundle.root = std::move(document);
    else
      merge_overlay(bundle.root, std::move(document), bundle.warnings);
    first = false;
  }
  if (problems.size() == before) check_whole(bundle, problems);
  return bundle;
}

void add_overlay(Bundle& bundle, std::string_view text, const std::string& file, bool secret,
                 std::vector<Problem>& problems) {
  const auto before = problems.size();
  auto documents = parse_yaml(text, file, problems, bundle.warnings);
  if (problems.size() != before) return;
  for (auto& document : documents) {
    if (secret) mark_secret(document);
    normalise(document, DocumentKind::overlay, problems, bundle.warnings);
    merge_overlay(bundle.root, std::move(document), bundle.warnings);
  }
  if (problems.size() == before) check_whole(bundle, problems);
}

std::string print_bundle(const Bundle& bundle) { return print_yaml(bundle.root); }

}  // namespace cdctl::mojo
