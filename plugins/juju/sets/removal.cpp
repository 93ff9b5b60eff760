#include "plugins/juju/sets/removal.hpp"

#include <algorithm>

#include <fmt/format.h>

#include <cdctl/text.hpp>

#include "plugins/juju/client/act.hpp"
#include "plugins/juju/client/settings.hpp"
#include "plugins/juju/model/models.hpp"
#include "plugins/juju/sets/shared_sets.hpp"

namespace cdctl::juju {

namespace {

void add_force(std::vector<std::string>& words, Force force) {
  if (force != Force::no) words.emplace_back("--force");
  if (force == Force::no_wait) words.emplace_back("--no-wait");
}

bool leaving(const Application& application) {
  return application.life == "dying" || application.life == "dead";
}

/// Those of the names that are there; with force, those that are leaving as well.
std::vector<std::string> present(const ModelStatus& status, const std::vector<std::string>& names,
                                 bool dying_too) {
  std::vector<std::string> out;
  for (const auto& application : status.applications)
    if (application.kind != Kind::remote &&
        std::ranges::find(names, application.name) != names.end() &&
        (dying_too || !leaving(application)))
      out.push_back(application.name);
  return out;
}

}  // namespace

Result<Removed> remove_applications(const Access& access, const std::string& model,
                                    const std::vector<std::string>& names,
                                    const RemovalOptions& options, std::string_view attempt) {
  const auto before = read_status(access, model, attempt);
  if (!before) return fail(before.error().error);
  const auto wanted = present(*before, names, options.force != Force::no);
  Removed out;
  if (wanted.empty()) return out;
  out.anything = true;
  std::vector<std::string> words{"remove-application"};
  for (const auto& name : wanted) {
    if (!valid_application_name(name))
      return fail(
          fmt::format("{}: '{}' is no name of an application", attempt, printable(name, 60)));
    words.push_back(name);
  }
  words.insert(words.end(), {"-m", model, "--no-prompt"});
  if (options.destroy_storage) words.emplace_back("--destroy-storage");
  add_force(words, options.force);
  const auto acted = juju_act(access, words, attempt);
  if (acted) return out;
  // It does what it can and fails for the rest; after a lost connection it may have been done as
  // well
  out.why = acted.error().error.what;
  const auto after = read_status(access, model, attempt);
  if (!after) return fail(after.error().error);
  out.left = present(*after, wanted, false);
  return out;
}

Result<> check_blocks(const Access& access, const std::string& model, bool model_too,
                      std::string_view attempt) {
  const auto answer = juju_call(access, {"disabled-commands", "-m", model}, attempt);
  if (!answer) {
    const auto trouble = answer.error().trouble;
    return trouble == Trouble::unreachable || trouble == Trouble::interrupted
               ? fail(answer.error().error)
               : Result<>();
  }
  for (const auto& block : answer->json.items()) {
    const auto set = block["command-set"].view();
    if (set != "all" && set != "remove-object" && !(model_too && set == "destroy-model")) continue;
    const auto message = block["message"].view();
    return fail(ExitCode::refused,
                fmt::format("{}: '{}' is disabled for its model{}; juju enable-command {} -m {}, "
                            "then reap it again",
                            attempt, set,
                            message.empty() ? "" : fmt::format(" ({})", printable(message, 80)),
                            set, model));
  }
  return {};
}

Result<> destroy_model(const Access& access, const std::string& model,
                       const RemovalOptions& options, Millis most, std::string_view attempt) {
  const auto uuid = std::string_view(model).substr(model.find(':') + 1);
  if (!valid_uuid(uuid))
    return fail(fmt::format("{}: '{}' is no uuid of a model", attempt, printable(uuid, 60)));
  std::vector<std::string> words{
      "destroy-model", model, "--no-prompt",
      options.destroy_storage ? "--destroy-storage" : "--release-storage"};
  add_force(words, options.force);
  const auto acted =
      juju_act(access, words, attempt,
               {.credentials = false, .deadline = access.until.at_most(most), .directory = {}});
  if (acted) return {};
  const auto& failure = acted.error();
  const bool refused = failure.trouble == Trouble::not_allowed ||
                       failure.trouble == Trouble::blocked || failure.trouble == Trouble::config ||
                       failure.trouble == Trouble::version ||
                       failure.trouble == Trouble::interrupted;
  if (refused) return fail(failure.error);
  return {};  // what became of it is read from the list of models
}

}  // namespace cdctl::juju
