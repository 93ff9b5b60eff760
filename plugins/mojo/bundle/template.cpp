#include "plugins/mojo/bundle/template.hpp"

#include <algorithm>
#include <csignal>
#include <string_view>

#include <fmt/format.h>

#include <cdctl/child.hpp>
#include <cdctl/json.hpp>
#include <cdctl/stop.hpp>
#include <cdctl/text.hpp>

#include "plugins/mojo/text/words.hpp"

namespace cdctl::mojo {

namespace fs = std::filesystem;

namespace {

/// The child's exit status: what happened. Anything else is a failure of Python itself.
enum class TemplateStatus { rendered = 0, problems = 10, no_jinja = 11, no_memory = 12 };

/// The child's program. What it is asked is appended as a call: `main("JSON")`. On stdout is the
/// rendering, or a JSON list of findings {"file", "line", "what", "kind"}.
// RLIMIT_CPU is a last bound, should the parent die: the parent's deadline is what counts.
constexpr std::string_view k_template_script = R"py(
import json, os, resource, sys

def answer(status, findings):
    sys.stdout.buffer.write(json.dumps(findings).encode())
    sys.stdout.buffer.flush()
    os._exit(status)

def limit(what, most):
    hard = resource.getrlimit(what)[1]
    if hard != resource.RLIM_INFINITY:
        most = min(most, hard)
    resource.setrlimit(what, (most, most))

def finding(file, line, what, kind="problem"):
    return {"file": file, "line": line or 0, "what": what, "kind": kind}

class Refused(Exception):
    pass

def make_loader(ask, texts):
    import jinja2
    root = os.path.realpath(ask["root"])

    def find(name):
        if name.startswith("/") or ".." in name.split("/"):
            raise Refused("'%s' is not below the spec's top" % name)
        for folder in ask["folders"]:
            path = os.path.join(folder, name)
            if not os.path.lexists(path):
                continue
            real = os.path.realpath(path)
            if real != root and not real.startswith(root.rstrip("/") + "/"):
                raise Refused("'%s' is a link that leads out of the spec" % name)
            if not os.path.isfile(real):
                raise Refused("'%s' is no file" % name)
            if os.path.getsize(real) > ask["largest"]:
                raise Refused("'%s' is larger than %d MiB" % (name, ask["largest"] >> 20))
            with open(real, encoding="utf-8") as file:
                try:
                    return file.read()
                except UnicodeDecodeError:
                    raise Refused("'%s' is not UTF-8" % name) from None
        return None

    class Loader(jinja2.BaseLoader):
        def get_source(self, environment, name):
            if name not in texts:
                text = find(name)
                if text is None:
                    raise jinja2.TemplateNotFound(name)
                texts[name] = text
            return texts[name], name, lambda: True

    return Loader()

def make_environment(ask, texts):
    import jinja2, jinja2.sandbox
    return jinja2.sandbox.SandboxedEnvironment(
        loader=make_loader(ask, texts), undefined=jinja2.StrictUndefined, keep_trailing_newline=True, auto_reload=False)

def place(error, texts, otherwise):
    import traceback
    found = (otherwise, 0)
    for frame in traceback.extract_tb(error.__traceback__):
        if frame.filename in texts:
            found = (frame.filename, frame.lineno)
    return found

def explain(error):
    import jinja2
    if isinstance(error, jinja2.TemplatesNotFound):
        return "none of these is in the spec: " + ", ".join(map(str, error.templates))
    if isinstance(error, jinja2.TemplateNotFound):
        return "there is no '%s' in the spec" % error.name
    if isinstance(error, RecursionError):
        return "templates or macros call each other without end"
    # The text of other errors may quote a value, and a value may be a secret.
    if isinstance(error, (Refused, jinja2.TemplateError, TypeError, ZeroDivisionError)):
        return str(error)
    return "it fails with a %s" % type(error).__name__

def hushed(text, ask):
    for value in sorted(ask["secrets"], key=len, reverse=True):
        text = text.replace(value, "***")
    return text

def render(ask):
    import jinja2
    name = ask["shown"]
    texts = {name: ask["text"]}
    environment = make_environment(ask, texts)
    pieces, size = [], 0
    try:
        for piece in environment.get_template(name).generate(ask["variables"]):
            size += len(piece.encode("utf-8", "surrogatepass"))
            if size > ask["most"]:
                raise Refused("it renders to more than %d MiB" % (ask["most"] >> 20))
            pieces.append(piece)
        out = "".join(pieces).encode("utf-8")
    except jinja2.TemplateSyntaxError as error:
        answer(10, [finding(error.name or name, error.lineno, hushed(error.message or "a syntax error", ask))])
    except MemoryError:
        raise
    except Exception as error:
        file, line = place(error, texts, name)
        answer(10, [finding(file, line, hushed(explain(error), ask))])
    sys.stdout.buffer.write(out)
    sys.stdout.buffer.flush()
    os._exit(0)

def guarded(tree):
    from jinja2 import nodes
    names = set()
    for test in tree.find_all(nodes.Test):
        if test.name in ("defined", "undefined") and isinstance(test.node, nodes.Name):
            names.add(test.node.name)
    for filter in tree.find_all(nodes.Filter):
        if filter.name in ("default", "d") and isinstance(filter.node, nodes.Name):
            names.add(filter.node.name)
    return names

def first_lines(tree):
    from jinja2 import nodes
    lines = {}
    for name in tree.find_all(nodes.Name):
        if name.ctx == "load":
            lines[name.name] = min(name.lineno, lines.get(name.name, name.lineno))
    return lines

def check(ask):
    import jinja2, jinja2.meta
    environment = jinja2.Environment()
    known = set(ask["known"])
    out = []
    for entry in ask["files"]:
        file = entry["shown"]
        try:
            tree = environment.parse(entry["text"], name=file, filename=file)
            environment.compile(tree, name=file, filename=file)  # unknown filters and tests are found here
            tree = environment.parse(entry["text"], name=file, filename=file)
            lines = first_lines(tree)
            for name in sorted(jinja2.meta.find_undeclared_variables(tree) - known - guarded(tree)):
                out.append(finding(file, lines.get(name), name, "undeclared"))
        except jinja2.TemplateSyntaxError as error:
            out.append(finding(file, error.lineno, error.message or "a syntax error"))
        except MemoryError:
            raise
        except Exception as error:
            out.append(finding(file, 0, explain(error)))
    answer(10, out)

def main(text):
    limit(resource.RLIMIT_CPU, 3600)
    limit(resource.RLIMIT_CORE, 0)
    ask = json.loads(text)
    limit(resource.RLIMIT_AS, ask["memory"])
    try:
        import jinja2
    except ImportError:
        os._exit(11)
    try:
        (check if ask["do"] == "check" else render)(ask)
    except MemoryError:
        os._exit(12)
)py";

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
  if (!list || !list->is_array()) return fail("python3 gave an answer that cannot be read");
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

Result<TemplateFindings> check_templates(std::span<const NamedTemplate> files,
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
