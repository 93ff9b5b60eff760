#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include <cdctl/parallel.hpp>
#include <cdctl/text.hpp>
#include <cdctl/url.hpp>

#include "plugins/bzr/brz_command.hpp"
#include "plugins/bzr/bzr_address.hpp"
#include "plugins/bzr/bzr_source.hpp"
#include "plugins/bzr/revision_log.hpp"

// BzrSource as a CommitLog: one call of brz log on the branch itself.

namespace cdctl::bzr {

namespace {

constexpr std::size_t k_most_output = 8 << 20;

Commit commit_of(const LoggedRevision& revision) {
  Commit out{revision.id, revision.number, printable(revision.title), {}, revision.at};
  if (!revision.people.empty()) {
    const auto& who = revision.people.front();
    out.author = printable(who.name.empty() ? who.email : who.name, 80);
  }
  return out;
}

BrzCall log_of(const Address& address, const std::string& revisions, std::size_t most,
               const Deadline& deadline) {
  return {{"log", "--log-format=long", "--show-ids", "--levels=1", fmt::format("--limit={}", most),
           "--revision=" + revisions, "--", address.url},
          deadline,
          {},
          {},
          {},
          k_most_output};
}

/// What lies between two, the older one left out; empty where `newer` is the older one.
Result<std::optional<std::vector<LoggedRevision>>> read_log(const Address& address,
                                                            std::string_view older,
                                                            std::string_view newer,
                                                            std::size_t most,
                                                            const Deadline& deadline) {
  CDCTL_TRY_ASSIGN(
      const auto finished,
      run_brz(log_of(address, fmt::format("revid:{}..revid:{}", older, newer), most, deadline)));
  if (finished.err.contains("must be older than the end revision"))
    return std::optional<std::vector<LoggedRevision>>();
  if (finished.err.contains("not found in history of end revision"))
    return fail("neither of the two came from the other: its history was rewritten in between");
  if (finished.err.contains("does not exist in branch"))
    return fail(fmt::format("the branch does not have {} any more",
                            finished.err.contains(newer) ? newer : older));
  if (!finished.ok()) return fail(explain(finished));
  if (finished.out.size() >= k_most_output)
    return fail(ExitCode::unknown, "the log of the branch is too long");
  auto out = parse_log(finished.out);
  std::erase_if(out, [&](const LoggedRevision& one) { return one.id == older; });
  return std::optional(std::move(out));
}

}  // namespace

std::vector<std::optional<Commit>> BzrSource::do_known(std::span<const CommitQuestion> questions,
                                                       const Deadline& deadline) {
  std::vector<std::optional<Commit>> out(questions.size());
  in_parallel(questions.size(), [&](std::size_t i) {
    const auto& [source, revision] = questions[i];
    const auto address = parse_address(source.url, base());
    if (!address || !address->local || !valid_revision_id(revision)) return;
    const auto text = brz_output(log_of(*address, "revid:" + revision, 1, deadline));
    if (!text) return;
    for (const auto& one : parse_log(*text))
      if (one.id == revision) out[i] = commit_of(one);
  });
  return out;
}

Result<CommitRange> BzrSource::do_between(const SourceConfig& source, std::string_view from,
                                          std::string_view to, std::size_t most,
                                          const Deadline& deadline) {
  CDCTL_TRY_ASSIGN(const auto address, parse_address(source.url, base()));
  for (const auto id : {from, to})
    if (!valid_revision_id(id))
      return fail(ExitCode::usage, fmt::format("'{}' is no revision-id", printable(id, 80)));
  const auto in_place = [&](const Error& error) {
    return fail(error.in("reading commits of " + shown_address(address.url)));
  };
  // One more than are wanted, and the older end: whether there are more is known then.
  const auto enough = most + 2;
  bool back = false;
  auto log = read_log(address, from, to, enough, deadline);
  if (log && !*log) {
    back = true;
    log = read_log(address, to, from, enough, deadline);
  }
  if (!log) return in_place(log.error());
  CommitRange out;
  auto& side = back ? out.removed : out.added;
  for (const auto& one : (*log).value_or(std::vector<LoggedRevision>()))
    if (side.size() < most)
      side.push_back(commit_of(one));
    else
      out.left_out = -1;
  return out;
}

}  // namespace cdctl::bzr
