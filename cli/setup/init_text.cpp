#include "cli/setup/init_text.hpp"

#include <algorithm>
#include <array>

#include <fmt/format.h>

namespace cdctl::cli {

namespace {

std::string source_line(std::string_view name, const std::string& kind, const std::string& url,
                        const std::string& branch) {
  const auto on_branch =
      branch.empty() ? std::string() : fmt::format(", branch = {}", toml_text(branch));
  return fmt::format("{} = {{ {} = {}{} }}\n", name, kind, toml_text(url), on_branch);
}

/// What a process that schedules is mostly called: one in each set that is out there is too many.
std::string scheduler_line(const std::vector<std::string>& processes) {
  constexpr std::array<std::string_view, 5> k_schedulers{"beat", "clock", "cron", "schedule",
                                                         "scheduler"};
  const auto found = std::ranges::find_if(processes, [&](const auto& process) {
    return std::ranges::find(k_schedulers, process) != k_schedulers.end();
  });
  if (found == processes.end()) return "";
  return fmt::format(
      "# if {0} schedules, one is enough for all sets (with a broker): "
      "{0} = {{ count = 1, across = \"service\" }}\n",
      *found);
}

std::string units_line(const InitAnswers& answers) {
  if (answers.engine != k_embedded) return "";
  std::string list;
  for (const auto& process : answers.procfile.processes)
    list += fmt::format("{}{} = 1", list.empty() ? "" : ", ", process);
  const auto* release = answers.procfile.release
                            ? "# release of the Procfile runs once a revision, before these\n"
                            : "";
  return list.empty()
             ? "# units = { worker = 3 }    # how many of each process; without it one of each\n"
             : fmt::format("{}{}units = {{ {} }}    # how many of each process of the Procfile\n",
                           release, scheduler_line(answers.procfile.processes), list);
}

}  // namespace

std::string toml_text(std::string_view text) {
  std::string out;
  append_json_string(out, text);
  return out;
}

std::string configuration_text(const InitAnswers& answers) {
  return "# Read by every cdctl command that is run in this folder or below it; services.d/ beside "
         "it has a file for each service.\n"
         "# What a key means: cdctl config explain KEY. What is in force: cdctl config show. What "
         "is wrong: cdctl config check.\n\n" +
         answers.plugins.configuration +
         "\n[defaults]       # for every service\n"
         "min_live = 1     # units that a cut or a reap must leave alive; or a share, such as "
         "\"50%\"\n";
}

std::string service_text(const InitAnswers& answers) {
  auto out = fmt::format(
      "# The service {}. Each newer revision of one of its sources ships beside what runs.\n",
      answers.service);
  if (answers.engine != k_embedded) out += fmt::format("engine = {}\n", toml_text(answers.engine));
  out += units_line(answers) + answers.plugins.head + "\n[sources]\n" +
         source_line("trunk", answers.trunk_kind, answers.trunk, answers.branch);
  if (!answers.spec.empty()) out += source_line("spec", answers.spec_kind, answers.spec, "");
  out += answers.plugins.sources;
  if (answers.spec.empty())
    out += "# config = { file = \"thumbs.env\" }    # a file of this folder: its edit ships, too\n";
  out += answers.plugins.service;
  out +=
      "\n[breaker]        # when a set is cut off; without rules the six default ones hold\n"
      "# rules = [\"critical >= 1\", \"errors >= 5 in 1m\"]\n"
      "\n[reaper]         # when an old set may go\n"
      "keep    = 2      # live sets to keep\n"
      "min_age = \"1h\"\n";
  return out;
}

}  // namespace cdctl::cli
