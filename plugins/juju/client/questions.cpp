#include "plugins/juju/client/questions.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace cdctl::juju {

const ModelItem* Listing::find(std::string_view model_uuid) const {
  const auto at = std::ranges::find(models, model_uuid, &ModelItem::uuid);
  return at == models.end() ? nullptr : &*at;
}

Asked<Listing> list_models(const Access& access, std::string_view attempt) {
  Listing out;
  Question question{"models", "-c", access.controller, "--all"};
  auto answer = juju_call(access, question, attempt);
  out.all = answer.has_value();
  if (!answer && answer.error().kind == FailureKind::not_allowed) {
    question.pop_back();
    answer = juju_call(access, question, attempt);
  }
  if (!answer) return std::unexpected(std::move(answer.error()));
  auto list = parse_models(answer->json, answer->notes);
  if (!list) return std::unexpected(Failure{FailureKind::garbled, list.error().in(attempt)});
  if (!list->missing.empty()) {
    return std::unexpected(Failure{
        FailureKind::garbled,
        {ExitCode::unknown,
         fmt::format("{}: not all of them: {}; what is not listed may well be there, try again",
                     attempt, list->missing)}});
  }
  out.models = std::move(list->models);
  return out;
}

Question status_question(std::string_view model) {
  return {"status", "-m", std::string(model), "--utc", "--retry-count", "0"};
}

Asked<ModelStatus> take_status(const Asked<JujuAnswer>& answer, std::string_view attempt) {
  if (!answer) return std::unexpected(answer.error());
  auto status = parse_status(answer->json);
  if (!status) return std::unexpected(Failure{FailureKind::garbled, status.error().in(attempt)});
  return std::move(*status);
}

Asked<Json> ask_status(const Access& access, std::string_view model, std::string_view attempt) {
  auto answer = juju_call(access, status_question(model), attempt);
  if (!answer) return std::unexpected(std::move(answer.error()));
  if (answer->json["model"].is_object() && answer->json["applications"].is_object())
    return std::move(answer->json);
  return std::unexpected(Failure{
      FailureKind::garbled,
      {ExitCode::unknown, fmt::format("{}: the answer is not the status of a model", attempt)}});
}

Asked<ModelStatus> read_status(const Access& access, std::string_view model,
                               std::string_view attempt) {
  return take_status(juju_call(access, status_question(model), attempt), attempt);
}

}  // namespace cdctl::juju
