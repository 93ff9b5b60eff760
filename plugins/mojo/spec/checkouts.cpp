#include "plugins/mojo/spec/checkouts.hpp"

#include <sys/stat.h>

#include <fmt/format.h>

#include <cdctl/digest.hpp>
#include <cdctl/fs.hpp>
#include <cdctl/text.hpp>

namespace cdctl::mojo {

namespace fs = std::filesystem;

namespace {

Result<> copy_file_source(const SourceConfig& source, std::string_view revision,
                          const fs::path& into) {
  auto bytes = read_file(source.url);  // as large as its revision could be read of
  if (!bytes) return fail(ExitCode::unknown, bytes.error().what);
  if (sha256_hex(*bytes) != revision) {
    return fail(fmt::format("{} has changed since its revision was read; run cdctl outdated again",
                            source.url));
  }
  struct stat info{};
  const bool executable = ::stat(source.url.c_str(), &info) == 0 && (info.st_mode & S_IXUSR) != 0;
  return write_file_atomically(into, *bytes, executable ? 0700 : 0600);  // it can hold secrets
}

Result<Fetched> fetch(Host& host, const DeployRequest& request, const SourceConfig& source,
                      const Workspace& workspace) {
  const auto at = request.sources.find(source.name);
  if (at == request.sources.end())
    return fail("the set was made without it; run cdctl outdated again");
  if (at->second.kind != source.kind) {
    return fail(ExitCode::config, fmt::format("the set has it as {}, the configuration as {}",
                                              at->second.kind, source.kind));
  }
  Fetched fetched{source, at->second.revision,
                  source.name == "spec" ? workspace.spec : workspace.sources / source.name};
  host.progress(fmt::format("{}: fetching {} {}", request.set.str(), source.name,
                            fetched.revision.substr(0, 12)));
  if (source.kind == "file") {
    CDCTL_TRY(copy_file_source(source, fetched.revision, fetched.path));
  } else {
    CDCTL_TRY_ASSIGN(auto* role, host.source(source.kind));
    CDCTL_TRY(role->checkout(source, fetched.revision, fetched.path, request.deadline));
  }
  return fetched;
}

/// `CDCTL_SOURCE_` and the name in capitals, `-` as `_`.
std::string source_variable(std::string_view name) {
  std::string out = "CDCTL_SOURCE_";
  for (const char c : name)
    out += c == '-' ? '_' : c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  return out;
}

}  // namespace

Result<std::map<std::string, Fetched>> fetch_sources(Host& host, const DeployRequest& request,
                                                     const Workspace& workspace) {
  std::map<std::string, Fetched> out;
  for (const auto& source : request.service.sources) {
    if (!valid_word(source.name))
      return fail(ExitCode::config,
                  fmt::format("'{}' is not a source name", printable(source.name, 60)));
    auto fetched = fetch(host, request, source, workspace);
    if (!fetched) return fail(fetched.error().in(fmt::format("source {}", source.name)));
    out.emplace(source.name, std::move(*fetched));
  }
  for (const auto& [name, state] : request.sources) {
    if (name != "service" && !out.contains(name)) {
      return fail(fmt::format(
          "source {}: the set was made with it, but the configuration has it no more", name));
    }
  }
  return out;
}

std::map<std::string, std::string> source_environment(
    const std::map<std::string, Fetched>& sources) {
  std::map<std::string, std::string> env;
  for (const auto& [name, source] : sources) {
    env[source_variable(name)] = source.path.string();
    env[source_variable(name) + "_REVISION"] = source.revision;
  }
  return env;
}

}  // namespace cdctl::mojo
