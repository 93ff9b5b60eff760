#include "plugins/juju/world/acts.hpp"

#include <algorithm>

#include <fmt/format.h>

#include <cdctl/stop.hpp>
#include <cdctl/text.hpp>

#include "plugins/juju/client/call.hpp"
#include "plugins/juju/client/wait.hpp"

namespace cdctl::juju {

namespace {

constexpr int k_most_setbacks = 4;

std::string list_of(const Json& texts) {
  std::vector<std::string> out;
  for (const auto& item : texts.items()) out.push_back(item.as_string());
  return joined(out, ",");
}

}  // namespace

Result<> WorldActs::act(const std::string& model, std::vector<std::string> words,
                        const std::string& attempt) {
  CDCTL_TRY_ASSIGN(const auto access, access_within(set_.access, deadline_, attempt));
  words.insert(words.begin() + 1, {"-m", model});
  const auto done = juju_act(access, words, attempt);
  if (done) return {};
  const auto& failure = done.error();
  if (failure.kind == FailureKind::exists) return {};
  if ((may_have_worked(failure) || failure.kind == FailureKind::gone) &&
      ++setbacks_ <= k_most_setbacks)
    return {};
  if (failure.kind != FailureKind::not_allowed) return fail(failure.error);
  return fail(failure.error.exit,
              fmt::format("{}; it needs write access to that model: juju grant USER admin MODEL",
                          failure.error.what));
}

std::vector<std::string> expose_words(const std::string& application, const std::string& endpoint,
                                      const Json& rule) {
  std::vector<std::string> words{"expose", application};
  if (!endpoint.empty()) words.insert(words.end(), {"--endpoints", endpoint});
  if (const auto spaces = list_of(rule["expose-to-spaces"]); !spaces.empty())
    words.insert(words.end(), {"--to-spaces", spaces});
  if (const auto cidrs = list_of(rule["expose-to-cidrs"]); !cidrs.empty())
    words.insert(words.end(), {"--to-cidrs", cidrs});
  return words;
}

Result<> WorldActs::expose(const std::string& application, const Json& rules, const Json& now) {
  const auto attempt = fmt::format("exposing {} of {}", application, set_.set);
  if (rules.members().empty()) return act({"expose", application}, attempt);
  for (const auto& [endpoint, rule] : rules.members())
    if (now[endpoint] != rule) CDCTL_TRY(act(expose_words(application, endpoint, rule), attempt));
  return {};
}

Result<> WorldActs::wait(std::string_view doing, const std::string& left) {
  left_ = left;
  if (pause_before_repeat(std::min(looks_++, k_most_repeats), deadline_)) return {};
  if (Stop::requested())
    return fail(stopped(fmt::format("{} {}", doing, set_.set), "run it again"));
  return fail(in_time(doing));
}

Error WorldActs::at_the_end(const Error& error, std::string_view doing) const {
  return deadline_.passed() && !left_.empty() ? in_time(doing) : error;
}

Error WorldActs::in_time(std::string_view doing) const {
  return {
      ExitCode::timeout,
      fmt::format("{} {}: at the deadline {}; run it again, and look at the charm with juju status",
                  doing, set_.set, left_)};
}

}  // namespace cdctl::juju
