#include "plugins/juju/commands/views.hpp"

#include <fmt/format.h>

#include <cdctl/error_record.hpp>

namespace cdctl::juju {

namespace {

constexpr std::string_view k_reading_models = "reading the models";

Target target_of(const ModelItem& item, const std::string& controller) {
  return {{controller, {}, item.uuid}, item.name, item.name.substr(item.name.rfind('/') + 1)};
}

/// Juju takes what is no name that it knows for the start of a uuid, which may be another model's.
bool may_be_uuid_prefix(const ModelAddress& address) {
  return !address.is_uuid() && address.name.size() >= 6 &&
         address.name.find_first_not_of("0123456789abcdef-") == std::string::npos;
}

bool names(const ModelAddress& address, const ModelItem& item) {
  const auto slash = item.name.rfind('/');
  return item.name.substr(slash + 1) == address.name &&
         (address.owner.empty() || item.name.substr(0, slash) == address.owner);
}

}  // namespace

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
    if (may_be_uuid_prefix(address)) {
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
    if (names(address, item)) found.push_back(target_of(item, address.controller));
  if (found.size() == 1) return found.front();
  const auto* why = found.empty()
                        ? "this user sees none of that name, which does not prove that it is gone"
                        : "several owners have one of that name";
  return fail(ExitCode::unknown,
              fmt::format("looking for model {}: {}; say OWNER/NAME as cdctl juju models lists it",
                          word, why));
}

std::vector<Asked<Answer>> View::ask(std::span<const Target> targets,
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

}  // namespace cdctl::juju
