#pragma once

#include <filesystem>
#include <map>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <cdctl/error.hpp>
#include <cdctl/time.hpp>

#include "plugins/mojo/spec/stage.hpp"
#include "plugins/mojo/text/text_lines.hpp"

namespace cdctl::mojo {

/// Whether a file must be rendered before it is read: it holds `{{`, `{%` or `{#`.
[[nodiscard]] bool holds_template(std::string_view text);

/// Bounds of one rendering; beyond them it is an error.
constexpr std::size_t k_largest_template = 4u << 20;    ///< bytes of one template
constexpr std::size_t k_largest_rendering = 32u << 20;  ///< bytes
constexpr std::size_t k_template_memory =
    512u << 20;  ///< bytes of address space of the child that renders

struct TemplateRequest {
  std::string text;
  std::string shown;           ///< the file's name, in messages and for what includes itself
  std::filesystem::path root;  ///< the spec's top: nothing outside is included
  std::vector<std::filesystem::path> folders;  ///< where `include` and `import` look, in this order
  std::map<std::string, std::string> variables;  ///< these win over the environment
  std::map<std::string, std::string>
      environment;  ///< what the template can use by name; it sees no other environment
  Deadline deadline;
  std::filesystem::path python = {};  ///< empty = /usr/bin/python3, or else the one in PATH
};

/// Renders it with Jinja2 in a child process. A variable that is not defined is an error. Exit
/// codes: `config` for what is wrong with the template (with its file and line) and for a missing
/// python3 or python3-jinja2; `timeout`; those of a signal to us. No message quotes a value of the
/// environment.
[[nodiscard]] Result<std::string> render(const TemplateRequest& request);

/// The folders in which a stage's files are looked for: its own, then each one above up to the
/// spec's top.
[[nodiscard]] std::vector<std::filesystem::path> template_folders(const Stage& stage);
/// What every template of a spec can use: series, stage, stage_name (the last part of the stage)
/// and local_dir.
[[nodiscard]] std::map<std::string, std::string> template_variables(
    const Stage& stage, const std::string& series, const std::filesystem::path& local_dir);

struct NamedTemplate {
  std::string shown;
  std::string text;
};

/// What a look at templates found, none of them rendered.
struct TemplateFindings {
  std::vector<Problem> problems;    ///< syntax
  std::vector<Problem> undeclared;  ///< variables that `known` lacks and that no `is defined` or
                                    ///< `default` guards; one each
};

/// Checks the syntax of all in one child, and which variables they use. The error is that it could
/// not be asked.
[[nodiscard]] Result<TemplateFindings> check_templates(std::span<const NamedTemplate> files,
                                                       const std::set<std::string>& known,
                                                       const Deadline& deadline);

}  // namespace cdctl::mojo
