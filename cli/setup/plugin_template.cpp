#include "cli/setup/plugin_template.hpp"

#include <algorithm>
#include <map>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cdctl/fs.hpp>
#include <cdctl/plugin.hpp>
#include <cdctl/text.hpp>

#include "cli/version.hpp"

namespace cdctl::cli {

namespace fs = std::filesystem;

namespace {

using Values = std::map<std::string_view, std::string>;

/// `@NAME@` and the like become their values.
std::string filled(std::string_view text, const Values& values) {
  std::string out;
  while (!text.empty()) {
    const auto at = text.find('@');
    const auto end = at == std::string_view::npos ? at : text.find('@', at + 1);
    const auto value = end == std::string_view::npos
                           ? values.end()
                           : values.find(text.substr(at + 1, end - at - 1));
    if (at == std::string_view::npos || value == values.end()) {
      const auto whole = at == std::string_view::npos ? text.size() : at + 1;
      out += text.substr(0, whole);
      text.remove_prefix(whole);
      continue;
    }
    out += text.substr(0, at);
    out += value->second;
    text.remove_prefix(end + 1);
  }
  return out;
}

std::string_view template_text(std::string_view name) {
  const auto found = std::ranges::find(template_files(), name, &TemplateFile::name);
  return found == template_files().end() ? std::string_view() : found->text;
}

std::string minor_version() { return std::string(version().substr(0, version().rfind('.'))); }

std::string summary_of(std::string_view role) {
  if (role == "sink") return "a sink that says on stderr what it is given";
  if (role == "source") return "a source whose revision is the text of a file";
  if (role == "probe") return "a probe that finds bad sets in a list";
  if (role == "switch") return "a switch that keeps a pass for each set";
  if (role == "engine") return "an engine whose units a program of yours has";
  if (role == "deployer") return "a deployer whose units are one command in a checkout";
  if (role == "doctor") return "a check of what is needed";
  return "a command";
}

Result<> check_name(std::string_view name, std::span<const std::string_view> taken) {
  if (!valid_word(name))
    return fail(
        ExitCode::usage,
        fmt::format(
            "plugins new: '{}' is no plugin name (letters, digits and single dashes, at most 38)",
            printable(name, 60)));
  if (std::ranges::find(taken, name) != taken.end())
    return fail(
        ExitCode::usage,
        fmt::format("plugins new: cdctl {} is a command already; choose another name", name));
  return {};
}

Result<> check_folder(const fs::path& folder) {
  std::error_code error;
  if (!fs::exists(folder, error) ||
      (fs::is_directory(folder, error) && fs::is_empty(folder, error)))
    return {};
  return fail(ExitCode::refused,
              fmt::format("plugins new: {} is not empty; name another FOLDER", folder.string()));
}

}  // namespace

Result<> write_plugin_template(std::string_view name, std::string_view role,
                               std::span<const std::string_view> taken, const fs::path& folder) {
  CDCTL_TRY(check_name(name, taken));
  if (std::ranges::find(k_template_roles, role) == k_template_roles.end())
    return fail(ExitCode::usage,
                fmt::format("plugins new: role '{}' is none of: {}", printable(role, 40),
                            fmt::join(k_template_roles, " ")));
  CDCTL_TRY(check_folder(folder));
  CDCTL_TRY(make_directories(folder));
  Values values{{"NAME", std::string(name)},
                {"SUMMARY", summary_of(role)},
                {"CDCTL_MINOR", minor_version()},
                {"INTERFACE", std::to_string(CDCTL_INTERFACE)},
                {"SERVICE", std::string(template_text("service.sh"))}};
  auto test = filled(template_text(std::string(role) + ".test"), values);
  values["TEST"] = std::move(test);
  const auto put = [&](std::string_view from, const std::string& to, unsigned mode) {
    return write_file_atomically(folder / to, filled(template_text(from), values), mode);
  };
  CDCTL_TRY(put("CMakeLists.txt", "CMakeLists.txt", 0644));
  CDCTL_TRY(put(std::string(role) + ".cpp", std::string(name) + ".cpp", 0644));
  CDCTL_TRY(put("README.md", "README.md", 0644));
  return put("test.sh", "test.sh", 0755);
}

}  // namespace cdctl::cli
