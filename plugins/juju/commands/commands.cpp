#include "plugins/juju/commands/commands.hpp"

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <fmt/format.h>

#include <cdctl/args.hpp>
#include <cdctl/host.hpp>
#include <cdctl/plugin.hpp>
#include <cdctl/text.hpp>

#include "plugins/juju/client/access.hpp"
#include "plugins/juju/client/call.hpp"
#include "plugins/juju/commands/records.hpp"
#include "plugins/juju/model/models.hpp"
#include "plugins/juju/model/relations.hpp"
#include "plugins/juju/model/status.hpp"

#include <cdctl/error_record.hpp>

namespace cdctl::juju {

namespace {

using plugin::guarded;

/// A model to ask about.
struct Target {
  ModelAddress address;
  std::string shown;       ///< `OWNER/NAME`, or as it was given
  std::string short_name;  ///< what the answer must be about; empty when only the uuid was given
};

/// One run of a command: what it asks, and what it says when it cannot.
class View {
 public:
  [[nodiscard]] static Result<View> open(const Host& host, const plugin::CommandArguments& given);

  [[nodiscard]] const Access& access() const { return access_; }
  void write(const Json& record) const { given_->write(record); }
  /// Someone could not be asked: a `cdctl.error/1` record, and the reason on stderr. A mistake of
  /// the configuration is said on stderr alone.
  void cannot(std::string_view attempt, const Error& error) const;

  /// All models of a controller (empty: of Juju's choice) that the user sees. An incomplete list is
  /// told with cannot(), and given all the same.
  [[nodiscard]] Result<std::vector<ModelItem>> models(const std::string& controller,
                                                      bool all_users = false) const;
  /// The models that the words name; without words all of them. Exit code `usage` for what is
  /// not the name of a model.
  [[nodiscard]] Result<std::vector<Target>> targets(std::span<const std::string> words) const;
  /// Asks `command` of each model; answers in the order of the targets.
  [[nodiscard]] std::vector<Asked<JujuAnswer>> ask(std::span<const Target> targets,
                                                   const Question& command) const;

 private:
  /// A model whose name can be taken for the start of a uuid, as the list has it.
  [[nodiscard]] Result<Target> by_list(const ModelAddress& address, const std::string& word) const;

  View(const plugin::CommandArguments& given, Access access)
      : given_(&given), access_(std::move(access)) {}
  const plugin::CommandArguments* given_;
  Access access_;
};

constexpr std::string_view k_reading_models = "reading the models";

Target target_of(const ModelItem& item, const std::string& controller) {
  return {{controller, {}, item.uuid}, item.name, std::string(short_name(item))};
}

/// Juju takes a name that it does not know for the start of a uuid, which can be another model's.
bool can_be_uuid_prefix(const ModelAddress& address) {
  return !address.is_uuid() && address.name.size() >= 6 &&
         address.name.find_first_not_of("0123456789abcdef-") == std::string::npos;
}

Result<View> View::open(const Host& host, const plugin::CommandArguments& given) {
  CDCTL_TRY_ASSIGN(auto access, read_access(host, given.args));
  return View(given, std::move(access));
}

void View::cannot(std::string_view attempt, const Error& error) const {
  if (error.exit != ExitCode::config && error.exit != ExitCode::usage) {
    given_->write(records::encode(records::error_record("", attempt, error)));
  }
  given_->report(error);
}

Result<std::vector<ModelItem>> View::models(const std::string& controller, bool all_users) const {
  Question question{"models"};
  if (!controller.empty()) question.insert(question.end(), {"-c", controller});
  if (all_users) question.emplace_back("--all");
  auto answer = juju_call(access_, question, k_reading_models);
  if (!answer) return fail(std::move(answer.error().error));
  auto list = parse_models(answer->json, answer->notes);
  if (!list) return fail(list.error().in(k_reading_models));
  if (!list->missing.empty())
    cannot(k_reading_models,
           {ExitCode::unknown,
            fmt::format("{}: not all of them: {}; a model that is not listed may well be there",
                        k_reading_models, list->missing)});
  return std::move(list->models);
}

Result<std::vector<Target>> View::targets(std::span<const std::string> words) const {
  std::vector<Target> out;
  for (const auto& word : words) {
    CDCTL_TRY_ASSIGN(auto address, parse_model_address(word));
    if (address.controller.empty()) address.controller = access_.controller;
    if (can_be_uuid_prefix(address)) {
      if (auto target = by_list(address, word))
        out.push_back(std::move(*target));
      else
        cannot(fmt::format("looking for model {}", word), target.error());
      continue;
    }
    const auto name = address.is_uuid() ? std::string() : address.name;
    out.push_back({std::move(address), word.substr(word.find(':') + 1), name});
  }
  if (!words.empty()) return out;
  auto items = models(access_.controller);
  if (!items) {
    cannot(k_reading_models, items.error());
    return out;
  }
  for (const auto& item : *items) out.push_back(target_of(item, access_.controller));
  return out;
}

Result<Target> View::by_list(const ModelAddress& address, const std::string& word) const {
  CDCTL_TRY_ASSIGN(const auto items, models(address.controller));
  std::vector<Target> found;
  for (const auto& item : items)
    if (has_name(item, address)) found.push_back(target_of(item, address.controller));
  if (found.size() == 1) return found.front();
  const auto* why = found.empty()
                        ? "this user sees none of that name, which does not prove that it is gone"
                        : "several owners have one of that name";
  return fail(ExitCode::unknown,
              fmt::format("looking for model {}: {}; say OWNER/NAME as cdctl juju models lists it",
                          word, why));
}

std::vector<Asked<JujuAnswer>> View::ask(std::span<const Target> targets,
                                         const Question& command) const {
  std::vector<NamedQuestion> questions;
  for (const auto& target : targets) {
    Question question{command.front(), "-m", target.address.str()};
    question.insert(question.end(), command.begin() + 1, command.end());
    questions.push_back(
        {std::move(question), fmt::format("reading the {} of {}", command.front(), target.shown)});
  }
  return juju_calls(access_, questions);
}

// Selectors are never given to juju: what they mean differs by version, and the controller loads
// the whole model anyway.
const Question k_status{"status", "--utc", "--retry-count", "0"};

/// What a model answered to that.
struct ModelReading {
  ModelStatus status;
  Heading heading;
};

Result<ModelReading> read_one(const Target& target, const Asked<JujuAnswer>& answer) {
  if (!answer) return fail(answer.error().error);
  const auto attempt = fmt::format("reading the status of {}", target.shown);
  auto status = parse_status(answer->json);
  if (!status) return fail(status.error().in(attempt));
  if (!target.short_name.empty() && status->name != target.short_name) {
    return fail(
        ExitCode::unknown,
        fmt::format(
            "{}: juju answered about model '{}'; say OWNER/NAME as cdctl juju models lists it",
            attempt, printable(status->name, 80)));
  }
  const auto controller = status->controller;
  return ModelReading{std::move(*status), {target.shown, controller, now()}};
}

/// Calls `show` with the status of each model that could be read.
template <class Show>
Result<> each_model(Host& host, const View& view, std::span<const std::string> words, Show&& show) {
  CDCTL_TRY_ASSIGN(const auto targets, view.targets(words));
  const auto answers = view.ask(targets, k_status);
  for (std::size_t i = 0; i < targets.size(); ++i) {
    const auto reading = read_one(targets[i], answers[i]);
    if (!reading) {
      view.cannot(fmt::format("reading the status of {}", targets[i].shown), reading.error());
      continue;
    }
    if (reading->status.everyone_lost)
      host.log(Level::warning,
               fmt::format("{}: every agent is lost; look at the controller before the units",
                           targets[i].shown));
    CDCTL_TRY(show(*reading));
  }
  return {};
}

/// Whether one of the patterns names the application; what they match is marked in `used`.
bool wanted(const std::string& application, std::span<const std::string> patterns,
            std::vector<bool>& used) {
  bool any = patterns.empty();
  for (std::size_t i = 0; i < patterns.size(); ++i) {
    if (!glob_match(patterns[i], application)) continue;
    used[i] = true;
    any = true;
  }
  return any;
}

Result<> write_units(const View& view, const ModelReading& reading,
                     std::span<const std::string> patterns) {
  std::vector<bool> used(patterns.size(), false);
  for (const auto& application : reading.status.applications)
    (void)wanted(application.name, patterns, used);
  for (const auto& unit : reading.status.units)
    if (wanted(unit.application, patterns, used)) view.write(unit_record(unit, reading.heading));
  for (std::size_t i = 0; i < patterns.size(); ++i) {
    if (!used[i])
      return fail(fmt::format("{} has no application '{}'; see cdctl juju status {}",
                              reading.heading.model, printable(patterns[i], 80),
                              reading.heading.model));
  }
  return {};
}

}  // namespace

int command_models(Host& host, const plugin::CommandArguments& given) noexcept {
  return guarded(given, [&]() -> Result<> {
    if (!given.args.words.empty())
      return fail(ExitCode::usage, "juju models takes no arguments; see juju status MODEL");
    CDCTL_TRY_ASSIGN(const auto view, View::open(host, given));
    const auto models = view.models(view.access().controller, given.args.has("all"));
    if (!models)
      view.cannot("reading the models", models.error());
    else
      for (const auto& model : *models) view.write(model_record(model, now()));
    return {};
  });
}

int command_offers(Host& host, const plugin::CommandArguments& given) noexcept {
  return guarded(given, [&]() -> Result<> {
    CDCTL_TRY_ASSIGN(const auto view, View::open(host, given));
    CDCTL_TRY_ASSIGN(const auto targets, view.targets(given.args.words));
    const auto answers = view.ask(targets, {"offers"});
    for (std::size_t i = 0; i < targets.size(); ++i) {
      const auto attempt = fmt::format("reading the offers of {}", targets[i].shown);
      if (!answers[i]) {
        view.cannot(attempt, answers[i].error().error);
      } else if (const auto offers = parse_offers(answers[i]->json); !offers) {
        view.cannot(attempt, offers.error().in(attempt));
      } else {
        for (const auto& offer : *offers)
          view.write(offer_record(offer, {targets[i].shown, targets[i].address.controller, now()}));
      }
    }
    return {};
  });
}

int command_status(Host& host, const plugin::CommandArguments& given) noexcept {
  return guarded(given, [&]() -> Result<> {
    CDCTL_TRY_ASSIGN(const auto view, View::open(host, given));
    return each_model(host, view, given.args.words, [&](const ModelReading& reading) -> Result<> {
      for (const auto& application : reading.status.applications)
        view.write(application_record(application, reading.heading));
      return {};
    });
  });
}

int command_units(Host& host, const plugin::CommandArguments& given) noexcept {
  return guarded(given, [&]() -> Result<> {
    const std::span words(given.args.words);
    if (words.empty())
      return fail(ExitCode::usage, "juju units needs a MODEL; see cdctl juju models");
    CDCTL_TRY_ASSIGN(const auto view, View::open(host, given));
    return each_model(host, view, words.first(1), [&](const ModelReading& reading) {
      return write_units(view, reading, words.subspan(1));
    });
  });
}

}  // namespace cdctl::juju
