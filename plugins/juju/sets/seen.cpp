#include "plugins/juju/sets/seen.hpp"

#include <filesystem>

#include <unistd.h>

#include <cdctl/fs.hpp>

namespace cdctl::juju {

namespace {

constexpr std::string_view k_schema = "cdctl.juju-seen/1", k_suffix = ".json";

Result<> write_seen(const ControllerHome& home, const Seen& seen) {
  Json tags = Json::object();
  for (const auto& [key, value] : seen.tags) tags.set(key, value);
  CDCTL_TRY(make_directories(home.seen(), 0700));
  const auto json = Json::object({{"schema", k_schema},
                                  {"model", seen.model},
                                  {"user", seen.user},
                                  {"all", seen.all},
                                  {"tags", std::move(tags)}});
  return write_file_atomically(home.seen(seen.model), json.dump() + "\n", 0600);
}

}  // namespace

std::optional<Seen> read_seen(const ControllerHome& home, std::string_view model_uuid) {
  const auto text = read_file_if_there(home.seen(model_uuid));
  if (!text || !*text) return {};
  const auto json = Json::parse(**text);
  if (!json || (*json)["schema"].view() != k_schema || (*json)["model"].view() != model_uuid)
    return {};
  Seen out{std::string(model_uuid), (*json)["user"].as_string(), (*json)["all"].as_bool(), {}};
  for (const auto& [key, value] : (*json)["tags"].members()) out.tags[key] = value.as_string();
  return out;
}

Result<> note_seen(const ControllerHome& home, bool all, const ModelItem& model, const Tags& tags) {
  const auto m = metadata_of(tags);
  const bool stranger = m.set != short_name(model);
  if (!stranger && (m.state != "live" || dying(model))) {
    forget_seen(home, model.uuid);
    return {};
  }
  Metadata lasting;
  if (!stranger) {
    lasting.set = m.set;
    lasting.state = m.state;
    lasting.sources = m.sources;
    lasting.deployed_at = m.deployed_at;
    lasting.served = m.served;
  }
  const Seen seen{model.uuid, home.user, all, with_metadata({}, lasting)};
  if (read_seen(home, model.uuid) == seen) return {};
  return write_seen(home, seen);
}

void forget_seen(const ControllerHome& home, std::string_view model_uuid) {
  (void)::unlink(home.seen(model_uuid).c_str());
}

std::vector<std::string> list_seen(const ControllerHome& home) {
  std::vector<std::string> out;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(home.seen(), error)) {
    const auto name = entry.path().filename().string();
    if (!name.ends_with(k_suffix)) continue;
    if (auto uuid = name.substr(0, name.size() - k_suffix.size()); valid_uuid(uuid))
      out.push_back(std::move(uuid));
  }
  return out;
}

}  // namespace cdctl::juju
