#include <algorithm>

#include <cdctl/text.hpp>

#include "plugins/bzr/bzr_address.hpp"
#include "plugins/bzr/proposal_places.hpp"
#include "plugins/bzr/review_file.hpp"
#include "plugins/bzr/revision_log.hpp"
#include "plugins/bzr/testament.hpp"
#include "tests/fuzz/host.hpp"

using namespace cdctl;
using namespace cdctl::bzr;
using cdctl::fuzz::must;

namespace {

/// Each line of dashes begins a revision, whatever a message pretends.
void log(std::string_view text) {
  std::size_t dashes = 0;
  for (auto line : lines(text)) {
    line = line.substr(std::min(line.find_first_not_of(' '), line.size()));
    dashes += line.size() == 60 && line.find_first_not_of('-') == line.npos;
  }
  const auto revisions = parse_log(text);
  must(revisions.size() == dashes, "no revision is hidden, and none is made up");
  for (const auto& one : revisions) must(!one.title.contains('\n'), "a title is one line");
}

void testament(std::string_view text) {
  const auto read = parse_testament(text);
  if (!read) {
    must(read.error().exit == ExitCode::unknown, "what is no testament is no answer");
    return;
  }
  must(read->digest.size() == 64 && read->tree.size() == 64, "a testament has its digests");
  const auto other = parse_testament(std::string(text) + "\n");
  must(other && other->digest != read->digest, "another text has another digest");
}

/// A review: all but the signature is signed, and a vote that we write reads as it was.
void review(std::string_view text) {
  const auto read = parse_review(text);
  must(read.payload + read.signature == text, "a review is what is signed, and its signature");
  must(read.signature.empty() || read.signature.starts_with("-----BEGIN SSH SIGNATURE-----"),
       "a signature begins with its line");
  auto own = read.review;
  own.at = own.at.value_or(Time());
  const auto again = parse_review(review_text(own)).review;
  must(again.target == own.target && again.topic == own.topic && again.head == own.head &&
           again.testament == own.testament && again.value == own.value,
       "a review that was written votes as it did");
  for (const auto& line : parse_after(text))
    must(!line.topic.empty() && !line.topic.contains(' ') && !line.revision.contains(' '),
         "what comes before is a topic and a revision");
}

void words_of_people(std::string_view text) {
  if (const auto address = parse_address(text, "/srv")) {
    must(!address->url.empty() && !address->url.starts_with('-'), "an address is no option");
    must(!address->local || address->url.starts_with('/'), "a path is a whole one");
    const auto again = parse_address(address->url, "/srv");
    must(again && again->url == address->url && again->local == address->local,
         "an address is read as what it is");
  } else {
    must(fuzz::one_line(address.error().what), "what is none is told in one line");
  }
  if (const auto revision = revision_spec(text))
    must(!revision->starts_with('-') && !revision->contains(".."),
         "a revision is no option and no range");
  if (valid_topic(text)) must(!text.contains('/') && text != "..", "a topic is one folder's name");
  const auto person = parse_person(text);
  must(text.contains(person.name) && text.contains(person.email), "a person is who was named");
}

}  // namespace

/// What brz prints and what reviewers write into its branches. The first byte says what the rest
/// is.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const auto text = cdctl::fuzz::as_text(data + 1, size - 1);
  switch (data[0]) {
    case 'l':
      log(text);
      break;
    case 't':
      testament(text);
      break;
    case 'r':
      review(text);
      break;
    case 'w':
      words_of_people(text);
      break;
    default:
      break;
  }
  return 0;
}
