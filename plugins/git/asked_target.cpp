#include "plugins/git/asked_target.hpp"

#include <filesystem>
#include <utility>

#include <fmt/format.h>

#include <cdctl/digest.hpp>
#include <cdctl/fs.hpp>
#include <cdctl/module.hpp>
#include <cdctl/text.hpp>
#include <cdctl/time.hpp>

#include "plugins/git/repository_name.hpp"

namespace cdctl::git {

namespace fs = std::filesystem;

Result<Asked> read_asked(const Host& host, const TargetConfig& target, ProposalRefs names) {
  Asked out{&target, std::move(names), {}, {}, {}, {}, {}};
  const auto folder = host.config().file.parent_path();
  const auto text_of = [&](const char* key, fs::path& path) -> Result<std::string> {
    const auto given = target.table["git"][key].as_string();
    if (given.empty()) return std::string();
    path = folder / given;
    const auto named = [&](const Error& error) { return error.in(fmt::format("git.{}", key)); };
    if (const auto ours = only_ours_to_write(path); !ours) return fail(named(ours.error()));
    auto text = read_file(path);
    if (!text) return fail(ExitCode::config, named(text.error()).what);
    return text;
  };
  CDCTL_TRY_ASSIGN(out.repository, parse_address(target.repository, folder));
  for (const auto& other : target.table["git"]["known_as"].items()) {
    auto address = parse_address(other.view(), folder);
    if (!address) return fail(address.error().in("git.known_as"));
    out.known_as.push_back(std::move(*address));
  }
  CDCTL_TRY_ASSIGN(const auto reviewers, text_of("reviewers", out.trusted.reviewers));
  CDCTL_TRY_ASSIGN(const auto keyring, text_of("keyring", out.trusted.keyring));
  out.reviewers = Reviewers::parse(reviewers);
  // A key of a keyring may run out: what it has signed is asked about once a day.
  const auto day = keyring.empty() ? std::string() : to_rfc3339(now()).substr(0, 10);
  out.digest = sha256_hex(
      Json::strings({out.trusted.reviewers.string(), reviewers, out.trusted.keyring.string(),
                     sha256_hex(keyring), day, repository_name(out.repository),
                     target.table["git"]["known_as"].canonical()})
          .canonical());
  return out;
}

}  // namespace cdctl::git
