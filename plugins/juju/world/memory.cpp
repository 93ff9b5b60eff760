#include "plugins/juju/world/memory.hpp"

#include <algorithm>

#include <fmt/format.h>

#include <cdctl/stop.hpp>

#include "plugins/juju/model/models.hpp"
#include "plugins/juju/sets/metadata.hpp"

namespace cdctl::juju {

namespace {

constexpr std::int64_t k_most_units = 1'000'000;
// A tag that says so, and not none: the file of another machine that cut would speak up again.
constexpr std::string_view k_nothing = "{}";

Json ids_of(const std::set<std::int64_t>& ids) {
  auto out = Json::array();
  for (const auto id : ids) out.push_back(id);
  return out;
}

}  // namespace

void Remembered::add(const Remembered& later) {
  for (const auto& [model, ids] : later.suspended) suspended[model].insert(ids.begin(), ids.end());
  for (const auto& [application, rules] : later.exposed) exposed[application] = rules;
  for (const auto& [application, units] : later.scaled) scaled[application] = units;
  relations.insert(later.relations.begin(), later.relations.end());
}

// Short keys: clouds take 255 characters for the value of a tag.
Json to_json(const Remembered& remembered) {
  auto out = Json::object();
  for (const auto& [model, ids] : remembered.suspended) {
    if (!out.find("s")) out.set("s", Json::object());
    out.find("s")->set(model, ids_of(ids));
  }
  for (const auto& [application, rules] : remembered.exposed) {
    if (!out.find("e")) out.set("e", Json::object());
    out.find("e")->set(application, rules);
  }
  for (const auto& [application, units] : remembered.scaled) {
    if (!out.find("n")) out.set("n", Json::object());
    out.find("n")->set(application, units);
  }
  for (const auto& [ours, theirs] : remembered.relations) {
    if (!out.find("r")) out.set("r", Json::array());
    out.find("r")->push_back(Json::array({ours, theirs}));
  }
  return out;
}

Result<Remembered> remembered_from_json(const Json& json) {
  Remembered out;
  bool good = json.is_object();
  for (const auto& [model, ids] : json["s"].members()) {
    for (const auto& id : ids.items()) {
      good = good && id.is_int() && id.as_int() >= 0;
      out.suspended[model].insert(id.as_int());
    }
  }
  for (const auto& [application, rules] : json["e"].members()) {
    good = good && valid_application_name(application) && rules.is_object();
    out.exposed[application] = rules;
  }
  for (const auto& [application, units] : json["n"].members()) {
    good = good && valid_application_name(application) && units.is_int() && units.as_int() > 0 &&
           units.as_int() <= k_most_units;
    out.scaled[application] = units.as_int();
  }
  for (const auto& pair : json["r"].items()) {
    good = good && pair.items().size() == 2 && valid_relation_end(pair.items()[0].view(), true) &&
           valid_relation_end(pair.items()[1].view(), true);
    if (good) out.relations.insert({pair.items()[0].as_string(), pair.items()[1].as_string()});
  }
  if (!good) return fail(ExitCode::unknown, "what a cut remembered cannot be read");
  return out;
}

std::string CutMemory::key() const { return cut_key(set_.set, set_.shares_model()); }

Result<std::optional<std::string>> CutMemory::from_file() const {
  if (set_.shares_model()) return std::nullopt;
  CDCTL_TRY_ASSIGN(const auto text, read_file_if_there(set_.remembered));
  if (!text) return std::nullopt;
  const auto json = Json::parse(*text);
  if (!json || !json->is_object())
    return fail(ExitCode::unknown,
                fmt::format("{} cannot be read; remove it when the set is not cut",
                            set_.remembered.string()));
  // Of an earlier model of this name
  if ((*json)["model"].view() != set_.model) return std::nullopt;
  return (*json)["cut"].canonical();
}

Result<> CutMemory::write_file(const Remembered& all) const {
  if (set_.shares_model()) return {};
  CDCTL_TRY(make_directories(set_.remembered.parent_path(), 0700));
  return write_file_atomically(
      set_.remembered, Json::object({{"model", set_.model}, {"cut", to_json(all)}}).dump() + "\n",
      0600);
}

Result<Remembered> CutMemory::among(const Tags& tags, std::string_view attempt) const {
  std::string text;
  if (const auto at = tags.find(key()); at != tags.end()) {
    text = at->second;
  } else {
    CDCTL_TRY_ASSIGN(const auto file, from_file());
    if (!file) return Remembered{};
    text = *file;
  }
  auto json = Json::parse(text);
  auto out = json ? remembered_from_json(*json)
                  : Result<Remembered>(fail(ExitCode::unknown, json.error().what));
  if (!out)
    return fail(out.error().in(
        fmt::format("{}: {} of the model, or {}", attempt, key(), set_.remembered.string())));
  return out;
}

Result<Remembered> CutMemory::load(const Deadline& deadline) const {
  const auto attempt = fmt::format("reading what the cut of {} remembers", set_.set);
  CDCTL_TRY_ASSIGN(const auto access, access_within(set_.access, deadline, attempt));
  const auto tags = read_tags(access, set_.address(), attempt);
  return tags ? among(*tags, attempt) : fail(tags.error().error);
}

Result<> CutMemory::change(const TagEdit& edit, std::string_view attempt,
                           const Deadline& deadline) const {
  CDCTL_TRY_ASSIGN(auto access, access_within(set_.access, deadline, attempt));
  access.until = deadline;
  CDCTL_TRY(change_tags(access, {set_.address(), set_.tags_lock()}, edit, attempt));
  return {};
}

Result<> CutMemory::add(const Remembered& more, const Deadline& deadline) const {
  const auto attempt = fmt::format("remembering the cut of {} in the tags of its model", set_.set);
  const auto edit = [&](Tags& tags) -> Result<> {
    CDCTL_TRY_ASSIGN(auto all, among(tags, attempt));
    all.add(more);
    CDCTL_TRY(write_file(all));
    crash_point("juju.cut.noted");
    tags[key()] = to_json(all).canonical();
    return {};
  };
  return change(edit, attempt, deadline);
}

Result<> CutMemory::forget(const Deadline& deadline) const {
  const auto attempt = fmt::format("forgetting the cut of {} in the tags of its model", set_.set);
  const auto edit = [&](Tags& tags) -> Result<> {
    if (set_.shares_model())
      tags.erase(key());
    else
      tags[key()] = k_nothing;
    return {};
  };
  CDCTL_TRY(change(edit, attempt, deadline));
  crash_point("juju.mend.forgotten");
  return remove_tree(set_.remembered);
}

}  // namespace cdctl::juju
