#include <algorithm>
#include <map>
#include <utility>

#include <fmt/format.h>

#include <cdctl/parallel.hpp>
#include <cdctl/text.hpp>
#include <cdctl/url.hpp>

#include "plugins/git/address.hpp"
#include "plugins/git/commits.hpp"
#include "plugins/git/git_source.hpp"
#include "plugins/git/mirror.hpp"

// GitSource as a CommitLog.

namespace cdctl::git {

namespace fs = std::filesystem;

namespace {

/// What is asked of one repository.
struct Asked {
  Address address;
  std::vector<std::string> ids;
  std::map<std::string, Commit> found;
};

/// First where the newest commits are, then our copy: it keeps what a force push left.
std::vector<CommitStore> stores_of(const fs::path& cache, const Address& address) {
  std::vector<CommitStore> out;
  std::error_code error;
  if (address.transport == Transport::local) out.push_back({address.url, false});
  if (auto copy = Mirror::place(cache, address); fs::exists(copy / "HEAD", error))
    out.push_back({std::move(copy), true});
  return out;
}

void look(const fs::path& cache, Asked& asked, const Deadline& deadline) {
  auto left = asked.ids;
  for (const auto& store : stores_of(cache, asked.address)) {
    asked.found.merge(read_commits(store, left, deadline));
    std::erase_if(left, [&](const std::string& id) { return asked.found.contains(id); });
    if (left.empty()) return;
  }
}

Result<> check_all_there(Mirror& copy, std::span<const std::string> ids, const Deadline& deadline) {
  for (const auto& id : ids) {
    CDCTL_TRY_ASSIGN(const bool there, copy.bring(id, deadline));
    if (!there)
      return fail(fmt::format(
          "the repository does not have commit {} any more (was it removed by a force push?)", id));
  }
  return {};
}

}  // namespace

std::vector<std::optional<Commit>> GitSource::do_known(std::span<const CommitQuestion> questions,
                                                       const Deadline& deadline) {
  std::map<std::string, Asked> by_repository;
  std::vector<std::string> places;
  for (const auto& [source, revision] : questions) {
    auto address = parse_address(source.url, base());
    const bool usable = address && valid_commit_id(revision);
    places.push_back(usable ? address->url : std::string());
    if (!usable) continue;
    auto& asked = by_repository[address->url];
    asked.address = std::move(*address);
    asked.ids.push_back(revision);
  }
  std::vector<Asked*> all;
  for (auto& [place, asked] : by_repository) all.push_back(&asked);
  const auto copies = cache();
  in_parallel(all.size(), [&](std::size_t i) { look(copies, *all[i], deadline); });
  std::vector<std::optional<Commit>> out(questions.size());
  for (std::size_t i = 0; i < questions.size(); ++i) {
    const auto asked = by_repository.find(places[i]);
    if (asked == by_repository.end()) continue;
    const auto& found = asked->second.found;
    if (const auto at = found.find(questions[i].revision); at != found.end()) out[i] = at->second;
  }
  return out;
}

Result<CommitRange> GitSource::do_between(const SourceConfig& source, std::string_view from,
                                          std::string_view to, std::size_t most,
                                          const Deadline& deadline) {
  CDCTL_TRY_ASSIGN(const auto address, parse_address(source.url, base()));
  const std::vector<std::string> ids{std::string(from), std::string(to)};
  for (const auto& id : ids)
    if (!valid_commit_id(id))
      return fail(ExitCode::usage, fmt::format("'{}' is no full commit id", printable(id, 80)));
  const auto in_place = [&](const Error& error) {
    return fail(error.in("reading commits of " + shown_address(address.url)));
  };
  for (const auto& store : stores_of(cache(), address)) {
    const auto missing = missing_commits(store, ids, deadline);
    if (!missing || !missing->empty()) continue;
    auto range = read_range(store, ids[0], ids[1], most, deadline);
    if (!range) return in_place(range.error());
    return range;
  }
  auto copy = Mirror::open(cache(), address, deadline, teller_of(host_));
  if (!copy) return in_place(copy.error());
  if (auto there = check_all_there(*copy, ids, deadline); !there) return in_place(there.error());
  auto range = read_range({copy->path(), true}, ids[0], ids[1], most, deadline);
  if (!range) return in_place(range.error());
  return range;
}

}  // namespace cdctl::git
