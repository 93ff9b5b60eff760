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

// Without what a later version tells beside it, which a filter in between may write otherwise.

Json prerequisites_of(const records::Candidate& candidate) {
  auto out = Json::array();
  for (const auto& one : candidate.after) out.push_back(Json::strings({one.proposal, one.state}));
  return out;
}

Json votes_of(const records::Candidate& candidate) {
  auto out = Json::array();
  for (const auto& vote : candidate.votes)
    out.push_back(
        Json::strings({vote.who, vote.value, vote.head, vote.trusted ? "trusted" : vote.why}));
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
  CDCTL_TRY_ASSIGN(const auto made, read_file_if_there(path));  // it is whole, or absent
  if (made && made->size() >= 64) return std::string(trimmed(*made));
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

std::string seal_of(std::string_view key, Stage stage, const TargetConfig& target,
                    const records::Candidate& candidate) {
  auto text = Json::object({{"repository", target.repository},
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
                            {"at", candidate.at ? to_rfc3339(*candidate.at) : ""}});
  if (stage == Stage::gate) {  // what verify makes something of, or the gate has weighed
    text.set("stage", "gate");
    text.set("description", candidate.description);
    text.set("link", candidate.link);
    text.set("draft", candidate.draft);
    text.set("labels", Json::strings(candidate.labels));
    text.set("after", prerequisites_of(candidate));
    text.set("votes", votes_of(candidate));
  }
  return keyed_digest(key, text.canonical());
}

bool seal_holds(std::string_view key, Stage stage, const TargetConfig& target,
                const records::Candidate& candidate) {
  const auto right = seal_of(key, stage, target, candidate);
  unsigned char difference = right.size() == candidate.seal.size() ? 0 : 1;
  for (std::size_t i = 0; i < right.size() && i < candidate.seal.size(); ++i)
    difference |= static_cast<unsigned char>(right[i] ^ candidate.seal[i]);
  return difference == 0;  // however far they agree, it takes as long
}

void seal_for_verify(const app::Context& context, std::string_view key, const TargetConfig& target,
                     records::Candidate& candidate) {
  candidate.home = home_name(context);
  candidate.seal = seal_of(key, Stage::gate, target, candidate);
}

Result<> check_gate_seal(const app::Context& context, std::string_view key,
                         const TargetConfig& target, const records::Candidate& candidate,
                         bool trust_record) {
  if (candidate.seal.empty())
    return fail(ExitCode::refused, "no gate has let it through: put cdctl gate before verify");
  if (!seal_holds(key, Stage::gate, target, candidate))
    return fail(
        ExitCode::refused,
        "the seal of the gate does not hold: it is of a home of another key, for another "
        "repository, or changed since; put cdctl gate before verify here, or give both homes one "
        "land.key_file");
  if (!trust_record && candidate.home != home_name(context))
    return fail(ExitCode::refused,
                fmt::format("the gate of {} has let it through; --trust-record takes the word of "
                            "homes that have our key",
                            printable(candidate.home, 120)));
  return {};
}

Result<> check_trust(const app::Context& context, std::string_view command, bool trust_record) {
  if (!trust_record || context.config().table["land"].is_object()) return {};
  return fail(ExitCode::config,
              fmt::format("{}: --trust-record takes the word of homes that have the same key: give "
                          "them one by [land] key_file, key_env or key_command",
                          command));
}

std::string home_name(const app::Context& context) {
  const auto actor = context.actor();  // alice@web1
  const auto at = actor.rfind('@');
  return fmt::format("{}:{}", at == actor.npos ? actor : actor.substr(at + 1),
                     context.home().string());
}

}  // namespace cdctl::land
