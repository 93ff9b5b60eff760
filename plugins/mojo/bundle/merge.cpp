#include "plugins/mojo/bundle/merge.hpp"

#include <algorithm>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include <fmt/format.h>

#include <cdctl/text.hpp>

#include "plugins/mojo/bundle/relations.hpp"

namespace cdctl::mojo {

namespace {

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
