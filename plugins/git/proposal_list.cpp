#include "plugins/git/proposal_list.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <span>

#include <fmt/format.h>

#include <cdctl/digest.hpp>
#include <cdctl/text.hpp>

#include "plugins/git/asked_target.hpp"
#include "plugins/git/git_forge.hpp"
#include "plugins/git/proposal_fetch.hpp"
#include "plugins/git/proposal_memory.hpp"
#include "plugins/git/proposal_refs.hpp"
#include "plugins/git/remote_refs.hpp"
#include "plugins/git/target_reader.hpp"
#include "plugins/git/workshop.hpp"

namespace cdctl::git {

namespace fs = std::filesystem;

namespace {

/// The targets that are in one repository: those that are asked for, and all that are configured,
/// which say whose a branch is.
struct Group {
  std::vector<std::size_t> asked;  ///< places among the targets
  std::vector<const TargetConfig*> targets;
  std::vector<ProposalRefs> names;
};

void add_target(Group& group, const TargetConfig& target, const ProposalRefs& names) {
  const auto same = [&](const TargetConfig* other) { return other->name == target.name; };
  if (std::ranges::any_of(group.targets, same)) return;
  group.targets.push_back(&target);
  group.names.push_back(names);
}

/// What the proposals of a target follow from: its own refs, whose branches are whose, and whom it
/// trusts. The ids of objects say the rest.
template <class Listing, class Id>
std::string key_of(const Asked& asked, const Group& group, const Listing& refs,
                   const RemoteRefs& listed, Id id_of) {
  const auto& target = *asked.target;
  const std::array prefixes{asked.names.prefix(), reviews_of(target), notes_of(target)};
  std::string out = "proposals 2\n";
  for (const auto& [name, ref] : refs)
    if (name == branch_ref(target) ||
        std::ranges::any_of(prefixes, [&](const auto& prefix) { return name.starts_with(prefix); }))
      out += fmt::format("{} {}\n", name, id_of(ref));
  for (const auto& [name, other] : listed.symbolic) out += fmt::format("{} is {}\n", name, other);
  std::vector<std::string> others;
  for (std::size_t i = 0; i < group.targets.size(); ++i)
    others.push_back(branch_ref(*group.targets[i]) + " " + group.names[i].prefix());
  std::ranges::sort(others);
  return sha256_hex(out + joined(others, "\n") + "\n" + target.name + "\n" + asked.digest);
}

fs::path memory_file(const Host& host, const Address& address, const TargetConfig& target) {
  return Workshop::folder(host, address).string() + ".proposals/" + target.name + ".json";
}

/// The branches that are proposals, by the place of the target whose they are. A target's own
/// branch is none, whatever pattern it fits, and nor is another branch's second name.
std::vector<std::vector<std::string>> proposals_in(const Refs& refs, const Group& group,
                                                   const RemoteRefs& listed) {
  std::vector<std::vector<std::string>> out(group.targets.size());
  for (const auto& [name, ref] : refs) {
    const auto is_target = [&](const TargetConfig* target) { return branch_ref(*target) == name; };
    const auto owner = owner_of(name, group.names);
    if (owner && ref.type == "commit" && std::ranges::none_of(group.targets, is_target) &&
        !listed.symbolic.contains(name) && check_topic(*group.names[*owner].topic(name)))
      out[*owner].push_back(name);
  }
  return out;
}

/// A branch that somebody has pushed past `cdctl propose`, under a name that nobody could review.
void warn_of_names(Host& host, const Asked& asked, const RemoteRefs& refs) {
  std::vector<std::string> bad;
  for (auto at = refs.ids.lower_bound(asked.names.prefix()); at != refs.ids.end(); ++at) {
    const auto topic = asked.names.topic(at->first);
    if (!topic) break;
    if (const auto own = check_not_symbolic(refs, at->first); !own)
      host.log(Level::warning, fmt::format("{}: {} is no proposal: {}", asked.target->name,
                                           printable(*topic, 80), own.error().what));
    if (!check_topic(*topic)) bad.push_back(at->first);
  }
  if (!bad.empty())
    host.log(
        Level::warning,
        fmt::format("{}: {} of the repository {} no proposal, for {} name: {}", asked.target->name,
                    plural(std::ssize(bad), "branch", "branches"), bad.size() == 1 ? "is" : "are",
                    bad.size() == 1 ? "its" : "their", printable(bad.front(), 120)));
}

/// One that has to be read anew, and its place among the answers.
struct Open {
  std::size_t place = 0;
  Asked asked;
  ProposalMemory memory;
};

Result<> read_anew(Host& host, const Group& group, const RemoteRefs& listed, std::vector<Open> open,
                   std::vector<Result<std::vector<Proposal>>>& out, const Deadline& deadline) {
  std::vector<const TargetConfig*> targets;
  for (const auto& one : open) targets.push_back(one.asked.target);
  CDCTL_TRY_ASSIGN(const auto workshop, Workshop::open(host, *targets.front(), deadline));
  CDCTL_TRY_ASSIGN(const auto failed, fetch_proposals(workshop, targets, listed, deadline));
  for (const auto& [ref, why] : failed)
    host.log(Level::warning,
             fmt::format("{}: {} is left out: {}", without_user(targets.front()->repository),
                         printable(ref, 120), printable(why, 300)));
  CDCTL_TRY_ASSIGN(const auto refs, workshop.refs(deadline));
  const auto owned = proposals_in(refs, group, listed);
  for (auto& one : open) {
    const auto at = std::ranges::find(group.targets, one.asked.target->name,
                                      [](const TargetConfig* other) { return other->name; });
    auto& memory = one.memory;
    if (memory.trusted != one.asked.digest) memory.signers.clear();
    auto reading = read_target(workshop, one.asked, refs,
                               owned[static_cast<std::size_t>(at - group.targets.begin())],
                               memory.signers, deadline);
    auto& answer = out[one.place];
    answer = std::move(reading.proposals);
    for (const auto& [id, why] : reading.left_out)
      host.log(Level::warning, fmt::format("{}: {} is left out: {}", one.asked.target->name,
                                           printable(id, 80), why));
    // An answer that is not whole is none for the next run; what was found out of signatures is.
    const bool whole = answer && reading.left_out.empty();
    memory.key =
        whole ? key_of(one.asked, group, refs, listed, [](const auto& ref) { return ref.id; })
              : std::string();
    memory.proposals = answer ? *answer : std::vector<Proposal>();
    memory.trusted = one.asked.digest;
    if (!answer) reading.signers.merge(memory.signers);
    memory.signers = std::move(reading.signers);
    // Whoever cannot write it down asks again.
    (void)memory.write(memory_file(host, workshop.address(), *one.asked.target));
  }
  return {};
}

Result<> read_group(Host& host, const Group& group, std::span<const TargetConfig* const> targets,
                    std::vector<Result<std::vector<Proposal>>>& out, const Deadline& deadline) {
  CDCTL_TRY_ASSIGN(const auto address, parse_address(group.targets.front()->repository,
                                                     host.config().file.parent_path()));
  std::vector<const TargetConfig*> asked_of;
  for (const auto place : group.asked) asked_of.push_back(targets[place]);
  CDCTL_TRY_ASSIGN(const auto wanted, wanted_refs(asked_of));
  CDCTL_TRY_ASSIGN(const auto listed, listed_refs(address, wanted, deadline));
  std::vector<Open> open;
  for (const auto place : group.asked) {
    const auto& target = *targets[place];
    CDCTL_TRY_ASSIGN(auto names, proposal_refs(target));
    auto asked = read_asked(host, target, std::move(names));
    if (!asked || !listed.ids.contains(branch_ref(target))) {
      out[place] = fail(asked ? no_branch(target) : std::move(asked.error()));
      continue;
    }
    warn_of_names(host, *asked, listed);
    auto memory = ProposalMemory::read(memory_file(host, address, target));
    if (memory.key == key_of(*asked, group, listed.ids, listed, [](const auto& id) { return id; }))
      out[place] = std::move(memory.proposals);
    else
      open.push_back({place, std::move(*asked), std::move(memory)});
  }
  return open.empty() ? Result<>() : read_anew(host, group, listed, std::move(open), out, deadline);
}

/// Two targets that mean the same branches would both land them.
Result<> check_apart(const Group& group) {
  for (std::size_t i = 0; i < group.names.size(); ++i)
    for (std::size_t j = 0; j < i; ++j)
      if (group.names[i].prefix() == group.names[j].prefix())
        return fail(
            ExitCode::config,
            fmt::format("targets {} and {} mean the same proposals, {}TOPIC: give one of "
                        "them its own git.proposals",
                        group.targets[j]->name, group.targets[i]->name, group.names[i].prefix()));
  return {};
}

}  // namespace

std::vector<Result<std::vector<Proposal>>> list_proposals(
    Host& host, std::span<const TargetConfig* const> targets, const Deadline& deadline) {
  std::vector<Result<std::vector<Proposal>>> out(targets.size(), std::vector<Proposal>());
  std::map<std::string, Group> groups;
  const auto base = host.config().file.parent_path();
  for (std::size_t i = 0; i < targets.size(); ++i) {
    const auto address = parse_address(targets[i]->repository, base);
    const auto names = proposal_refs(*targets[i]);
    if (!address || !names) {
      out[i] = fail(address ? names.error() : address.error());
      continue;
    }
    groups[address->url].asked.push_back(i);
    add_target(groups[address->url], *targets[i], *names);
  }
  for (const auto& target : host.config().targets) {
    const auto address = parse_address(target.repository, base);
    const auto names = proposal_refs(target);
    if (!address || !names || target.forge != "git") continue;
    if (const auto group = groups.find(address->url); group != groups.end())
      add_target(group->second, target, *names);
  }
  for (const auto& [url, group] : groups) {
    auto done = check_apart(group);
    if (done) done = read_group(host, group, targets, out, deadline);
    if (done) continue;
    auto error = done.error();
    if (error.exit == ExitCode::failed) error.exit = ExitCode::unknown;
    for (const auto place : group.asked) out[place] = fail(error);
  }
  return out;
}

}  // namespace cdctl::git
