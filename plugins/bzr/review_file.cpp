#include "plugins/bzr/review_file.hpp"

#include <algorithm>

#include <fmt/format.h>

#include <cdctl/child.hpp>
#include <cdctl/digest.hpp>
#include <cdctl/fs.hpp>
#include <cdctl/reviewers.hpp>
#include <cdctl/text.hpp>

namespace cdctl::bzr {

namespace fs = std::filesystem;

namespace {

constexpr std::string_view k_begin = "-----BEGIN SSH SIGNATURE-----";
constexpr std::string_view k_namespace =
    "cdctl-review";  ///< a signature of it is good for no other
constexpr std::size_t k_most_after = 100;

/// A file that goes with the object.
struct TemporaryFile {
  fs::path path;
  ~TemporaryFile() {
    std::error_code ignored;
    fs::remove(path, ignored);
  }
};

Result<Finished> ssh_keygen(std::vector<std::string> words, std::string input,
                            const Deadline& deadline) {
  Program program;
  program.argv = {"ssh-keygen", "-Y"};
  program.argv.insert(program.argv.end(), words.begin(), words.end());
  program.env = {{"LC_ALL", "C"}, {"SSH_ASKPASS_REQUIRE", "never"}};
  program.unset_env = {"SSH_ASKPASS"};
  program.input = std::move(input);
  program.deadline = deadline;
  auto said = run(program);
  if (!said) return fail(ExitCode::unknown, "ssh-keygen is not there; install it");
  if (said->timed_out || said->interrupted)
    return fail(ExitCode::timeout, "no time was left for a signature");
  return said;
}

}  // namespace

std::string review_text(const Review& review) {
  return fmt::format(
      "Review-target: {}\nReview-topic: {}\nReview-head: {}\nReview-testament: {}\n"
      "Review-vote: {}\nReview-at: {}\n\n{}{}",
      review.target, review.topic, review.head, review.testament, review.value,
      to_rfc3339(review.at.value_or(Time())), trimmed(review.comment),
      trimmed(review.comment).empty() ? "" : "\n\n");
}

SignedReview parse_review(std::string_view text) {
  SignedReview out;
  // The last signature: what stands above it is what it is of.
  std::size_t end = text.size();
  for (auto at = text.find(k_begin); at != text.npos; at = text.find(k_begin, at + 1))
    if (at == 0 || text[at - 1] == '\n') end = at;
  out.payload = text.substr(0, end);
  out.signature = text.substr(end);
  std::string_view rest = out.payload;
  while (!rest.empty()) {
    auto line = take_until(rest, '\n');
    if (trimmed(line).empty()) break;
    const auto name = take_until(line, ':');
    const auto value = trimmed(line);
    if (name == "Review-target") out.review.target = value;
    if (name == "Review-topic") out.review.topic = value;
    if (name == "Review-head") out.review.head = value;
    if (name == "Review-testament") out.review.testament = value;
    if (name == "Review-vote") out.review.value = value;
    if (name == "Review-at") out.review.at = parse_rfc3339(value);
  }
  out.review.comment = trimmed(rest);
  return out;
}

Result<Signer> ask_signer(const SignedReview& review, const fs::path& reviewers,
                          const fs::path& scratch, const Deadline& deadline) {
  if (review.signature.empty()) return Signer{{}, "it is not signed by an SSH key"};
  if (reviewers.empty()) return Signer{{}, "the target's file names no bzr.reviewers"};
  const TemporaryFile file{scratch / ("signature." + random_hex(8))};
  CDCTL_TRY(write_file_atomically(file.path, review.signature, 0600));
  CDCTL_TRY_ASSIGN(const auto found, ssh_keygen({"find-principals", "-s", file.path.string(), "-f",
                                                 reviewers.string()},
                                                {}, deadline));
  Signer nobody{{}, "its key is not one of bzr.reviewers"};
  if (!found.ok()) return nobody;
  for (const auto line : lines(found.out))
    for (const auto part : split(line, ',')) {
      const std::string name(part);
      if (!names_one_person(name) || name.starts_with('-')) {
        nobody.why = fmt::format("{} in bzr.reviewers names no one person", printable(name, 80));
        continue;
      }
      CDCTL_TRY_ASSIGN(const auto good,
                       ssh_keygen({"verify", "-f", reviewers.string(), "-I", name, "-n",
                                   std::string(k_namespace), "-s", file.path.string()},
                                  review.payload, deadline));
      if (good.ok()) return Signer{name, {}};
    }
  return nobody;
}

Result<std::string> sign_review(const std::string& text, const fs::path& key,
                                const Deadline& deadline) {
  CDCTL_TRY_ASSIGN(const auto made,
                   ssh_keygen({"sign", "-q", "-f", key.string(), "-n", std::string(k_namespace)},
                              text, deadline));
  if (made.ok() && made.out.starts_with(k_begin)) return text + made.out;
  const auto said = lines(made.err);
  return fail(ExitCode::config,
              fmt::format("signing the review by {}: {}; name an SSH key of yours by "
                          "CDCTL_SIGNING_KEY",
                          key.string(), said.empty() ? made.how() : printable(said.front(), 120)));
}

std::vector<AfterLine> parse_after(std::string_view text) {
  std::vector<AfterLine> out;
  for (auto line : lines(text)) {
    const auto name = take_until(line, ':');
    const auto parts = words(line);
    if (name == "After" && parts.size() == 2 && out.size() < k_most_after)
      out.push_back({std::string(parts[0]), std::string(parts[1])});
  }
  return out;
}

}  // namespace cdctl::bzr
