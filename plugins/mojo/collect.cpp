#include "collect.hpp"

#include <fmt/format.h>

#include <cdctl/fs.hpp>
#include <cdctl/process.hpp>

#include "copy_tree.hpp"
#include "stage.hpp"

namespace cdctl::mojo {

namespace fs = std::filesystem;

namespace {

std::string_view plain(std::string_view url) {
  if (url.starts_with("file://")) url.remove_prefix(7);
  while (url.size() > 1 && url.ends_with('/')) url.remove_suffix(1);
  return url;
}

}  // namespace

Result<std::vector<Collected>> Collector::collect(const std::vector<CollectLine>& lines, const CollectOptions&, const Deadline& deadline) {
  for (const auto& line : lines) {
    if (auto done = one(line, deadline); !done) return fail(done.error().in(fmt::format("collecting {} (line {})", line.destination, line.line)));
  }
  return std::vector<Collected>();
}

Result<> Collector::one(const CollectLine& line, const Deadline& deadline) {
  host_.progress(fmt::format("collecting {}", line.destination));
  const auto into = workspace_.build / line.destination;
  // An earlier line may have put a link or a file where this one goes through.
  if (!inside(into.parent_path(), workspace_.root)) return fail(fmt::format("{} leads out of the workspace", line.destination));
  CDCTL_TRY(remove_tree(into));
  switch (line.kind) {
    case CollectKind::empty_folder: return make_directories(into);
    case CollectKind::git: return git(line, into, deadline);
    case CollectKind::local: return local(line, into, deadline);
    default: return fail(fmt::format("sources of kind {} are not fetched yet", to_text(line.kind)));
  }
  std::unreachable();
}

const Fetched* Collector::source_at(const CollectLine& line) const {
  if (line.revno) return nullptr;
  for (const auto& [name, source] : sources_) {
    if (source.config.kind != "git" || plain(source.config.url) != plain(line.location)) continue;
    if (!line.branch || *line.branch == source.config.options["branch"].as_string()) return &source;
  }
  return nullptr;
}

Result<> Collector::git(const CollectLine& line, const fs::path& into, const Deadline& deadline) {
  if (const auto* source = source_at(line)) {
    std::error_code error;
    fs::create_directory_symlink(source->path.lexically_relative(into.parent_path()), into, error);
    if (error) return fail(fmt::format("linking {} to {}: {}", into.string(), source->path.string(), error.message()));
    return {};
  }
  CDCTL_TRY_ASSIGN(auto* role, host_.source("git"));
  SourceConfig config{service_, line.destination, "git", line.location, Json::object()};
  if (line.branch) config.options.set("branch", *line.branch);
  auto state = [&]() -> Result<SourceState> {
    if (line.revno) return role->resolve(config, *line.revno, deadline);
    const std::vector<SourceConfig> one_source{config};
    auto answers = role->newest(one_source, deadline);
    if (answers.size() != 1) return fail("the git plugin gave no answer");
    return std::move(answers.front());
  }();
  if (!state) return fail(std::move(state.error()));
  host_.log(Level::note, fmt::format("collected {} at {}, which is no source of {}: a new commit there does not ship by itself",
                                     line.destination, state->revision.substr(0, 12), service_));
  return role->checkout(config, state->revision, into, deadline);
}

Result<> Collector::local(const CollectLine& line, const fs::path& into, const Deadline& deadline) {
  const fs::path named(line.location);
  const auto from = named.is_absolute() ? named : workspace_.spec / named;
  std::error_code error;
  if (!fs::exists(from, error)) return fail(fmt::format("{} does not exist", from.string()));
  if (named.is_relative() && !inside(from, workspace_.spec)) return fail(fmt::format("{} is a link that leads out of the spec", line.location));
  if (inside(workspace_.build, from)) return fail(fmt::format("{} holds the build folder itself", from.string()));
  if (line.method != "link") return copy_tree(from, into, line.method == "hardlink", deadline);
  fs::create_symlink(from, into, error);
  if (error) return fail(fmt::format("linking {} to {}: {}", into.string(), from.string(), error.message()));
  return {};
}

}  // namespace cdctl::mojo
