#include "plugins/forges/code_server.hpp"

#include <algorithm>

#include <fmt/format.h>

#include <cdctl/stop.hpp>
#include <cdctl/text.hpp>

namespace cdctl::forges {

namespace {

constexpr Millis k_until_noticed(15'000);  ///< a server sees a push a moment later
constexpr Millis k_until_checked(20'000);  ///< whether it can be merged is found out on the side
constexpr Millis k_between(1'000);

}  // namespace

bool CodeServer::decides(int status) const {
  return status >= 400 && status < 500 && status != 401 && status != 404;
}

Error CodeServer::refusal(const RestRequest& request, const RestAnswer& answer) const {
  auto error = rest_.refusal(request, answer);
  if (answer.status == 403 && !words().cure.empty())
    error.what += fmt::format(": the token needs {}", words().cure);
  if (decides(answer.status)) error.exit = ExitCode::refused;
  return error;
}

Result<Json> CodeServer::act(const RestRequest& request, const Deadline& deadline) {
  CDCTL_TRY_ASSIGN(auto answer, rest_.ask(request, deadline));
  if (!answer.ok()) return fail(refusal(request, answer));
  return std::move(answer.body);
}

Result<std::string> CodeServer::me(const Deadline& deadline) {
  if (me_) return *me_;
  const RestRequest request{"GET", "/user", {}, true};
  CDCTL_TRY_ASSIGN(const auto user, rest_.ask(request, deadline));
  if (user.status == 401) return fail(rest_.refusal(request, user));
  me_ = user.ok() ? user.body["login"].as_string() : std::string();
  return *me_;
}

std::string CodeServer::tip_of(const Json& branch) const {
  return branch["commit"]["id"].as_string();
}

Result<std::string> CodeServer::tip(const std::string& branch, const Deadline& deadline) {
  const auto found = rest_.get(path(branch_path(branch)), deadline);
  if (found) return tip_of(*found);
  if (found.error().reason == Reason::not_there) return std::string();
  return fail(found.error());
}

Result<ChangeRequest> CodeServer::change(const std::string& id, const Deadline& deadline) {
  if (id.empty() || id.size() > 18 ||
      !std::ranges::all_of(id, [](char c) { return c >= '0' && c <= '9'; }))
    return fail(ExitCode::usage,
                fmt::format("'{}' is not the number of a {}", printable(id, 40), words().change));
  CDCTL_TRY_ASSIGN(const auto found,
                   rest_.get(path(fmt::format("{}/{}", words().changes_path, id)), deadline));
  return read(found);
}

Result<std::map<std::string, Json>> CodeServer::newest_statuses(const std::string& commit,
                                                                const Deadline& deadline) {
  const auto list = fmt::format(fmt::runtime(words().statuses), commit);
  CDCTL_TRY_ASSIGN(const auto all,
                   rest_.list({path(list), std::string(words().statuses_member)}, deadline));
  std::map<std::string, Json> out;
  for (const auto& one : all) {
    auto& newest = out[one[words().status_name].as_string()];
    if (newest.is_null() || newest["id"].as_int() < one["id"].as_int()) newest = one;
  }
  return out;
}

bool CodeServer::is_same_status(const RestAnswer& answer) const {
  (void)answer;
  return false;
}

std::optional<RestRequest> CodeServer::status_again(const RestRequest& request,
                                                    const RestAnswer& answer,
                                                    const std::string& ref) const {
  (void)request, (void)answer, (void)ref;
  return std::nullopt;
}

bool CodeServer::may_be_checking(const RestAnswer& answer) const {
  (void)answer;
  return false;
}

Readiness CodeServer::readiness(const ChangeRequest& now) const {
  (void)now;
  return Readiness::no;
}

Result<RestAnswer> CodeServer::merge(const MergeCall& call, const Deadline& deadline) {
  const auto checked = deadline.at_most(k_until_checked);
  unsigned ready = 0;  // it may have found out between our two questions
  for (;;) {
    CDCTL_TRY_ASSIGN(auto answer, rest_.ask(call.request, deadline));
    if (answer.ok() || checked.passed() || !may_be_checking(answer)) return answer;
    CDCTL_TRY_ASSIGN(const auto now, change(call.id, deadline));
    const auto found = readiness(now);
    if (found == Readiness::no || (found == Readiness::ready && ++ready > 2)) return answer;
    if (!pause_for(k_between, checked)) return fail(ExitCode::interrupted, "interrupted");
    CDCTL_TRY_ASSIGN(const auto base, tip(call.branch, deadline));
    if (now.head != call.head || base != call.base) return answer;
  }
}

std::string CodeServer::more_of(const ChangeRequest& now) const {
  (void)now;
  return {};
}

/// One whose commits were pushed to the target becomes a merged one a moment later; one whose
/// commits were made anew does not, and is closed.
Result<bool> CodeServer::settle(const TargetConfig& target, ChangeRequest& one,
                                const Deadline& deadline) {
  const bool by_itself = target.method == MergeMethod::merge;
  const auto noticed = deadline.at_most(k_until_noticed);
  while (by_itself && one.open && !noticed.passed()) {
    if (!pause_for(k_between, noticed)) return fail(ExitCode::interrupted, "interrupted");
    CDCTL_TRY_ASSIGN(one, change(one.id, deadline));
  }
  if (!one.open) return false;
  if (by_itself)
    return fail(ExitCode::unknown,
                name() + " has not noticed yet that it was merged; its branch stays");
  const auto closed = act(closing(one.id), deadline);
  if (!closed) return fail(closed.error().in("closing it"));
  return true;
}

std::string CodeServer::removal_path(const std::string& branch) const {
  return branch_path(branch);
}

bool CodeServer::may_push(const Json& repository) const {
  const auto& may = repository["permissions"];
  return may["push"].as_bool() || may["admin"].as_bool();
}

Result<CodeServer*> CodeServers::of(const TargetConfig& target) {
  CDCTL_TRY_ASSIGN(const auto access,
                   forge_access(host_.config(), target, kind_.table, kind_.api_of));
  auto& one = all_[fmt::format("{}\n{}\n{}", access.api, access.repository, access.token)];
  if (!one) {
    CDCTL_TRY_ASSIGN(one, kind_.make(host_, access, target));
  }
  return one.get();
}

std::string origin_of(const ServedRepository& repository) {
  const bool http = repository.scheme == "http" || repository.scheme == "https";
  return fmt::format("{}://{}{}{}", http ? repository.scheme : "https", repository.host,
                     http && !repository.port.empty() ? ":" : "", http ? repository.port : "");
}

}  // namespace cdctl::forges
