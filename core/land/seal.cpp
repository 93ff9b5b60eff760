#include "core/land/seal.hpp"

#include <fmt/format.h>

#include <cdctl/digest.hpp>
#include <cdctl/fs.hpp>
#include <cdctl/lock.hpp>
#include <cdctl/text.hpp>

namespace cdctl::land {

namespace {

constexpr std::size_t k_block = 64;  ///< of SHA-256

std::string bytes_of(std::string_view hex) {
  const auto digit = [](char c) { return c <= '9' ? c - '0' : c - 'a' + 10; };
  std::string out;
  for (std::size_t i = 0; i + 1 < hex.size(); i += 2)
    out += static_cast<char>(digit(hex[i]) * 16 + digit(hex[i + 1]));
  return out;
}

}  // namespace

std::string keyed_digest(std::string_view key, std::string_view text) {
  std::string block = key.size() > k_block ? bytes_of(sha256_hex(key)) : std::string(key);
  block.resize(k_block, '\0');
  std::string inner = block, outer = block;
  for (auto& c : inner) c = static_cast<char>(c ^ 0x36);
  for (auto& c : outer) c = static_cast<char>(c ^ 0x5c);
  return sha256_hex(outer + bytes_of(sha256_hex(inner.append(text))));
}

Result<std::string> seal_key(const app::Context& context) {
  CDCTL_TRY_ASSIGN(auto given,
                   read_secret(context.config().table["land"], "key", context.config()));
  if (given) {
    if (given->size() < 16)
      return fail(ExitCode::config, "the key of [land] must have 16 characters or more");
    return std::move(*given);
  }
  const auto path = context.home() / "land" / "key";
  CDCTL_TRY(make_directories(path.parent_path(), 0700));
  CDCTL_TRY_ASSIGN(const auto lock,
                   FileLock::acquire(path.string() + ".lock", Deadline(std::chrono::seconds(10))));
  if (!lock) return fail(ExitCode::timeout, "another cdctl holds " + path.string());
  CDCTL_TRY_ASSIGN(const auto there, read_file_if_there(path));
  if (there && there->size() >= 64) return std::string(trimmed(*there));
  auto fresh = random_hex(32);
  CDCTL_TRY(write_file_atomically(path, fresh + "\n", 0600));
  return fresh;
}

std::string seal_of(std::string_view key, const TargetConfig& target,
                    const records::Candidate& candidate) {
  const auto text = Json::object({{"repository", target.repository},
                                  {"branch", target.branch},
                                  {"target", candidate.target},
                                  {"proposal", candidate.proposal},
                                  {"kind", candidate.kind},
                                  {"url", candidate.url},
                                  {"ref", candidate.ref},
                                  {"head", candidate.head},
                                  {"base", candidate.base},
                                  {"verdict", candidate.verdict},
                                  {"why", candidate.why},
                                  {"commit", candidate.commit},
                                  {"tree", candidate.tree},
                                  {"message", candidate.message},
                                  {"title", candidate.title},
                                  {"authors", records::encode(candidate)["authors"]},
                                  {"reviewers", Json::strings(candidate.reviewers)},
                                  {"committer", candidate.committer},
                                  {"command", candidate.command},
                                  {"batch", Json::strings(candidate.batch)},
                                  {"tip", candidate.tip},
                                  {"home", candidate.home},
                                  {"log", candidate.log},
                                  {"at", candidate.at ? to_rfc3339(*candidate.at) : ""}})
                        .canonical();
  return keyed_digest(key, text);
}

bool seal_holds(std::string_view key, const TargetConfig& target,
                const records::Candidate& candidate) {
  const auto right = seal_of(key, target, candidate);
  unsigned char difference = right.size() == candidate.seal.size() ? 0 : 1;
  for (std::size_t i = 0; i < right.size() && i < candidate.seal.size(); ++i)
    difference |= static_cast<unsigned char>(right[i] ^ candidate.seal[i]);
  return difference == 0;  // however far they agree, it takes as long
}

}  // namespace cdctl::land
