#include "plugins/juju/model/models.hpp"

#include <algorithm>

#include <fmt/format.h>

#include <cdctl/text.hpp>

namespace cdctl::juju {

namespace {

bool lower_or_digit(char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); }
bool letter_or_digit(char c) { return lower_or_digit(c) || (c >= 'A' && c <= 'Z'); }

bool model_name(std::string_view text) {
  return !text.empty() && text.size() <= 128 && lower_or_digit(text.front()) &&
         std::ranges::all_of(text, [](char c) { return lower_or_digit(c) || c == '-'; });
}

ModelItem read_item(const Json& json) {
  ModelItem out;
  out.name = json["name"].as_string();
  out.uuid = json["model-uuid"].as_string();
  out.type = json["model-type"].as_string();
  out.controller = json["controller-name"].as_string();
  out.cloud = json["cloud"].as_string();
  out.region = json["region"].as_string();
  out.life = json["life"].as_string();
  out.access = json["access"].as_string();
  out.agent_version = json["agent-version"].as_string();
  out.status = read_info(json["status"]);
  out.is_controller = json["is-controller"].as_bool();
  return out;
}

}  // namespace

std::string_view short_name(const ModelItem& model) {
  const std::string_view name(model.name);
  return name.substr(name.rfind('/') + 1);
}

bool dying(const ModelItem& model) {
  return leaving(model.life) || model.status.current == "destroying";
}

bool plain_word(std::string_view text, std::string_view more) {
  return !text.empty() && text.size() <= 128 && letter_or_digit(text.front()) &&
         std::ranges::all_of(text, [&](char c) { return letter_or_digit(c) || more.contains(c); });
}

bool has_name(const ModelItem& model, const ModelAddress& address) {
  return short_name(model) == address.name &&
         // 2.9 to 4.x all say OWNER/NAME
         (address.owner.empty() || model.name.substr(0, model.name.rfind('/')) == address.owner);
}

std::vector<ModelItem> models_called(const std::vector<ModelItem>& models,
                                     const ModelAddress& address) {
  std::vector<ModelItem> out;
  for (const auto& model : models)
    if ((address.is_uuid() ? model.uuid == address.name : has_name(model, address)) &&
        !model.is_controller)
      out.push_back(model);
  return out;
}

bool valid_uuid(std::string_view text) {
  if (text.size() != 36) return false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool dash = i == 8 || i == 13 || i == 18 || i == 23;
    if (dash ? text[i] != '-'
             : !((text[i] >= '0' && text[i] <= '9') || (text[i] >= 'a' && text[i] <= 'f')))
      return false;
  }
  return true;
}

bool valid_application_name(std::string_view text) {
  if (text.empty() || text.size() > 63 || text.front() < 'a' || text.front() > 'z') return false;
  // Each part between hyphens holds a letter, so that it cannot be a unit's number
  bool letter = false;
  for (const char c : text) {
    if (c == '-' ? !letter : !lower_or_digit(c)) return false;
    letter = c != '-' && (letter || (c >= 'a' && c <= 'z'));
  }
  return letter;
}

bool valid_controller_name(std::string_view text) { return plain_word(text, "-._+@"); }

std::string ModelAddress::str() const {
  return fmt::format("{}{}{}{}{}", controller, controller.empty() ? "" : ":", owner,
                     owner.empty() ? "" : "/", name);
}

Result<ModelAddress> parse_model_address(std::string_view text) {
  ModelAddress out;
  auto rest = text;
  bool good = true;
  if (rest.contains(':')) {
    out.controller = take_until(rest, ':');
    good = valid_controller_name(out.controller);
  }
  if (rest.contains('/')) {
    out.owner = take_until(rest, '/');
    good = good && plain_word(out.owner, "-.+@");
  }
  out.name = rest;
  if (!good || !model_name(rest))
    return fail(ExitCode::usage,
                fmt::format("'{}' is not a model; say [CONTROLLER:][OWNER/]NAME or a uuid",
                            printable(text, 80)));
  return out;
}

Result<ModelList> parse_models(const Json& json, std::string_view notes) {
  const auto& models = json["models"];
  if (!models.is_array()) return fail(ExitCode::unknown, "the answer is not a list of models");
  ModelList out;
  std::size_t nameless = 0;
  for (const auto& item : models.items()) {
    auto model = read_item(item);
    if (model.name.empty() || !valid_uuid(model.uuid))
      ++nameless;
    else
      out.models.push_back(std::move(model));
  }
  while (notes.ends_with('\n')) notes.remove_suffix(1);
  if (!notes.empty())
    out.missing = fmt::format("juju also said: {}", printable(take_until(notes, '\n'), 200));
  else if (nameless > 0)
    out.missing = fmt::format("{} of its models have no name or no uuid", nameless);
  return out;
}

}  // namespace cdctl::juju
