#include "plugins/mojo/bundle/deployer_file.hpp"

#include <algorithm>
#include <unordered_map>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cdctl/text.hpp>

#include "plugins/mojo/bundle/document.hpp"
#include "plugins/mojo/bundle/merge.hpp"

namespace cdctl::mojo {

namespace {

constexpr std::size_t k_longest_line_of_parents = 100;

/// Finds what a deployment inherits, each ancestor once and before its heirs.
class Ancestors {
 public:
  Ancestors(const Yaml& deployments, std::vector<Problem>& problems) : problems_(problems) {
    for (const auto& member : deployments.members) by_name_.emplace(member.key, &member);
    for (const auto& member : deployments.members) names_.push_back(member.key);
  }
  std::vector<const YamlMember*> of(const YamlMember& deployment) {
    visit(deployment);
    return std::move(order_);
  }

 private:
  enum class State { open, done };

  void visit(const YamlMember& deployment) {
    states_[deployment.key] = State::open;
    line_.push_back(deployment.key);
    const auto* inherits = deployment.value.find("inherits");
    if (inherits && inherits->is_scalar())
      parent(*inherits);
    else if (inherits)
      for (const auto& name : inherits->items) parent(name);
    line_.pop_back();
    states_[deployment.key] = State::done;
    order_.push_back(&deployment);
  }
  void parent(const Yaml& name) {
    const auto at = by_name_.find(name.text);
    if (at == by_name_.end()) {
      const auto hint = names_.size() <= 1000 ? nearest(name.text, names_) : std::string();
      wrong(name, fmt::format("inherits from {}, which is not there{}", name.shown(),
                              hint.empty() ? "" : fmt::format("; is {} meant?", hint)));
      return;
    }
    const auto state = states_.find(name.text);
    if (state == states_.end() && line_.size() < k_longest_line_of_parents)
      visit(*at->second);
    else if (state == states_.end())
      wrong(name,
            fmt::format("inherits through more than {} deployments", k_longest_line_of_parents));
    else if (state->second == State::open) {
      const auto first = std::ranges::find(line_, name.text);
      wrong(name,
            fmt::format("inherits from itself: {} -> {}",
                        printable(fmt::format("{}", fmt::join(first, line_.end(), " -> ")), 300),
                        printable(name.text, 60)));
    }
  }
  void wrong(const Yaml& at, std::string what) {
    problems_.push_back(at.position.problem(std::move(what)));
  }

  std::vector<Problem>& problems_;
  std::unordered_map<std::string, const YamlMember*> by_name_;
  std::vector<std::string> names_;
  std::unordered_map<std::string, State> states_;
  std::vector<std::string> line_;
  std::vector<const YamlMember*> order_;
};

/// The deployment that is meant, or nullptr and a problem that lists what there is.
const YamlMember* choose(const DeployerFile& file, const std::optional<std::string>& target,
                         std::vector<Problem>& problems) {
  const auto& all = file.deployments.members;
  if (!target && all.size() == 1) return &all.front();
  if (target) {
    if (const auto at = std::ranges::find(all, *target, &YamlMember::key); at != all.end())
      return &*at;
  }
  const auto names = file.targets();
  const auto known = printable(fmt::format("{}", fmt::join(names, ", ")), 600);
  const auto hint = target && names.size() <= 1000 ? nearest(*target, names) : std::string();
  problems.push_back(
      {file.file, 0, 0,
       target ? fmt::format("there is no target '{}'{}; there are {}", printable(*target, 60),
                            hint.empty() ? "" : fmt::format(", is {} meant?", hint), known)
              : fmt::format("it has {} deployments; say target=NAME, one of {}", names.size(),
                            known)});
  return nullptr;
}

/// Makes what a bundle must have of what a deployment can leave out: a body, and the charm, which
/// has the service's name.
void complete(Yaml& applications) {
  for (auto& [name, position, spec] : applications.members) {
    if (spec.is_null()) spec.kind = Yaml::Kind::map;
    if (spec.is_map() && !spec.find("charm"))
      spec.members.push_back({"charm", position, Yaml::scalar(name, position)});
  }
}

bool is_bundle(const Yaml& document) {
  return document.find("applications") || document.find("services");
}

}  // namespace

std::vector<std::string> DeployerFile::targets() const {
  std::vector<std::string> names;
  for (const auto& member : deployments.members) names.push_back(member.key);
  return names;
}

DeployerFile parse_deployer(std::string_view text, const std::string& file,
                            std::vector<Problem>& problems) {
  DeployerFile out;
  out.file = file;
  out.deployments.kind = Yaml::Kind::map;
  const auto before = problems.size();
  auto documents = parse_yaml(text, file, problems, out.warnings);
  if (problems.size() == before && documents.empty())
    problems.push_back({file, 0, 0, "it is empty"});
  if (problems.size() != before) return out;
  auto& first = documents.front();
  if (is_bundle(first)) {
    out.warnings.clear();
    out.bundle = parse_bundle(text, file, problems);
    return out;
  }
  if (documents.size() > 1)
    problems.push_back(documents[1].position.problem(
        "a juju-deployer file has one document; only a bundle has overlays"));
  if (!first.is_map() || first.members.empty()) {
    problems.push_back(first.position.problem(
        fmt::format("it must be a bundle or a map of deployments, not {}",
                    first.members.empty() && first.is_map() ? "empty" : first.shown())));
    return out;
  }
  for (auto& member : first.members)
    normalise(member.value, DocumentKind::deployment, problems, out.warnings);
  out.deployments = std::move(first);
  return out;
}

Bundle select(const DeployerFile& file, const std::optional<std::string>& target,
              std::vector<Problem>& problems) {
  if (file.bundle) {
    auto bundle = *file.bundle;
    if (target)
      bundle.warnings.push_back(
          {file.file, 0, 0,
           fmt::format("it is a bundle, so target={} means nothing", printable(*target, 60))});
    return bundle;
  }
  Bundle out;
  out.root.kind = Yaml::Kind::map;
  const auto before = problems.size();
  const auto* chosen = choose(file, target, problems);
  if (!chosen) return out;
  out.root.position = chosen->position;
  for (const auto* member : Ancestors(file.deployments, problems).of(*chosen))
    merge_deployment(out.root, member->value);
  std::erase_if(out.root.members,
                [](const YamlMember& member) { return member.key == "inherits"; });
  auto* applications = out.root.find("applications");
  if (applications) complete(*applications);
  if (problems.size() == before && (!applications || applications->is_null()))
    problems.push_back(chosen->position.problem(fmt::format(
        "{} has no services, nor do those it inherits from", printable(chosen->key, 60))));
  if (problems.size() == before) check_whole(out, problems);
  return out;
}

}  // namespace cdctl::mojo
