#include <fmt/format.h>

#include "plugins/juju/commands/records.hpp"
#include "plugins/juju/commands/views.hpp"

namespace cdctl::juju {

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

}  // namespace cdctl::juju
