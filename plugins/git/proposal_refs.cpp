#include "plugins/git/proposal_refs.hpp"

#include <fmt/format.h>

#include <cdctl/text.hpp>

#include "plugins/git/address.hpp"

namespace cdctl::git {

namespace {

constexpr std::size_t k_longest_topic = 200;  ///< git keeps a ref in a file of its name

}  // namespace

Result<ProposalRefs> ProposalRefs::parse(std::string_view pattern, std::string_view branch) {
  constexpr std::string_view k_topic = "/TOPIC", k_target = "TARGET", k_heads = "refs/heads/";
  const auto bad = [&](std::string_view what) {
    return fail(ExitCode::config,
                fmt::format("'git.proposals' {}, such as \"{}\"", what, k_default_proposals));
  };
  if (!pattern.starts_with(k_heads) || !pattern.ends_with(k_topic) ||
      pattern.size() <= k_heads.size() + k_topic.size())
    return bad("must begin with refs/heads/ and a word, and end with /TOPIC");
  std::string prefix(pattern.substr(0, pattern.size() - k_topic.size() + 1));
  if (const auto at = prefix.find(k_target); at != prefix.npos)
    prefix.replace(at, k_target.size(), branch);
  if (!valid_ref_name(prefix + "x")) return bad("must be the name of a ref");
  return ProposalRefs(std::move(prefix));
}

std::optional<std::string> ProposalRefs::topic(std::string_view ref) const {
  if (!ref.starts_with(prefix_) || ref.size() == prefix_.size()) return {};
  return std::string(ref.substr(prefix_.size()));
}

std::optional<std::size_t> owner_of(std::string_view ref, std::span<const ProposalRefs> all) {
  std::optional<std::size_t> best;
  for (std::size_t i = 0; i < all.size(); ++i)
    if (all[i].topic(ref) && (!best || all[i].prefix().size() > all[*best].prefix().size()))
      best = i;
  return best;
}

Result<> check_topic(std::string_view topic) {
  // What a terminal or a shell could take for something else: control characters of ISO 8859 are
  // two bytes of UTF-8, and valid in a ref.
  const bool plain =
      valid_ref_name(topic) && topic.find_first_of(" \t'\"`$;|&<>(){}!#") == topic.npos &&
      topic.size() <= k_longest_topic && printable(topic, 2 * k_longest_topic) == topic;
  if (plain) return {};
  return fail(ExitCode::usage,
              fmt::format("'{}' is no name of a topic: take what a branch could be called",
                          printable(topic, 60)));
}

}  // namespace cdctl::git
