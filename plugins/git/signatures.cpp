#include "plugins/git/signatures.hpp"

#include <algorithm>

#include <fmt/format.h>

#include <cdctl/child.hpp>
#include <cdctl/digest.hpp>
#include <cdctl/fs.hpp>
#include <cdctl/parallel.hpp>
#include <cdctl/reviewers.hpp>
#include <cdctl/text.hpp>

namespace cdctl::git {

namespace {

constexpr std::string_view k_no_time = "no time was left to check a signature";
constexpr Millis k_patience(
    10'000);  ///< with one of them at least, whatever somebody has made it of

Result<Signer> ask_ssh(const Workshop& workshop, const Trusted& trusted, const std::string& id,
                       const Deadline& deadline) {
  if (trusted.reviewers.empty()) return Signer{{}, "the target's file names no git.reviewers"};
  CDCTL_TRY_ASSIGN(
      const auto said,
      workshop.git({"-c", "gpg.ssh.program=ssh-keygen", "-c",
                    "gpg.ssh.allowedSignersFile=" + trusted.reviewers.string(), "verify-tag", id},
                   deadline));
  if (said.timed_out || said.interrupted) return fail(ExitCode::timeout, std::string(k_no_time));
  if (said.err.contains("cannot run ssh-keygen") || said.err.contains("ssh-keygen: not found"))
    return fail(ExitCode::unknown, "checking a signature: ssh-keygen is not there; install it");
  auto who = said.ok() ? good_signer(said.err) : std::string();
  if (who.empty()) return Signer{{}, "its key is not one of git.reviewers"};
  if (!names_one_person(who))
    return Signer{{}, fmt::format("{} in git.reviewers names no one person", printable(who, 80))};
  return Signer{std::move(who), {}};
}

/// A file that goes with the object.
struct TemporaryFile {
  std::filesystem::path path;
  ~TemporaryFile() {
    std::error_code ignored;
    std::filesystem::remove(path, ignored);
  }
};

Result<Signer> ask_openpgp(const Workshop& workshop, const Trusted& trusted, const SignedTag& tag,
                           const Deadline& deadline) {
  if (trusted.keyring.empty()) return Signer{{}, "the target's file names no git.keyring"};
  const TemporaryFile signature{workshop.path().string() + ".sig." + random_hex(8)};
  CDCTL_TRY(write_file_atomically(signature.path, tag.text.substr(tag.payload), 0600));
  Program gpgv;
  gpgv.argv = {"gpgv",
               "--status-fd",
               "1",
               "--weak-digest",
               "SHA1",
               "--keyring",
               trusted.keyring.string(),
               signature.path.string(),
               "-"};
  gpgv.env = {{"LC_ALL", "C"}};
  gpgv.input = tag.text.substr(0, tag.payload);
  gpgv.deadline = deadline;
  const auto said = run(gpgv);
  if (!said) return fail(ExitCode::unknown, "checking a signature: gpgv is not there; install it");
  if (said->timed_out || said->interrupted) return fail(ExitCode::timeout, std::string(k_no_time));
  auto who = said->ok() ? good_openpgp_signer(said->out) : std::string();
  if (who.empty()) return Signer{{}, "its key is not one of git.keyring"};
  return Signer{std::move(who), {}};
}

}  // namespace

Result<Signers> ask_signers(const Workshop& workshop, const Trusted& trusted,
                            const std::vector<SignedTag>& tags, const Deadline& deadline) {
  const auto no_time = [] { return fail(ExitCode::timeout, std::string(k_no_time)); };
  std::vector<Result<Signer>> answers(tags.size(), no_time());
  in_parallel(tags.size(), [&](std::size_t i) {
    const auto& tag = tags[i];
    if (deadline.passed()) return;
    const auto patience = deadline.at_most(std::max(k_patience, deadline.left() / 4));
    if (tag.signature == TagText::Signature::none)
      answers[i] = Signer{{}, "it is not signed by an SSH or OpenPGP key"};
    else
      answers[i] = tag.signature == TagText::Signature::ssh
                       ? ask_ssh(workshop, trusted, tag.id, patience)
                       : ask_openpgp(workshop, trusted, tag, patience);
  });
  Signers out;
  for (std::size_t i = 0; i < tags.size(); ++i) {
    if (!answers[i] && answers[i].error().exit == ExitCode::timeout) continue;
    CDCTL_TRY_ASSIGN(auto signer, std::move(answers[i]));
    out.emplace(tags[i].id, std::move(signer));
  }
  return out;
}

}  // namespace cdctl::git
