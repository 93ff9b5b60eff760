#include "core/fleet/rule_book.hpp"

#include <algorithm>

#include <fmt/format.h>

#include <cdctl/fs.hpp>

namespace cdctl::fleet {

namespace {

Result<std::vector<breaker::Rule>> parse_all(const std::vector<std::string>& texts) {
  std::vector<breaker::Rule> out;
  for (const auto& text : texts) {
    CDCTL_TRY_ASSIGN(out.emplace_back(), breaker::Rule::parse(text));
  }
  return out;
}

Result<std::vector<breaker::Rule>> rules_of_file(const ServiceConfig& service) {
  std::vector<breaker::Rule> out;
  for (const auto& text : service.rules) {
    auto rule = breaker::Rule::parse(text);
    if (!rule) {
      const auto file = read_file(service.file);
      return fail(ExitCode::config,
                  fmt::format("{}{}: breaker.rules: {}", service.file.string(),
                              file ? line_of_rule(*file, text) : "", rule.error().what));
    }
    out.push_back(std::move(*rule));
  }
  return out;
}

Millis longest_of(const std::vector<breaker::Rule>& rules) {
  Millis out{};
  for (const auto& rule : rules)
    out = std::max(out, rule.after + rule.window + std::max(rule.hold, rule.settle));
  return out;
}

}  // namespace

std::string line_of_rule(std::string_view text, std::string_view rule) {
  for (const auto quote : {'"', '\''}) {
    const auto at = text.find(fmt::format("{}{}{}", quote, rule, quote));
    if (at != std::string_view::npos)
      return fmt::format(":{}", std::ranges::count(text.substr(0, at), '\n') + 1);
  }
  return {};
}

Result<RuleBook> RuleBook::make(app::Context& context, const std::vector<std::string>& given) {
  RuleBook out;
  if (!given.empty()) {
    CDCTL_TRY_ASSIGN(out.common_, parse_all(given));
    out.look_back_ = longest_of(out.common_) + ServiceConfig().max_verdict_age;
    return out;
  }
  CDCTL_TRY(context.load_config());
  CDCTL_TRY_ASSIGN(out.common_, parse_all(breaker::default_rules()));
  for (const auto& [name, error] : context.config().broken)
    context.out.warning(fmt::format(
        "{}: judged by the default rules, for its file cannot be used: {}", name, error.what));
  for (const auto& service : context.config().services) {
    if (service.rules.empty()) continue;
    auto rules = rules_of_file(service);
    if (rules)
      out.own_[service.name] = std::move(*rules);
    else
      out.bad_.emplace(service.name, std::move(rules.error()));
  }
  const auto& config = context.config();
  out.look_back_ = longest_of(out.common_) + ServiceConfig().max_verdict_age;
  for (const auto& service : config.services)
    out.look_back_ =
        std::max(out.look_back_, longest_of(out.of(service.name)) + service.max_verdict_age);
  if (!out.bad_.empty() && out.bad_.size() == config.services.size() && config.broken.empty())
    return fail(out.bad_.begin()->second);
  return out;
}

std::vector<breaker::Rule> RuleBook::of(std::string_view service) const {
  const auto at = own_.find(service);
  return at == own_.end() ? common_ : at->second;
}

}  // namespace cdctl::fleet
