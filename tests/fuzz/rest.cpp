#include <cstdlib>
#include <filesystem>

#include <cdctl/delivery.hpp>
#include <cdctl/fs.hpp>
#include <cdctl/rest.hpp>
#include <cdctl/text.hpp>

#include "tests/fuzz/answers.hpp"
#include "tests/fuzz/host.hpp"
#include "tests/fuzz/scratch.hpp"

using namespace cdctl;
using cdctl::fuzz::must;

namespace {

constexpr std::string_view k_token = "open-sesame";

/// No time for pauses: whoever is to wait says when to come back instead.
Deadline soon() { return Deadline(Millis(0)); }

struct Stand {
  fuzz::Answers answers;
  fuzz::FuzzHost host;
  RestServer server{"Server",
                    "http://127.0.0.1:1/api",
                    {{"Authorization", "Bearer " + std::string(k_token)}},
                    "per_page",
                    2};

  Stand() {
    host.client = &answers;
    host.secret = k_token;
    host.home_folder = "/dev/null/home";
  }
  void check(const Error& error) const { host.check(error.what); }
};

/// A list of pages, by `Link`, X-Next-Page, X-Total-Count or their length.
void list(Stand& stand, const RestList& wanted) {
  Rest rest(stand.host, stand.server);
  const auto items = rest.list(wanted, soon());
  if (!items) return stand.check(items.error());
  // 304 of what we do not have is no answer either.
  must(stand.answers.bad == 0, "a list that is not whole is an error");
}

/// One call, repeated where that may be.
void ask(Stand& stand) {
  Rest rest(stand.host, stand.server);
  const RestRequest request{"POST", "/things?x=y", Json::object({{"a", 1}}), true};
  const auto answer = rest.ask(request, soon());
  if (!answer) return stand.check(answer.error());
  must(answer->ok() || answer->body.is_null() || !answer->body.dump().contains('\n'),
       "an answer is JSON or nothing");
  if (!answer->ok()) stand.check(rest.refusal(request, *answer));
}

/// What is kept by its ETag, in a home that is there.
void keep(Stand& stand, std::string_view text) {
  static const fuzz::Scratch scratch;
  stand.host.home_folder = scratch.path();
  const auto once = [&](std::string_view answer) {
    stand.answers.begin(answer);
    Rest rest(stand.host, stand.server);
    return rest.get("/things", soon());
  };
  const auto first = once(text);
  const auto again = once("304 ");
  if (again) must(first && *again == *first, "what has not changed is what it was");
  stand.host.home_folder = "/dev/null/home";
  (void)remove_tree(scratch.path() / "rest");
}

/// How long a receiver asks us to wait, and what its answer means.
void delivery(Stand& stand) {
  const auto answer = stand.answers.send({});
  if (!answer) return;
  const auto wait = retry_after(*answer, Time(std::chrono::seconds(1'795'000'000)));
  must(!wait || (*wait >= Millis(0) && *wait <= std::chrono::hours(24)), "a wait is in its bounds");
  const auto what = without(delivery_of(answer, k_retried), k_token);
  must((what.state == Delivery::State::taken) == (answer->status >= 200 && answer->status < 300),
       "only a 2xx is taken");
  must(fuzz::one_line(what.why) && !what.why.contains(k_token),
       "why it was not is one line without the secret");
}

}  // namespace

/// What servers for code reviews, and receivers of records, put around their answers: pages, ETags,
/// rate limits. The first byte says who asks.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  static Stand stand;
  const auto text = cdctl::fuzz::as_text(data + 1, size - 1);
  stand.answers.begin(text);
  switch (data[0]) {
    case 'l':
      list(stand, {"/things", {}});
      break;
    case 'm':
      list(stand, {"/things?state=open", "things"});
      break;
    case 'a':
      ask(stand);
      break;
    case 'k':
      keep(stand, text);
      break;
    case 'd':
      delivery(stand);
      break;
    default:
      break;
  }
  return 0;
}
