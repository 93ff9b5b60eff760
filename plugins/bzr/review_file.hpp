#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <cdctl/error.hpp>
#include <cdctl/time.hpp>

namespace cdctl::bzr {

/// A review: a file of the branch of reviews, `BRANCH/TOPIC/WHO`. What stands above the signature
/// is signed: lines `Name: value`, an empty one, and what the reviewer has to say.
struct Review {
  std::string target, topic;
  std::string head;       ///< the revision-id that was reviewed
  std::string testament;  ///< the digest of its testament: the revision-id alone names, and no more
  std::string value;      ///< Approve, Needs Fixing, …
  std::optional<Time> at;
  std::string comment;
};

/// What is signed.
[[nodiscard]] std::string review_text(const Review& review);

struct SignedReview {
  Review review;
  std::string payload, signature;  ///< the latter empty where there is none
};
[[nodiscard]] SignedReview parse_review(std::string_view text);

/// Who has signed a review: a principal of the file of reviewers, or why it is nobody's word that
/// counts.
struct Signer {
  std::string who, why;
};
/// Asks ssh-keygen. `scratch`: a folder for a file that goes again. Exit code `unknown` when it is
/// not there.
[[nodiscard]] Result<Signer> ask_signer(const SignedReview& review,
                                        const std::filesystem::path& reviewers,
                                        const std::filesystem::path& scratch,
                                        const Deadline& deadline);

/// The text with its signature below it, by an SSH key. Exit code `config` when that does not sign.
[[nodiscard]] Result<std::string> sign_review(const std::string& text,
                                              const std::filesystem::path& key,
                                              const Deadline& deadline);

/// Lines `After: TOPIC REVISION` of `BRANCH/TOPIC.after`.
struct AfterLine {
  std::string topic, revision;
};
[[nodiscard]] std::vector<AfterLine> parse_after(std::string_view text);

}  // namespace cdctl::bzr
