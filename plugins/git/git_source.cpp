#include "plugins/git/git_source.hpp"

#include <algorithm>
#include <map>
#include <thread>
#include <utility>

#include <fmt/format.h>

#include <cdctl/parallel.hpp>
#include <cdctl/source.hpp>
#include <cdctl/text.hpp>
#include <cdctl/url.hpp>

#include "plugins/git/address.hpp"
#include "plugins/git/checkout.hpp"
#include "plugins/git/first_fetch.hpp"
#include "plugins/git/git_command.hpp"
#include "plugins/git/http_refs.hpp"
#include "plugins/git/mirror.hpp"
#include "plugins/git/ref_files.hpp"
#include "plugins/git/refs.hpp"

namespace cdctl::git {

namespace {

/// One source on its way through newest().
struct Question {
  Address address;
  Want want;
  std::optional<Result<std::string>> answer;  ///< empty: the git program has to be asked
  std::string expression;  ///< for `git rev-parse` in a local repository; empty: `git ls-remote`
};

std::string place(const SourceConfig& source, const Address& address) {
  return fmt::format("reading {} of {} from {}", source.name, source.service,
                     shown_address(address.url));
}

Result<Question> question_of(const SourceConfig& source, const std::filesystem::path& base) {
  auto address = parse_address(source.url, base);
  if (!address)
    return fail(address.error().in(fmt::format("source {} of {}", source.name, source.service)));
  CDCTL_TRY_ASSIGN(auto want, parse_want(source));
  return Question{std::move(*address), std::move(want), {}, {}};
}

void ask_files(Question& question) {
  auto repository = find_git_dir(question.address.url);
  if (!repository) {
    question.answer = fail(std::move(repository.error()));
    return;
  }
  auto answer = read_local(*repository, question.want);
  if (!answer) {
    question.answer = fail(std::move(answer.error()));
  } else if (!answer->commit.empty()) {
    question.answer = std::move(answer->commit);
  } else if (answer->ask_git != "?") {
    question.expression = std::move(answer->ask_git);
  }
}

Result<std::string> ask_git(const Question& question, const Deadline& deadline) {
  if (question.expression.empty()) return ls_remote(question.address, question.want, deadline);
  auto text = git_output({{"rev-parse", "--verify", "--end-of-options", question.expression},
                          question.address.url,
                          true,
                          1 << 16,
                          deadline});
  if (!text) return fail(ExitCode::unknown, text.error().what);
  text->resize(std::min(text->find('\n'), text->size()));
  if (!valid_commit_id(*text)) return fail(ExitCode::unknown, "git rev-parse gave no commit id");
  return text;
}

bool in_cache(const std::filesystem::path& cache, const Address& address) {
  std::error_code error;
  return std::filesystem::exists(Mirror::place(cache, address), error);
}

void ask_http(Host& host, const std::filesystem::path& cache, std::vector<Question*>& questions,
              std::map<std::string, std::vector<Ref>>& listings, const Deadline& deadline) {
  if (questions.empty()) return;
  auto http = host.http();
  if (!http) return;  // the git program is asked instead
  std::vector<HttpQuestion> asked;
  for (const auto* question : questions)
    asked.push_back({question->address.url, question->want, !in_cache(cache, question->address)});
  auto answers = ask_over_http(**http, asked, deadline);
  for (std::size_t i = 0; i < questions.size(); ++i) {
    if (answers[i].commit) questions[i]->answer = std::move(*answers[i].commit);
    if (!answers[i].refs.empty()) listings[asked[i].url] = std::move(answers[i].refs);
  }
}

/// Some checkouts that are made at the same time.
class Checkouts {
 public:
  Checkouts(std::filesystem::path cache, const std::filesystem::path& base,
            std::span<const CheckoutRequest> requests, const Deadline& deadline, Tell tell)
      : cache_(std::move(cache)), requests_(requests), deadline_(deadline), tell_(std::move(tell)) {
    for (const auto& request : requests) questions_.push_back(question_of(request.source, base));
  }

  /// Brings what is not in the cache at all and can be had over http. The rest, and what fails
  /// here, is the git program's.
  void fetch(Host& host, std::map<std::string, std::vector<Ref>>& listings) {
    std::vector<FirstFetch> fetches;
    for (const auto& question : questions_) {
      if (!question || question->address.transport != Transport::http ||
          question->address.has_user || in_cache(cache_, question->address))
        continue;
      const auto& url = question->address.url;
      if (std::ranges::find(fetches, url, &FirstFetch::url) == fetches.end())
        fetches.push_back({url, std::exchange(listings[url], {})});
    }
    if (fetches.empty()) return;
    auto http = host.http();
    if (!http) return;
    auto fetched = fetch_whole(**http, fetches, deadline_);
    for (std::size_t i = 0; i < fetches.size(); ++i) {
      if (fetched[i]) whole_.emplace(std::move(fetches[i].url), std::move(*fetched[i]));
    }
  }

  /// Several may run at once.
  [[nodiscard]] Result<> make(std::size_t i) const {
    const auto& [source, revision, into] = requests_[i];
    const auto& question = questions_[i];
    if (!question) return fail(question.error());
    if (!valid_commit_id(revision)) {
      return fail(ExitCode::usage,
                  fmt::format("checking out {} of {}: '{}' is not a full commit id", source.name,
                              source.service, printable(revision, 80)));
    }
    const auto whole = whole_.find(question->address.url);
    auto made = make_checkout(cache_, question->address, revision, into, deadline_,
                              whole == whole_.end() ? nullptr : &whole->second, tell_);
    if (!made)
      return fail(
          made.error().in(fmt::format("checking out {} of {} from {}", source.name, source.service,
                                      shown_address(question->address.url))));
    return {};
  }

 private:
  std::filesystem::path cache_;
  std::span<const CheckoutRequest> requests_;
  Deadline deadline_;
  Tell tell_;
  std::vector<Result<Question>> questions_;
  std::map<std::string, WholeRepository> whole_;
};

}  // namespace

std::filesystem::path GitSource::base() const { return host_.config().file.parent_path(); }

std::vector<Result<SourceState>> GitSource::do_newest(std::span<const SourceConfig> sources,
                                                      const Deadline& deadline) {
  std::vector<Result<Question>> questions;
  std::vector<Question*> over_http, with_git;
  for (const auto& source : sources) questions.push_back(question_of(source, base()));
  for (auto& question : questions) {
    if (!question) continue;
    if (question->address.transport == Transport::local) ask_files(*question);
    if (question->address.transport == Transport::http && !question->address.has_user)
      over_http.push_back(&*question);
  }
  ask_http(host_, cache(), over_http, listings_, deadline);
  for (auto& question : questions) {
    if (question && !question->answer) with_git.push_back(&*question);
  }
  in_parallel(with_git.size(),
              [&](std::size_t i) { with_git[i]->answer = ask_git(*with_git[i], deadline); });

  std::vector<Result<SourceState>> out;
  for (std::size_t i = 0; i < sources.size(); ++i) {
    auto& question = questions[i];
    if (!question) {
      out.push_back(fail(question.error()));
    } else if (auto& answer = *question->answer; !answer) {
      out.push_back(
          fail(answer.error().in(place(sources[i], question->address)).because(Reason::of_source)));
    } else {
      out.push_back(SourceState{"git", sources[i].url, std::move(*answer), {}});
    }
  }
  return out;
}

Result<SourceState> GitSource::do_resolve(const SourceConfig& source, std::string_view revision,
                                          const Deadline& deadline) {
  CDCTL_TRY_ASSIGN(const auto question, question_of(source, base()));
  if (!valid_ref_name(revision)) {
    return fail(ExitCode::usage,
                fmt::format("'{}' is not a commit id, tag or branch", printable(revision, 60)));
  }
  const auto in_place = [&](const Error& error) {
    return fail(error.in(place(source, question.address)));
  };
  auto mirror = Mirror::open(cache(), question.address, deadline, teller_of(host_));
  if (!mirror) return in_place(mirror.error());
  const std::string text(revision);
  if (valid_commit_id(text)) {
    if (auto there = mirror->need(text, deadline); !there) return in_place(there.error());
    return SourceState{"git", source.url, text, {}};
  }
  if (auto fresh = mirror->refresh(deadline); !fresh) return in_place(fresh.error());
  auto tag = mirror->find("refs/tags/" + text, deadline);
  if (!tag) return in_place(tag.error());
  auto branch = mirror->find("refs/heads/" + text, deadline);
  if (!branch) return in_place(branch.error());
  if (*tag && *branch && **tag != **branch) {
    return in_place({ExitCode::failed,
                     fmt::format("'{}' is both a tag and a branch; give the commit id", text)});
  }
  if (*tag || *branch) return SourceState{"git", source.url, *tag ? **tag : **branch, {}};
  if (text.size() >= 4 && text.size() < 64 &&
      text.find_first_not_of("0123456789abcdef") == std::string::npos) {
    auto commit = mirror->find(text, deadline);
    if (!commit) return in_place(commit.error());
    if (*commit) return SourceState{"git", source.url, **commit, {}};
  }
  return in_place({ExitCode::failed, fmt::format("it has no commit, tag or branch '{}'", text)});
}

Result<> GitSource::do_checkout(const SourceConfig& source, std::string_view revision,
                                const std::filesystem::path& into, const Deadline& deadline) {
  return std::move(
      checkout_all(std::vector<CheckoutRequest>{{source, std::string(revision), into}}, deadline)
          .front());
}

std::vector<Result<>> GitSource::do_checkout_all(std::span<const CheckoutRequest> requests,
                                                 const Deadline& deadline) {
  constexpr std::size_t k_batch = 16;  // repositories whose packs are in memory
  std::vector<Result<>> out(requests.size());
  const auto tell = teller_of(host_);
  std::jthread busy;  // with the checkouts of the batch before, while this one is fetched
  for (std::size_t begin = 0; begin < requests.size(); begin += k_batch) {
    const auto batch = requests.subspan(begin, std::min(k_batch, requests.size() - begin));
    const auto results = std::span(out).subspan(begin, batch.size());
    // Of several batches one is fetched, by the host's HTTP, while another is checked out.
    Checkouts checkouts(cache(), base(), batch, deadline,
                        requests.size() <= k_batch ? tell : Tell());
    checkouts.fetch(host_, listings_);
    if (busy.joinable()) busy.join();
    busy = std::jthread([checkouts = std::move(checkouts), results] {
      in_parallel(results.size(), [&](std::size_t i) { results[i] = checkouts.make(i); });
    });
  }
  return out;
}

}  // namespace cdctl::git
