#include "plugins/juju/deploy/handover_amqp.hpp"

#include <algorithm>

#include <fmt/format.h>

#include <cdctl/text.hpp>

namespace cdctl::juju {

namespace {

constexpr std::size_t k_shortest_secret = 8;

std::unexpected<Error> no_target(std::string_view why) {
  return fail(ExitCode::config, fmt::format("[juju] amqp: {}; say amqp = \"APPLICATION:OPTION\", "
                                            "the option of its charm that takes AMQP_URL",
                                            why));
}

Result<std::string> application_for(const Handover& handover,
                                    const std::vector<std::string>& others) {
  const auto& wanted = handover.settings.amqp_application;
  const auto& own = handover.bundle["applications"].members();
  const auto known = [&](std::string_view name) {
    return std::ranges::any_of(own, [&](const auto& member) { return member.first == name; }) ||
           std::ranges::find(others, name) != others.end();
  };
  if (!wanted.empty()) {
    if (known(wanted)) return wanted;
    return no_target(fmt::format("{} is no application of the bundle", wanted));
  }
  if (own.size() + others.size() == 1) return own.empty() ? others.front() : own.front().first;
  return no_target(fmt::format("the bundle of {} has several applications", handover.set));
}

}  // namespace

Result<std::optional<AmqpTarget>> amqp_target(const Handover& handover,
                                              const std::vector<std::string>& others) {
  const auto url = handover.env.find("AMQP_URL");
  if (url == handover.env.end() || url->second.empty()) return std::nullopt;
  if (handover.settings.amqp_option.empty())
    return no_target("there is an AMQP_URL and no option that takes it");
  CDCTL_TRY_ASSIGN(auto application, application_for(handover, others));
  return AmqpTarget{std::move(application), handover.settings.amqp_option, url->second};
}

Veil::Veil(const Handover& handover) {
  const auto add = [&](std::string_view text) {
    if (text.size() >= k_shortest_secret) secrets_.emplace_back(text);
  };
  if (const auto at = handover.env.find("AMQP_URL"); at != handover.env.end()) {
    add(at->second);
    const std::string_view url = at->second;  // amqp://USER:PASSWORD@HOST
    const auto end = url.rfind('@'),
               begin = url.find(':', url.find("//") == std::string_view::npos ? 0 : url.find("//"));
    if (end != std::string_view::npos && begin < end) add(url.substr(begin + 1, end - begin - 1));
  }
  for (const auto& [ignored, application] : handover.bundle["applications"].members())
    for (const auto& [option, value] : application["options"].members()) add(value.view());
  std::ranges::sort(secrets_, std::ranges::greater(), &std::string::size);
}

std::string Veil::over(std::string text) const {
  for (const auto& secret : secrets_) {
    const auto mark = secret.substr(0, k_shortest_secret);
    for (auto at = text.find(mark); at != std::string::npos; at = text.find(mark, at)) {
      std::size_t length = mark.size();
      while (length < secret.size() && at + length < text.size() &&
             text[at + length] == secret[length])
        ++length;
      text.replace(at, length, "***");
      at += 3;
    }
  }
  return text;
}

Error Veil::over(Error error) const {
  error.what = over(std::move(error.what));
  return error;
}

std::string option_file(const std::string& application, const Json& options) {
  return Json::object({{application, options}}).dump() + "\n";
}

Result<> refuse_includes(const Json& bundle) {
  for (const auto& [name, application] : bundle["applications"].members()) {
    for (const auto* key : {"options", "annotations"}) {
      for (const auto& [option, value] : application[key].members()) {
        if (!value.view().starts_with("include-file://") &&
            !value.view().starts_with("include-base64://"))
          continue;
        return fail(
            ExitCode::config,
            fmt::format("{} of {} would have juju read a file of this machine; give its text",
                        printable(option, 60), printable(name, 60)));
      }
    }
  }
  return {};
}

}  // namespace cdctl::juju
