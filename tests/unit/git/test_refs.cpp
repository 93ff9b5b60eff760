#include <catch2/catch.hpp>

#include <algorithm>
#include <compare>
#include <filesystem>
#include <fstream>
#include <functional>
#include <map>

#include "plugins/git/address.hpp"
#include "plugins/git/http_refs.hpp"
#include "plugins/git/pkt_line.hpp"
#include "plugins/git/ref_files.hpp"
#include "plugins/git/refs.hpp"
#include "plugins/git/remote_refs.hpp"
#include "tests/support/git_repo.hpp"
#include "tests/support/test_host.hpp"

using namespace cdctl;
using namespace cdctl::git;
namespace fs = std::filesystem;

namespace {

const std::string k_id(40, 'a'), k_other(40, 'b');

std::string pkt(const std::string& text) {
  char length[5];
  std::snprintf(length, sizeof length, "%04zx", text.size() + 4);
  return length + text;
}

/// All refs that a reader tells.
template <class Read>
Result<std::vector<Ref>> all_of(Read read, std::string_view body) {
  std::vector<Ref> out;
  CDCTL_TRY(read(body, [&](const Ref& ref) {
    out.push_back(ref);
    return true;
  }));
  return out;
}

std::string chosen(const Want& want, const std::vector<Ref>& refs) {
  Choice choice(want);
  for (const auto& ref : refs) choice.add(ref);
  return choice.best() ? choice.best()->name : "none";
}

}  // namespace

TEST_CASE("an address that could run a program or look like an option is refused") {
  const auto* bad = GENERATE(
      "", "-rf", "--upload-pack=touch /tmp/x", "ext::sh -c id", "fd::17", "git://host/x",
      "ftp://host/x", "-oProxyCommand=id:x", "ssh://-oProxyCommand=id/x", "ssh://a@-oX/x",
      "http://host/a b", "https://u:secretpw@host/x.git", "x\ny", "git@-oX:y", "host:-x", ":path",
      "http:///x", "transport::http://x/y", "file://elsewhere/x", "ssh://host/-x");
  const auto address = parse_address(bad, "/base");
  INFO(bad);
  REQUIRE_FALSE(address);
  CHECK(address.error().exit == ExitCode::config);
  CHECK_FALSE(address.error().what.contains("secretpw"));
  CHECK_FALSE(address.error().what.contains('\n'));
}

TEST_CASE("a NUL byte in an address is refused") {
  CHECK_FALSE(parse_address(std::string_view("/x\0/y", 5), "/base"));
}

TEST_CASE("addresses are told apart by how they are reached") {
  CHECK(parse_address("/srv/x.git", "/base")->transport == Transport::local);
  CHECK(parse_address("x/y", "/base")->url == "/base/x/y");
  CHECK(parse_address("./a:b", "/base")->url == "/base/a:b");
  CHECK(parse_address("file:///srv/x.git/", "/base")->url == "/srv/x.git");
  CHECK(parse_address("https://host/x.git", "/base")->transport == Transport::http);
  CHECK(parse_address("https://me@host/x.git", "/base")->has_user);
  CHECK(parse_address("git@host:x.git", "/base")->transport == Transport::ssh);
  CHECK(parse_address("ssh://git@host:22/x.git", "/base")->transport == Transport::ssh);
  CHECK(parse_address("/srv/mit Leerzeichen/größe", "/base")->url == "/srv/mit Leerzeichen/größe");
}

TEST_CASE("ref names follow git's own rules") {
  for (const auto* good : {"main", "feature/x", "release-1.0", "größe", "a@b"})
    CHECK(valid_ref_name(good));
  for (const auto* bad :
       {"",   "-x", "a..b", "a b", "a~1",  "a^",     "a:b", "a?", "a*",    "a[b", "a\\b",
        "/a", "a/", "a//b", ".a",  "a/.b", "a.lock", "a.",  "@",  "a@{1}", "a\nb"}) {
    INFO(bad);
    CHECK_FALSE(valid_ref_name(bad));
  }
  CHECK(valid_ref_pattern("v*"));
  CHECK_FALSE(valid_ref_pattern("-*"));
}

TEST_CASE("tags are ordered as versions, and a pre-release comes before its release") {
  const std::vector<std::string> sorted{
      "v0.9",   "v1.0~beta", "v1.0-alpha1", "v1.0-rc1", "v1.0-rc2", "v1.0-rc10", "v1.0",
      "v1.0-1", "v1.0.1",    "v1.2",        "v1.9",     "v1.10",    "v2",        "v10"};
  for (std::size_t i = 0; i < sorted.size(); ++i) {
    for (std::size_t k = 0; k < sorted.size(); ++k) {
      INFO(sorted[i] << " and " << sorted[k]);
      if (sorted[i] == "v1.0~beta" || sorted[k] == "v1.0~beta")
        continue;  // only against its release, below
      CHECK((compare_versions(sorted[i], sorted[k]) < 0) == (i < k));
    }
  }
  CHECK(std::is_lt(compare_versions("v1.0~beta", "v1.0")));
  CHECK(std::is_neq(compare_versions("v1.00", "v1.0")));
  CHECK(std::is_lt(compare_versions("99999999999999999999999999", "100000000000000000000000000")));
}

TEST_CASE("the newest tag of a pattern is chosen, and only tags count") {
  const std::vector<Ref> refs{{"refs/heads/v9", k_id, ""},
                              {"refs/tags/v1.9", k_id, ""},
                              {"refs/tags/v1.10", k_other, ""},
                              {"refs/tags/w2", k_id, ""}};
  CHECK(chosen({"", "v*"}, refs) == "refs/tags/v1.10");
  CHECK(chosen({"", "x*"}, refs) == "none");
  CHECK(chosen({"v9", ""}, refs) == "refs/heads/v9");
}

TEST_CASE("one ref is found in a list of any length") {
  std::string list, packed, advertised = pkt("# service=git-upload-pack\n") + "0000";
  const auto name = [](int i) { return "refs/tags/v" + std::to_string(i); };
  for (int i = 0; i < 5000; ++i) {
    list += pkt(k_id + " " + name(i) + " peeled:" + k_other + "\n");
    packed += k_id + " " + name(i) + "\n^" + k_other + "\n";
    advertised += pkt(k_id + " " + name(i) + "\n") + pkt(k_other + " " + name(i) + "^{}\n");
  }
  const Want want{"", "v*"};
  for (const auto& read : std::vector<std::function<void(const TakeRef&)>>{
           [&](const TakeRef& take) { CHECK(read_ls_refs(list + "0000", take)); },
           [&](const TakeRef& take) { CHECK(read_advertisement(advertised + "0000", take)); },
           [&](const TakeRef& take) { (void)read_packed_refs(packed, take); }}) {
    Choice choice(want);
    read([&](const Ref& ref) {
      choice.add(ref);
      return true;
    });
    REQUIRE(choice.best());
    CHECK(choice.best()->name == "refs/tags/v4999");
    CHECK(choice.commit() == k_other);
    int seen = 0;
    read([&](const Ref&) { return ++seen < 10; });
    CHECK(seen == 10);
  }
  CHECK(few_refs(list + "0000").empty());
  CHECK(few_refs(pkt(k_id + " HEAD\n") + "0000").size() == 1);
  CHECK(few_refs(pkt(k_id + " HEAD\n")).empty());
}

TEST_CASE("branch and tag exclude each other, and have to be names") {
  SourceConfig source{"thumbs", "trunk", "git", "/x",
                      Json::object({{"branch", "main"}, {"tag", "v*"}})};
  CHECK(parse_want(source).error().exit == ExitCode::config);
  source.options = Json::object({{"branch", "--upload-pack=x"}});
  CHECK_FALSE(parse_want(source));
  source.options = Json::object({{"branch", 7}});
  CHECK_FALSE(parse_want(source));
  source.options = Json::object({{"branch", "main"}});
  CHECK(parse_want(source)->branch == "main");
}

TEST_CASE("a ls-refs answer gives ids, peeled tags and skips an unborn HEAD") {
  const auto body = pkt("unborn HEAD symref-target:refs/heads/main\n") +
                    pkt(k_id + " refs/heads/main\n") +
                    pkt(k_id + " refs/tags/v1 peeled:" + k_other + "\n") +
                    pkt(k_id + " HEAD symref-target:refs/heads/main\n") + "0000";
  const auto refs = all_of(read_ls_refs, body);
  REQUIRE(refs);
  REQUIRE(refs->size() == 3);
  CHECK((*refs)[1].peeled == k_other);
  CHECK((*refs)[2].name == "HEAD");
}

TEST_CASE("an answer that is cut short anywhere is no answer") {
  const auto body = pkt(k_id + " refs/heads/main\n") + pkt(k_other + " refs/heads/x\n") + "0000";
  for (std::size_t length = 0; length < body.size(); ++length) {
    const auto refs = all_of(read_ls_refs, std::string_view(body).substr(0, length));
    INFO(length);
    REQUIRE_FALSE(refs);
    CHECK(refs.error().exit == ExitCode::unknown);
  }
}

TEST_CASE("what is no git answer is told as such") {
  for (const std::string bad :
       {"<html>no</html>", "zzzz", "0001", "-001", "0003abc", "000anotanid\n0000"})
    CHECK_FALSE(all_of(read_ls_refs, bad));
  // A name goes into errors and records: none that would write on a terminal.
  CHECK_FALSE(all_of(read_ls_refs, pkt(k_id + " refs/heads/a\x1b[2J\n") + "0000"));
  CHECK_FALSE(all_of(read_ls_refs, pkt(k_id + " \n") + "0000"));
  const auto said = all_of(read_ls_refs, pkt("ERR access denied\n"));
  REQUIRE_FALSE(said);
  CHECK(said.error().what.contains("access denied"));
}

TEST_CASE("packed-refs is read leniently, and says what only git can tell") {
  const auto packed = parse_packed_refs("# pack-refs with: peeled fully-peeled sorted \n" + k_id +
                                        " refs/heads/main\n" + k_id + " refs/tags/v1\n^" + k_other +
                                        "\n\n" + k_id + " refs/tags/..\n^" + k_id + "\n");
  CHECK(packed.fully_peeled);
  CHECK_FALSE(packed.odd);
  REQUIRE(packed.refs.size() == 2);
  CHECK(packed.refs.at("refs/tags/v1").peeled == k_other);
  CHECK(packed.refs.at("refs/heads/main").peeled.empty());
  CHECK(parse_packed_refs("nonsense\n").odd);
}

TEST_CASE("a version 0 advertisement is read, an empty repository included") {
  const auto head = pkt("# service=git-upload-pack\n") + "0000";
  const auto body =
      head +
      pkt(k_id + " HEAD" + std::string(1, '\0') + "multi_ack symref=HEAD:refs/heads/main\n") +
      pkt(k_id + " refs/heads/main\n") + pkt(k_id + " refs/tags/v1\n") +
      pkt(k_other + " refs/tags/v1^{}\n") + "0000";
  const auto refs = all_of(read_advertisement, body);
  REQUIRE(refs);
  REQUIRE(refs->size() == 3);
  CHECK(refs->back().peeled == k_other);
  const auto empty = all_of(
      read_advertisement,
      head + pkt(std::string(40, '0') + " capabilities^{}" + std::string(1, '\0') + "agent=x\n") +
          "0000");
  REQUIRE(empty);
  CHECK(empty->empty());
  CHECK_FALSE(all_of(read_advertisement, head + pkt("version 2\n") + "0000"));
}

TEST_CASE("the request asks for no more than is needed") {
  const std::vector<std::string> prefixes{"refs/heads/main"};
  CHECK(ls_refs_request(prefixes).contains("ref-prefix refs/heads/main\n0000"));
  CHECK(Want{"", "v1.*"}.prefixes() == std::vector<std::string>{"refs/tags/v1."});
}

TEST_CASE("what a listing wants is found among any number of refs that it does not") {
  test::TempDir dir;
  const test::GitRepo repo(dir.path() / "many");
  const auto first = repo.commit("a", "1"), head = repo.commit("a", "2");
  const auto repository = repo.path() / ".git";
  {
    std::ofstream packed(repository / "packed-refs");
    packed << "# pack-refs with: peeled fully-peeled sorted \n"
           << first << " refs/heads/main\n"
           << first << " refs/heads/propose/main/alice/fix\n";
    for (int i = 1'000'000; i < 1'300'000; ++i) packed << first << " refs/pull/" << i << "/head\n";
  }
  REQUIRE(fs::file_size(repository / "packed-refs") > k_longest_list);
  const std::vector<std::string> wanted{"refs/heads/main", "refs/heads/propose/main/*",
                                        "refs/reviews/main/*"};
  const std::map<std::string, std::string> there{{"refs/heads/main", head},
                                                 {"refs/heads/propose/main/alice/fix", first}};
  const auto read = refs_in(repository, wanted);
  REQUIRE(read);
  CHECK(*read == there);
  const Deadline deadline(std::chrono::seconds(60));
  const Address address{Transport::local, repo.url(), false};
  const auto listed = listed_refs(address, wanted, deadline);
  REQUIRE(listed);
  CHECK(listed->ids == there);
  // By git alone, as over ssh and http.
  const auto asked = remote_refs(address, wanted, deadline);
  REQUIRE(asked);
  CHECK(asked->ids == there);
}
