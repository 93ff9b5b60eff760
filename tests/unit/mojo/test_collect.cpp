#include <catch2/catch.hpp>

#include <algorithm>
#include <atomic>

#include <fmt/format.h>

#include <cdctl/digest.hpp>
#include <cdctl/source.hpp>

#include "plugins/git/git_source.hpp"
#include "plugins/mojo/collect/collect.hpp"
#include "plugins/mojo/collect/fetch.hpp"
#include "tests/support/fake_http.hpp"
#include "tests/support/git_repo.hpp"
#include "tests/support/test_host.hpp"

using namespace cdctl;
using namespace cdctl::mojo;
using cdctl::test::FakeHttp;
using cdctl::test::GitRepo;
using cdctl::test::TempDir;
using cdctl::test::TestHost;
namespace fs = std::filesystem;

namespace {

/// A source of any kind that says what it is told, and remembers what it was asked.
class FakeSource final : public Source {
 public:
  explicit FakeSource(std::string kind) : kind_(std::move(kind)) {}
  std::map<std::string, std::vector<Error>> newest_errors,
      checkout_errors;  ///< by destination, one a try
  std::vector<std::size_t> newest_batches, checkout_batches;
  std::vector<std::string> resolved;

  std::vector<Result<SourceState>> do_newest(std::span<const SourceConfig> sources,
                                             const Deadline&) override {
    newest_batches.push_back(sources.size());
    std::vector<Result<SourceState>> out;
    for (const auto& source : sources) {
      if (auto error = next(newest_errors, source.name))
        out.push_back(fail(*error));
      else
        out.push_back(SourceState{kind_, source.url, "newest-of-" + source.name, 7});
    }
    return out;
  }
  Result<SourceState> do_resolve(const SourceConfig& source, std::string_view revision,
                                 const Deadline&) override {
    resolved.push_back(source.name + "@" + std::string(revision));
    const bool whole = revision.starts_with("newest-") || revision.starts_with("resolved-");
    return SourceState{kind_, source.url, (whole ? "" : "resolved-") + std::string(revision), 3};
  }
  Result<> do_checkout(const SourceConfig& source, std::string_view revision, const fs::path& into,
                       const Deadline&) override {
    if (auto error = next(checkout_errors, source.name)) return fail(*error);
    fs::create_directories(into);
    return write_file_atomically(into / "revision", revision);
  }
  std::vector<Result<>> do_checkout_all(std::span<const CheckoutRequest> requests,
                                        const Deadline& deadline) override {
    checkout_batches.push_back(requests.size());
    return Source::do_checkout_all(requests, deadline);
  }

 private:
  static std::optional<Error> next(std::map<std::string, std::vector<Error>>& from,
                                   const std::string& name) {
    auto& left = from[name];
    if (left.empty()) return {};
    auto error = left.front();
    left.erase(left.begin());
    return error;
  }
  std::string kind_;
};

/// A workspace with a spec, and what it takes to collect into it.
struct Stand {
  TempDir dir;
  TestHost host{dir.path() / "home"};
  FakeSource git{"git"}, bzr{"bzr"};
  Workspace workspace{dir.path() / "work"};
  std::map<std::string, Fetched> sources;
  std::string service = "thumbs";
  CollectOptions options{dir.path() / "work" / "lock" / "collect.lock", {}};
  Millis patience{30'000};

  Stand() {
    host.sources = {{"git", &git}, {"bzr", &bzr}};
    clean();
    fs::create_directories(workspace.spec);
  }
  void clean() const {
    (void)remove_tree(workspace.build);
    fs::create_directories(workspace.build);
  }
  Result<std::vector<Collected>> collect(const std::string& text) {
    std::vector<Problem> problems, warnings;
    const auto lines = parse_collect_file(text, "collect", problems, warnings);
    if (!problems.empty()) return fail(to_error(problems));
    return Collector(host, service, workspace, sources).collect(lines, options, Deadline(patience));
  }
  std::string what(const std::string& text) {
    auto done = collect(text);
    return done ? "(done)" : done.error().what;
  }
  std::string text(const std::string& path) const {
    return read_file(workspace.build / path).value_or("(absent)");
  }
  /// The lines of the lock without its comments.
  std::string lock() const {
    std::string out;
    for (auto rest = read_file(options.lock_out).value_or("(absent)"); !rest.empty();
         rest.erase(0, rest.find('\n') + 1)) {
      if (!rest.starts_with('#')) out += rest.substr(0, rest.find('\n') + 1);
    }
    return out;
  }
  void take_lock() {
    std::vector<Problem> problems, warnings;
    options.locked =
        parse_collect_file(read_file(options.lock_out).value(), "collect.lock", problems, warnings);
    REQUIRE(problems.empty());
    clean();
  }
  bool told(std::string_view part) const {
    return std::ranges::any_of(host.logged,
                               [&](const std::string& line) { return line.contains(part); });
  }
};

#define REQUIRE_DONE(result)                            \
  do {                                                  \
    const auto done_ = (result);                        \
    INFO((done_ ? std::string() : done_.error().what)); \
    REQUIRE(done_);                                     \
  } while (false)

const Error k_broken{ExitCode::unknown, "the line broke", true};
const Error k_no_branch{ExitCode::unknown, "it has no such branch"};

}  // namespace

TEST_CASE("repositories are asked and checked out in one batch a kind and depth") {
  Stand stand;
  const auto done = stand.collect(
      "a git+https://h/a\nb git+https://h/b\nb/c git+https://h/c\nd lp:d\ne lp:e\nf "
      "git+https://h/f;revno=" +
      std::string(40, 'f') + "\n");
  REQUIRE_DONE(done);
  CHECK(stand.git.newest_batches == std::vector<std::size_t>{3});
  CHECK(stand.git.checkout_batches == std::vector<std::size_t>{3, 1});
  CHECK(stand.bzr.newest_batches == std::vector<std::size_t>{2});
  CHECK(stand.git.resolved.empty());  // a whole commit id needs no question
  CHECK(stand.text("b/c/revision") == "newest-of-b/c");
  CHECK(stand.text("f/revision") == std::string(40, 'f'));
  REQUIRE(done->size() == 6);
  CHECK((*done)[0].destination == "a");
  CHECK((*done)[0].kind == "git");
  CHECK((*done)[0].url == "https://h/a");
  CHECK((*done)[0].revision == "newest-of-a");
}

TEST_CASE("one failure lets the others finish, and then all are told, five by name") {
  Stand stand;
  std::string lines = "good git+https://h/g\nfile nowhere\n";
  for (int i = 0; i < 6; ++i) {
    lines += fmt::format("bad{0} git+https://h/{0}\n", i);
    stand.git.newest_errors[fmt::format("bad{}", i)] = {k_no_branch};
  }
  const auto done = stand.collect(lines + "bad1/child @\ngood/child @\n");
  REQUIRE_FALSE(done);
  CHECK(done.error().exit == ExitCode::failed);
  CHECK_THAT(done.error().what,
             Catch::StartsWith("collecting failed for 7 of 10 lines: file (line 2): "));
  CHECK_THAT(done.error().what,
             Catch::Contains("bad3 (line 6): it has no such branch; and 2 more"));
  CHECK(stand.text("good/revision") == "newest-of-good");
  CHECK(fs::is_directory(stand.workspace.build / "good/child"));
  CHECK_FALSE(fs::exists(stand.workspace.build / "bad1/child"));
  CHECK_FALSE(fs::exists(stand.options.lock_out));
  stand.clean();
  stand.git.newest_errors["only"] = {k_no_branch};
  const auto one = stand.collect("only git+https://h/x\n");
  CHECK(one.error().what == "collecting only (line 1): it has no such branch");
  CHECK(one.error().exit == ExitCode::unknown);
}

TEST_CASE("what failed on the way there is tried three times, and nothing else again") {
  Stand stand;
  stand.git.newest_errors = {{"a", {k_broken}}, {"b", {k_no_branch}}};
  stand.bzr.checkout_errors = {{"c", {k_broken, k_broken}}};
  CHECK(stand.what("a git+https://h/a\nb git+https://h/b\nx git+https://h/x\nc lp:c\n") ==
        "collecting b (line 2): it has no such branch");
  CHECK(stand.git.newest_batches == std::vector<std::size_t>{3, 1});
  CHECK(stand.bzr.checkout_batches == std::vector<std::size_t>{1, 1, 1});
  CHECK(stand.text("a/revision") == "newest-of-a");
  CHECK(stand.text("c/revision") == "newest-of-c");
  stand.bzr.checkout_errors = {{"c", {k_broken, k_broken, k_broken}}};
  stand.patience = Millis(700);  // the second pause is longer than what is left
  CHECK(stand.what("c lp:c\n") == "collecting c (line 1): the line broke");
  CHECK(stand.bzr.checkout_batches.size() == 5);
}

TEST_CASE("a lock says every line at its revision and repeats it") {
  Stand stand;
  FakeHttp server([](const auto& request) {
    return FakeHttp::answer(request.path == "/f" ? 200 : 404, "bytes");
  });
  fs::create_directories(stand.workspace.spec / "lib");
  stand.bzr.newest_errors["odd"] = {};
  const auto collect =
      "empty @\na git+https://h/a;depth=1,branch=main\nb git+https://h/b;revno=v1\nc "
      "lp:c;lightweight=true\nd lp:d;revno=12\nfile " +
      server.url() + "/f\nhere lib;method=rsync\n";
  const auto done = stand.collect(collect);
  REQUIRE_DONE(done);
  const auto sha = sha256_hex("bytes");
  const auto lock = stand.lock();
  CHECK(lock ==
        "empty  @\n"
        "a  git+https://h/a;revno=newest-of-a,depth=1,asked=branch:main\n"
        "b  git+https://h/b;revno=resolved-v1,asked=revno:v1\n"
        "c  lp:c;revno=revid:newest-of-c,lightweight=true\n"
        "d  lp:d;revno=revid:resolved-12,asked=revno:12\n"
        "file  " +
            server.url() + "/f;sha256=" + sha +
            "\n"
            "here  lib;method=rsync\n");

  stand.take_lock();
  stand.git.newest_batches.clear();
  stand.bzr.newest_batches.clear();
  const auto again = stand.collect(collect);
  REQUIRE_DONE(again);
  CHECK(stand.git.newest_batches.empty());
  CHECK(stand.bzr.newest_batches.empty());
  CHECK(stand.text("c/revision") == "newest-of-c");
  CHECK(stand.lock() == lock);
}

TEST_CASE("a lock that does not fit is told before anything is fetched") {
  Stand stand;
  const std::string first =
      "a git+https://h/a;branch=main\nb git+https://h/b\nc lp:c;revno=3\ngone @\n";
  REQUIRE_DONE(stand.collect(first));
  stand.take_lock();
  stand.git.checkout_batches.clear();
  const std::vector<std::pair<std::string, std::string>> table{
      {"a git+https://h/a;branch=main\nb git+https://h/b\nc lp:c;revno=3\ngone @\nnew @\n",
       "new (line 5) is not in it"},
      {"a git+https://h/a;branch=main\nb git+https://h/b\nc lp:c;revno=3\n", "gone is only in it"},
      {"a git+https://h/a;branch=dev\nb git+https://h/b\nc lp:c;revno=3\ngone @\n",
       "a (line 1) has other options"},
      {"a git+https://h/a\nb git+https://h/b\nc lp:c;revno=3\ngone @\n",
       "a (line 1) has other options"},
      {"a git+https://h/a;branch=main\nb git+https://h/b;branch=dev\nc lp:c;revno=3\ngone @\n",
       "b (line 2) has other options"},
      {"a git+https://h/a;branch=main\nb git+https://h/b;depth=1\nc lp:c;revno=3\ngone @\n",
       "b (line 2) has other options"},
      {"a git+https://h/a;branch=main\nb git+https://h/other\nc lp:c;revno=4\ngone @\n",
       "b (line 2) has another source; c (line 3) has other options"},
      {"a git+https://h/a;branch=main\nb git+https://h/b\nc lp:c;revno=3\ngone here\n",
       "gone (line 4) has another source"},
  };
  for (const auto& [text, why] : table) {
    const auto done = stand.collect(text);
    INFO(text);
    REQUIRE_FALSE(done);
    CHECK(done.error().exit == ExitCode::config);
    CHECK_THAT(done.error().what, Catch::StartsWith("the lock is out of date: ") &&
                                      Catch::Contains(why) &&
                                      Catch::EndsWith("run collect without --locked"));
  }
  CHECK(stand.git.checkout_batches.empty());
  REQUIRE_DONE(stand.collect(first));
}

TEST_CASE("a lock without fixed revisions is none") {
  Stand stand;
  std::vector<Problem> problems, warnings;
  stand.options.locked =
      parse_collect_file("a git+https://h/a\n", "collect.lock", problems, warnings);
  CHECK_THAT(stand.what("a git+https://h/a\n"),
             Catch::Contains("a (line 1) has no fixed revision"));
}

TEST_CASE("a source of the service is the checkout at the set's revision, against a lock, too") {
  Stand stand;
  const auto trunk = stand.workspace.sources / "trunk";
  fs::create_directories(trunk);
  stand.sources["trunk"] = {
      {"thumbs", "trunk", "git", "https://h/app/", Json::object({{"branch", "main"}})},
      std::string(40, 'a'),
      trunk};
  const std::string collect =
      "app git+https://h/app;branch=main\nother git+https://h/app;branch=dev\npinned "
      "git+https://h/app;revno=" +
      std::string(40, 'c') + "\n";
  const auto done = stand.collect(collect);
  REQUIRE_DONE(done);
  CHECK(fs::read_symlink(stand.workspace.build / "app") == "../sources/trunk");
  CHECK((*done)[0].revision == std::string(40, 'a'));
  CHECK(stand.text("other/revision") == "newest-of-other");
  CHECK(stand.text("pinned/revision") == std::string(40, 'c'));
  CHECK_THAT(stand.lock(), Catch::StartsWith("app  git+https://h/app;revno=" +
                                             std::string(40, 'a') + ",asked=branch:main\n"));
  stand.take_lock();
  stand.sources.at("trunk").revision = std::string(40, 'b');
  const auto moved = stand.collect(collect);
  REQUIRE_DONE(moved);
  CHECK(fs::is_symlink(stand.workspace.build / "app"));
  CHECK((*moved)[0].revision == std::string(40, 'b'));
}

TEST_CASE("what does not ship by itself and what is left out is told in a line each") {
  Stand stand;
  fs::create_directories(stand.workspace.spec / "here");
  const auto done = stand.collect(
      "a git+https://h/a\nb lp:b\nc git+https://h/c\nd git+https://h/d\np "
      "git+https://h/p;revno=v1\nx cs:~t/x\nx/hooks here\ny ch:y\n");
  REQUIRE_DONE(done);
  CHECK(
      stand.told("collected a at newest-of-a, b at newest-of-b, c at newest-of-c and 1 more, which "
                 "are no sources of thumbs"));
  CHECK(stand.told("left out x, y: an engine of charms fetches them itself"));
  CHECK(fs::is_directory(stand.workspace.build / "x/hooks"));
  CHECK_FALSE(fs::exists(stand.workspace.build / "y"));
  CHECK(std::ranges::count(*done, std::string("charm"), &Collected::kind) == 2);
}

TEST_CASE("a file comes whole, with the hash that was asked for, or not at all") {
  Stand stand;
  std::atomic<int> flaky{0};
  FakeHttp server([&](const FakeHttp::Request& request) {
    const auto& path = request.path;
    if (path == "/once?token=s3cret" && flaky++ == 0) return FakeHttp::answer(503, "later");
    if (path.starts_with("/loop"))
      return FakeHttp::answer(
          302, "",
          "Location: /loop" + std::to_string(path.size()) + std::string(path.size(), 'x') + "\r\n");
    if (path == "/moved/here") return FakeHttp::answer(301, "", "Location: there?x=1\r\n");
    if (path == "/moved/there?x=1") return FakeHttp::answer(307, "", "Location: /f\r\n");
    if (path == "/out") return FakeHttp::answer(302, "", "Location: file:///etc/passwd\r\n");
    if (path == "/nobody") return FakeHttp::answer(204, "");
    if (path == "/gone") return FakeHttp::answer(404, "no");
    return FakeHttp::answer(200, "bytes of " + path);
  });
  const auto at = [&](const std::string& path) { return server.url() + path; };
  REQUIRE_DONE(stand.collect("f " + at("/f") + "\nm " + at("/moved/here") + ";sha256=" +
                             sha256_hex("bytes of /f") + "\no " + at("/once?token=s3cret") + "\n"));
  CHECK(stand.text("f") == "bytes of /f");
  CHECK(stand.text("m") == "bytes of /f");
  CHECK(stand.text("o") == "bytes of /once?token=s3cret");
  CHECK(flaky == 2);

  const auto before = server.seen().size();
  CHECK(stand.what("x " + at("/gone") + "\n") ==
        "collecting x (line 1): " + at("/gone") + ": answered 404");
  CHECK_THAT(stand.what("x " + at("/nobody") + "\n"), Catch::Contains("answered 204"));
  CHECK_THAT(stand.what("x " + at("/out") + "\n"),
             Catch::Contains("redirects to file:///etc/passwd"));
  CHECK_THAT(stand.what("x " + at("/f?token=s3cret") + ";sha256=" + std::string(64, '0') + "\n"),
             Catch::Contains("has the SHA-256") && !Catch::Contains("s3cret"));
  CHECK(server.seen().size() == before + 4);  // none of them was tried again
  CHECK_THAT(stand.what("x " + at("/loop") + "\n"), Catch::Contains("more than 5 redirects"));
  CHECK(server.seen().size() == before + 4 + 6);
  CHECK_FALSE(fs::exists(stand.workspace.build / "x"));
}

TEST_CASE("a redirect leads to the same scheme or to https") {
  const auto target = [](std::string_view from, std::string_view location) {
    auto found = redirect_target(from, location);
    return found ? *found : "(" + found.error().what + ")";
  };
  CHECK(target("http://h:8/a/b?q", "c#d") == "http://h:8/a/c");
  CHECK(target("http://h:8/a/b/c?q=/x/y", "?z=http://o/") == "http://h:8/a/b/c?z=http://o/");
  CHECK(target("http://h", "c") == "http://h/c");
  CHECK(target("http://h/a", "//o/x") == "http://o/x");
  CHECK(target("http://h/a", "/x") == "http://h/x");
  CHECK(target("http://h/a", "https://o/x") == "https://o/x");
  CHECK_THAT(target("https://h/a", "http://o/x"), Catch::Contains("another scheme than https"));
  CHECK_THAT(target("https://h/a", "ftp://o/x"), Catch::Contains("another scheme than https"));
  CHECK_THAT(target("https://h/a", ""), Catch::Contains("an empty address"));
  CHECK_THAT(target("https://h/a?t=s3cret", "https://me:pw@h/x"),
             Catch::Contains("credentials do not belong") && !Catch::Contains("s3cret"));
}

TEST_CASE("local sources are copied, linked and hard-linked, and stay inside the spec") {
  Stand stand;
  const auto outside = stand.dir.path() / "outside";
  fs::create_directories(outside);
  fs::create_directories(stand.workspace.spec / "lib");
  REQUIRE(write_file_atomically(stand.workspace.spec / "lib/f", "x"));
  fs::create_symlink(outside, stand.workspace.spec / "door");
  const auto f = (stand.workspace.spec / "lib").string();
  REQUIRE_DONE(stand.collect("c lib\nl file:" + f + ";method=link\nh lib;method=hardlink\n"));
  CHECK(stand.text("c/f") == "x");
  CHECK(fs::read_symlink(stand.workspace.build / "l") == f);
  CHECK(fs::hard_link_count(stand.workspace.build / "h/f") == 2);
  stand.clean();
  CHECK_THAT(stand.what("d door\n"), Catch::Contains("leads out of the spec"));
  CHECK_THAT(stand.what("w " + stand.dir.path().string() + "\n"),
             Catch::Contains("holds the build folder itself"));
  CHECK_THAT(stand.what("d " + outside.string() + ";method=link\nd/evil @\n"),
             Catch::Contains("d/evil leads out of the workspace"));
  CHECK_FALSE(fs::exists(outside / "evil"));
}

TEST_CASE("real repositories are collected and locked at their commits") {
  Stand stand;
  git::GitSource git(stand.host);
  stand.host.sources["git"] = &git;
  GitRepo one(stand.dir.path() / "one"), two(stand.dir.path() / "two");
  const auto first = one.commit("f", "1");
  one.git({"tag", "v1"});
  const auto second = one.commit("f", "2");
  two.git({"checkout", "-q", "-b", "side"});
  const auto side = two.commit("f", "side");
  const auto collect = "n git+file://" + one.url() + "\nt git+file://" + one.url() +
                       ";revno=v1\ns git+file://" + two.url() + ";branch=side\n";
  REQUIRE_DONE(stand.collect(collect));
  CHECK(stand.text("n/f") == "2");
  CHECK(stand.text("t/f") == "1");
  CHECK(stand.text("s/f") == "side");
  stand.take_lock();
  one.commit("f", "3");
  two.commit("f", "moved");
  const auto again = stand.collect(collect);
  REQUIRE_DONE(again);
  CHECK(stand.text("n/f") == "2");
  CHECK(stand.text("s/f") == "side");
  CHECK((*again)[0].revision == second);
  CHECK((*again)[1].revision == first);
  CHECK((*again)[2].revision == side);
}
