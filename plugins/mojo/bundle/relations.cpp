#include "plugins/mojo/bundle/relations.hpp"

#include <algorithm>
#include <string>
#include <string_view>
#include <unordered_set>
#include <utility>

#include <fmt/format.h>

#include <cdctl/text.hpp>

#include "plugins/mojo/bundle/document.hpp"
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

}  // namespace

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

Yaml relation_pairs(const Yaml& relations, std::vector<Problem>& problems) {
  auto all = RelationReader(problems).read(relations);
  Yaml out;
  out.kind = Yaml::Kind::list;
  out.position = all.position;
  join_relations(out, std::move(all));
  return out;
}

}  // namespace cdctl::mojo
