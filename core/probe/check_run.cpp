#include <algorithm>
#include <atomic>
#include <cmath>
#include <thread>

#include <fmt/format.h>

#include <cdctl/child.hpp>
#include <cdctl/set_name.hpp>
#include <cdctl/stop.hpp>
#include <cdctl/text.hpp>

#include "core/probe/checks.hpp"

namespace cdctl::probe {

namespace {

constexpr std::size_t k_commands_at_once = 4, k_requests_at_once = 16;

/// How a check went: well, or badly and why. An error: it could not be made.
using Finding = Result<std::optional<std::string>>;

std::string filled(std::string text, const SetName& set) {
  const std::pair<std::string_view, std::string> values[] = {
      {"{set}", set.str()}, {"{service}", set.service}, {"{revision}", set.revision}};
  for (const auto& [holder, value] : values)
    for (auto at = text.find(holder); at != std::string::npos;
         at = text.find(holder, at + value.size()))
      text.replace(at, holder.size(), value);
  return text;
}

/// Without its query, which may hold a token.
std::string shown(const std::string& url) { return printable(url.substr(0, url.find('?')), 120); }

Finding judge_answer(const UserCheck& check, const std::string& url,
                     const Result<HttpResponse>& answer) {
  if (!answer) return std::optional(answer.error().what);
  if (std::ranges::find(check.expect, answer->status) == check.expect.end())
    return std::optional(fmt::format("GET {}: {}", shown(url), answer->status));
  if (!answer->body.contains(check.contains))
    return std::optional(fmt::format("GET {}: the answer does not hold '{}'", shown(url),
                                     printable(check.contains, 60)));
  return std::optional<std::string>();
}

/// A server that cannot tell is no fault of the set: its value is unknown.
Finding judge_value(const UserCheck& check, const Result<HttpResponse>& answer,
                    std::optional<double>& value) {
  auto is = value_in(answer);
  if (!is) return fail(is.error().in("asking " + shown(check.prometheus)));
  value = *is;
  for (const auto& bound : check.bounds)
    if (!bound.holds(*is))
      return std::optional(fmt::format("it is {}, expected {}", *is, bound.text()));
  return std::optional<std::string>();
}

/// What the program said last: a hint for people.
std::string last_line(std::string_view out) {
  while (!out.empty() && (out.back() == '\n' || out.back() == '\r')) out.remove_suffix(1);
  return printable(out.substr(out.rfind('\n') + 1), 160);
}

Finding run_command(const CheckRun& run, const std::filesystem::path& folder,
                    const Deadline& deadline) {
  Program command;
  for (const auto& word : run.check.command) command.argv.push_back(filled(word, run.sets.front()));
  if (command.argv[0].contains('/')) command.argv[0] = (folder / command.argv[0]).string();
  const auto& set = run.sets.front();
  command.env = {
      {"CDCTL_SET", set.str()}, {"CDCTL_SERVICE", set.service}, {"CDCTL_REVISION", set.revision}};
  command.directory = folder;
  command.max_output = 1 << 14;
  command.deadline = deadline.at_most(run.check.timeout);
  auto finished = cdctl::run(command);
  if (!finished) return fail(ExitCode::unknown, finished.error().what);
  if (finished->interrupted) return fail(ExitCode::interrupted, "interrupted");
  if (finished->timed_out)
    return fail(ExitCode::unknown, fmt::format("{}: no answer within {}",
                                               printable(command.argv[0], 100), finished->given));
  if (finished->ok()) return std::optional<std::string>();
  const auto said = last_line(finished->out.empty() ? finished->err : finished->out);
  return std::optional(fmt::format("{}: {}{}{}", printable(command.argv[0], 100), finished->how(),
                                   said.empty() ? "" : ": ", said));
}

void run_commands(std::span<const CheckRun> runs, std::vector<std::optional<Finding>>& findings,
                  const std::filesystem::path& folder, const Deadline& deadline) {
  std::atomic<std::size_t> next = 0;
  const auto work = [&] {
    for (std::size_t i = next++; i < runs.size(); i = next++)
      if (!runs[i].check.command.empty() && !Stop::requested())
        findings[i] = run_command(runs[i], folder, deadline);
  };
  const auto count =
      std::ranges::count_if(runs, [](const CheckRun& run) { return !run.check.command.empty(); });
  std::vector<std::jthread> threads;
  for (std::size_t i = 1;
       i < std::min<std::size_t>(k_commands_at_once, static_cast<std::size_t>(count)); ++i)
    threads.emplace_back(work);
  work();
}

HttpRequest request_of(const UserCheck& check, const SetName& set) {
  if (!check.prometheus.empty())
    return query_request(check.prometheus, filled_query(check.query, set));
  HttpRequest out;
  out.url = filled(check.http, set);
  out.max_bytes = 1 << 20;
  return out;
}

void run_requests(app::Context& context, std::span<const CheckRun> runs,
                  std::vector<std::optional<Finding>>& findings,
                  std::vector<std::optional<double>>& values, const Deadline& deadline) {
  std::vector<std::size_t> which;
  std::vector<HttpRequest> requests;
  for (std::size_t i = 0; i < runs.size(); ++i) {
    if (!runs[i].check.command.empty()) continue;
    auto request = request_of(runs[i].check, runs[i].sets.front());
    request.deadline = deadline.at_most(runs[i].check.timeout);
    which.push_back(i);
    requests.push_back(std::move(request));
  }
  if (requests.empty()) return;
  auto http = context.http();
  const auto answers =
      http ? (*http)->send_all(requests, k_requests_at_once) : std::vector<Result<HttpResponse>>();
  for (std::size_t i = 0; i < which.size(); ++i) {
    const auto& check = runs[which[i]].check;
    auto& finding = findings[which[i]];
    if (!http)
      finding = Finding(std::unexpected(http.error()));
    else if (check.prometheus.empty())
      finding = judge_answer(check, requests[i].url, answers[i]);
    else
      finding = judge_value(check, answers[i], values[which[i]]);
  }
}

Json signal_of(const CheckRun& run, const SetName& set, const std::optional<std::string>& trouble,
               const std::optional<double>& value) {
  Json out = Json::object({{"set", set.str()},
                           {"source", "/probe/check"},
                           {"severity", to_string(trouble ? run.check.severity : Severity::info)},
                           {"signal", "check/" + run.check.name}});
  if (trouble) out.set("message", *trouble);
  if (value && std::isfinite(*value)) out.set("value", *value);
  out.set("counts", Json::object({{"ok", trouble ? 0 : 1}, {"failed", trouble ? 1 : 0}}));
  return out;
}

}  // namespace

std::vector<Json> run_checks(app::Context& context, std::span<const CheckRun> runs,
                             const Deadline& deadline) {
  std::vector<Json> out;
  std::vector<std::optional<Finding>> findings(runs.size());
  std::vector<std::optional<double>> values(runs.size());
  run_requests(context, runs, findings, values, deadline);
  run_commands(runs, findings, context.config().file.parent_path(), deadline);
  for (std::size_t i = 0; i < runs.size(); ++i) {
    if (Stop::requested()) break;  // what was stopped says nothing about its set
    const auto& finding = findings[i];
    if (finding && *finding) {
      for (const auto& set : runs[i].sets)
        out.push_back(signal_of(runs[i], set, **finding, values[i]));
    } else if (finding) {
      context.report_record(runs[i].service->name, "running the check " + runs[i].check.name,
                            finding->error().in("the check " + runs[i].check.name));
    }
  }
  return out;
}

}  // namespace cdctl::probe
