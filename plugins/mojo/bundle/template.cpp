#include "plugins/mojo/bundle/template.hpp"

#include <algorithm>
#include <csignal>

#include <fmt/format.h>

#include <cdctl/child.hpp>
#include <cdctl/json.hpp>
#include <cdctl/stop.hpp>
#include <cdctl/text.hpp>

#include "plugins/mojo/bundle/template_script.hpp"
#include "plugins/mojo/text/words.hpp"

namespace cdctl::mojo {

namespace fs = std::filesystem;

namespace {

constexpr Millis k_longest{120'000};  // no template takes longer, whatever the phase's deadline

Result<std::string> find_python(const fs::path& wanted) {
  if (auto python = find_program(wanted.empty() ? "/usr/bin/python3" : wanted.string()))
    return python->string();
  if (auto python = find_program("python3"); python && wanted.empty()) return python->string();
  return fail(ExitCode::config,
              "templates need python3, which is not in PATH; install python3 and python3-jinja2");
}

Error failure(const Finished& done) {
  if (done.interrupted)
    return {Stop::signal() == SIGTERM ? ExitCode::terminated : ExitCode::interrupted,
            "interrupted"};
  if (done.timed_out)
    return {ExitCode::timeout, fmt::format("{}; the template may loop", done.how())};
  if (done.signal == 0 && done.status == static_cast<int>(TemplateStatus::no_jinja))
    return {ExitCode::config, "templates need Jinja2 for Python; install python3-jinja2"};
  if (done.signal == 0 && done.status == static_cast<int>(TemplateStatus::no_memory)) {
    return {ExitCode::config,
            fmt::format("it needs more than {} MiB of memory", k_template_memory >> 20)};
  }
  return {ExitCode::failed,
          fmt::format("python3: {}; does `python3 -c 'import jinja2'` work?", done.how())};
}

/// Runs the script on `ask`. Nothing of it is in the argument list, and of our environment it gets
/// nothing.
Result<Finished> ask_python(Json ask, const Deadline& deadline, const fs::path& wanted) {
  CDCTL_TRY_ASSIGN(const auto python, find_python(wanted));
  ask.set("memory", k_template_memory);
  Program command;
  command.argv = {python, "-I", "-"};
  command.clean_env = true;
  command.env = {{"PATH", "/usr/bin:/bin"}, {"LC_ALL", "C.UTF-8"}};
  command.directory = "/";
  // A JSON string is a Python string, too, but for escaped surrogates, which Json never writes.
  command.input = std::string(k_template_script) + "\nmain(" + Json(ask.dump()).dump() + ")\n";
  command.max_output = k_largest_rendering + 1;
  command.deadline = deadline.at_most(k_longest);
  return run(command);
}

/// The findings of the child by kind.
Result<> read_findings(const Finished& done, TemplateFindings& out) {
  auto list = Json::parse(done.out);
  if (!list || !list->is_array()) return fail("python3 gave an answer that is none");
  for (const auto& entry : list->items()) {
    Problem problem{printable(entry["file"].view()),
                    static_cast<std::size_t>(std::max<std::int64_t>(entry["line"].as_int(), 0)), 0,
                    printable(entry["what"].view())};
    (entry["kind"].view() == "undeclared" ? out.undeclared : out.problems)
        .push_back(std::move(problem));
  }
  return {};
}

Json folders_of(const TemplateRequest& request) {
  Json::Array folders;
  for (const auto& folder : request.folders) folders.emplace_back(folder.string());
  return folders;
}

Json variables_of(const TemplateRequest& request) {
  Json out = Json::object();
  for (const auto& [name, value] : request.environment) {
    if (valid_variable_name(name) && !request.variables.contains(name)) out.set(name, value);
  }
  for (const auto& [name, value] : request.variables) out.set(name, value);
  return out;
}

/// Values of the environment that no message may quote; shorter ones would turn words into stars.
Json secrets_of(const TemplateRequest& request) {
  Json::Array out;
  for (const auto& [name, value] : request.environment) {
    if (value.size() >= 4) out.emplace_back(value);
  }
  return out;
}

Result<> check_size(std::string_view text, const std::string& shown) {
  if (text.size() <= k_largest_template) return {};
  return fail(ExitCode::config,
              fmt::format("{}: a template larger than {} MiB", shown, k_largest_template >> 20));
}

}  // namespace

bool holds_template(std::string_view text) {
  return text.contains("{{") || text.contains("{%") || text.contains("{#");
}

std::vector<fs::path> template_folders(const Stage& stage) {
  std::vector<fs::path> out;
  auto rest = stage.name();
  while (!rest.empty()) {
    out.push_back(stage.spec() / rest);
    rest.resize(rest.contains('/') ? rest.rfind('/') : 0);
  }
  out.push_back(stage.spec());
  return out;
}

std::map<std::string, std::string> template_variables(const Stage& stage, const std::string& series,
                                                      const fs::path& local_dir) {
  const auto& name = stage.name();
  return {{"series", series},
          {"stage", name},
          {"stage_name", name.contains('/') ? name.substr(name.rfind('/') + 1) : name},
          {"local_dir", local_dir.string()}};
}

Result<std::string> render(const TemplateRequest& request) {
  CDCTL_TRY(check_size(request.text, request.shown));
  const auto ask = Json::object({{"do", "render"},
                                 {"text", request.text},
                                 {"shown", request.shown},
                                 {"root", request.root.string()},
                                 {"folders", folders_of(request)},
                                 {"variables", variables_of(request)},
                                 {"secrets", secrets_of(request)},
                                 {"largest", k_largest_template},
                                 {"most", k_largest_rendering}});
  auto done = ask_python(ask, request.deadline, request.python);
  if (!done) return fail(done.error().in(fmt::format("rendering {}", request.shown)));
  if (done->ok()) return std::move(done->out);
  if (done->signal != 0 || done->timed_out || done->interrupted ||
      done->status != static_cast<int>(TemplateStatus::problems)) {
    return fail(failure(*done).in(fmt::format("rendering {}", request.shown)));
  }
  TemplateFindings findings;
  CDCTL_TRY(read_findings(*done, findings));
  return fail(to_error(findings.problems));
}

Result<TemplateFindings> check_templates(std::span<const TemplateFile> files,
                                         const std::set<std::string>& known,
                                         const Deadline& deadline) {
  Json::Array list, names;
  for (const auto& file : files) {
    CDCTL_TRY(check_size(file.text, file.shown));
    list.push_back(Json::object({{"shown", file.shown}, {"text", file.text}}));
  }
  for (const auto& name : known) names.emplace_back(name);
  TemplateFindings findings;
  if (files.empty()) return findings;
  auto done =
      ask_python(Json::object({{"do", "check"}, {"files", list}, {"known", names}}), deadline, {});
  if (!done) return fail(done.error().in("checking templates"));
  if (done->signal != 0 || done->timed_out || done->interrupted ||
      done->status != static_cast<int>(TemplateStatus::problems)) {
    return fail(failure(*done).in("checking templates"));
  }
  CDCTL_TRY(read_findings(*done, findings));
  return findings;
}

}  // namespace cdctl::mojo
