#include "plugins/juju/sets/reaping.hpp"

#include <cdctl/fs.hpp>

#include "plugins/juju/model/models.hpp"

namespace cdctl::juju {

std::optional<Reaping> read_reaping(const SetFolder& folder) {
  const auto text = read_file_if_there(folder.reaping());
  if (!text || !*text) return {};
  const auto json = Json::parse(**text);
  if (!json || !valid_uuid((*json)["model"].view())) return {};
  // Without it nothing says whether the whole model may go
  const auto& application = (*json)["application"];
  if (!application.is_string() ||
      (!application.view().empty() && !valid_application_name(application.view())))
    return {};
  const auto since = parse_rfc3339((*json)["since"].view());
  if (!since) return {};
  return Reaping{(*json)["model"].as_string(), (*json)["user"].as_string(),
                 (*json)["all"].as_bool(), *since, application.as_string()};
}

Result<> write_reaping(const SetFolder& folder, const Reaping& reaping) {
  CDCTL_TRY(make_directories(folder.path, 0700));
  const auto json = Json::object({{"model", reaping.model},
                                  {"user", reaping.user},
                                  {"all", reaping.all},
                                  {"since", to_rfc3339(reaping.since)},
                                  {"application", reaping.application}});
  return write_file_atomically(folder.reaping(), json.dump() + "\n", 0600);
}

}  // namespace cdctl::juju
