#include <algorithm>

#include <fmt/format.h>

#include <cdctl/text.hpp>

#include "plugins/juju/commands/records.hpp"
#include "plugins/juju/commands/views.hpp"

namespace cdctl::juju {

namespace {

// Selectors are never given to juju: what they mean differs by version, and the controller loads
// the whole model anyway.
const Question k_status{"status", "--utc", "--retry-count", "0"};

struct Reading {
  ModelStatus status;
  Heading heading;
};

Result<Reading> read_one(const Target& target, const Asked<Answer>& answer) {
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
  return Reading{std::move(*status), {target.shown, controller, now()}};
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

Result<> write_units(const View& view, const Reading& reading,
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

int command_status(Host& host, const plugin::CommandArguments& given) noexcept {
  return guarded(given, [&]() -> Result<> {
    CDCTL_TRY_ASSIGN(const auto view, View::open(host, given));
    return each_model(host, view, given.args.words, [&](const Reading& reading) -> Result<> {
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
    return each_model(host, view, words.first(1), [&](const Reading& reading) {
      return write_units(view, reading, words.subspan(1));
    });
  });
}

}  // namespace cdctl::juju
