#include "core/fleet/newest_sources.hpp"

#include <fmt/format.h>

#include <cdctl/digest.hpp>
#include <cdctl/source.hpp>
#include <cdctl/text.hpp>

namespace cdctl::fleet {

Result<SourceState> read_file_source(const SourceConfig& source) {
  auto digest = sha256_of_file(source.url);
  if (!digest) return fail(ExitCode::unknown, digest.error().what);
  return SourceState{"file", source.url, std::move(*digest), {}};
}

namespace {

std::vector<Result<SourceState>> ask(app::Context& context, const std::string& kind,
                                     const std::vector<SourceConfig>& sources,
                                     const Deadline& deadline) {
  std::vector<Result<SourceState>> out;
  if (kind == "file") {
    for (const auto& source : sources) out.push_back(read_file_source(source));
    return out;
  }
  auto role = context.source(kind);
  if (role) return (*role)->newest(sources, deadline);
  return std::vector<Result<SourceState>>(sources.size(), std::unexpected(role.error()));
}

/// Says which source it was, unless the error does so.
Error about(const SourceConfig& source, const Error& error) {
  return error.reason == Reason::of_source ? error : error.in("reading " + source.name);
}

}  // namespace

std::map<std::string, Result<Sources>> newest_sources(
    app::Context& context, const std::vector<const ServiceConfig*>& services,
    const Deadline& deadline) {
  std::map<std::string, Result<Sources>> out;
  std::map<std::string, std::vector<SourceConfig>> by_kind;
  for (const auto* service : services) {
    out.emplace(service->name, Sources{{"service", service->shape()}});
    for (const auto& source : service->sources) by_kind[source.kind].push_back(source);
  }
  for (const auto& [kind, sources] : by_kind) {
    const auto answers = ask(context, kind, sources, deadline);
    for (std::size_t i = 0; i < sources.size(); ++i) {
      auto& entry = out.at(sources[i].service);
      if (!entry) continue;  // the first error of a service is the one to tell
      if (i < answers.size() && answers[i])
        (*entry)[sources[i].name] = *answers[i];
      else
        entry = std::unexpected(
            i < answers.size() ? about(sources[i], answers[i].error())
                               : Error{ExitCode::unknown, "no answer about " + sources[i].name});
    }
  }
  return out;
}

Result<> pin_source(app::Context& context, const ServiceConfig& service, std::string_view pin,
                    Sources& sources, const Deadline& deadline) {
  const auto equals = pin.find('=');
  if (equals == std::string_view::npos || equals + 1 == pin.size())
    return fail(ExitCode::usage,
                fmt::format("--source '{}' must be NAME=REVISION", printable(pin, 60)));
  const auto name = pin.substr(0, equals);
  for (const auto& source : service.sources) {
    if (source.name != name) continue;
    if (source.kind == "file")
      return fail(ExitCode::usage,
                  fmt::format("--source {}: a file has only the revision that it has now", name));
    CDCTL_TRY_ASSIGN(auto* role, context.source(source.kind));
    CDCTL_TRY_ASSIGN(sources[source.name], role->resolve(source, pin.substr(equals + 1), deadline));
    return {};
  }
  std::vector<std::string> names;
  for (const auto& source : service.sources) names.push_back(source.name);
  return fail(ExitCode::usage, fmt::format("--source: {} has no source '{}'{}", service.name,
                                           printable(name, 40), did_you_mean(name, names)));
}

}  // namespace cdctl::fleet
